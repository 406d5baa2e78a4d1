//! Memory of the operator's own rules: which names nobody may have, and which addresses are an account's. The contracts of
//! `store` hold here too.

use async_trait::async_trait;

use super::{InsertError, StoreError};
use crate::{
    Timestamp, id::AccountId, name::Hostname, network::AddressRange, ownership::BlockedName,
};

/// The most names of the block list that count, and the most prefixes: what every check must know fits into memory.
pub const RULES_MAX: u32 = 10_000;

/// The operator's rules.
#[async_trait]
pub trait RuleStore: Send + Sync {
    /// The block list by name, at most [`RULES_MAX`] of it.
    async fn blocked_names(&self) -> Result<Vec<BlockedName>, StoreError>;

    /// Blocks a name; of one that is blocked already the reason changes.
    async fn block(&self, blocked: &BlockedName, now: Timestamp) -> Result<(), StoreError>;

    /// Takes a name off the list; `false` when it is not on it.
    async fn unblock(&self, name: &Hostname) -> Result<bool, StoreError>;

    /// All prefixes with the accounts that they are allocated to, at most [`RULES_MAX`] of them.
    async fn prefixes(&self) -> Result<Vec<(AccountId, AddressRange)>, StoreError>;

    /// Allocates a prefix to an account; nothing when it is its already.
    async fn allocate(&self, account: AccountId, prefix: AddressRange) -> Result<(), InsertError>;

    /// Takes a prefix from an account; `false` when it is not its.
    async fn deallocate(
        &self,
        account: AccountId,
        prefix: AddressRange,
    ) -> Result<bool, StoreError>;
}
