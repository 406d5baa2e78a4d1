//! What is remembered: np-domain's memory ports on SQLite (embedded, one process) and PostgreSQL (many nodes).
//!
//! There is one implementation of every port, in the file named after what it keeps: `hostnames`, `certificates`,
//! `packs`, `zones`, `dns_records`, `accounts`, `users`, `csrs`, `feed`, `history`, `secrets`, `idempotency`, `approvals`, `budgets`. The SQL is
//! the same for both databases: integers, texts and bytes, `$1`, `ON CONFLICT`. Where they differ, which is in row locks
//! alone, a statement asks its connection.
//! `database` has the two ways to run it, `row` what stands in the columns.
//!
//! Besides, [`FileVault`] seals secrets at rest, because where its key lies is decided with where the data lies.
#![forbid(unsafe_code)]

mod accounts;
mod additions;
mod approvals;
mod budgets;
mod certificates;
mod csrs;
mod database;
mod dns_records;
mod feed;
mod history;
mod hostnames;
mod idempotency;
mod lists;
mod lookups;
mod packs;
mod records;
mod revisions;
mod row;
mod rules;
mod secrets;
mod statement;
mod users;
mod vault;
mod visible;
mod zones;

pub use database::{Durability, Observer, OpenError, ParameterKind, StoreOptions};
pub use vault::{FileVault, MasterKeyError};

use std::sync::Arc;

use np_domain::ports::StoreError;

use database::Database;
use revisions::Revisions;

/// All memory. Cheap to clone; implements every memory port of np-domain.
#[derive(Clone)]
pub struct Store {
    database: Database,
    additions: additions::Queue,
    lookups: lookups::Queue,
    revisions: Arc<Revisions>,
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// `sqlite:/path/to/file.db` is created when it does not exist, readable by its owner only; at most one process
    /// may serve from it. `postgres://user@host/name` must exist; any number of processes may share it.
    ///
    /// # Errors
    /// When the URL is of neither form, the database cannot be reached, or its schema cannot be migrated.
    pub async fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let database = Database::open(url, options).await?;
        let store = Self {
            additions: additions::start(&database),
            lookups: lookups::start(&database),
            revisions: Arc::default(),
            database,
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Whether the database at `url` can be opened, for those who only ask: no file is made and no schema changed. A file
    /// of SQLite that is not there yet is no error.
    ///
    /// # Errors
    /// When the URL is of neither form, or the database cannot be reached.
    pub async fn reach(url: &str, options: &StoreOptions) -> Result<(), OpenError> {
        Database::reach(url, options).await
    }

    /// Brings the schema up to date; nothing when it is. Of several processes that start at once, one does it and the
    /// others wait.
    ///
    /// # Errors
    /// When a migration fails, or was changed after it was applied.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        self.database.migrate().await
    }

    /// Whether the database answers: for readiness.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping().await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.database.product())
    }
}
