//! What a hostname's TLS settings mean for a handshake. Pure.

use np_domain::tls_policy::{Switch, TlsPolicy, TlsVersion};

use crate::tls::contexts::Style;

/// The cipher suites up to TLS 1.2 where a hostname does not choose: forward secret and authenticated.
const CIPHERS: [&str; 6] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];

/// What is added where a hostname speaks TLS 1.0 or 1.1, which know none of [`CIPHERS`].
const CIPHERS_BEFORE_1_2: [&str; 4] =
    ["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "AES128-SHA"];

/// Suites that the API knows and BoringSSL has dropped. A list of nothing else leaves TLS 1.3.
const DROPPED: [&str; 4] =
    ["AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384", "AES256-SHA256"];

/// The versions of TLS that are spoken, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) min: TlsVersion,
    pub(crate) max: TlsVersion,
}

impl Versions {
    /// A minimum of 1.3 wins over TLS 1.3 switched off, so that a hostname is never left without any version.
    pub(crate) fn of(policy: &TlsPolicy, default_min: TlsVersion) -> Self {
        let chosen = policy.ciphers.as_ref().filter(|list| !list.is_empty());
        let speechless =
            chosen.is_some_and(|list| list.iter().all(|c| DROPPED.contains(&c.as_str())));
        let min =
            if speechless { TlsVersion::V1_3 } else { policy.min_version.unwrap_or(default_min) };
        let off = policy.tls_1_3 == Some(Switch::Off) && min < TlsVersion::V1_3;
        Self { min, max: if off { TlsVersion::V1_2 } else { TlsVersion::V1_3 } }
    }
}

/// Whether HTTP/2 is offered.
fn offers_http2(policy: &TlsPolicy) -> bool {
    policy.http2 != Some(Switch::Off)
}

/// What a context for these settings is like.
pub(crate) fn style(policy: &TlsPolicy, versions: Versions) -> Style {
    Style { ciphers: cipher_list(policy, versions).into(), http2: offers_http2(policy) }
}

/// The suites up to TLS 1.2, in order, as BoringSSL reads them.
fn cipher_list(policy: &TlsPolicy, versions: Versions) -> String {
    let spoken = policy.ciphers.iter().flat_map(|list| list.iter().map(|c| c.as_str()));
    let spoken: Vec<&str> = spoken.filter(|name| !DROPPED.contains(name)).collect();
    let names = match spoken {
        chosen if !chosen.is_empty() => chosen,
        _ if versions.min < TlsVersion::V1_2 => {
            CIPHERS.into_iter().chain(CIPHERS_BEFORE_1_2).collect()
        }
        _ => CIPHERS.to_vec(),
    };
    names.join(":")
}

#[cfg(test)]
mod tests {
    use boring::ssl::{SslContextBuilder, SslMethod};
    use np_domain::tls_policy::{self, CipherList};

    use super::*;

    #[test]
    fn versions_follow_the_settings_and_are_never_empty() {
        use TlsVersion::{V1_0, V1_2, V1_3};
        for (min_version, tls_1_3, min, max) in [
            (None, None, V1_2, V1_3),
            (Some(V1_0), None, V1_0, V1_3),
            (Some(V1_2), Some(Switch::Off), V1_2, V1_2),
            (Some(V1_3), None, V1_3, V1_3),
            (Some(V1_3), Some(Switch::Off), V1_3, V1_3),
            (None, Some(Switch::Off), V1_2, V1_2),
        ] {
            let policy = TlsPolicy { min_version, tls_1_3, ..TlsPolicy::default() };
            assert_eq!(Versions::of(&policy, V1_2), Versions { min, max }, "{policy:?}");
        }
    }

    #[test]
    fn chosen_ciphers_keep_their_order_and_none_chosen_means_the_defaults() {
        let list = |ciphers: &[&str], min| {
            let ciphers = Some(CipherList::parse(ciphers.iter().copied()).unwrap());
            let policy = TlsPolicy { ciphers, ..TlsPolicy::default() };
            cipher_list(&policy, Versions { min, max: TlsVersion::V1_3 })
        };
        let chosen = list(&["AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256"], TlsVersion::V1_2);
        assert_eq!(chosen, "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(list(&[], TlsVersion::V1_2), CIPHERS.join(":"));
        assert!(list(&[], TlsVersion::V1_0).ends_with(":AES128-SHA"));
    }

    #[test]
    fn boringssl_speaks_every_cipher_but_the_dropped_ones() {
        let spoken = |name: &&str| {
            let mut builder = SslContextBuilder::new(SslMethod::tls()).unwrap();
            builder.set_strict_cipher_list(name).is_ok()
        };
        let dropped: Vec<_> =
            tls_policy::CIPHERS.into_iter().filter(|name| !spoken(name)).collect();
        assert_eq!(dropped, DROPPED);
    }

    #[test]
    fn a_list_of_dropped_ciphers_leaves_tls_1_3() {
        let ciphers = CipherList::parse(["AES128-SHA256"]).ok();
        let policy = TlsPolicy { ciphers, ..TlsPolicy::default() };
        let versions = Versions::of(&policy, TlsVersion::V1_2);
        assert_eq!(versions, Versions { min: TlsVersion::V1_3, max: TlsVersion::V1_3 });
        assert_eq!(cipher_list(&policy, versions), CIPHERS.join(":"));
    }
}
