//! API tokens: what they may do, when, and from where.

use std::net::IpAddr;

use thiserror::Error;

use crate::{
    Timestamp,
    id::{AccountId, TokenId, UserId},
    network::AddressRange,
    permission::{Grants, Permission, Target},
    text::Explanation,
};

/// The most policies of a token.
pub const POLICIES_MAX: usize = 50;
/// The most resources of a policy.
pub const RESOURCES_MAX: usize = 1000;
/// The most ranges of addresses in each list of a token's condition.
pub const RANGES_MAX: usize = 200;

/// An API token. Only the SHA-256 of its secret is kept: a token holds 160 random bits or more, so that a slow hash
/// would add nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// The account that it acts in, unless a request names another.
    pub account: AccountId,
    /// Whose it is.
    pub owner: Owner,
    /// Its name, for people.
    pub name: Explanation,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// What it may do.
    pub grants: Grants,
    /// Whether it is in use.
    pub switch: Switch,
    /// From where.
    pub from: AllowedFrom,
    /// Before that it is refused; `None`: from the beginning.
    pub not_before: Option<Timestamp>,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
    /// When it was used last, to the minute; `None`: never.
    pub last_used_at: Option<Timestamp>,
    /// The version that was read; see [`crate::ports`].
    pub version: u64,
}

/// Whose a token is, and so among whose it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The account's own.
    Account(AccountId),
    /// A user's.
    User(UserId),
}

/// Whether a token is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It is refused until it is switched on again.
    Disabled,
    /// It is taken.
    Enabled,
}

/// From which addresses a token is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedFrom {
    /// From these only; empty: from everywhere.
    pub within: Vec<AddressRange>,
    /// But not from these.
    pub not_within: Vec<AddressRange>,
}

/// What a token is just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Good.
    Active,
    /// Switched off.
    Disabled,
    /// Over.
    Expired,
    /// Not yet valid.
    NotYet,
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is switched off.
    #[error("the token is disabled")]
    Disabled,
    /// It ended.
    #[error("the token has expired")]
    Expired,
    /// It may not be used from there.
    #[error("the token may not be used from {}", .0.map_or("an unknown address".to_owned(), |from| from.to_string()))]
    ForeignAddress(Option<IpAddr>),
    /// It is not valid yet.
    #[error("the token is not valid yet")]
    NotYet,
}

impl ApiToken {
    /// What it is just now.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.switch, self.not_before, self.expires_at) {
            (_, _, Some(end)) if end <= now => Standing::Expired,
            (Switch::Disabled, ..) => Standing::Disabled,
            (_, Some(begin), _) if now < begin => Standing::NotYet,
            _ => Standing::Active,
        }
    }

    /// Whether it is taken now from an address; one that is not known is nowhere.
    ///
    /// # Errors
    /// Why it is not.
    pub fn admit(&self, now: Timestamp, from: Option<IpAddr>) -> Result<(), Refusal> {
        match self.standing(now) {
            Standing::Active if self.from.allows(from) => Ok(()),
            Standing::Active => Err(Refusal::ForeignAddress(from)),
            Standing::Disabled => Err(Refusal::Disabled),
            Standing::Expired => Err(Refusal::Expired),
            Standing::NotYet => Err(Refusal::NotYet),
        }
    }
}

impl AllowedFrom {
    /// Whether it says nothing.
    pub fn is_everywhere(&self) -> bool {
        self.within.is_empty() && self.not_within.is_empty()
    }

    fn allows(&self, from: Option<IpAddr>) -> bool {
        let Some(from) = from else { return self.is_everywhere() };
        let among = |ranges: &[AddressRange]| ranges.iter().any(|range| range.contains(from));
        (self.within.is_empty() || among(&self.within)) && !among(&self.not_within)
    }
}

/// Who calls, once it is settled, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// By what they are known.
    pub identity: Identity,
    /// The user behind it, where there is one.
    pub user: Option<UserId>,
    /// The account that they act in, unless a request names another.
    pub account: AccountId,
    /// What they may do.
    pub grants: Grants,
}

/// By what a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// By a token.
    Token(TokenId),
    /// By their key.
    User(UserId),
}

impl Principal {
    /// Whether this may be done to the target.
    pub fn may(&self, permission: Permission, target: Target) -> bool {
        self.grants.allow(permission, target)
    }

    /// Whether they run the installation.
    pub fn is_admin(&self) -> bool {
        self.grants == Grants::Everything
    }
}

#[cfg(test)]
mod tests;
