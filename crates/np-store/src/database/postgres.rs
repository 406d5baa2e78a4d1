//! PostgreSQL: a pool, and a transaction of its own for each write.

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use np_domain::ports::StoreError;

use super::{Boxed, Connection, OpenError, StoreOptions, unavailable};

pub(super) async fn connect(url: &str, options: &StoreOptions) -> Result<PgPool, OpenError> {
    let database = url.parse::<PgConnectOptions>().map_err(OpenError::PostgresUrl)?;
    PgPoolOptions::new()
        .max_connections(options.connections_max)
        .acquire_timeout(options.wait_max)
        .connect_with(database.application_name("nameplate"))
        .await
        .map_err(OpenError::Connect)
}

/// A caller that goes away in the middle leaves nothing behind: `sqlx` undoes a transaction that is dropped.
pub(super) async fn write<T, E, W>(pool: &PgPool, work: W) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Result<T, E>>,
{
    let transaction = pool.begin().await.map_err(unavailable)?;
    let mut connection = Connection::PostgresWriter(transaction);
    let done = work(&mut connection).await;
    if let Connection::PostgresWriter(transaction) = connection {
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
