//! Memory of zones, and how they are found. The contracts of `store` hold here too.

use async_trait::async_trait;

use super::{InsertError, Lease, Page, Publish, Revision, StoreError};
use crate::{
    Timestamp,
    id::{AccountId, ZoneId},
    name::DnsName,
    text::Explanation,
    zone::{Status, Zone, ZoneKind},
};

/// Which zones, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZoneFilter {
    /// Of this account, whatever the terms say.
    pub account: Option<AccountId>,
    /// Among these, whatever the terms say; `None`: all.
    pub among: Option<Vec<ZoneId>>,
    /// Seen by the one who asks.
    pub visible: VisibleZones,
    /// What is searched for; nothing: all.
    pub terms: Vec<ZoneTerm>,
    /// Whether one of the terms suffices.
    pub is_any: bool,
    /// What the list is ordered by; then by id.
    pub order: ZoneOrder,
    /// Whether the last comes first.
    pub is_descending: bool,
}

/// One thing that zones are searched by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneTerm {
    /// Of this account.
    Account(AccountId),
    /// Of an account with such a name.
    AccountName(TextFilter),
    /// With such a name.
    Name(TextFilter),
    /// With this status.
    Status(Status),
    /// Of one of these kinds.
    Kinds(Vec<ZoneKind>),
}

/// Which texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFilter {
    /// How a text relates to the one wanted.
    pub relation: TextRelation,
    /// The one wanted; not empty.
    pub text: Explanation,
    /// Whether upper and lower case differ.
    pub is_case_sensitive: bool,
}

/// How a text relates to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextRelation {
    /// It is the other.
    Equal,
    /// It is not the other.
    NotEqual,
    /// It starts with the other.
    StartsWith,
    /// It ends with the other.
    EndsWith,
    /// It contains the other.
    Contains,
}

/// What a list of zones is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ZoneOrder {
    /// The name.
    #[default]
    Name,
    /// The word for the status, then the name.
    Status,
    /// The account's id, then the name.
    Account,
    /// The account's name, then the zone's.
    AccountName,
}

/// The zones that somebody may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VisibleZones {
    /// Every zone.
    #[default]
    All,
    /// Those of some accounts, and some others, less exceptions.
    Some {
        /// Those of every account.
        every_account: bool,
        /// Those of these accounts.
        accounts: Vec<AccountId>,
        /// These.
        zones: Vec<ZoneId>,
        /// But none of these accounts.
        except_accounts: Vec<AccountId>,
        /// And none of these.
        except_zones: Vec<ZoneId>,
    },
}

/// Zones.
#[async_trait]
pub trait ZoneStore: Send + Sync {
    /// The revision of zones: changes, and not that some are added.
    fn zones_revision(&self) -> Revision;

    /// Adds a zone. Its name must be new in its account.
    async fn insert_zone(&self, zone: &Zone) -> Result<(), InsertError>;

    /// The same, unless another account has an active zone of the name, or of one above or below it: `Ok(false)` then. Of
    /// two accounts that add such names at the same time, one gets its zone.
    async fn insert_unrivalled_zone(&self, zone: &Zone) -> Result<bool, InsertError>;

    /// One zone.
    async fn zone(&self, id: ZoneId) -> Result<Option<Zone>, StoreError>;

    /// A page of zones in the filter's order, and how many match in all.
    async fn list_zones(
        &self,
        filter: &ZoneFilter,
        page: Page,
    ) -> Result<(Vec<Zone>, u64), StoreError>;

    /// Saves a zone.
    async fn save_zone(&self, zone: &Zone, publish: Publish) -> Result<(), StoreError>;

    /// The zones at and above these names, in every account: what [`closest`](crate::zone::closest) is asked with.
    async fn zones_around(&self, names: &[DnsName]) -> Result<Vec<Zone>, StoreError>;

    /// Claims at most `limit` zones whose activation is due at `now`, the longest due first.
    async fn claim_zones(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<Zone>, StoreError>;

    /// Saves zones after a look at one of them, all or none, and ends their leases. [`StoreError::Stale`] also when an
    /// active one among them would then have its name together with another account's that is not among them.
    async fn save_activation(&self, zones: &[Zone], publish: Publish) -> Result<(), StoreError>;

    /// Removes a zone without hostnames (leaving ones do not count), and its certificate packs with it; `Ok(false)` while
    /// it has any hostname. The feed keeps its tombstone and theirs.
    async fn remove_zone(&self, id: ZoneId) -> Result<bool, StoreError>;
}
