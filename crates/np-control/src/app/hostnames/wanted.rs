//! What may be asked of a certificate: the rules that hold for a create and for what an edit leads to.

use np_domain::{
    certificate::{AuthorityName, DcvMethod, Wanted},
    tls_policy::{TlsPolicy, TlsVersion},
};
use thiserror::Error;

use crate::app::Terms;

/// Why a certificate cannot be asked for like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WantedError {
    /// The CA is not configured here.
    #[error("{} is not configured", asked.as_str())]
    AuthorityNotConfigured {
        /// The one that was asked for.
        asked: AuthorityName,
        /// Those that are.
        configured: Vec<AuthorityName>,
    },
    /// Ciphers were chosen, but none of the versions spoken has a choice.
    #[error("TLS 1.3 has no choice of cipher suites")]
    CiphersWithTls13,
    /// The CA does not validate by this method, or not what is asked for.
    #[error("{} does not validate by {}", .0.authority.as_str(), .0.method.as_str())]
    Method(Unfit),
}

/// A method that cannot be used, and those that can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The method that was asked for.
    pub method: DcvMethod,
    /// The CA.
    pub authority: AuthorityName,
    /// Why not.
    pub why: UnfitWhy,
    /// What would do at this CA.
    pub fitting: Vec<DcvMethod>,
}

/// Why a method cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitWhy {
    /// The CA does not have it.
    Authority,
    /// This installation has no mail server.
    NoMail,
    /// No CA issues a wildcard for it.
    Wildcard,
}

/// Judges what is asked for.
///
/// # Errors
/// The first rule that is broken.
pub fn check(wanted: &Wanted, terms: &Terms) -> Result<(), WantedError> {
    if let Some(asked) = wanted.authority.filter(|name| !terms.authorities.contains(name)) {
        let configured = terms.authorities.clone();
        return Err(WantedError::AuthorityNotConfigured { asked, configured });
    }
    check_method(wanted, terms)?;
    check_tls(&wanted.tls)
}

/// Judges whether the CA can be shown control like this.
fn check_method(wanted: &Wanted, terms: &Terms) -> Result<(), WantedError> {
    let authority = wanted.authority.unwrap_or(terms.default_authority);
    let (method, wildcard) = (wanted.method, wanted.wildcard);
    let methods = terms.methods.get(&authority).cloned().unwrap_or_default();
    if methods.fit(method, wildcard) {
        return Ok(());
    }
    let why = match wildcard && !method.covers_wildcards() {
        true => UnfitWhy::Wildcard,
        false if methods.is_lacking(method) => UnfitWhy::NoMail,
        false => UnfitWhy::Authority,
    };
    let fitting = methods.fitting(wildcard);
    Err(WantedError::Method(Unfit { method, authority, why, fitting }))
}

/// Judges the TLS settings, which uploaded certificates have too.
///
/// # Errors
/// [`WantedError::CiphersWithTls13`].
pub(super) fn check_tls(tls: &TlsPolicy) -> Result<(), WantedError> {
    let chosen = tls.ciphers.as_ref().is_some_and(|ciphers| !ciphers.is_empty());
    match tls.min_version {
        Some(TlsVersion::V1_3) if chosen => Err(WantedError::CiphersWithTls13),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use np_domain::{
        certificate::{BundleMethod, KeyType, Methods},
        tls_policy::CipherList,
    };

    use super::*;

    fn terms() -> Terms {
        Terms {
            authorities: vec![AuthorityName::LetsEncrypt],
            default_authority: AuthorityName::LetsEncrypt,
            methods: [(AuthorityName::LetsEncrypt, Methods::acme())].into(),
            keys: vec![KeyType::P256],
            create_wait: std::time::Duration::ZERO,
            hostnames_per_zone_max: None,
            private_authorities: Vec::new(),
            packs_per_zone_max: 100,
            activation: np_domain::zone::activation::Policy::Automatic,
            own_domains: Vec::new(),
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            method: DcvMethod::Txt,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        }
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let ciphers = CipherList::parse(["AES128-SHA"]).ok();
        let tls = |min_version| TlsPolicy {
            min_version,
            ciphers: ciphers.clone(),
            ..TlsPolicy::default()
        };
        let google = Some(AuthorityName::Google);
        for (asked, expected) in [
            (wanted(), Ok(())),
            (Wanted { wildcard: true, ..wanted() }, Ok(())),
            (
                Wanted { authority: google, ..wanted() },
                Err(WantedError::AuthorityNotConfigured {
                    asked: AuthorityName::Google,
                    configured: terms().authorities,
                }),
            ),
            (Wanted { tls: tls(Some(TlsVersion::V1_2)), ..wanted() }, Ok(())),
            (
                Wanted { tls: tls(Some(TlsVersion::V1_3)), ..wanted() },
                Err(WantedError::CiphersWithTls13),
            ),
        ] {
            assert_eq!(check(&asked, &terms()), expected, "{asked:?}");
        }
    }

    #[test]
    fn a_method_that_cannot_be_used_is_refused_with_those_that_can() {
        use DcvMethod::{Cname, Email, Http, Txt};
        let mut terms = terms();
        let local = Methods::new([Http, Txt, Cname]).lacking(Email);
        terms.authorities.push(AuthorityName::Google);
        terms.methods.insert(AuthorityName::Google, local);
        let acme = AuthorityName::LetsEncrypt;
        let local = AuthorityName::Google;
        for (authority, method, wildcard, why, fitting) in [
            (acme, Http, true, UnfitWhy::Wildcard, &[Txt][..]),
            (acme, Email, false, UnfitWhy::Authority, &[Http, Txt]),
            (acme, Cname, true, UnfitWhy::Authority, &[Txt]),
            (local, Email, false, UnfitWhy::NoMail, &[Http, Txt, Cname]),
            (local, Http, true, UnfitWhy::Wildcard, &[Txt, Cname]),
        ] {
            let asked = Wanted { method, wildcard, authority: Some(authority), ..wanted() };
            let unfit = Unfit { method, authority, why, fitting: fitting.to_vec() };
            assert_eq!(check(&asked, &terms), Err(WantedError::Method(unfit)));
        }
        let cname = Wanted { method: Cname, wildcard: true, authority: Some(local), ..wanted() };
        assert_eq!(check(&cname, &terms), Ok(()));
    }
}
