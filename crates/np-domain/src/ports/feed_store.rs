//! Memory of what serving nodes are to be told: the outbox, and what the nodes reported. The contracts of `store` hold here too.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    Timestamp,
    certificate_pack::PackRecord,
    custom_hostname::HostnameRecord,
    dns_record::DnsRecord,
    entry::{FeedKey, Generation},
    id::HostnameId,
    text::Explanation,
    zone::Zone,
};

/// Where one item of the feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedPosition {
    /// It never changed.
    Absent,
    /// A change of it has no generation yet.
    Unnumbered,
    /// Its last change has this generation.
    At(Generation),
}

/// One item of the feed: what to tell serving nodes about `key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// The generation of its last numbered change.
    pub generation: Generation,
    /// What it is about.
    pub key: FeedKey,
    /// Its state as of now, which may be newer than the generation; `None`: gone.
    pub subject: Option<FeedSubject>,
}

/// The state that an entry is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedSubject {
    /// A hostname with its zone.
    Hostname(Box<HostnameRecord>, Box<Zone>),
    /// A certificate pack with its zone, and the zones at and above its hosts, which say whose those are.
    Pack(Box<PackRecord>, Box<Zone>, Vec<Zone>),
    /// A DNS record.
    Record(Box<DnsRecord>),
    /// A zone.
    Zone(Box<Zone>),
}

/// What a serving node reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// The node's own name for itself.
    pub node: Explanation,
    /// What it serves.
    pub role: NodeRole,
    /// Everything up to here is applied.
    pub applied: Generation,
    /// When it said so.
    pub seen_at: Timestamp,
}

/// What a node serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeRole {
    /// DNS.
    Dns,
    /// TLS and HTTP.
    Edge,
}

impl NodeRole {
    /// The role's word in messages, configuration and store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Edge => "edge",
        }
    }
}

/// The outbox: what changed, in an order that no reader can miss.
///
/// A change is *marked* in the transaction that makes it, without a number: numbers drawn inside concurrent transactions
/// become visible out of order. [`FeedStore::number`] then gives the marked items consecutive generations, one caller at
/// a time, in a transaction of its own, so that whoever sees generation `g` sees every item up to `g`. There is one row
/// per key, which moves to the end at each change: a full copy and a delta are the same query.
#[async_trait]
pub trait FeedStore: Send + Sync {
    /// Numbers all marked items; the head afterwards.
    async fn number(&self) -> Result<Generation, StoreError>;

    /// Items with a generation above `after`, in order, at most `limit`.
    async fn feed_after(&self, after: Generation, limit: u32) -> Result<Vec<FeedItem>, StoreError>;

    /// Where an item stands.
    async fn position(&self, key: FeedKey) -> Result<FeedPosition, StoreError>;

    /// Keeps what a node reported; `applied` may go back (a node lost its copy).
    async fn report(&self, report: &NodeReport) -> Result<(), StoreError>;

    /// Makes the next ownership check of these hostnames due at `now`, as far as they are unproven and it is not due before:
    /// a node has reported that they were asked for there. No time of the schedule moves.
    async fn heed(&self, hostnames: &[HostnameId], now: Timestamp) -> Result<(), StoreError>;

    /// The last report of every node seen since then.
    async fn nodes(&self, seen_since: Timestamp) -> Result<Vec<NodeReport>, StoreError>;
}
