//! `[ownership]`: how hostnames are watched once they are active, which names nobody may have, and which addresses are an
//! account's.

use np_control::reconcile::FixedRules;
use np_domain::{
    id::AccountId,
    name::{DnsName, Hostname},
    ownership::{BlockedName, Terms, watch},
    text::Explanation,
};
use serde::{Deserialize, Serialize};

use super::{
    error::Invalid,
    value::{Name, Range, Span},
};

/// Ownership, beyond the published schedule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ownership {
    /// How often an active hostname is looked at; 0: never.
    pub(crate) recheck_interval: Span,
    /// How long one that led here may lead elsewhere before it counts as moved.
    pub(crate) moved_grace: Span,
    /// How often a blocked hostname is looked at.
    pub(crate) blocked_recheck: Span,
    /// Names that nobody may have, each with all names below it.
    pub(crate) blocked: Vec<Blocked>,
    /// Addresses that belong to accounts.
    pub(crate) prefixes: Vec<Prefix>,
}

/// An entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocked {
    /// The name.
    pub(crate) name: Name,
    /// Why, for whoever asks for it.
    pub(crate) reason: String,
}

/// Addresses of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prefix {
    /// The account's id.
    pub(crate) account: String,
    /// The addresses.
    pub(crate) range: Range,
}

impl Default for Ownership {
    fn default() -> Self {
        Self {
            recheck_interval: Span(watch::RECHECK_INTERVAL),
            moved_grace: Span(watch::ELSEWHERE_GRACE),
            blocked_recheck: Span(watch::BLOCKED_RECHECK),
            blocked: Vec::new(),
            prefixes: Vec::new(),
        }
    }
}

impl Ownership {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.blocked_recheck.0.is_zero() {
            return Err(Invalid::new("blocked_recheck", "0 would never rest: give at least 1m"));
        }
        for entry in &self.blocked {
            if hostname(&entry.name.0).is_none() {
                let message = format!(
                    "{} cannot be a custom hostname, so that it need not be blocked",
                    entry.name.0
                );
                return Err(Invalid::new("blocked", message));
            }
        }
        for prefix in &self.prefixes {
            if prefix.account.parse::<AccountId>().is_err() {
                let message = format!(
                    "{:?} is no account id: give the 32 digits that GET /client/v4/accounts shows",
                    prefix.account
                );
                return Err(Invalid::new("prefixes", message));
            }
        }
        Ok(())
    }

    /// How hostnames are watched.
    pub(crate) fn watch(&self) -> Terms {
        Terms {
            recheck_interval: Some(self.recheck_interval.0).filter(|interval| !interval.is_zero()),
            moved_grace: self.moved_grace.0,
            blocked_recheck: self.blocked_recheck.0,
        }
    }

    /// The rules.
    pub(crate) fn rules(&self) -> FixedRules {
        let blocked = self.blocked.iter().filter_map(|entry| {
            let name = hostname(&entry.name.0)?;
            Some(BlockedName { name, reason: Explanation::new(&entry.reason) })
        });
        let prefixes = self
            .prefixes
            .iter()
            .filter_map(|prefix| Some((prefix.account.parse().ok()?, prefix.range.0)));
        FixedRules { blocked: blocked.collect(), prefixes: prefixes.collect() }
    }
}

fn hostname(name: &DnsName) -> Option<Hostname> {
    name.as_str().parse().ok()
}
