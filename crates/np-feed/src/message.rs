//! The messages of the feed, version 1: a [`Pull`] is answered with a [`Batch`] of [`Item`]s, in CBOR.
//!
//! Old and new programs talk to each other: fields are numbered, unknown ones are skipped, new ones are optional. Each
//! item's value is a byte string of its own, so that one that cannot be read hides no other. What changes in a way that
//! an older program would misread gets a new [`FORMAT`]. `tests/golden` holds version 1 as it was first spoken.

mod wire;

use minicbor::{Decode, Encode, bytes::ByteVec};
use np_domain::{
    entry::{Entry, FeedKey, Generation, PackEntry, RecordEntry, ZoneEntry},
    id::{DnsRecordId, HostnameId, PackId, ZoneId},
    ownership::Sighting,
    ports::NodeRole,
};
use thiserror::Error;

/// The version of the messages that this program speaks.
pub const FORMAT: u16 = 1;
/// The path under the control side's URL where pulls are posted.
pub const PULL_PATH: &str = "/feed/v1/pull";
/// The media type of both messages.
pub const CONTENT_TYPE: &str = "application/cbor";
/// The most bytes of an encoded pull.
pub const PULL_BYTES_MAX: usize = 4 * 1024;
/// The most sightings that a pull carries.
pub const SIGHTINGS_MAX: usize = 64;
/// The most bytes of an encoded batch that a node accepts.
pub const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which history generations count in: drawn once per store, so that a node notices that its copy is of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct FeedId(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// A node reports and asks for what comes next.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pull {
    /// The version that the node speaks.
    #[n(0)]
    pub format: u16,
    /// The node's own name for itself.
    #[n(1)]
    pub node: String,
    /// What it serves.
    #[cbor(n(2), with = "wire::role")]
    pub role: NodeRole,
    /// It wants what comes after this.
    #[cbor(n(3), with = "wire::generation")]
    pub after: Generation,
    /// Everything up to here is applied and served.
    #[cbor(n(4), with = "wire::generation")]
    pub applied: Generation,
    /// The history that `after` and `applied` count in; `None` before the first batch.
    #[n(5)]
    pub feed: Option<FeedId>,
    /// How long the node waits for a change when there is none, in milliseconds; the control side may answer sooner.
    #[n(6)]
    pub wait_ms: u32,
    /// Waiting hostnames that were asked for at the node since the last pull; at most [`SIGHTINGS_MAX`] of them count.
    #[cbor(n(7), with = "wire::sightings", has_nil)]
    pub sightings: Vec<Sighting>,
}

/// What changed after `from`, up to `to`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Batch {
    /// The version that the control side speaks.
    #[n(0)]
    pub format: u16,
    /// The history that generations count in.
    #[n(1)]
    pub feed: FeedId,
    /// Applies to a copy at this generation only.
    #[cbor(n(2), with = "wire::generation")]
    pub from: Generation,
    /// A copy is at this generation afterwards.
    #[cbor(n(3), with = "wire::generation")]
    pub to: Generation,
    /// The newest generation that the control side knows; a copy at `head` misses nothing.
    #[cbor(n(4), with = "wire::generation")]
    pub head: Generation,
    /// Whether everything that the node has is to be replaced: this is the first part of a full copy, `from` is 0, and
    /// what is not mentioned up to `head` is gone.
    #[n(5)]
    pub reset: bool,
    /// The changes in order.
    #[n(6)]
    pub items: Vec<Item>,
    /// For edges: the keys that session tickets are sealed with, all that are in use, whatever the generation. Absent
    /// from programs that do not know of them, and for DNS nodes. 7 is not used: programs were promised to skip whatever
    /// stands there.
    #[n(8)]
    pub ticket_keys: Option<Vec<SealedTicketKey>>,
}

/// The ticket key of one period, sealed to the node key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealedTicketKey {
    /// When its period begins, in seconds since 1970; no two keys have the same.
    #[n(0)]
    pub starts: i64,
    /// The key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// One change: the state that `key` has now.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Item {
    #[cbor(n(0), with = "wire::generation")]
    generation: Generation,
    #[n(1)]
    kind: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    id: [u8; 16],
    #[n(3)]
    value: Option<ByteVec>,
}

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A hostname is to be served like this.
    Hostname(Box<Entry>),
    /// A zone's certificate pack is to be served like this.
    Pack(Box<PackEntry>),
    /// A DNS record says this.
    Record(RecordEntry),
    /// A zone has this state.
    Zone(ZoneEntry),
    /// Forget it.
    Gone(FeedKey),
}

/// A message or an item's value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} cannot be read: {why}")]
pub struct Unreadable {
    /// What.
    pub what: &'static str,
    /// Why.
    pub why: String,
}

const KIND_HOSTNAME: u8 = 0;
const KIND_ZONE: u8 = 1;
const KIND_PACK: u8 = 3;
const KIND_RECORD: u8 = 2;

impl Item {
    /// A hostname with its entry. Certificates' keys must be sealed to the node key by now.
    pub fn hostname(generation: Generation, entry: &Entry) -> Self {
        let value = Some(wire::encode(&wire::Hostname::from(entry)).into());
        Self { generation, kind: KIND_HOSTNAME, id: *entry.hostname.as_bytes(), value }
    }

