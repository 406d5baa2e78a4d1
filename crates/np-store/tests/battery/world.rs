//! An empty store, with a second handle as another process would open it.

use np_domain::{
    account::Account,
    ports::{AccountStore, ZoneStore},
    zone::Zone,
};
use np_store::{Store, StoreOptions};
use np_testkit::postgres::{Postgres, SharedPostgres};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::values;

/// A store of one's own, with an account and a zone in it.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) account: Account,
    pub(crate) zone: Zone,
    url: String,
    _home: Home,
}

/// What must live as long as the store.
enum Home {
    Folder { _folder: tempfile::TempDir },
    Cluster { _cluster: SharedPostgres },
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        Self::at(url, Home::Folder { _folder: folder }).await
    }

    pub(crate) async fn on_postgres() -> Self {
        let cluster = Postgres::shared().await.unwrap();
        let url = cluster.fresh_database().unwrap();
        Self::at(url, Home::Cluster { _cluster: cluster }).await
    }

    async fn at(url: String, home: Home) -> Self {
        let options = StoreOptions { connections_max: 4, ..StoreOptions::default() };
        let store = Store::open(&url, &options).await.unwrap();
        let account = values::account();
        store.insert_account(&account).await.unwrap();
        let zone = values::zone(account.id, "saasprovider.com");
        store.insert_zone(&zone).await.unwrap();
        Self { store, account, zone, url, _home: home }
    }

    /// Adds another zone.
    pub(crate) async fn add_zone(&self, name: &str) -> Zone {
        let zone = values::zone(self.account.id, name);
        self.store.insert_zone(&zone).await.unwrap();
        zone
    }

    /// Does something to the rows that the store itself would not do.
    pub(crate) async fn tamper(&self, statement: &'static str) {
        if self.url.starts_with("sqlite") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        }
    }
}
