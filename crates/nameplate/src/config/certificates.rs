//! `[certificates]`: what certificates are obtained.

use std::path::PathBuf;

use np_domain::certificate::{KeyType, automatic::Policy as Automatic};
use serde::{Deserialize, Serialize};

use super::{authorities::AuthorityWord, error::Invalid};

/// Certificates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Certificates {
    /// The CA of hostnames that name none.
    pub(crate) default_authority: AuthorityWord,
    /// The kinds of keys, in the order in which certificates are obtained: `p256`, `rsa2048`.
    pub(crate) key_types: Vec<KeyWord>,
    /// A PEM file with the roots that uploaded certificates must lead to, and intermediates that complete their chains;
    /// without it, Mozilla's roots as of this program's build.
    pub(crate) trust_store: Option<PathBuf>,
    /// Whether renewals are validated by HTTP where that works without the customer, whatever method was chosen.
    pub(crate) automatic_http: bool,
    /// Whether a renewal that was makes `http` the method on record.
    pub(crate) record_automatic_http: bool,
}

/// A kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyWord {
    /// ECDSA on P-256.
    P256,
    /// RSA with 2048 bits.
    Rsa2048,
}

impl From<KeyWord> for KeyType {
    fn from(word: KeyWord) -> Self {
        match word {
            KeyWord::P256 => Self::P256,
            KeyWord::Rsa2048 => Self::Rsa2048,
        }
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self {
            default_authority: AuthorityWord::LetsEncrypt,
            key_types: vec![KeyWord::P256],
            trust_store: None,
            automatic_http: Automatic::default().is_on,
            record_automatic_http: Automatic::default().is_recorded,
        }
    }
}

impl Certificates {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let twice = |(i, word): (usize, &KeyWord)| self.key_types[..i].contains(word);
        if self.key_types.is_empty() {
            return Err(Invalid::new("key_types", "no kind of key: write [\"p256\"]"));
        }
        match self.key_types.iter().enumerate().any(twice) {
            true => Err(Invalid::new("key_types", "a kind of key stands there twice: remove one")),
            false => Ok(()),
        }
    }

    /// How renewals are validated.
    pub(crate) fn automatic(&self) -> Automatic {
        Automatic { is_on: self.automatic_http, is_recorded: self.record_automatic_http }
    }

    /// The kinds of keys.
    pub(crate) fn keys(&self) -> Vec<KeyType> {
        self.key_types.iter().map(|word| (*word).into()).collect()
    }
}