    /// A zone with its state.
    pub fn zone(generation: Generation, entry: &ZoneEntry) -> Self {
        let value = Some(wire::encode(&wire::Zone::from(entry)).into());
        Self { generation, kind: KIND_ZONE, id: *entry.zone.as_bytes(), value }
    }

    /// A zone's certificate pack with its entry. Certificates' keys must be sealed to the node key by now.
    pub fn pack(generation: Generation, entry: &PackEntry) -> Self {
        let value = Some(wire::encode(&wire::Pack::from(entry)).into());
        Self { generation, kind: KIND_PACK, id: *entry.pack.as_bytes(), value }
    }

    /// A DNS record with its value.
    pub fn record(generation: Generation, entry: &RecordEntry) -> Self {
        let value = Some(wire::encode(&wire::Record::from(entry)).into());
        Self { generation, kind: KIND_RECORD, id: *entry.record.as_bytes(), value }
    }

    /// Something that is gone.
    pub fn gone(generation: Generation, key: FeedKey) -> Self {
        let (kind, id) = match key {
            FeedKey::Hostname(id) => (KIND_HOSTNAME, *id.as_bytes()),
            FeedKey::Pack(id) => (KIND_PACK, *id.as_bytes()),
            FeedKey::Record(id) => (KIND_RECORD, *id.as_bytes()),
            FeedKey::Zone(id) => (KIND_ZONE, *id.as_bytes()),
        };
        Self { generation, kind, id, value: None }
    }

    /// The generation of the change.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What it is about; `None` when it is of a kind that only newer programs know.
    pub fn key(&self) -> Option<FeedKey> {
        match self.kind {
            KIND_HOSTNAME => Some(FeedKey::Hostname(HostnameId::from_bytes(self.id))),
            KIND_PACK => Some(FeedKey::Pack(PackId::from_bytes(self.id))),
            KIND_RECORD => Some(FeedKey::Record(DnsRecordId::from_bytes(self.id))),
            KIND_ZONE => Some(FeedKey::Zone(ZoneId::from_bytes(self.id))),
            _ => None,
        }
    }

    /// About how many bytes it takes in a batch.
    pub fn len_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.len()) + 32
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When it cannot be read, or is about something else than the item's key.
    pub fn content(&self) -> Result<Content, Unreadable> {
        let unknown =
            || Unreadable { what: "the item", why: format!("unknown kind {}", self.kind) };
        let key = self.key().ok_or_else(unknown)?;
        let content = match (key, &self.value) {
            (_, None) => return Ok(Content::Gone(key)),
            (FeedKey::Hostname(_), Some(value)) => Content::Hostname(Box::new(read_entry(value)?)),
            (FeedKey::Pack(_), Some(value)) => Content::Pack(Box::new(read_pack(value)?)),
            (FeedKey::Record(_), Some(value)) => Content::Record(read_record(value)?),
            (FeedKey::Zone(_), Some(value)) => Content::Zone(read_zone(value)?),
        };
        let about = match &content {
            Content::Hostname(entry) => FeedKey::Hostname(entry.hostname),
            Content::Pack(pack) => FeedKey::Pack(pack.pack),
            Content::Record(record) => FeedKey::Record(record.record),
            Content::Zone(zone) => FeedKey::Zone(zone.zone),
            Content::Gone(key) => *key,
        };
        if about == key {
            Ok(content)
        } else {
            Err(Unreadable { what: "the item", why: "its value is about something else".into() })
        }
    }

    /// The value as it travelled.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(|value| value.as_slice())
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.value.as_ref().map(|value| value.len());
        write!(f, "Item({}, {:?}, {value:?} bytes)", self.generation, self.key())
    }
}

/// Reads an item's value that is a hostname's entry.
pub(crate) fn read_entry(value: &[u8]) -> Result<Entry, Unreadable> {
    wire::decode::<wire::Hostname<'_>>("the entry", value)?
        .try_into()
        .map_err(|why| Unreadable { what: "the entry", why })
}

/// Reads an item's value that is a zone's certificate pack.
pub(crate) fn read_pack(value: &[u8]) -> Result<PackEntry, Unreadable> {
    wire::decode::<wire::Pack<'_>>("the pack", value)?
        .try_into()
        .map_err(|why| Unreadable { what: "the pack", why })
}

/// Reads an item's value that is a DNS record.
pub(crate) fn read_record(value: &[u8]) -> Result<RecordEntry, Unreadable> {
    wire::decode::<wire::Record<'_>>("the record", value)?
        .try_into()
        .map_err(|why| Unreadable { what: "the record", why })
}

/// Reads an item's value that is a zone's state.
pub(crate) fn read_zone(value: &[u8]) -> Result<ZoneEntry, Unreadable> {
    wire::decode::<wire::Zone<'_>>("the zone", value)?
        .try_into()
        .map_err(|why| Unreadable { what: "the zone", why })
}

impl Pull {
    /// The message in bytes.
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads the message.
    ///
    /// # Errors
    /// When the bytes are no pull.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        wire::decode("the pull", bytes)
    }
}

impl Batch {
    /// The message in bytes.
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads the message; items' values are read later, one by one.
    ///
    /// # Errors
    /// When the bytes are no batch.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        wire::decode("the batch", bytes)
    }
}
