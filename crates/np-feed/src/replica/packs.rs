//! Certificate packs of zones in the copy: the pack under its id, and an index of its hosts.

use heed::RwTxn;
use np_domain::{
    entry::{Generation, PackEntry},
    id::PackId,
};

use super::{
    ApplyError, ReadError, Replica,
    apply::{is_stale, remove_by_search},
    environment::Environment,
    frame::{DAMAGED, Frame},
    tables::{self, TxtValues},
};
use crate::message;

/// A pack with the generation of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPack {
    /// The generation.
    pub generation: Generation,
    /// The pack; its certificates' keys are sealed to the node key.
    pub entry: PackEntry,
}

impl Replica {
    /// All packs with exactly this host, which is lower case: a name, or one with `*.` before it. Packs that cannot be
    /// read are left out with a warning when there are others.
    ///
    /// # Errors
    /// When the copy cannot be read, or the host has packs and none of them can.
    pub fn packs(&self, host: &str) -> Result<Vec<StoredPack>, ReadError> {
        let mut found = Vec::new();
        let mut unreadable = None;
        if !tables::is_lookable(host) {
            return Ok(found);
        }
        let environment = &self.0.environment;
        let txn = environment.read()?;
        for pair in environment.pack_hosts.prefix_iter(&txn, &tables::entry_prefix(host))? {
            let (key, _) = pair?;
            let Some(id) = key.last_chunk::<16>() else { continue };
            let Some(bytes) = environment.packs.get(&txn, id)? else { continue };
            match stored_pack(id, bytes) {
                Ok(stored) => found.push(stored),
                Err(why) => {
                    let why = self.0.damage.noted(why);
                    tracing::warn!(host, why, "replica.pack_unreadable");
                    unreadable = Some(ReadError::Corrupt { what: host.into(), why });
                }
            }
        }
        match unreadable {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }
}

fn stored_pack(id: &[u8; 16], bytes: &[u8]) -> Result<StoredPack, String> {
    let frame = Frame::read(id, bytes).ok_or(DAMAGED)?;
    let entry = message::read_pack(frame.content).map_err(|error| error.to_string())?;
    Ok(StoredPack { generation: frame.generation, entry })
}

/// Writes a pack in the place of what was known of it; its hosts.
pub(super) fn put(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    entry: &PackEntry,
    frame: Frame<'_>,
) -> heed::Result<Vec<Box<str>>> {
    let id = entry.pack;
    environment.packs.put(txn, id.as_bytes(), &frame.write(id.as_bytes()))?;
    let hosts: Vec<Box<str>> = entry.hosts.iter().map(|host| host.to_string().into()).collect();
    for host in &hosts {
        let key = tables::named_key(host, id.as_bytes());
        environment.pack_hosts.put(txn, &key, &Frame { content: &[], ..frame }.write(&key))?;
    }
    for challenge in &entry.challenges {
        let key = tables::delegation_key(challenge.name.as_str(), id.as_bytes());
        let values = challenge.txt.iter().map(|value| value.as_str()).collect();
        let values = tables::encode(&TxtValues { values });
        environment.delegations.put(txn, &key, &Frame { content: &values, ..frame }.write(&key))?;
    }
    Ok(hosts)
}

/// Removes a pack from every table; its hosts, when it was there and they are known.
pub(super) fn remove(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    id: PackId,
) -> Result<Vec<Box<str>>, ApplyError> {
    let Some(bytes) = environment.packs.get(txn, id.as_bytes())? else { return Ok(Vec::new()) };
    let known = stored_pack(id.as_bytes(), bytes).ok().map(|stored| stored.entry);
    environment.packs.delete(txn, id.as_bytes())?;
    let Some(entry) = known else {
        tracing::warn!(pack = %id, "replica.pack_damaged: looking through all keys");
        remove_by_search(txn, environment.pack_hosts, id.as_bytes())?;
        remove_by_search(txn, environment.delegations, id.as_bytes())?;
        return Ok(Vec::new());
    };
    let hosts: Vec<Box<str>> = entry.hosts.iter().map(|host| host.to_string().into()).collect();
    for host in &hosts {
        environment.pack_hosts.delete(txn, &tables::named_key(host, id.as_bytes()))?;
    }
    for challenge in &entry.challenges {
        let key = tables::delegation_key(challenge.name.as_str(), id.as_bytes());
        environment.delegations.delete(txn, &key)?;
    }
    Ok(hosts)
}

/// Removes what earlier rounds left.
pub(super) fn sweep(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    round: u32,
) -> Result<(), ApplyError> {
    let mut stale = Vec::new();
    for pair in environment.packs.iter(txn)? {
        let (key, bytes) = pair?;
        if is_stale(key, bytes, round) {
            stale.extend(key.try_into().ok().map(PackId::from_bytes));
        }
    }
    stale.into_iter().try_for_each(|id| remove(environment, txn, id).map(|_| ()))
}
