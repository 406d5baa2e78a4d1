//! Uploaded certificates: what can be wrong with one, and the rules that hold whoever reads it (behaviour.md 4.3).
//!
//! Reading PEM and building paths is np-control's `adapters`; the codes are np-control's `api/error`.

use thiserror::Error;

use super::{CertName, KeyKind, KeyType, chain::ChainFacts};
use crate::{Timestamp, text::Explanation};

/// The most pairs of certificate and key of a name: one of each kind of key.
pub const PAIRS_MAX: usize = 2;
/// The most certificates in one upload.
pub const CERTIFICATES_MAX: usize = 16;

/// Signature algorithms that browsers check, as the API names them. The original takes the first three; CAs sign with
/// the others today (Let's Encrypt's ECDSA intermediates with SHA-384).
pub const SIGNATURES: [&str; 6] = [
    "ECDSAWithSHA256",
    "SHA256WithRSA",
    "SHA1WithRSA",
    "ECDSAWithSHA384",
    "SHA384WithRSA",
    "SHA512WithRSA",
];

/// Why an uploaded certificate or its key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadFault {
    /// There is no text where the certificate should be.
    #[error("the certificate is empty")]
    Empty,
    /// No certificate in PEM, or one that is no X.509 certificate.
    #[error("the certificate cannot be parsed: {0}")]
    Unparsable(Explanation),
    /// More than one certificate of no CA.
    #[error("there are {0} leaf certificates")]
    SeveralLeaves(usize),
    /// Certificates of CAs only.
    #[error("there is no leaf certificate")]
    NoLeaf,
    /// No private key in PEM that can be read.
    #[error("the private key cannot be parsed: {0}")]
    KeyUnparsable(Explanation),
    /// The private key belongs to another certificate.
    #[error("the private key does not match the certificate")]
    KeyMismatch,
    /// A type of key that is not served.
    #[error(
        "the key is of a type that is not served; use RSA with 2048, 3072 or 4096 bits, or ECDSA on P-256 or P-384"
    )]
    KeyType,
    /// The leaf is signed with an algorithm that clients do not check.
    #[error("the certificate is signed with {0}")]
    Signature(Explanation),
    /// The certificate does not cover the hostname.
    #[error("the certificate does not cover {0}")]
    NameMissing(CertName),
    /// It is over, or has not begun.
    #[error("the certificate is in force from {from} to {until} only")]
    NotInForce {
        /// Its first moment.
        from: Timestamp,
        /// Its last moment.
        until: Timestamp,
    },
    /// The leaf vouches for itself.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// No good chain can be made of it.
    #[error("{0}")]
    Unbundled(Explanation),
    /// Two certificates with keys of one kind.
    #[error("both certificates have {} keys", .0.as_str())]
    TwoOfAKind(KeyKind),
}

/// Judges what can be said of a leaf before its chain is built: the key's type, its signature, its names, its dates.
///
/// # Errors
/// The first rule that is broken.
pub fn check_leaf(
    facts: &ChainFacts,
    names: &[CertName],
    now: Timestamp,
) -> Result<KeyType, UploadFault> {
    let key_type = facts.key_type.ok_or(UploadFault::KeyType)?;
    if !facts.key_matches {
        return Err(UploadFault::KeyMismatch);
    }
    if !SIGNATURES.contains(&facts.signature.as_str()) {
        return Err(UploadFault::Signature(facts.signature.clone()));
    }
    if let Some(missing) = names.iter().find(|name| !covers(&facts.names, name)) {
        return Err(UploadFault::NameMissing(missing.clone()));
    }
    if now < facts.not_before || now >= facts.not_after {
        return Err(UploadFault::NotInForce { from: facts.not_before, until: facts.not_after });
    }
    Ok(key_type)
}

/// Whether the names on a certificate cover `wanted`; a wildcard stands for one label (RFC 9525 section 6.3).
pub fn covers(names: &[Explanation], wanted: &CertName) -> bool {
    let wanted = wanted.to_string();
    let above = wanted.split_once('.').map(|(_, above)| format!("*.{above}"));
    names.iter().any(|name| {
        let name = name.as_str();
        name.eq_ignore_ascii_case(&wanted)
            || above.as_ref().is_some_and(|above| name.eq_ignore_ascii_case(above))
    })
}

