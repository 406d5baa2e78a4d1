//! Whether an issued chain is fit to be served: the only maker of [`ValidatedChain`].

use thiserror::Error;

use super::{CertName, KeyType, upload};
use crate::{Timestamp, text::Explanation};

/// The most certificates that a chain may have.
pub const CHAIN_LENGTH_MAX: usize = 10;

/// The facts of a chain, as read out of its certificates by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFacts {
    /// The certificates in DER, leaf first.
    pub der: Vec<Box<[u8]>>,
    /// The leaf's DNS names.
    pub names: Vec<Explanation>,
    /// The leaf's notBefore.
    pub not_before: Timestamp,
    /// The leaf's notAfter.
    pub not_after: Timestamp,
    /// The issuer's name, for people.
    pub issuer: Explanation,
    /// The leaf's serial number in decimal.
    pub serial: Explanation,
    /// The signature algorithm as the API names it: `ECDSAWithSHA256`, `SHA256WithRSA`.
    pub signature: Explanation,
    /// The leaf's kind of key; `None` for kinds that we do not serve.
    pub key_type: Option<KeyType>,
    /// Whether the leaf's public key is that of our private key.
    pub key_matches: bool,
    /// Whether each certificate is signed by the next.
    pub is_linked: bool,
}

/// A chain that covers the names, fits the key and is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedChain {
    facts: ChainFacts,
}

/// Why a chain cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    /// No certificate, or more than [`CHAIN_LENGTH_MAX`].
    #[error("the chain has {0} certificates")]
    Length(usize),
    /// A wanted name is not on the leaf.
    #[error("the certificate does not cover {0}")]
    NameMissing(Explanation),
    /// The private key belongs to another certificate.
    #[error("the certificate does not match the private key")]
    KeyMismatch,
    /// The key is of another kind than was asked for.
    #[error("the certificate's key is of another kind than was asked for")]
    KeyType,
    /// The chain's certificates do not sign one another in order.
    #[error("the chain's certificates are not in order")]
    NotLinked,
    /// It is over, or begins in the future.
    #[error("the certificate is not in force")]
    NotInForce,
}

/// A CA's clock may be ahead of ours by this much.
const CLOCK_SKEW_MAX: time::Duration = time::Duration::minutes(5);

impl ValidatedChain {
    /// Judges a chain.
    ///
    /// # Errors
    /// The first reason for which it cannot be served.
    pub fn check(
        facts: ChainFacts,
        names: &[CertName],
        key_type: KeyType,
        now: Timestamp,
    ) -> Result<Self, ChainError> {
        if facts.der.is_empty() || facts.der.len() > CHAIN_LENGTH_MAX {
            return Err(ChainError::Length(facts.der.len()));
        }
        if let Some(missing) = names.iter().find(|name| !upload::covers(&facts.names, name)) {
            return Err(ChainError::NameMissing(Explanation::new(missing.to_string())));
        }
        if !facts.key_matches {
            return Err(ChainError::KeyMismatch);
        }
        if facts.key_type != Some(key_type) {
            return Err(ChainError::KeyType);
        }
        if !facts.is_linked {
            return Err(ChainError::NotLinked);
        }
        if now >= facts.not_after || facts.not_before > now + CLOCK_SKEW_MAX {
            return Err(ChainError::NotInForce);
        }
        Ok(Self { facts })
    }

    /// A chain that was judged fit before and comes back from the store.
    pub fn restored(facts: ChainFacts) -> Self {
        Self { facts }
    }

    /// Its facts.
    pub fn facts(&self) -> &ChainFacts {
        &self.facts
    }

    /// The certificates in DER, leaf first.
    pub fn der(&self) -> &[Box<[u8]>] {
        &self.facts.der
    }

    /// When the leaf ends.
    pub fn not_after(&self) -> Timestamp {
        self.facts.not_after
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::name::Hostname;

    const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);

    fn facts() -> ChainFacts {
        ChainFacts {
            der: vec![Box::from([0x30].as_slice())],
            names: vec![
                Explanation::new("App.customer.com"),
                Explanation::new("*.app.customer.com"),
            ],
            not_before: NOW,
            not_after: NOW + time::Duration::days(90),
            issuer: Explanation::new("CN=Test CA"),
            serial: Explanation::new("42"),
            signature: Explanation::new("ECDSAWithSHA256"),
            key_type: Some(KeyType::P256),
            key_matches: true,
            is_linked: true,
        }
    }

    fn names() -> [CertName; 2] {
        let host: Hostname = "app.customer.com".parse().unwrap();
        [CertName::Exact(host.clone()), CertName::Wildcard(host.wildcard())]
    }

    fn check(change: impl FnOnce(&mut ChainFacts), key_type: KeyType) -> Result<(), ChainError> {
        let mut facts = facts();
        change(&mut facts);
        ValidatedChain::check(facts, &names(), key_type, NOW).map(|_| ())
    }

    #[test]
    fn a_chain_is_served_only_when_names_key_order_and_dates_fit() {
        let missing = ChainError::NameMissing(Explanation::new("*.app.customer.com"));
        let p256 = KeyType::P256;
        assert_eq!(check(|_| {}, p256), Ok(()));
        assert_eq!(check(|f| f.der.clear(), p256), Err(ChainError::Length(0)));
        assert_eq!(check(|f| f.der = vec![Box::default(); 11], p256), Err(ChainError::Length(11)));
        assert_eq!(check(|f| f.names.truncate(1), p256), Err(missing));
        assert_eq!(check(|f| f.key_matches = false, p256), Err(ChainError::KeyMismatch));
        assert_eq!(check(|_| {}, KeyType::Rsa2048), Err(ChainError::KeyType));
        assert_eq!(check(|f| f.is_linked = false, p256), Err(ChainError::NotLinked));
        assert_eq!(check(|f| f.not_after = NOW, p256), Err(ChainError::NotInForce));
        assert_eq!(check(|f| f.not_before = NOW + CLOCK_SKEW_MAX, p256), Ok(()));
        let later =
            |f: &mut ChainFacts| f.not_before = NOW + CLOCK_SKEW_MAX + time::Duration::SECOND;
        assert_eq!(check(later, p256), Err(ChainError::NotInForce));
    }
}
