//! Memory of approvals by e-mail. The contracts are those of [`super::store`].

use async_trait::async_trait;

use super::StoreError;
use crate::{
    Timestamp,
    approval::{Approval, Link, LinkHash},
    certificate::ValidationAddress,
    name::DnsName,
    text::Explanation,
};

/// Approvals, wanted and given.
#[async_trait]
pub trait ApprovalStore: Send + Sync {
    /// Those of an order.
    async fn approvals(&self, order: &Explanation) -> Result<Vec<Approval>, StoreError>;

    /// Keeps an approval that is asked for, with `links` in the place of those before. One that was given stays as it is.
    async fn ask_approval(&self, approval: &Approval, links: &[Link]) -> Result<(), StoreError>;

    /// The approval that a link is for, and to whom the link was sent.
    async fn approval_by_link(
        &self,
        link: &LinkHash,
    ) -> Result<Option<(Approval, ValidationAddress)>, StoreError>;

    /// Gives the approval that a link is for; `false` when it was given before, has ended, or the link is not known. Of
    /// many who try at once, one gives it.
    async fn give_approval(&self, link: &LinkHash, now: Timestamp) -> Result<bool, StoreError>;

    /// How often mails about a domain were sent for orders whose last mail is not older than `since`.
    async fn mailings(&self, domain: &DnsName, since: Timestamp) -> Result<u64, StoreError>;

    /// Removes at most `limit` approvals that ended by `now`; how many.
    async fn sweep_approvals(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
