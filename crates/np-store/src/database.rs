//! The two databases, as connections that run [`Statement`]s.
//!
//! Reads take a connection of the pool. A write is a closure that runs in one transaction, which is committed when it
//! returns `Ok` and undone when it returns `Err`: on PostgreSQL in a transaction of its own, on SQLite by the one
//! writer (see [`sqlite`]). Nothing outside this folder knows which.

mod migrations;
mod observer;
mod postgres;
mod sqlite;

pub use observer::{Observer, ParameterKind};

use std::{future::Future, pin::Pin, time::Duration};

use sqlx::{PgPool, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection};
use thiserror::Error;

use np_domain::ports::StoreError;

use crate::statement::{Row, Statement, sql};

/// How the database is used.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The most connections: to PostgreSQL, or SQLite's readers beside its one writer.
    pub connections_max: u32,
    /// How long to wait for a connection, and for a lock that another program holds on an SQLite file.
    pub wait_max: Duration,
    /// What a commit survives.
    pub durability: Durability,
    /// Sees each statement before it runs; `None` other than in tests of plans.
    pub observer: Option<Observer>,
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the machine's power: nothing that was acknowledged is lost.
    #[default]
    Machine,
    /// The end of this process only, on SQLite: for simulations, whose database nobody needs afterwards. PostgreSQL decides
    /// for itself.
    Process,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections_max: 16,
            wait_max: Duration::from_secs(5),
            durability: Durability::Machine,
            observer: None,
        }
    }
}

/// Why the store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL names neither database.
    #[error("the database URL must begin with \"sqlite:\" and a path, or with \"postgres://\"")]
    Url,
    /// The URL begins with `postgres` and cannot be read further.
    #[error("the database URL is not of the form postgres://user:password@host:port/name")]
    PostgresUrl(#[source] sqlx::Error),
    /// The file of SQLite cannot be made.
    #[error("{path} cannot be created; see that its folder exists and may be written")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// The database does not answer.
    #[error("the database cannot be opened")]
    Connect(#[source] sqlx::Error),
    /// The schema cannot be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

/// A future as closures return it.
pub(crate) type Boxed<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// A way to one of the databases. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    engine: Engine,
    observer: Option<Observer>,
}

#[derive(Clone)]
enum Engine {
    Postgres(PgPool),
    Sqlite(sqlite::File),
}

/// A connection: to read with, or inside of a write.
pub(crate) struct Connection {
    line: Line,
    observer: Option<Observer>,
}

enum Line {
    PostgresReader(PoolConnection<Postgres>),
    PostgresWriter(Transaction<'static, Postgres>),
    SqliteReader(PoolConnection<Sqlite>),
    SqliteSnapshot(Transaction<'static, Sqlite>),
    SqliteWriter(SqliteConnection),
}

impl Database {
    pub(crate) async fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let engine = match place(url)? {
            Place::File(path) => Engine::Sqlite(sqlite::File::open(path, options).await?),
            Place::Server => Engine::Postgres(postgres::connect(url, options).await?),
        };
        Ok(Self { engine, observer: options.observer.clone() })
    }

    /// Opens it and changes nothing; a file that is not there is well.
    pub(crate) async fn reach(url: &str, options: &StoreOptions) -> Result<(), OpenError> {
        match place(url)? {
            Place::File(path) => sqlite::reach(path).await,
            Place::Server => postgres::connect(url, options).await.map(drop),
        }
    }

    /// The product's name.
    pub(crate) fn product(&self) -> &'static str {
        match &self.engine {
            Engine::Postgres(_) => "PostgreSQL",
            Engine::Sqlite(_) => "SQLite",
        }
    }

    /// Whether it has one writer only.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    pub(crate) async fn migrate(&self) -> Result<(), OpenError> {
        match &self.engine {
            Engine::Postgres(pool) => postgres::migrate(pool).await,
            Engine::Sqlite(file) => file.migrate().await,
        }
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        if let Engine::Sqlite(file) = &self.engine {
            file.check_writer()?;
        }
        self.reader().await?.fetch_one(sql("SELECT generation FROM feed_head")).await?;
        Ok(())
    }

    /// A connection to read with. Each statement sees everything that was committed before it.
    pub(crate) async fn reader(&self) -> Result<Connection, StoreError> {
        let line = match &self.engine {
            Engine::Postgres(pool) => {
                Line::PostgresReader(pool.acquire().await.map_err(unavailable)?)
            }
            Engine::Sqlite(file) => Line::SqliteReader(file.reader().await?),
        };
        Ok(Connection::new(line, self.observer.clone()))
    }

    /// A connection to read with, all of whose statements see the same moment.
    pub(crate) async fn snapshot(&self) -> Result<Connection, StoreError> {
        let line = match &self.engine {
            Engine::Postgres(pool) => {
                const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Line::PostgresWriter(pool.begin_with(BEGIN).await.map_err(unavailable)?)
            }
            Engine::Sqlite(file) => Line::SqliteSnapshot(file.snapshot().await?),
        };
        Ok(Connection::new(line, self.observer.clone()))
    }

    /// Runs `work` in a transaction. What it wrote is durable when this returns `Ok`, and undone when it returns `Err`.
    pub(crate) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Result<T, E>> + Send + 'static,
    {
        match &self.engine {
            Engine::Postgres(pool) => postgres::write(pool, self.observer.clone(), work).await,
            Engine::Sqlite(file) => file.write(work).await,
        }
    }
}

