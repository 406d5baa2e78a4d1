//! What lies in the tables: keys, the copy's state, and the index records.

use heed::{RoTxn, RwTxn};
use minicbor::{Decode, Encode};
use np_domain::{
    entry::{Generation, RecordEntry},
    id::{DnsRecordId, HostnameId, ZoneId},
    name::NAME_LENGTH_MAX,
};

use super::{
    ReadError,
    environment::Table,
    frame::{DAMAGED, Frame},
};
use crate::message::{FeedId, SealedTicketKey};

/// The version of the tables; a copy of another version is fetched anew. 3: zones by name. 2: DNS records.
const TABLES_VERSION: u16 = 3;
const STATE_KEY: &[u8] = b"state";
/// Beside it: the keys that session tickets are sealed with.
const TICKET_KEYS_KEY: &[u8] = b"ticket-keys";

/// Ends the name in a key; sorts before everything that a name can contain.
const END: u8 = 0;
/// Stands between reversed labels; sorts after [`END`] and before everything else, so that the names below a name
/// follow it directly.
const BELOW: u8 = 1;
/// Bytes of an id at the end of a key.
const ID_BYTES: usize = 16;

/// Where the copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// The history; `None` before the first batch.
    pub(super) feed: Option<FeedId>,
    /// Everything up to here is applied.
    pub(super) generation: Generation,
    /// Counts the full copies; values of an earlier round go when the current one is complete.
    pub(super) round: u32,
    /// Whether values of earlier rounds are still there.
    pub(super) is_sweeping: bool,
}

#[derive(Encode, Decode)]
struct StateRecord {
    #[n(0)]
    version: u16,
    #[n(1)]
    feed: Option<FeedId>,
    #[n(2)]
    is_sweeping: bool,
}

impl State {
    pub(super) fn read(table: Table, txn: &RoTxn<'_>) -> Result<Self, ReadError> {
        let corrupt = |why: String| ReadError::Corrupt { what: "state".into(), why };
        let Some(bytes) = table.get(txn, STATE_KEY)? else { return Ok(Self::default()) };
        let frame = Frame::read(STATE_KEY, bytes).ok_or_else(|| corrupt(DAMAGED.into()))?;
        let record: StateRecord =
            minicbor::decode(frame.content).map_err(|error| corrupt(error.to_string()))?;
        if record.version != TABLES_VERSION {
            return Err(corrupt(format!("its version is {}", record.version)));
        }
        Ok(Self {
            feed: record.feed,
            generation: frame.generation,
            round: frame.round,
            is_sweeping: record.is_sweeping,
        })
    }

    pub(super) fn write(&self, table: Table, txn: &mut RwTxn<'_>) -> heed::Result<()> {
        let record =
            StateRecord { version: TABLES_VERSION, feed: self.feed, is_sweeping: self.is_sweeping };
        let content = encode(&record);
        let frame = Frame { round: self.round, generation: self.generation, content: &content };
        table.put(txn, STATE_KEY, &frame.write(STATE_KEY))
    }
}

/// The ticket keys that the copy has, sealed.
pub(super) fn ticket_keys(
    table: Table,
    txn: &RoTxn<'_>,
) -> Result<Vec<SealedTicketKey>, ReadError> {
    let corrupt = |why: String| ReadError::Corrupt { what: "ticket keys".into(), why };
    let Some(bytes) = table.get(txn, TICKET_KEYS_KEY)? else { return Ok(Vec::new()) };
    let frame = Frame::read(TICKET_KEYS_KEY, bytes).ok_or_else(|| corrupt(DAMAGED.into()))?;
    minicbor::decode(frame.content).map_err(|error| corrupt(error.to_string()))
}

/// Keeps these in the place of others.
pub(super) fn put_ticket_keys(
    table: Table,
    txn: &mut RwTxn<'_>,
    keys: &[SealedTicketKey],
) -> heed::Result<()> {
    let content = encode(&keys);
    let frame = Frame { round: 0, generation: Generation::default(), content: &content };
    table.put(txn, TICKET_KEYS_KEY, &frame.write(TICKET_KEYS_KEY))
}

/// The names under which a hostname's entry is found.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Names<'a> {
    #[n(0)]
    pub(super) name: &'a str,
    #[n(1)]
    pub(super) delegation: Option<&'a str>,
}

/// The TXT values at a name of the delegation domain, or at an `_acme-challenge` name of a zone of ours.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct TxtValues<'a> {
    #[b(0)]
    pub(super) values: Vec<&'a str>,
}

/// Where a DNS record lies: its zone and its name.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct RecordPlace<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) zone: [u8; ID_BYTES],
    #[n(1)]
    pub(super) name: &'a str,
}

impl<'a> From<&'a RecordEntry> for RecordPlace<'a> {
    fn from(entry: &'a RecordEntry) -> Self {
        Self { zone: *entry.zone.as_bytes(), name: entry.name.as_str() }
    }
}

/// The key of a record among those of its zone: what begins with the zone and the reversed name is at the name or below.
pub(super) fn record_key(place: &RecordPlace<'_>, id: DnsRecordId) -> Vec<u8> {
    let mut key = record_prefix(ZoneId::from_bytes(place.zone), place.name);
    key.push(END);
    key.extend_from_slice(id.as_bytes());
    key
}

/// What the keys of a zone's records at a name, and below it, begin with.
pub(super) fn record_prefix(zone: ZoneId, name: &str) -> Vec<u8> {
    [zone.as_bytes().as_slice(), &reversed(name)].concat()
}

/// The key of a proxied record, whatever its zone.
pub(super) fn proxied_key(name: &str, id: DnsRecordId) -> Vec<u8> {
    [entry_prefix(name).as_slice(), id.as_bytes()].concat()
}

pub(super) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to a Vec cannot fail, and no type here refuses")
}

/// The key of an entry.
pub(super) fn entry_key(name: &str, id: HostnameId) -> Vec<u8> {
    named_key(name, id.as_bytes())
}

/// The key of something with this id that is found by a name.
pub(super) fn named_key(name: &str, id: &[u8; ID_BYTES]) -> Vec<u8> {
    [entry_prefix(name).as_slice(), id].concat()
}

/// What the keys of all entries of a name begin with.
pub(super) fn entry_prefix(name: &str) -> Vec<u8> {
    [name.as_bytes(), &[END]].concat()
}

/// The key of a delegation name of the hostname or pack with this id.
pub(super) fn delegation_key(name: &str, id: &[u8; ID_BYTES]) -> Vec<u8> {
    let mut key = reversed(name);
    key.push(END);
    key.extend_from_slice(id);
    key
}

/// `c\1b\1a` for `a.b.c`: what the keys of the name, and of all names below it, begin with.
pub(super) fn reversed(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 1 + ID_BYTES);
    for label in name.rsplit('.') {
        if !key.is_empty() {
            key.push(BELOW);
        }
        key.extend_from_slice(label.as_bytes());
    }
    key
}

/// How a key relates to the reversed name that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is a key of that name.
    At,
    /// It is a key of a name below it.
    Below,
    /// Neither.
    Elsewhere,
}

pub(super) fn place(reversed: &[u8], key: &[u8]) -> Place {
    match key.strip_prefix(reversed) {
        Some([END, id @ ..]) if id.len() == ID_BYTES => Place::At,
        Some([BELOW, ..]) => Place::Below,
        _ => Place::Elsewhere,
    }
}

/// Whether a text may be looked up at all: it fits a key and holds no byte with a meaning of ours.
pub(super) fn is_lookable(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_LENGTH_MAX && name.bytes().all(|b| b > b' ')
}
