//! Opens the LMDB environment: the one place of this package that needs `unsafe`, and the checks that make it sound
//! enough (docs/decisions/0002).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use heed::{
    CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithTls, types::Bytes,
};

use super::{OpenError, ReadError, ReplicaOptions, tables::State};

/// A table: both sides are bytes.
pub(super) type Table = Database<'static, Bytes, Bytes>;

/// Threads that may read at once, each with a slot of its own for as long as it lives: workers, and the blocking threads
/// of the runtime (512 by default).
const READERS_MAX: u32 = 1024;
/// LMDB's file inside the directory.
const DATA_FILE: &str = "data.mdb";
/// LMDB's table of readers beside it.
const LOCK_FILE: &str = "lock.mdb";
/// The most damaged copies that are kept aside.
const CORRUPT_COPIES_MAX: u32 = 100;

/// Makes the environment of its tables: each is listed once, and is named in the file as its field is here.
macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident,)+) => {
        /// How many tables there are.
        const TABLES: u32 = [$(stringify!($table)),+].len() as u32;

        /// The environment with its tables.
        pub(super) struct Environment {
            env: Env<WithTls>,
            data_file: PathBuf,
            $($(#[$doc])* pub(super) $table: Table,)+
        }

        impl Environment {
            /// Opens the tables, and makes those that are not there.
            fn with_tables(env: Env<WithTls>, data_file: PathBuf) -> heed::Result<Self> {
                let txn = env.write_txn()?;
                let created = env.create_databases_and_commit(txn, |opener, txn| {
                    let mut create = |name| opener.create_database::<Bytes, Bytes>(txn, Some(name));
                    let tables = [$(create(stringify!($table))?),+];
                    Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(tables))
                })?;
                let tables = created.commit();
                let [$($table),+] =
                    tables.ok_or_else(|| io::Error::other("the tables were not made"))?;
                Ok(Self { env, data_file, $($table),+ })
            }
        }
    };
}

tables! {
    /// Where the copy is: see [`State`].
    state,
    /// `name 00 id` to the entry.
    entries,
    /// Hostname id to the names under which its entry is found.
    hostnames,
    /// Delegation name, or `_acme-challenge` name of a zone of ours, labels reversed, `00 id` to its TXT values; the id is
    /// that of a hostname or of a pack.
    delegations,
    /// Zone id to the zone.
    zones,
    /// `name 00 id` to the zone, of those whose names are answered.
    zone_names,
    /// Pack id to the pack.
    packs,
    /// `host 00 id` to nothing: which packs have a host.
    pack_hosts,
    /// `zone`, name with its labels reversed, `00 id` to the DNS record.
    records,
    /// Record id to its zone and name.
    record_places,
    /// `name 00 id` to the DNS record, of those that our edges stand in for.
    proxied,
}

/// Why an attempt at opening failed.
enum Failure {
    /// The copy is unusable: another attempt without it may succeed.
    Corrupt(String),
    AlreadyOpen,
}

impl Environment {
    /// Opens the environment in `path`; sets a damaged copy aside.
    pub(super) fn open(path: PathBuf, options: &ReplicaOptions) -> Result<Self, OpenError> {
        let directory = |source| OpenError::Directory { path: path.clone(), source };
        fs::create_dir_all(&path).map_err(directory)?;
        let first = match Self::attempt(&path, options) {
            Ok(environment) => return Ok(environment),
            Err(failure) => failure,
        };
        if let Failure::Corrupt(why) = first {
            let aside = set_aside(&path).map_err(directory)?;
            tracing::warn!(
                path = %path.display(), aside = %aside.display(), why,
                "replica.set_aside: the local copy is unusable and will be fetched anew"
            );
        }
        Self::attempt(&path, options).map_err(|failure| match failure {
            Failure::AlreadyOpen => OpenError::AlreadyOpen { path: path.clone() },
            Failure::Corrupt(why) => OpenError::Database { path: path.clone(), why },
        })
    }

    fn attempt(path: &Path, options: &ReplicaOptions) -> Result<Self, Failure> {
        let env = map(path, options)?;
        let data_file = path.join(DATA_FILE);
        check_length(&env, &data_file)?;
        // Slots of readers that were killed would keep old pages from being used again.
        env.clear_stale_readers()?;
        let environment = Self::with_tables(env, data_file)?;
        environment.state().map_err(|error| Failure::Corrupt(error.to_string()))?;
        Ok(environment)
    }

