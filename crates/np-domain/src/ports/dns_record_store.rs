//! DNS records in memory. The contracts of [`super::store`] hold here too.

use async_trait::async_trait;
use thiserror::Error;

use super::store::{Direction, Lease, Page, StoreError};
use crate::{
    Timestamp,
    dns_record::{DnsRecord, RecordKind, RecordName, rules::Conflict},
    id::{DnsRecordId, ZoneId},
    zone::Zone,
};

/// A change of a zone's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsRecordChange {
    /// Adds a record, at version 0.
    Add(Box<DnsRecord>),
    /// Removes one.
    Remove(DnsRecordId),
    /// Saves one over the version that was read.
    Save(Box<DnsRecord>),
}

impl DnsRecordChange {
    /// The record that it is about.
    pub fn id(&self) -> DnsRecordId {
        match self {
            Self::Add(record) | Self::Save(record) => record.id,
            Self::Remove(id) => *id,
        }
    }
}

/// Why a change was refused, and with it all that came along.
#[derive(Debug, Error)]
pub enum DnsRecordChangeError {
    /// A rule between records, or between a record and its zone.
    #[error("{conflict}")]
    Conflict {
        /// Which of the changes.
        index: usize,
        /// The rule.
        conflict: Conflict,
    },
    /// The zone does not exist.
    #[error("the zone does not exist")]
    NoZone,
    /// The zone has no such record.
    #[error("there is no such record")]
    NoRecord {
        /// Which of the changes.
        index: usize,
    },
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text that is looked for, in lower case: lists do not tell upper from lower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought(Box<str>);

impl Sought {
    /// Looks for `text`.
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase().into())
    }

    /// The text in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// It contains this.
    Contains(Sought),
    /// It ends with this.
    EndsWith(Sought),
    /// It is this.
    Exact(Sought),
    /// It starts with this.
    StartsWith(Sought),
}

/// What is asked of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsRecordTerm {
    /// Its comment.
    Comment(TextMatch),
    /// Its content: of a TXT what it says, with or without quotes.
    Content(TextMatch),
    /// Whether it has a comment.
    HasComment(bool),
    /// Its type.
    Kind(RecordKind),
    /// Its name.
    Name(TextMatch),
    /// Whether it is proxied.
    Proxied(bool),
    /// A text in its name, content, comment or tags.
    Search(Sought),
    /// At or below this delegated name, without the NS records there.
    ShadowedBy(RecordName),
    /// NS records at this name or above it.
    Shadowing(RecordName),
    /// All of these tag terms, or any of them.
    Tags(Vec<TagTerm>, Matching),
}

/// What is asked of a record's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagTerm {
    /// There is one of this name.
    Has(Sought),
    /// There is none of this name.
    Lacks(Sought),
    /// There is one of this name with such a value.
    Value(Sought, TextMatch),
}

/// Whether all terms must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// All.
    #[default]
    All,
    /// At least one.
    Any,
}

/// Which records of a zone, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsRecordFilter {
    /// The terms.
    pub terms: Vec<DnsRecordTerm>,
    /// How they go together.
    pub matching: Matching,
    /// The order; among equals by type, name and id.
    pub order: DnsRecordOrder,
    /// Its direction.
    pub direction: Direction,
}

/// By what records are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DnsRecordOrder {
    /// By content.
    Content,
    /// By name.
    Name,
    /// Those that are not proxied first.
    Proxied,
    /// By TTL.
    Ttl,
    /// By the name of the type.
    #[default]
    Kind,
}

/// DNS records.
#[async_trait]
pub trait DnsRecordStore: Send + Sync {
    /// One record of a zone.
    async fn dns_record(
        &self,
        zone: ZoneId,
        id: DnsRecordId,
    ) -> Result<Option<DnsRecord>, StoreError>;

    /// A page of a zone's records, and how many match in all.
    async fn list_dns_records(
        &self,
        zone: ZoneId,
        filter: &DnsRecordFilter,
        page: Page,
    ) -> Result<(Vec<DnsRecord>, u64), StoreError>;

    /// Makes changes of one zone in their order, all or none, and marks them for the feed. The state after all of them
    /// keeps the rules of [`crate::dns_record::rules`], whoever else changes the zone at the same time. Gives the records
    /// as they are now (of removed ones: as they were), in the order of the changes.
    async fn change_dns_records(
        &self,
        zone: ZoneId,
        changes: &[DnsRecordChange],
    ) -> Result<Vec<DnsRecord>, DnsRecordChangeError>;

    /// Has the zone scanned, from `now` on. Asking again while that is not done changes nothing.
    async fn ask_scan(&self, zone: ZoneId, now: Timestamp) -> Result<(), StoreError>;

    /// Whether a scan was asked for and is not done.
    async fn is_scan_due(&self, zone: ZoneId) -> Result<bool, StoreError>;

    /// Claims at most `limit` zones that are to be scanned, the longest waiting first.
    async fn claim_scans(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<Zone>, StoreError>;

    /// Keeps finds of a scan in place of the zone's former ones; the scan is done.
    async fn keep_scanned(&self, zone: ZoneId, found: &[DnsRecord]) -> Result<(), StoreError>;

    /// The finds that have not been judged, by name.
    async fn scanned(&self, zone: ZoneId) -> Result<Vec<DnsRecord>, StoreError>;

    /// Forgets finds; those that are gone already are no error.
    async fn forget_scanned(&self, zone: ZoneId, finds: &[DnsRecordId]) -> Result<(), StoreError>;
}
