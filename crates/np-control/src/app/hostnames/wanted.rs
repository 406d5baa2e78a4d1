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
    /// No CA issues a wildcard for a proof over HTTP.
    #[error("a wildcard certificate cannot be validated over HTTP")]
    WildcardByHttp,
}

/// Judges what is asked for.
///
/// # Errors
/// The first rule that is broken.
pub fn check(wanted: &Wanted, terms: &Terms) -> Result<(), WantedError> {
    if wanted.wildcard && wanted.method == DcvMethod::Http {
        return Err(WantedError::WildcardByHttp);
    }
    if let Some(asked) = wanted.authority.filter(|name| !terms.authorities.contains(name)) {
        let configured = terms.authorities.clone();
        return Err(WantedError::AuthorityNotConfigured { asked, configured });
    }
    check_tls(&wanted.tls)
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
        certificate::{BundleMethod, KeyType},
        tls_policy::CipherList,
    };

    use super::*;

    fn terms() -> Terms {
        Terms {
            authorities: vec![AuthorityName::LetsEncrypt],
            default_authority: AuthorityName::LetsEncrypt,
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
                Wanted { wildcard: true, method: DcvMethod::Http, ..wanted() },
                Err(WantedError::WildcardByHttp),
            ),
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
}
