//! Applying a batch: one transaction, all of it or nothing.

use heed::{RoTxn, RwTxn};
use np_domain::{
    entry::{Entry, FeedKey, Generation},
    id::{DnsRecordId, HostnameId, ZoneId},
};

use super::{
    Applied, ApplyError, CHANGES_KEPT, Change, ReadError, Replica,
    environment::{Environment, Table},
    frame::Frame,
    packs, records,
    tables::{self, Names, State, TxtValues},
    zones,
};
use crate::message::{Batch, Content, FORMAT, Item, SealedTicketKey, Unreadable};

impl Replica {
    /// Applies a batch. Items that cannot be read are skipped with a warning; what was there before stands. Blocks for
    /// a write to the disk: not for async code.
    ///
    /// # Errors
    /// When the batch does not continue this copy or cannot be stored; the copy is as it was.
    pub fn apply(&self, batch: &Batch) -> Result<Applied, ApplyError> {
        let environment = &self.0.environment;
        let mut txn = environment.write()?;
        let mut state = State::read(environment.state, &txn)?;
        begin(&mut state, batch)?;
        let mut changes = Changes::default();
        let skipped = write_items(environment, &mut txn, state.round, batch, &mut changes)?;
        if let Some(keys) = &batch.ticket_keys
            && (batch.reset || are_others(environment, &txn, keys)?)
        {
            tables::put_ticket_keys(environment.state, &mut txn, keys)?;
            changes.each.push(Change::TicketKeys);
        }
        state.generation = batch.to;
        if state.is_sweeping && batch.to >= batch.head {
            sweep(environment, &mut txn, state.round)?;
            state.is_sweeping = false;
            changes.is_all = true;
        }
        state.write(environment.state, &mut txn)?;
        environment.commit(txn)?;
        changes.into_iter().for_each(|change| self.announce(change));
        Ok(Applied { generation: batch.to, items: batch.items.len() - skipped, skipped })
    }
}

impl Replica {
    /// Whether a batch brings ticket keys that the copy does not have.
    pub(crate) fn lacks_ticket_keys(&self, batch: &Batch) -> Result<bool, ReadError> {
        let Some(keys) = &batch.ticket_keys else { return Ok(false) };
        let environment = &self.0.environment;
        let txn = environment.read()?;
        are_others(environment, &txn, keys)
    }
}

/// Whether the copy's ticket keys are of other periods than these. They are sealed anew for each batch, so that their
/// bytes say nothing.
fn are_others(
    environment: &Environment,
    txn: &RoTxn<'_>,
    keys: &[SealedTicketKey],
) -> Result<bool, ReadError> {
    let kept = tables::ticket_keys(environment.state, txn).unwrap_or_default();
    let starts = |keys: &[SealedTicketKey]| keys.iter().map(|key| key.starts).collect::<Vec<_>>();
    Ok(starts(&kept) != starts(keys))
}

/// Checks that the batch continues the copy, or begins it anew.
fn begin(state: &mut State, batch: &Batch) -> Result<(), ApplyError> {
    if batch.format != FORMAT {
        return Err(ApplyError::Malformed("its format is of another version"));
    }
    if batch.to < batch.from {
        return Err(ApplyError::Malformed("it ends before it begins"));
    }
    if batch.reset {
        if batch.from != Generation(0) {
            return Err(ApplyError::Malformed("a full copy begins at generation 0"));
        }
        let round = state.round.wrapping_add(1);
        *state = State { feed: Some(batch.feed), generation: batch.from, round, is_sweeping: true };
        return Ok(());
    }
    let is_same_history = state.feed.is_none_or(|feed| feed == batch.feed);
    if batch.from != state.generation || !is_same_history {
        return Err(ApplyError::WrongBase { from: batch.from, at: state.generation });
    }
    state.feed = Some(batch.feed);
    Ok(())
}

/// What to tell caches.
#[derive(Default)]
struct Changes {
    each: Vec<Change>,
    is_all: bool,
}

impl Changes {
    fn into_iter(self) -> impl Iterator<Item = Change> {
        // Half of what receivers may lag behind: more would only make them lag.
        let is_all = self.is_all || self.each.len() > CHANGES_KEPT / 2;
        let each = if is_all { vec![Change::All] } else { self.each };
        each.into_iter()
    }
}

/// Writes the items; the number of those that could not be read.
fn write_items(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    round: u32,
    batch: &Batch,
    changes: &mut Changes,
) -> Result<usize, ApplyError> {
    let mut skipped = 0;
    for item in &batch.items {
        let generation = item.generation();
        match content(item) {
            Ok((Content::Gone(FeedKey::Hostname(id)), _)) => {
                let name = remove_hostname(environment, txn, id)?;
                changes.each.extend(name.map(Change::Host));
            }
            Ok((Content::Gone(FeedKey::Pack(id)), _)) => {
                let hosts = packs::remove(environment, txn, id)?;
                changes.each.extend(hosts.into_iter().map(Change::Host));
            }
            Ok((Content::Gone(FeedKey::Record(id)), _)) => {
                changes.each.extend(records::remove(environment, txn, id)?);
            }
            Ok((Content::Record(entry), content)) => {
                changes.each.extend(records::remove(environment, txn, entry.record)?);
                records::put(environment, txn, &entry, Frame { round, generation, content })?;
                changes.each.push(records::change(&entry));
            }
            Ok((Content::Gone(FeedKey::Zone(id)), _)) => {
                zones::remove(environment, txn, id)?;
                changes.each.push(Change::Zone(id));
            }
            Ok((Content::Hostname(entry), content)) => {
                let old = remove_hostname(environment, txn, entry.hostname)?;
                put_hostname(environment, txn, &entry, Frame { round, generation, content })?;
                let name: Box<str> = entry.name.as_str().into();
                changes.each.extend(old.filter(|old| *old != name).map(Change::Host));
                changes.each.push(Change::Host(name));
            }
            Ok((Content::Pack(pack), content)) => {
                let old = packs::remove(environment, txn, pack.pack)?;
                let frame = Frame { round, generation, content };
                let new = packs::put(environment, txn, &pack, frame)?;
                let gone = old.into_iter().filter(|host| !new.contains(host)).collect::<Vec<_>>();
                changes.each.extend(gone.into_iter().chain(new).map(Change::Host));
            }
            Ok((Content::Zone(zone), content)) => {
                let frame = Frame { round, generation, content };
                zones::put(environment, txn, &zone, frame)?;
                changes.each.push(Change::Zone(zone.zone));
            }
            Err(error) => {
                tracing::warn!(item = ?item, %error, "replica.item_skipped");
                skipped += 1;
            }
        }
    }
    Ok(skipped)
}