/// Whether certificates with keys of these kinds can be served for one name: one of each.
///
/// # Errors
/// [`UploadFault::TwoOfAKind`].
pub fn check_kinds(kinds: &[KeyKind]) -> Result<(), UploadFault> {
    match kinds.iter().enumerate().find(|(i, kind)| kinds[..*i].contains(kind)) {
        Some((_, kind)) => Err(UploadFault::TwoOfAKind(*kind)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::name::Hostname;

    const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);

    fn facts() -> ChainFacts {
        ChainFacts {
            der: vec![Box::from([0x30].as_slice())],
            names: vec![Explanation::new("App.customer.com")],
            not_before: NOW,
            not_after: NOW + Duration::days(90),
            issuer: Explanation::new("Test CA"),
            serial: Explanation::new("42"),
            signature: Explanation::new("SHA256WithRSA"),
            key_type: Some(KeyType::Rsa3072),
            key_matches: true,
            is_linked: true,
        }
    }

    fn app() -> Hostname {
        "app.customer.com".parse().unwrap()
    }

    #[test]
    fn each_broken_rule_of_a_leaf_has_its_own_fault() {
        let check = |change: &dyn Fn(&mut ChainFacts)| {
            let mut facts = facts();
            change(&mut facts);
            check_leaf(&facts, &[CertName::Exact(app())], NOW)
        };
        let until = NOW + Duration::days(90);
        let name = CertName::Exact(app());
        assert_eq!(check(&|_| {}), Ok(KeyType::Rsa3072));
        assert_eq!(check(&|f| f.key_type = None), Err(UploadFault::KeyType));
        assert_eq!(check(&|f| f.key_matches = false), Err(UploadFault::KeyMismatch));
        assert_eq!(check(&|f| f.names.clear()), Err(UploadFault::NameMissing(name)));
        let ed25519 = Explanation::new("Ed25519");
        assert_eq!(
            check(&|f| f.signature = ed25519.clone()),
            Err(UploadFault::Signature(ed25519.clone()))
        );
        assert_eq!(
            check(&|f| f.not_after = NOW),
            Err(UploadFault::NotInForce { from: NOW, until: NOW })
        );
        let later = NOW + Duration::SECOND;
        assert_eq!(
            check(&|f| f.not_before = later),
            Err(UploadFault::NotInForce { from: later, until })
        );
    }

    #[test]
    fn a_wildcard_covers_one_label_and_not_itself() {
        let names = |names: &[&str]| names.iter().map(Explanation::new).collect::<Vec<_>>();
        let exact = CertName::Exact(app());
        let wildcard = CertName::Wildcard(app().wildcard());
        for (on_certificate, wanted, expected) in [
            (names(&["app.customer.com"]), &exact, true),
            (names(&["*.CUSTOMER.com"]), &exact, true),
            (names(&["*.com"]), &exact, false),
            (names(&["*.app.customer.com"]), &exact, false),
            (names(&["customer.com"]), &exact, false),
            (names(&["app.customer.com"]), &wildcard, false),
            (names(&["*.customer.com"]), &wildcard, false),
            (names(&["*.app.customer.com"]), &wildcard, true),
        ] {
            assert_eq!(covers(&on_certificate, wanted), expected, "{on_certificate:?} {wanted}");
        }
    }

    #[test]
    fn one_certificate_of_each_kind_is_taken() {
        let (rsa, ecdsa) = (KeyKind::Rsa, KeyKind::Ecdsa);
        assert_eq!(check_kinds(&[rsa, ecdsa]), Ok(()));
        assert_eq!(check_kinds(&[rsa]), Ok(()));
        assert_eq!(check_kinds(&[ecdsa, ecdsa]), Err(UploadFault::TwoOfAKind(ecdsa)));
    }
}
