//! What a zone says about how its names are served: TLS where a hostname says nothing itself, the way to origins, and what
//! browsers are told. What a zone does not say either is the installation's default.

use crate::{
    Timestamp,
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
};

/// The longest time that HSTS may be remembered, in seconds: two years, more than which no browser's list asks for.
pub const HSTS_SECONDS_MAX: u32 = 2 * 365 * 24 * 3600;

/// One setting with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// Whether plain HTTP is answered with a redirect to HTTPS. The CA's tokens are answered in any case.
    AlwaysUseHttps(Switch),
    /// The cipher suites allowed up to TLS 1.2, in order; empty: the default list.
    Ciphers(CipherList),
    /// Whether 103 Early Hints are sent.
    EarlyHints(Switch),
    /// Whether HTTP/2 is offered.
    Http2(Switch),
    /// The oldest version of TLS spoken.
    MinTlsVersion(TlsVersion),
    /// How origins are spoken to.
    Origin(OriginTls),
    /// What browsers are told about HTTPS.
    SecurityHeader(SecurityHeader),
    /// Whether TLS 1.3 is spoken.
    Tls13(Switch),
}

/// Which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`Setting::AlwaysUseHttps`]
    AlwaysUseHttps,
    /// [`Setting::Ciphers`]
    Ciphers,
    /// [`Setting::EarlyHints`]
    EarlyHints,
    /// [`Setting::Http2`]
    Http2,
    /// [`Setting::MinTlsVersion`]
    MinTlsVersion,
    /// [`Setting::SecurityHeader`]
    SecurityHeader,
    /// [`Setting::Origin`]
    Origin,
    /// [`Setting::Tls13`]
    Tls13,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AlwaysUseHttps,
        Self::Ciphers,
        Self::EarlyHints,
        Self::Http2,
        Self::MinTlsVersion,
        Self::SecurityHeader,
        Self::Origin,
        Self::Tls13,
    ];
}

/// How origins are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OriginTls {
    /// Without TLS.
    #[default]
    Plain,
    /// With TLS, whatever the origin's certificate says.
    Unverified,
    /// With TLS, and a certificate that is valid for the origin's name.
    Verified,
}

/// What browsers are told about HTTPS (RFC 6797) and types of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SecurityHeader {
    /// Whether `Strict-Transport-Security` is sent.
    pub is_enabled: bool,
    /// How long browsers remember it, in seconds; at most [`HSTS_SECONDS_MAX`].
    pub max_age: u32,
    /// Whether it holds for the names below too.
    pub includes_subdomains: bool,
    /// Whether browsers may have it in their lists.
    pub preload: bool,
    /// Whether `X-Content-Type-Options: nosniff` is sent.
    pub nosniff: bool,
}

impl SecurityHeader {
    /// The value of `Strict-Transport-Security`; `None` when it is not sent.
    pub fn strict_transport_security(&self) -> Option<String> {
        if !self.is_enabled {
            return None;
        }
        let subdomains = if self.includes_subdomains { "; includeSubDomains" } else { "" };
        let preload = if self.preload { "; preload" } else { "" };
        Some(format!("max-age={}{subdomains}{preload}", self.max_age))
    }
}

impl Setting {
    /// Which one it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::AlwaysUseHttps(_) => Kind::AlwaysUseHttps,
            Self::Ciphers(_) => Kind::Ciphers,
            Self::EarlyHints(_) => Kind::EarlyHints,
            Self::Http2(_) => Kind::Http2,
            Self::MinTlsVersion(_) => Kind::MinTlsVersion,
            Self::Origin(_) => Kind::Origin,
            Self::SecurityHeader(_) => Kind::SecurityHeader,
            Self::Tls13(_) => Kind::Tls13,
        }
    }
}

/// A setting that was made, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// It.
    pub setting: Setting,
    /// When.
    pub at: Timestamp,
}

/// The settings that a zone has made: each kind at most once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings(Vec<Made>);

impl Settings {
    /// Makes a setting, in place of the one of its kind.
    pub fn make(&mut self, setting: Setting, at: Timestamp) {
        self.reset(setting.kind());
        self.0.push(Made { setting, at });
        self.0.sort_by_key(|made| made.setting.kind());
    }

    /// Goes back to the installation's default.
    pub fn reset(&mut self, kind: Kind) {
        self.0.retain(|made| made.setting.kind() != kind);
    }

    /// The one of a kind, when it was made.
    pub fn find(&self, kind: Kind) -> Option<&Made> {
        self.0.iter().find(|made| made.setting.kind() == kind)
    }

    /// All that were made.
    pub fn iter(&self) -> impl Iterator<Item = &Made> {
        self.0.iter()
    }

    /// Whether ciphers are chosen that nothing can be spoken with: TLS 1.3 has its own (behaviour.md 1.5, code 1443).
    pub fn chooses_ciphers_in_vain(&self) -> bool {
        let tls = self.serving().tls;
        tls.min_version == Some(TlsVersion::V1_3)
            && tls.ciphers.is_some_and(|ciphers| !ciphers.is_empty())
    }

