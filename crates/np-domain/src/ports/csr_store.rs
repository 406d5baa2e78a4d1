//! Memory of certificate signing requests. The contracts of [`super::store`] hold.

use async_trait::async_trait;

use super::{InsertError, Page, StoreError};
use crate::{
    csr::{CsrOwner, CustomCsr},
    id::CsrId,
};

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsrOrder {
    /// By age, the oldest first.
    #[default]
    OldestFirst,
    /// By age, the newest first.
    NewestFirst,
    /// By name, then age.
    NameAscending,
    /// By name from the end, then age.
    NameDescending,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrRemoval {
    /// It is gone.
    Removed,
    /// Its owner has none with this id.
    Unknown,
    /// A certificate pack serves a certificate with its key.
    InUse,
}

/// Certificate signing requests.
#[async_trait]
pub trait CsrStore: Send + Sync {
    /// Adds a request.
    async fn insert_csr(&self, csr: &CustomCsr) -> Result<(), InsertError>;

    /// One request of an owner.
    async fn csr(&self, owner: CsrOwner, id: CsrId) -> Result<Option<CustomCsr>, StoreError>;

    /// A page of an owner's requests, and how many there are in all.
    async fn list_csrs(
        &self,
        owner: CsrOwner,
        order: CsrOrder,
        page: Page,
    ) -> Result<(Vec<CustomCsr>, u64), StoreError>;

    /// Removes a request of an owner with its key, unless a certificate pack uses it.
    async fn remove_csr(&self, owner: CsrOwner, id: CsrId) -> Result<CsrRemoval, StoreError>;
}
