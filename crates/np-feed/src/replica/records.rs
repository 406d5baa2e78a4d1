//! DNS records in the copy: written by [`super::apply`], read by name servers within a zone and by edges by name.

use heed::RwTxn;
use np_domain::{
    entry::RecordEntry,
    id::{DnsRecordId, ZoneId},
};

use super::{
    ApplyError, Change, ReadError, Replica,
    apply::remove_by_search,
    environment::Environment,
    frame::{DAMAGED, Frame},
    tables::{self, Place, RecordPlace},
};
use crate::message;

/// What stands at a name of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsAnswer {
    /// No record at the name, nor at any below it.
    NoSuchName,
    /// No record at the name, but at some name below it (RFC 8020, RFC 4592 section 2.2.2).
    Empty,
    /// These records; never empty.
    Records(Vec<RecordEntry>),
}

impl Replica {
    /// All records at exactly this lower-case name of a zone; the wildcard `*.name` is a name like any other. Records that
    /// cannot be read are left out with a warning when there are others.
    ///
    /// # Errors
    /// When the copy cannot be read, or the name has records and none of them can.
    pub fn records(&self, zone: ZoneId, name: &str) -> Result<RecordsAnswer, ReadError> {
        if !tables::is_lookable(name) {
            return Ok(RecordsAnswer::NoSuchName);
        }
        let environment = &self.0.environment;
        let prefix = tables::record_prefix(zone, name);
        let txn = environment.read()?;
        let mut found = Found::default();
        let mut is_empty_above = false;
        for pair in environment.records.prefix_iter(&txn, &prefix)? {
            let (key, bytes) = pair?;
            match tables::place(&prefix, key) {
                Place::At => found.add(
                    name,
                    self.noted(entry(key, bytes, |e, id| tables::record_key(&e.into(), id))),
                ),
                // The name's own keys come first, then those below it, then names that merely begin alike.
                Place::Below => {
                    is_empty_above = true;
                    break;
                }
                Place::Elsewhere => break,
            }
        }
        let records = found.finish()?;
        Ok(match (records.is_empty(), is_empty_above) {
            (false, _) => RecordsAnswer::Records(records),
            (true, true) => RecordsAnswer::Empty,
            (true, false) => RecordsAnswer::NoSuchName,
        })
    }

    /// The proxied records at exactly this lower-case name, in whatever zone: what edges stand in for. The wildcard
    /// `*.name` is a name like any other.
    ///
    /// # Errors
    /// When the copy cannot be read, or the name has such records and none of them can be read.
    pub fn proxied_records(&self, name: &str) -> Result<Vec<RecordEntry>, ReadError> {
        if !tables::is_lookable(name) {
            return Ok(Vec::new());
        }
        let environment = &self.0.environment;
        let txn = environment.read()?;
        let mut found = Found::default();
        for pair in environment.proxied.prefix_iter(&txn, &tables::entry_prefix(name))? {
            let (key, bytes) = pair?;
            let key_of = |e: &RecordEntry, id| tables::proxied_key(e.name.as_str(), id);
            found.add(name, self.noted(entry(key, bytes, key_of)));
        }
        found.finish()
    }

    /// Has the copy pulled again, if this is damaged.
    fn noted(&self, read: Result<RecordEntry, String>) -> Result<RecordEntry, String> {
        read.map_err(|why| self.0.damage.noted(why))
    }
}

/// What was read, and why the rest was not.
#[derive(Default)]
struct Found {
    records: Vec<RecordEntry>,
    unreadable: Option<ReadError>,
}

impl Found {
    fn add(&mut self, name: &str, read: Result<RecordEntry, String>) {
        match read {
            Ok(record) => self.records.push(record),
            Err(why) => {
                tracing::warn!(name, why, "replica.record_unreadable");
                self.unreadable = Some(ReadError::Corrupt { what: name.into(), why });
            }
        }
    }

    fn finish(self) -> Result<Vec<RecordEntry>, ReadError> {
        match self.unreadable {
            Some(error) if self.records.is_empty() => Err(error),
            _ => Ok(self.records),
        }
    }
}

/// The record of a value that lies at the key that it should lie at.
fn entry(
    key: &[u8],
    bytes: &[u8],
    key_of: impl Fn(&RecordEntry, DnsRecordId) -> Vec<u8>,
) -> Result<RecordEntry, String> {
    let frame = Frame::read(key, bytes).ok_or(DAMAGED)?;
    let entry = message::read_record(frame.content).map_err(|error| error.to_string())?;
    if key_of(&entry, entry.record) == key {
        Ok(entry)
    } else {
        Err("it is of another name".into())
    }
}

/// What to tell caches of a record.
pub(super) fn change(entry: &RecordEntry) -> Change {
    Change::Record { record: entry.record, name: entry.name.as_str().into(), zone: entry.zone }
}

/// Adds a record that is not there.
pub(super) fn put(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    entry: &RecordEntry,
    frame: Frame<'_>,
) -> heed::Result<()> {
    let place = RecordPlace::from(entry);
    let key = tables::record_key(&place, entry.record);
    environment.records.put(txn, &key, &frame.write(&key))?;
    if entry.proxied.is_some() {
        let key = tables::proxied_key(entry.name.as_str(), entry.record);
        environment.proxied.put(txn, &key, &frame.write(&key))?;
    }
    let id = entry.record.as_bytes();
    let place = tables::encode(&place);
    environment.record_places.put(txn, id, &Frame { content: &place, ..frame }.write(id))
}

/// Removes a record from every table; what changes by it, when it was there and is known.
pub(super) fn remove(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    id: DnsRecordId,
) -> Result<Option<Change>, ApplyError> {
    let Some(bytes) = environment.record_places.get(txn, id.as_bytes())? else { return Ok(None) };
    let frame = Frame::read(id.as_bytes(), bytes);
    let place = frame.and_then(|frame| minicbor::decode::<RecordPlace<'_>>(frame.content).ok());
    let Some(place) = place else {
        tracing::warn!(record = %id, "replica.index_damaged: looking through all keys");
        remove_by_search(txn, environment.records, id.as_bytes())?;
        remove_by_search(txn, environment.proxied, id.as_bytes())?;
        environment.record_places.delete(txn, id.as_bytes())?;
        return Ok(None);
    };
    let (zone, name) = (ZoneId::from_bytes(place.zone), Box::from(place.name));
    let keys = (tables::record_key(&place, id), tables::proxied_key(place.name, id));
    environment.record_places.delete(txn, id.as_bytes())?;
    environment.records.delete(txn, &keys.0)?;
    environment.proxied.delete(txn, &keys.1)?;
    Ok(Some(Change::Record { record: id, name, zone }))
}