    /// What serving nodes do with them.
    pub fn serving(&self) -> Serving {
        let mut serving = Serving::default();
        for made in &self.0 {
            match &made.setting {
                Setting::AlwaysUseHttps(switch) => {
                    serving.redirects_to_https = *switch == Switch::On;
                }
                Setting::Ciphers(ciphers) => serving.tls.ciphers = Some(ciphers.clone()),
                Setting::EarlyHints(switch) => serving.tls.early_hints = Some(*switch),
                Setting::Http2(switch) => serving.tls.http2 = Some(*switch),
                Setting::MinTlsVersion(version) => serving.tls.min_version = Some(*version),
                Setting::Origin(origin) => serving.origin = Some(*origin),
                Setting::SecurityHeader(header) => serving.security_header = *header,
                Setting::Tls13(switch) => serving.tls.tls_1_3 = Some(*switch),
            }
        }
        serving
    }
}

impl FromIterator<Made> for Settings {
    fn from_iter<I: IntoIterator<Item = Made>>(made: I) -> Self {
        let mut settings = Self::default();
        made.into_iter().for_each(|made| settings.make(made.setting, made.at));
        settings
    }
}

/// How a zone's names are served, as serving nodes know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serving {
    /// TLS, for what a hostname does not say itself; `None` in it: the node's default.
    pub tls: TlsPolicy,
    /// The way to origins; `None`: the node's default.
    pub origin: Option<OriginTls>,
    /// Whether plain HTTP is answered with a redirect.
    pub redirects_to_https: bool,
    /// What browsers are told.
    pub security_header: SecurityHeader,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_timestamp(second).unwrap()
    }

    #[test]
    fn a_setting_takes_the_place_of_the_one_of_its_kind_and_a_reset_leaves_the_default() {
        let mut settings = Settings::default();
        settings.make(Setting::Http2(Switch::Off), at(1));
        settings.make(Setting::Origin(OriginTls::Verified), at(2));
        settings.make(Setting::Http2(Switch::On), at(3));
        let made = Made { setting: Setting::Http2(Switch::On), at: at(3) };
        assert_eq!(settings.find(Kind::Http2), Some(&made));
        assert_eq!(settings.iter().count(), 2);
        settings.reset(Kind::Http2);
        assert_eq!(settings.find(Kind::Http2), None);
        let expected = Serving { origin: Some(OriginTls::Verified), ..Serving::default() };
        assert_eq!(settings.serving(), expected);
    }

    #[test]
    fn each_setting_reaches_the_nodes() {
        let header = SecurityHeader { is_enabled: true, max_age: 60, ..Default::default() };
        let ciphers = CipherList::parse(["AES128-SHA"]).unwrap();
        let made = [
            Setting::AlwaysUseHttps(Switch::On),
            Setting::Ciphers(ciphers.clone()),
            Setting::EarlyHints(Switch::On),
            Setting::Http2(Switch::Off),
            Setting::MinTlsVersion(TlsVersion::V1_1),
            Setting::Origin(OriginTls::Unverified),
            Setting::SecurityHeader(header),
            Setting::Tls13(Switch::Off),
        ];
        assert_eq!(made.len(), Kind::ALL.len());
        let settings: Settings =
            made.into_iter().map(|setting| Made { setting, at: at(0) }).collect();
        let expected = Serving {
            tls: TlsPolicy {
                min_version: Some(TlsVersion::V1_1),
                tls_1_3: Some(Switch::Off),
                http2: Some(Switch::Off),
                early_hints: Some(Switch::On),
                ciphers: Some(ciphers),
            },
            origin: Some(OriginTls::Unverified),
            redirects_to_https: true,
            security_header: header,
        };
        assert_eq!(settings.serving(), expected);
    }

    #[test]
    fn ciphers_are_chosen_in_vain_when_only_tls_1_3_is_spoken() {
        for (version, names, in_vain) in [
            (TlsVersion::V1_3, &["AES128-SHA"][..], true),
            (TlsVersion::V1_3, &[], false),
            (TlsVersion::V1_2, &["AES128-SHA"], false),
        ] {
            let mut settings = Settings::default();
            let ciphers = CipherList::parse(names.iter().copied()).unwrap();
            settings.make(Setting::Ciphers(ciphers), at(0));
            settings.make(Setting::MinTlsVersion(version), at(0));
            assert_eq!(settings.chooses_ciphers_in_vain(), in_vain, "{version:?} {names:?}");
        }
    }

    #[test]
    fn strict_transport_security_says_what_was_set() {
        let header = |is_enabled, includes_subdomains, preload| {
            let max_age = 86400;
            let header =
                SecurityHeader { is_enabled, max_age, includes_subdomains, preload, nosniff: true };
            header.strict_transport_security()
        };
        assert_eq!(header(false, true, true), None);
        assert_eq!(header(true, false, false).as_deref(), Some("max-age=86400"));
        let all = header(true, true, true);
        assert_eq!(all.as_deref(), Some("max-age=86400; includeSubDomains; preload"));
    }
}
