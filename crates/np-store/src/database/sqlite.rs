//! SQLite: a pool of readers, which are never blocked, and one writer, so that "database is locked" is not met.
//!
//! The writer is a task that owns its connection and takes writes from a queue. It commits them in groups: whatever has
//! queued up while the disk was busy shares the next commit, each write in a savepoint of its own, so that one that
//! fails undoes only itself. A write is answered after its group is durable. A caller that goes away in the middle does
//! not stop its write.

use std::{fs, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

use sqlx::{
    ConnectOptions, Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use np_domain::ports::StoreError;

use super::{
    Boxed, Connection, Durability, Line, OpenError, StoreOptions, migrations, unavailable,
};
use crate::statement::sql;

/// The most writes that share one commit.
const GROUP_MAX: usize = 256;
/// The most writes that wait; more callers wait for a place.
const QUEUE_MAX: usize = 1024;

/// So much of the file readers see in memory without copying it: the most that SQLite maps. It takes addresses, not memory.
const MAPPED_BYTES_MAX: &str = "2147418112";
/// How much of the file the writer keeps in memory, in KiB as SQLite takes it: adding a hostname touches a dozen pages, which
/// are soon out of SQLite's own 2 MiB when there are many hostnames.
const WRITER_CACHE: &str = "-65536";
/// After so many pages of 4 KiB the write-ahead log is brought into the file: SQLite's own 1,000 are what one group of
/// creates changes, so that each page would be written twice. The log grows to some 128 MiB.
const CHECKPOINT_PAGES: &str = "32000";

/// An open file. Cheap to clone; the writer ends with the last one.
#[derive(Clone)]
pub(crate) struct File {
    options: Arc<SqliteConnectOptions>,
    readers: SqlitePool,
    writer: mpsc::Sender<Job>,
}

/// A write whose result type is forgotten: it answers its caller itself.
type Job = Box<dyn for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Done> + Send>;

/// Tells a caller what became of the commit.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A write that has run and is not committed.
enum Done {
    /// It shall be kept; the caller waits for the commit.
    Keep(Answer),
    /// It failed, and the caller knows.
    Undo,
}

impl File {
    pub(super) async fn open(path: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        create(path)?;
        let database = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match options.durability {
                Durability::Machine => SqliteSynchronous::Full,
                Durability::Process => SqliteSynchronous::Off,
            })
            .foreign_keys(true)
            .busy_timeout(options.wait_max);
        let writer = database
            .clone()
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let connection = writer.connect().await.map_err(OpenError::Connect)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections_max)
            .acquire_timeout(options.wait_max)
            .connect_with(
                database.clone().pragma("query_only", "ON").pragma("mmap_size", MAPPED_BYTES_MAX),
            )
            .await
            .map_err(OpenError::Connect)?;
        let line = Line::SqliteWriter(connection);
        let connection = Connection::new(line, options.observer.clone());
        let (writer, queue) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(write_groups(connection, queue));
        Ok(Self { options: Arc::new(database), readers, writer })
    }

    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        let mut connection = self.options.connect().await.map_err(OpenError::Connect)?;
        migrations::run(migrations::SQLITE, &mut connection).await
    }

    /// Whether the writer still takes writes.
    pub(super) fn check_writer(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() { Err(unavailable(sqlx::Error::WorkerCrashed)) } else { Ok(()) }
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(unavailable)
    }

    pub(super) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin_with("BEGIN DEFERRED").await.map_err(unavailable)
    }

    pub(super) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                match work(connection).await {
                    Ok(value) => Done::Keep(Box::new(move |committed| {
                        let _ = answer.send(committed.map(|()| value).map_err(E::from));
                    })),
                    Err(why) => {
                        let _ = answer.send(Err(why));
                        Done::Undo
                    }
                }
            })
        });
        let ended = || unavailable(sqlx::Error::WorkerCrashed);
        self.writer.send(job).await.map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended().into()))
    }
}

/// Reads the file's schema, if the file is there.
pub(super) async fn reach(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        return Ok(());
    }
    let database = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = database.connect().await.map_err(OpenError::Connect)?;
    let looked = sqlx::query("SELECT COUNT(*) FROM sqlite_schema").execute(&mut connection).await;
    looked.map(drop).map_err(OpenError::Connect)
}

/// Makes the file, for its owner only. SQLite gives its companions (`-wal`, `-shm`) the same mode.
fn create(path: &Path) -> Result<(), OpenError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => {
            Err(OpenError::File { path: path.to_owned(), why })
        }
        _ => Ok(()),
    }
}

async fn write_groups(mut connection: Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.recv().await {
        let mut kept = Vec::new();
        let ended = write_group(&mut connection, first, &mut queue, &mut kept).await;
        if ended.is_err() {
            // Fails where the database has undone the transaction itself, as it does when the disk is full.
            let _ = control(&mut connection, "ROLLBACK").await;
        }
        for answer in kept {
            answer(ended.as_ref().copied().map_err(again));
        }
    }
}

/// Runs writes and commits them together. After an error none of `kept` has happened, and a write that could not run
/// is dropped, which its caller notices.
async fn write_group(
    connection: &mut Connection,
    first: Job,
    queue: &mut mpsc::Receiver<Job>,
    kept: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    control(connection, "BEGIN IMMEDIATE").await?;
    let mut next = Some(first);
    while let Some(job) = next {
        control(connection, "SAVEPOINT one").await?;
        match job(connection).await {
            Done::Keep(answer) => kept.push(answer),
            Done::Undo => control(connection, "ROLLBACK TO one").await?,
        }
        control(connection, "RELEASE one").await?;
        next = if kept.len() < GROUP_MAX { queue.try_recv().ok() } else { None };
    }
    control(connection, "COMMIT").await
}

async fn control(connection: &mut Connection, text: &'static str) -> Result<(), StoreError> {
    connection.execute(sql(text)).await.map(|_| ())
}

/// The same failure once more, for each write of a group.
fn again(why: &StoreError) -> StoreError {
    match why {
        StoreError::Unavailable(source) => StoreError::Unavailable(source.to_string().into()),
        StoreError::Stale | StoreError::Corrupt { .. } => {
            StoreError::Unavailable(why.to_string().into())
        }
    }
}

#[cfg(test)]
mod tests;
