//! PostgreSQL: a pool, and a transaction of its own for each write.

use sqlx::{
    Connection as _, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use np_domain::ports::StoreError;

use super::{Boxed, Connection, Line, Observer, OpenError, StoreOptions, migrations, unavailable};

/// The server ends a statement that takes longer than 30 s, its wait for locks included: no caller waits for ever. It compiles
/// none: those of lists look dear to it for as long as a page takes ten times. Rows are read from memory or a fast disk.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET jit = off; SET random_page_cost = 1.1";

pub(super) async fn connect(url: &str, options: &StoreOptions) -> Result<PgPool, OpenError> {
    let database = url.parse::<PgConnectOptions>().map_err(OpenError::PostgresUrl)?;
    PgPoolOptions::new()
        .max_connections(options.connections_max)
        .acquire_timeout(options.wait_max)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) })
        })
        .connect_with(database.application_name("nameplate"))
        .await
        .map_err(OpenError::Connect)
}

/// On a connection of its own, because a migration may take long.
pub(super) async fn migrate(pool: &PgPool) -> Result<(), OpenError> {
    let options = pool.connect_options();
    let mut connection = PgConnection::connect_with(&options).await.map_err(OpenError::Connect)?;
    migrations::run(migrations::POSTGRES, &mut connection).await
}

/// A caller that goes away in the middle leaves nothing behind: `sqlx` undoes a transaction that is dropped.
pub(super) async fn write<T, E, W>(
    pool: &PgPool,
    observer: Option<Observer>,
    work: W,
) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Result<T, E>>,
{
    let transaction = pool.begin().await.map_err(unavailable)?;
    let mut connection = Connection::new(Line::PostgresWriter(transaction), observer);
    let done = work(&mut connection).await;
    if let Line::PostgresWriter(transaction) = connection.line {
        let ended = match &done {
            Ok(_) => transaction.commit().await,
            Err(_) => transaction.rollback().await,
        };
        // Why the work failed says more than why it could not be undone.
        if done.is_ok() {
            ended.map_err(unavailable)?;
        }
    }
    done
}
