//! Zones in the copy: each under its id, and those whose names are answered under their names too.

use heed::RwTxn;
use np_domain::{
    entry::{ZoneDns, ZoneEntry},
    id::ZoneId,
};

use super::{
    ApplyError, ReadError, Replica,
    apply::remove_by_search,
    environment::Environment,
    frame::{DAMAGED, Frame},
    tables,
};
use crate::message;

impl Replica {
    /// The zone that answers for a lower-case name: of those with records the closest one at or above it. Where there is
    /// none, the topmost of those of which only the apex is answered: nobody who merely wants a name may come between
    /// a name and a zone above it. One look-up for each label of the name.
    ///
    /// # Errors
    /// When the copy or a zone of such a name cannot be read.
    pub fn answering_zone(&self, name: &str) -> Result<Option<ZoneEntry>, ReadError> {
        let environment = &self.0.environment;
        let txn = environment.read()?;
        if !tables::is_lookable(name) || environment.zone_names.is_empty(&txn)? {
            return Ok(None);
        }
        let mut topmost = None;
        let ancestors = std::iter::successors(Some(name), |n| n.split_once('.').map(|(_, up)| up));
        for name in ancestors {
            let mut best: Option<ZoneEntry> = None;
            let prefix = tables::entry_prefix(name);
            for pair in environment.zone_names.prefix_iter(&txn, &prefix)? {
                let (key, bytes) = pair?;
                let zone = read(key, bytes).map_err(|why| {
                    let why = self.0.damage.noted(why);
                    ReadError::Corrupt { what: format!("zone {name}"), why }
                })?;
                if best.as_ref().is_none_or(|best| rank(&zone) < rank(best)) {
                    best = Some(zone);
                }
            }
            match best {
                Some(zone) if matches!(zone.dns, ZoneDns::Records { .. }) => return Ok(Some(zone)),
                Some(zone) => topmost = Some(zone),
                None => {}
            }
        }
        Ok(topmost)
    }
}

/// Which of several zones of one name is answered: one with records, the oldest.
fn rank(zone: &ZoneEntry) -> (u8, Option<np_domain::Timestamp>, ZoneId) {
    match zone.dns {
        ZoneDns::Records { since, .. } => (0, Some(since), zone.zone),
        ZoneDns::Apex => (1, None, zone.zone),
        ZoneDns::Unserved => (2, None, zone.zone),
    }
}

fn read(key: &[u8], bytes: &[u8]) -> Result<ZoneEntry, String> {
    let frame = Frame::read(key, bytes).ok_or(DAMAGED)?;
    let zone = message::read_zone(frame.content).map_err(|error| error.to_string())?;
    match tables::named_key(zone.name.as_str(), zone.zone.as_bytes()) == key {
        true => Ok(zone),
        false => Err("it is about another name".into()),
    }
}

/// Writes a zone in the place of what was known of it.
pub(super) fn put(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    zone: &ZoneEntry,
    frame: Frame<'_>,
) -> Result<(), ApplyError> {
    remove(environment, txn, zone.zone)?;
    let id = zone.zone.as_bytes();
    environment.zones.put(txn, id, &frame.write(id))?;
    if zone.dns != ZoneDns::Unserved {
        let key = tables::named_key(zone.name.as_str(), id);
        environment.zone_names.put(txn, &key, &frame.write(&key))?;
    }
    Ok(())
}

/// Removes a zone; nothing when it is not there.
pub(super) fn remove(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    id: ZoneId,
) -> Result<(), ApplyError> {
    let Some(bytes) = environment.zones.get(txn, id.as_bytes())? else { return Ok(()) };
    let frame = Frame::read(id.as_bytes(), bytes);
    let known = frame.and_then(|frame| message::read_zone(frame.content).ok());
    match known {
        Some(zone) => {
            let key = tables::named_key(zone.name.as_str(), id.as_bytes());
            environment.zone_names.delete(txn, &key)?;
        }
        None => remove_by_search(txn, environment.zone_names, id.as_bytes())?,
    }
    environment.zones.delete(txn, id.as_bytes())?;
    Ok(())
}
