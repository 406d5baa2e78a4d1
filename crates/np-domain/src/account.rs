//! Who may call the API: accounts and their tokens.

use crate::{
    Timestamp,
    id::{AccountId, TokenId, ZoneId},
    text::Explanation,
};

/// Who owns zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, for people.
    pub name: Explanation,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An API token. Only the SHA-256 of its secret is kept: a token holds 160 random bits or more, so that a slow hash
/// would add nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// The account that it acts for.
    pub account: AccountId,
    /// Its name, for people.
    pub name: Explanation,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// What it may do.
    pub access: Access,
    /// Which zones it may do it to.
    pub scope: Scope,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Look only.
    Read,
    /// Look and change.
    Write,
    /// Everything, other accounts included: the administrator.
    Admin,
}

/// Which zones a token may act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All zones of its account.
    Account,
    /// These zones only.
    Zones(Vec<ZoneId>),
}
