//! Reading the copy: one short transaction per question, on the caller's own thread.

use np_domain::{
    entry::{Entry, ZoneEntry},
    id::ZoneId,
    text::Explanation,
};

use super::{
    DelegationAnswer, ReadError, Replica, Sizes, StoredEntry,
    frame::{DAMAGED, Frame},
    tables::{self, Place, TxtValues},
};
use crate::message::{self, SealedTicketKey};

impl Replica {
    /// All entries of exactly this lower-case name: usually one, several when several zones hold it. Entries that cannot
    /// be read are left out with a warning when there are others.
    ///
    /// # Errors
    /// When the copy cannot be read, or the name has entries and none of them can.
    pub fn hosts(&self, name: &str) -> Result<Vec<StoredEntry>, ReadError> {
        let mut found = Vec::new();
        let mut unreadable = None;
        if !tables::is_lookable(name) {
            return Ok(found);
        }
        let environment = &self.0.environment;
        let txn = environment.read()?;
        for pair in environment.entries.prefix_iter(&txn, &tables::entry_prefix(name))? {
            let (key, bytes) = pair?;
            match stored_entry(key, bytes) {
                Ok(stored) => found.push(stored),
                Err(why) => {
                    let why = self.0.damage.noted(why);
                    tracing::warn!(name, why, "replica.entry_unreadable");
                    unreadable = Some(ReadError::Corrupt { what: name.into(), why });
                }
            }
        }
        match unreadable {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    /// What is known of a zone.
    ///
    /// # Errors
    /// When the copy or the zone cannot be read.
    pub fn zone(&self, id: ZoneId) -> Result<Option<ZoneEntry>, ReadError> {
        let environment = &self.0.environment;
        let txn = environment.read()?;
        let Some(bytes) = environment.zones.get(&txn, id.as_bytes())? else { return Ok(None) };
        let frame = Frame::read(id.as_bytes(), bytes).ok_or_else(|| DAMAGED.to_owned());
        let zone = frame
            .and_then(|frame| message::read_zone(frame.content).map_err(|error| error.to_string()));
        zone.map(Some).map_err(|why| {
            let why = self.0.damage.noted(why);
            ReadError::Corrupt { what: format!("zone {id}"), why }
        })
    }

    /// What stands at this lower-case name of the delegation domain: one seek in an index of reversed labels. An
    /// `_acme-challenge` name of a zone whose DNS is ours is found here too, while a pack of the zone has an open order:
    /// [`DelegationAnswer::Txt`] then holds what DNS must answer there for the CA, beside any records of the zone.
    ///
    /// # Errors
    /// When the copy or the name's values cannot be read.
    pub fn delegation(&self, name: &str) -> Result<DelegationAnswer, ReadError> {
        if !tables::is_lookable(name) {
            return Ok(DelegationAnswer::NoSuchName);
        }
        let reversed = tables::reversed(name);
        let environment = &self.0.environment;
        let txn = environment.read()?;
        let mut values = Vec::new();
        let mut answer = DelegationAnswer::NoSuchName;
        for pair in environment.delegations.prefix_iter(&txn, &reversed)? {
            let (key, bytes) = pair?;
            match tables::place(&reversed, key) {
                Place::At => {
                    let txt = txt_values(key, bytes).map_err(|why| {
                        let why = self.0.damage.noted(why);
                        ReadError::Corrupt { what: name.into(), why }
                    });
                    values.extend(txt?);
                }
                Place::Below => answer = DelegationAnswer::NoData,
                Place::Elsewhere => {}
            }
            // The name's own keys come first, then those below it, then names that merely begin alike.
            if tables::place(&reversed, key) != Place::At {
                break;
            }
            answer = DelegationAnswer::NoData;
        }
        Ok(if values.is_empty() { answer } else { DelegationAnswer::Txt(values) })
    }

    /// The keys that session tickets are sealed with, each sealed to the node key; none before a control side that knows
    /// of them was there.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn ticket_keys(&self) -> Result<Vec<SealedTicketKey>, ReadError> {
        let environment = &self.0.environment;
        let txn = environment.read()?;
        tables::ticket_keys(environment.state, &txn)
    }

    /// How much the copy holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sizes(&self) -> Result<Sizes, ReadError> {
        let environment = &self.0.environment;
        let txn = environment.read()?;
        Ok(Sizes {
            hostnames: environment.hostnames.len(&txn)?,
            records: environment.record_places.len(&txn)?,
            zones: environment.zones.len(&txn)?,
            bytes: environment.used_bytes(),
        })
    }

    /// Hostnames in the copy.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn len(&self) -> Result<u64, ReadError> {
        self.sizes().map(|sizes| sizes.hostnames)
    }

    /// Whether the copy has no hostname.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_empty(&self) -> Result<bool, ReadError> {
        self.len().map(|len| len == 0)
    }

    /// Calls `each` with every entry, in no useful order, until it says stop; for warming caches and for counting. One
    /// long transaction: not for the request path.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn for_each(
        &self,
        mut each: impl FnMut(StoredEntry) -> std::ops::ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let environment = &self.0.environment;
        let txn = environment.read()?;
        for pair in environment.entries.iter(&txn)? {
            let (key, bytes) = pair?;
            if let Ok(stored) = stored_entry(key, bytes)
                && each(stored).is_break()
            {
                break;
            }
        }
        Ok(())
    }
}

fn stored_entry(key: &[u8], bytes: &[u8]) -> Result<StoredEntry, String> {
    let frame = Frame::read(key, bytes).ok_or(DAMAGED)?;
    let entry: Entry = message::read_entry(frame.content).map_err(|error| error.to_string())?;
    if tables::entry_key(entry.name.as_str(), entry.hostname) != key {
        return Err("it is about another name".into());
    }
    Ok(StoredEntry { generation: frame.generation, entry })
}

fn txt_values(key: &[u8], bytes: &[u8]) -> Result<Vec<Explanation>, String> {
    let frame = Frame::read(key, bytes).ok_or(DAMAGED)?;
    let txt: TxtValues<'_> = minicbor::decode(frame.content).map_err(|error| error.to_string())?;
    Ok(txt.values.into_iter().map(Explanation::new).collect())
}