    pub(super) fn read(&self) -> heed::Result<RoTxn<'_, WithTls>> {
        self.env.read_txn()
    }

    pub(super) fn write(&self) -> heed::Result<RwTxn<'_>> {
        self.env.write_txn()
    }

    /// Where the copy is.
    pub(super) fn state(&self) -> Result<State, ReadError> {
        let txn = self.read()?;
        State::read(self.state, &txn)
    }

    /// Commits, and keeps the promise that [`check_length`] holds a copy to: LMDB does not write pages at the end that
    /// a transaction took and gave back.
    pub(super) fn commit(&self, txn: RwTxn<'_>) -> heed::Result<()> {
        txn.commit()?;
        // The batch is applied, whatever becomes of the promise: without it, the next start pulls everything anew.
        if let Err(error) = self.lengthen() {
            tracing::warn!(%error, "replica.not_lengthened: make room on the disk");
        }
        Ok(())
    }

    fn lengthen(&self) -> io::Result<()> {
        let needed = used_bytes(&self.env);
        if fs::metadata(&self.data_file)?.len() < needed {
            fs::OpenOptions::new().write(true).open(&self.data_file)?.set_len(needed)?;
        }
        Ok(())
    }

    /// Bytes in use.
    pub(super) fn used_bytes(&self) -> u64 {
        used_bytes(&self.env)
    }
}

/// Maps the file.
///
/// Durability: `NO_META_SYNC` writes the data of a transaction through to the disk before the page that makes it
/// current, but does not wait for that page. A power cut may undo the last batch, which is pulled again; it cannot tear
/// one. `NO_SYNC` could, and would then serve garbage.
#[expect(unsafe_code, reason = "LMDB maps a file; heed leaves the promise about it to the caller")]
fn map(path: &Path, options: &ReplicaOptions) -> Result<Env<WithTls>, Failure> {
    let page = 64 * 1024;
    let mut open = EnvOpenOptions::new();
    open.map_size(options.map_bytes.next_multiple_of(page))
        .max_dbs(TABLES)
        .max_readers(READERS_MAX);
    // SAFETY: the map is undefined behaviour if the file changes other than through LMDB. The directory is the node's
    // own (created by us, documented as such), the lock file is in use, no code of ours writes the file but to lengthen
    // it, and a file that was cut short is refused by `check_length` before anything in it is followed. The flag changes
    // only when the meta page reaches the disk.
    let env = unsafe { open.flags(EnvFlags::NO_META_SYNC).open(path) };
    env.map_err(|error| match error {
        heed::Error::EnvAlreadyOpened => Failure::AlreadyOpen,
        other => Failure::Corrupt(other.to_string()),
    })
}

/// Refuses a file that ends before the last page in use: touching that page would kill the process.
fn check_length(env: &Env<WithTls>, data_file: &Path) -> Result<(), Failure> {
    let length = fs::metadata(data_file).map_err(heed::Error::Io)?.len();
    match used_bytes(env) {
        needed if length < needed => {
            Err(Failure::Corrupt(format!("the file has {length} bytes of {needed}")))
        }
        _ => Ok(()),
    }
}

fn used_bytes(env: &Env<WithTls>) -> u64 {
    let pages = env.info().last_page_number as u64 + 1;
    pages * u64::from(env.unnamed_database_stat().page_size)
}

/// Renames the file to the first free `data.mdb.corrupt-N`.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |n: u32| path.join(format!("{DATA_FILE}.corrupt-{n}"));
    let aside = (1..=CORRUPT_COPIES_MAX).map(name).find(|aside| !aside.exists());
    let aside = aside.ok_or_else(|| {
        io::Error::other("too many damaged copies were set aside; remove the *.corrupt-* files")
    })?;
    fs::rename(path.join(DATA_FILE), &aside)?;
    match fs::remove_file(path.join(LOCK_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(aside),
    }
}

impl From<heed::Error> for Failure {
    fn from(error: heed::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<heed::Error> for ReadError {
    fn from(error: heed::Error) -> Self {
        Self::Database(error.to_string())
    }
}