/// What a URL leads to.
enum Place<'u> {
    /// A file of SQLite.
    File(&'u std::path::Path),
    /// A server of PostgreSQL.
    Server,
}

fn place(url: &str) -> Result<Place<'_>, OpenError> {
    match url.split_once(':') {
        Some(("sqlite", path)) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            // `:memory:` would be another database for each connection.
            let is_file = !path.is_empty() && !path.starts_with(':');
            is_file.then(|| Place::File(path.as_ref())).ok_or(OpenError::Url)
        }
        Some(("postgres" | "postgresql", _)) => Ok(Place::Server),
        _ => Err(OpenError::Url),
    }
}

/// Runs a query on whichever connection there is.
macro_rules! run {
    ($connection:expr, $statement:expr, $method:ident) => {
        match &mut $connection.line {
            Line::PostgresReader(c) => {
                $statement.for_postgres().$method(&mut **c).await.map(Answer::Postgres)
            }
            Line::PostgresWriter(c) => {
                $statement.for_postgres().$method(&mut **c).await.map(Answer::Postgres)
            }
            Line::SqliteReader(c) => {
                $statement.for_sqlite().$method(&mut **c).await.map(Answer::Sqlite)
            }
            Line::SqliteSnapshot(c) => {
                $statement.for_sqlite().$method(&mut **c).await.map(Answer::Sqlite)
            }
            Line::SqliteWriter(c) => {
                $statement.for_sqlite().$method(&mut *c).await.map(Answer::Sqlite)
            }
        }
        .map_err(unavailable)
    };
}

/// What came back, from either.
enum Answer<P, S> {
    Postgres(P),
    Sqlite(S),
}

impl Connection {
    fn new(line: Line, observer: Option<Observer>) -> Self {
        Self { line, observer }
    }

    fn show(&self, statement: &Statement) {
        if let Some(observer) = &self.observer {
            statement.show(observer);
        }
    }

    /// All rows.
    pub(crate) async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.show(&statement);
        Ok(match run!(self, statement, fetch_all)? {
            Answer::Postgres(rows) => rows.into_iter().map(Row::Postgres).collect(),
            Answer::Sqlite(rows) => rows.into_iter().map(Row::Sqlite).collect(),
        })
    }

    /// The only row, if there is one.
    pub(crate) async fn fetch_optional(
        &mut self,
        statement: Statement,
    ) -> Result<Option<Row>, StoreError> {
        self.show(&statement);
        Ok(match run!(self, statement, fetch_optional)? {
            Answer::Postgres(row) => row.map(Row::Postgres),
            Answer::Sqlite(row) => row.map(Row::Sqlite),
        })
    }

    /// The only row of a statement that always has one.
    pub(crate) async fn fetch_one(&mut self, statement: Statement) -> Result<Row, StoreError> {
        let row = self.fetch_optional(statement).await?;
        row.ok_or_else(|| unavailable(sqlx::Error::RowNotFound))
    }

    /// How many rows were changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.show(&statement);
        Ok(match run!(self, statement, execute)? {
            Answer::Postgres(done) => done.rows_affected(),
            Answer::Sqlite(done) => done.rows_affected(),
        })
    }

    /// `clause` (`FOR UPDATE ...`) where several writers work at once, nothing where there is only one.
    pub(crate) fn locking(&self, clause: &'static str) -> &'static str {
        if self.is_sqlite() { "" } else { clause }
    }

    /// Whether it leads to SQLite, for the few statements that must differ.
    pub(crate) fn is_sqlite(&self) -> bool {
        match self.line {
            Line::PostgresReader(_) | Line::PostgresWriter(_) => false,
            Line::SqliteReader(_) | Line::SqliteSnapshot(_) | Line::SqliteWriter(_) => true,
        }
    }
}

/// A transaction that PostgreSQL ended in favour of another one: a deadlock, or a serialization failure.
const GAVE_WAY: [&str; 2] = ["40P01", "40001"];

/// A failure of the database. One that gave way to another change is what losing a race is: nothing happened, and whoever
/// reads again sees what won.
pub(crate) fn unavailable(why: sqlx::Error) -> StoreError {
    let code = why.as_database_error().and_then(|error| error.code());
    match code.is_some_and(|code| GAVE_WAY.contains(&code.as_ref())) {
        true => StoreError::Stale,
        false => StoreError::Unavailable(Box::new(why)),
    }
}
