//! `[certificates]`: what certificates are obtained.

use std::path::PathBuf;

use np_domain::{
    authority::{Preference, breaker, choice::Chosen},
    certificate::{KeyType, automatic::Policy as Automatic},
};
use serde::{Deserialize, Serialize};

use super::{authorities::AuthorityWord, error::Invalid, value::Span};

/// Certificates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Certificates {
    /// The CA of hostnames that name none.
    pub(crate) default_authority: AuthorityWord,
    /// The CAs that are asked in this order when that one cannot issue.
    pub(crate) fallback_authorities: Vec<AuthorityWord>,
    /// Whether they are also asked in place of a CA that the API's caller has named.
    pub(crate) replace_chosen_authority: bool,
    /// So many calls in a row that a CA fails make it left alone for a while.
    pub(crate) authority_failures_max: u32,
    /// For how long the first time; each time in a row twice as long.
    pub(crate) authority_pause_first: Span,
    /// For how long at most.
    pub(crate) authority_pause_max: Span,
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
            fallback_authorities: Vec::new(),
            replace_chosen_authority: false,
            authority_failures_max: breaker::Terms::default().failures_max,
            authority_pause_first: Span(breaker::Terms::default().pause_first),
            authority_pause_max: Span(breaker::Terms::default().pause_max),
            key_types: vec![KeyWord::P256],
            trust_store: None,
            automatic_http: Automatic::default().is_on,
            record_automatic_http: Automatic::default().is_recorded,
        }
    }
}

impl Certificates {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        self.check_breaker()?;
        let twice = |(i, word): (usize, &KeyWord)| self.key_types[..i].contains(word);
        if self.key_types.is_empty() {
            return Err(Invalid::new("key_types", "no kind of key: write [\"p256\"]"));
        }
        match self.key_types.iter().enumerate().any(twice) {
            true => Err(Invalid::new("key_types", "a kind of key stands there twice: remove one")),
            false => Ok(()),
        }
    }

    fn check_breaker(&self) -> Result<(), Invalid> {
        if self.authority_failures_max == 0 {
            let message = "0 would never ask a CA: write 1 or more";
            return Err(Invalid::new("authority_failures_max", message));
        }
        if self.authority_pause_first.0.is_zero() {
            let message = "0s would leave no CA alone: write 1s or more";
            return Err(Invalid::new("authority_pause_first", message));
        }
        if self.authority_pause_max.0 < self.authority_pause_first.0 {
            let (most, first) = (self.authority_pause_max, self.authority_pause_first);
            let message = format!("{most} is less than authority_pause_first, {first}: raise it");
            return Err(Invalid::new("authority_pause_max", message));
        }
        Ok(())
    }

    /// Which CAs are asked, in which order.
    pub(crate) fn preference(&self) -> Preference {
        Preference {
            default: self.default_authority.into(),
            fallback: self.fallback_authorities.iter().map(|word| (*word).into()).collect(),
            chosen: match self.replace_chosen_authority {
                true => Chosen::MayFallBack,
                false => Chosen::Stays,
            },
        }
    }

    /// When a CA is left alone, and for how long.
    pub(crate) fn breaker(&self) -> breaker::Terms {
        breaker::Terms {
            failures_max: self.authority_failures_max,
            pause_first: self.authority_pause_first.0,
            pause_max: self.authority_pause_max.0,
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
