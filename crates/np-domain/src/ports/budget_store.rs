//! Memory of how much of each CA's limits is spent, and of who waits for more, shared by all control processes.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    Timestamp,
    authority::{BudgetKind, Charge},
    certificate::AuthorityName,
    id::{PackId, ZoneId},
};

/// What an order wants to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The certificate that it is for.
    pub certificate: PackId,
    /// Its zone: zones take turns.
    pub zone: ZoneId,
    /// From whose budgets.
    pub authority: AuthorityName,
    /// What.
    pub charges: Vec<Charge>,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Everything was taken.
    Taken,
    /// Nothing was taken: it waits for the turn that comes last.
    Queued {
        /// What it waits for.
        budget: BudgetKind,
        /// When its turn is expected, as things stand.
        expected_at: Timestamp,
        /// When to wish again. Who does not come back soon after that is passed over, and keeps its place if it comes later.
        look_at: Timestamp,
    },
}

/// How many wait for a CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLength {
    /// The CA.
    pub authority: AuthorityName,
    /// How many.
    pub waiting: u64,
    /// When the last of them expects its turn, as it was told.
    pub longest_until: Timestamp,
}

/// Budgets of CAs. What was taken stays taken across crashes; who takes and dies has spent it for nothing, which is the
/// safe side.
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// Takes all that is wished for, or nothing and a place in a queue.
    async fn take(&self, wish: &Wish, now: Timestamp) -> Result<Grant, StoreError>;

    /// Gives back what was taken for something that did not count at the CA.
    async fn give_back(
        &self,
        authority: AuthorityName,
        charges: &[Charge],
    ) -> Result<(), StoreError>;

    /// Who waits at `now`.
    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueLength>, StoreError>;
}
