//! A serving node's own copy of the feed: memory-mapped tables on disk (LMDB) from which it answers, whether the control
//! side is there or not.
//!
//! One batch is one transaction: readers see all of it or nothing, and so does the next start. Reading takes no lock and
//! copies only the entry asked for. A copy that is damaged is set aside and fetched anew; a single damaged entry is
//! reported, hides no other, and has everything pulled again beside serving. Private keys stay sealed to the node key.

mod apply;
mod damage;
mod environment;
mod frame;
mod packs;
mod read;
mod records;
mod tables;
#[cfg(test)]
mod tests;
mod zones;

use std::{io, path::PathBuf, sync::Arc};

use np_domain::{
    entry::{Entry, Generation},
    id::{DnsRecordId, ZoneId},
    text::Explanation,
};
use thiserror::Error;
use tokio::sync::broadcast;

use crate::{Sightings, message::FeedId};
use damage::Damage;
use environment::Environment;
pub use packs::StoredPack;
pub use records::RecordsAnswer;

/// How much of the address space a copy may take, and so how big it may grow. Untouched space costs nothing: a million
/// names with certificates take about 4 GiB.
pub const MAP_BYTES_DEFAULT: usize = 64 * 1024 * 1024 * 1024;
/// Changes that a slow receiver of [`Replica::changes`] may lag behind before it is told to treat everything as changed.
pub const CHANGES_KEPT: usize = 4096;

/// The local copy of the feed. Cheap to clone; all clones are one copy.
#[derive(Clone)]
pub struct Replica(Arc<Inner>);

struct Inner {
    environment: Environment,
    changes: broadcast::Sender<Change>,
    sightings: Sightings,
    damage: Damage,
}

/// How a copy is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaOptions {
    /// How big it may grow, in bytes; rounded up to whole pages.
    pub map_bytes: usize,
}

impl Default for ReplicaOptions {
    fn default() -> Self {
        Self { map_bytes: MAP_BYTES_DEFAULT }
    }
}

/// Something that is served has changed; sent after it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Entries or certificate packs of this name, or of this name after `*.`.
    Host(Box<str>),
    /// A DNS record.
    Record {
        /// Which.
        record: DnsRecordId,
        /// Where it stands, or stood.
        name: Box<str>,
        /// Its zone.
        zone: ZoneId,
    },
    /// The keys that session tickets are sealed with.
    TicketKeys,
    /// A zone.
    Zone(ZoneId),
    /// Possibly everything.
    All,
}

/// An entry with the generation of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The generation.
    pub generation: Generation,
    /// The entry; its certificates' keys are sealed to the node key.
    pub entry: Entry,
}

/// What stands at a name of the delegation domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DelegationAnswer {
    /// No such name, and none below it.
    NoSuchName,
    /// The name exists without TXT: no order is open, or only names below it exist (RFC 8020).
    NoData,
    /// These values.
    Txt(Vec<Explanation>),
}

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Hostnames.
    pub hostnames: u64,
    /// DNS records.
    pub records: u64,
    /// Zones.
    pub zones: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The copy's generation now.
    pub generation: Generation,
    /// Items applied.
    pub items: usize,
    /// Items that could not be read; what was there before stands.
    pub skipped: usize,
}

/// Why a copy cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// This process has it open already.
    #[error("the replica {path} is open already")]
    AlreadyOpen {
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be used.
    #[error("the replica {path} cannot be used")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// LMDB refuses even an empty copy.
    #[error("the replica {path} cannot be opened: {why}")]
    Database {
        /// The directory.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Why a batch was not applied; the copy is as it was.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// It continues another generation, or another history: pull again after the copy's own.
    #[error("the batch continues generation {from}, the replica is at {at}")]
    WrongBase {
        /// Where the batch continues.
        from: Generation,
        /// Where the copy is.
        at: Generation,
    },
    /// It contradicts itself.
    #[error("the batch is malformed: {0}")]
    Malformed(&'static str),
    /// The copy has no room left.
    #[error("the replica is full; raise its map size")]
    Full,
    /// The copy cannot be read or written.
    #[error("the replica cannot be written: {0}")]
    Database(String),
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The copy cannot be read.
    #[error("the replica cannot be read: {0}")]
    Database(String),
    /// What was found is damaged, or was written by a newer program.
    #[error("the replica's entry of {what} cannot be read: {why}")]
    Corrupt {
        /// What was asked for.
        what: String,
        /// Why.
        why: String,
    },
}

impl Replica {
    /// Opens the copy in `dir`, or begins one. A copy that is damaged or of another format is set aside as
    /// `data.mdb.corrupt-N`, with a warning, and an empty one begun.
    ///
    /// # Errors
    /// When the directory cannot be used or this process has it open already.
    pub fn open(dir: impl Into<PathBuf>, options: &ReplicaOptions) -> Result<Self, OpenError> {
        let environment = Environment::open(dir.into(), options)?;
        let (changes, _) = broadcast::channel(CHANGES_KEPT);
        let (sightings, damage) = (Sightings::default(), Damage::default());
        Ok(Self(Arc::new(Inner { environment, changes, sightings, damage })))
    }

    /// Where the copy is; 0 when it is empty or cannot be read.
    pub fn generation(&self) -> Generation {
        self.position().map(|position| position.generation).unwrap_or_default()
    }

    /// Where the copy is, and in which history.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn position(&self) -> Result<Position, ReadError> {
        let state = self.0.environment.state()?;
        Ok(Position { feed: state.feed, generation: state.generation })
    }

    /// Where whoever serves from the copy notes waiting hostnames that were asked for.
    pub fn sightings(&self) -> &Sightings {
        &self.0.sightings
    }

    /// What changes from now on, for caches. A receiver that lags must treat everything as changed.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Pretends that a value was found to be damaged.
    #[cfg(test)]
    pub(crate) fn damage(&self) {
        self.0.damage.noted(frame::DAMAGED);
    }

    /// Whether everything is to be pulled again, because something was damaged. Answered once.
    pub(crate) fn wants_repair(&self) -> bool {
        self.0.damage.wants_repair()
    }

    /// Tells those who keep something of the copy that it has changed.
    pub(crate) fn announce(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.0.changes.send(change);
    }
}

/// A place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The history; `None` before the first batch.
    pub feed: Option<FeedId>,
    /// The place.
    pub generation: Generation,
}
