//! A DNS record of a zone: what stands at a name, and what its owner says about it.
//!
//! Parse once: a [`DnsRecord`] cannot hold content that np-dns could not serve. [`content`] has one struct per type,
//! [`name`] where a record stands, [`rules`] what records of one name allow each other. Not here: which records a
//! name server adds by itself (SOA, its own NS), which are np-dns's.

pub mod content;
pub mod kind;
pub mod name;
pub mod remarks;
pub mod rules;
pub mod scan;
pub mod tokens;
pub mod ttl;
pub mod zone_file;

use crate::{
    Timestamp,
    id::{DnsRecordId, ZoneId},
};

pub use content::{Content, ContentError, Given, Part, Parts};
pub use kind::{RecordKind, UnknownKind};
pub use name::{RecordName, RecordNameError};
pub use remarks::{Comment, RemarkError, Tag, Tags};
pub use ttl::{Ttl, TtlError};

/// The most records of a zone.
pub const RECORDS_PER_ZONE_MAX: u64 = 10_000;
/// The most records of one name: an answer with all of one type must fit a DNS message.
pub const RECORDS_PER_NAME_MAX: usize = 200;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord {
    /// Its id.
    pub id: DnsRecordId,
    /// Its zone.
    pub zone: ZoneId,
    /// Where it stands: the zone's name or a name below it.
    pub name: RecordName,
    /// Type and value.
    pub content: Content,
    /// How long resolvers may keep it.
    pub ttl: Ttl,
    /// Whether visitors reach the edges, which fetch from what the record says.
    pub proxy: Proxy,
    /// What its owner notes about it.
    pub comment: Option<Comment>,
    /// What its owner sorts it by.
    pub tags: Tags,
    /// Settings.
    pub settings: Settings,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// When the comment was last changed; `None` when there never was one.
    pub comment_modified_at: Option<Timestamp>,
    /// When the tags were last changed; `None` when there never were any.
    pub tags_modified_at: Option<Timestamp>,
    /// Counts the saves; a save names the version that it read.
    pub version: u64,
}

/// Who answers visitors of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Proxy {
    /// What the record says.
    #[default]
    Off,
    /// Our edges, for A, AAAA and CNAME.
    On,
}

impl Proxy {
    /// Whether our edges answer.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl From<bool> for Proxy {
    fn from(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }
}

/// Which addresses a proxied name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Settings {
    /// Only our edges' IPv4 addresses.
    pub ipv4_only: bool,
    /// Only our edges' IPv6 addresses.
    pub ipv6_only: bool,
    /// Whether a CNAME's owner wants it flattened; kept and shown, see docs/divergences.md.
    pub flatten_cname: bool,
}

/// Seconds that an automatic TTL stands for (the original's default for records that are not proxied).
pub const TTL_AUTOMATIC_SECONDS: u32 = 300;

impl DnsRecord {
    /// Its type.
    pub fn kind(&self) -> RecordKind {
        self.content.kind()
    }
}