/// What an item says, with its bytes as they are kept.
fn content(item: &Item) -> Result<(Content, &[u8]), Unreadable> {
    Ok((item.content()?, item.value().unwrap_or_default()))
}

fn put_hostname(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    entry: &Entry,
    frame: Frame<'_>,
) -> heed::Result<()> {
    let (id, name) = (entry.hostname, entry.name.as_str());
    let delegation = entry.delegation.as_ref();
    let key = tables::entry_key(name, id);
    environment.entries.put(txn, &key, &frame.write(&key))?;
    let names = Names { name, delegation: delegation.map(|d| d.name.as_str()) };
    let names = tables::encode(&names);
    let names = Frame { content: &names, ..frame }.write(id.as_bytes());
    environment.hostnames.put(txn, id.as_bytes(), &names)?;
    if let Some(delegation) = delegation {
        let key = tables::delegation_key(delegation.name.as_str(), id.as_bytes());
        let values = delegation.txt.iter().map(|value| value.as_str()).collect();
        let values = tables::encode(&TxtValues { values });
        environment.delegations.put(txn, &key, &Frame { content: &values, ..frame }.write(&key))?;
    }
    Ok(())
}

/// Removes a hostname from every table; its name, when it was there and is known.
fn remove_hostname(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    id: HostnameId,
) -> Result<Option<Box<str>>, ApplyError> {
    let Some(bytes) = environment.hostnames.get(txn, id.as_bytes())? else { return Ok(None) };
    let frame = Frame::read(id.as_bytes(), bytes);
    let names = frame.and_then(|frame| minicbor::decode::<Names<'_>>(frame.content).ok());
    let Some(names) = names else {
        tracing::warn!(hostname = %id, "replica.index_damaged: looking through all keys");
        remove_by_search(txn, environment.entries, id.as_bytes())?;
        remove_by_search(txn, environment.delegations, id.as_bytes())?;
        environment.hostnames.delete(txn, id.as_bytes())?;
        return Ok(None);
    };
    let entry_key = tables::entry_key(names.name, id);
    let delegation_key = names.delegation.map(|name| tables::delegation_key(name, id.as_bytes()));
    let name = names.name.into();
    environment.hostnames.delete(txn, id.as_bytes())?;
    environment.entries.delete(txn, &entry_key)?;
    if let Some(key) = delegation_key {
        environment.delegations.delete(txn, &key)?;
    }
    Ok(Some(name))
}

/// Removes the keys that end with an id from a table when nothing tells any more what they are.
pub(super) fn remove_by_search(
    txn: &mut RwTxn<'_>,
    table: Table,
    id: &[u8; 16],
) -> heed::Result<()> {
    let mut keys = Vec::new();
    for pair in table.iter(txn)? {
        let (key, _) = pair?;
        if key.ends_with(id) {
            keys.push(key.to_vec());
        }
    }
    keys.iter().try_for_each(|key| table.delete(txn, key).map(|_| ()))
}

/// Removes what earlier rounds left: the current one has mentioned everything that exists.
fn sweep(environment: &Environment, txn: &mut RwTxn<'_>, round: u32) -> Result<(), ApplyError> {
    let mut hostnames = Vec::new();
    for pair in environment.hostnames.iter(txn)? {
        let (key, bytes) = pair?;
        if is_stale(key, bytes, round) {
            hostnames.extend(key.try_into().ok().map(HostnameId::from_bytes));
        }
    }
    for id in hostnames {
        remove_hostname(environment, txn, id)?;
    }
    packs::sweep(environment, txn, round)?;
    let mut stale_zones = Vec::new();
    for pair in environment.zones.iter(txn)? {
        let (key, bytes) = pair?;
        if is_stale(key, bytes, round) {
            stale_zones.extend(key.try_into().ok().map(ZoneId::from_bytes));
        }
    }
    for id in stale_zones {
        zones::remove(environment, txn, id)?;
    }
    let mut records = Vec::new();
    for pair in environment.record_places.iter(txn)? {
        let (key, bytes) = pair?;
        if is_stale(key, bytes, round) {
            records.extend(key.try_into().ok().map(DnsRecordId::from_bytes));
        }
    }
    for id in records {
        records::remove(environment, txn, id)?;
    }
    Ok(())
}

/// Whether an earlier round wrote this, or nobody can tell.
pub(super) fn is_stale(key: &[u8], bytes: &[u8], round: u32) -> bool {
    Frame::read(key, bytes).is_none_or(|frame| frame.round != round)
}

impl From<heed::Error> for ApplyError {
    fn from(error: heed::Error) -> Self {
        match error {
            heed::Error::Mdb(heed::MdbError::MapFull) => Self::Full,
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<ReadError> for ApplyError {
    fn from(error: ReadError) -> Self {
        Self::Database(error.to_string())
    }
}
