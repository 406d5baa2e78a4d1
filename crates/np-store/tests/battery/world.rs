//! An empty store, with a second handle as another process would open it.

use std::sync::{Arc, Mutex};

use np_domain::{
    account::Account,
    ports::{AccountStore, ZoneStore},
    zone::Zone,
};
use np_store::{Observer, ParameterKind, Store, StoreOptions};
use np_testkit::postgres::{Postgres, SharedPostgres};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::{
    plans::{golden, is_of_list, shape::Shape},
    values,
};

/// A store of one's own, with an account and a zone in it.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) account: Account,
    pub(crate) zone: Zone,
    seen: Arc<Mutex<Vec<Seen>>>,
    url: String,
    _home: Home,
}

/// A statement that ran, with the kinds of its parameters.
type Seen = (String, Vec<ParameterKind>);

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
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        let observer = Observer::new(move |text, kinds| {
            kept.lock().unwrap().push((text.to_owned(), kinds.to_vec()));
        });
        let options = StoreOptions {
            connections_max: 4,
            observer: Some(observer),
            ..StoreOptions::default()
        };
        let store = Store::open(&url, &options).await.unwrap();
        let account = values::account();
        store.insert_account(&account).await.unwrap();
        let zone = values::zone(account.id, "saasprovider.com");
        store.insert_zone(&zone).await.unwrap();
        Self { store, account, zone, seen, url, _home: home }
    }

    /// Adds another zone.
    pub(crate) async fn add_zone(&self, name: &str) -> Zone {
        let zone = values::zone(self.account.id, name);
        self.store.insert_zone(&zone).await.unwrap();
        zone
    }

    /// The database's name in files.
    pub(crate) fn product(&self) -> &'static str {
        if self.url.starts_with("sqlite") { "sqlite" } else { "postgres" }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The statements that ran since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// Has PostgreSQL gather its statistics once, and not by itself in the middle of a test.
    pub(crate) async fn settle(&self) {
        if self.product() == "postgres" {
            self.tamper(
                "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
                 EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)', t); END LOOP; END $$",
            )
            .await;
            self.tamper("VACUUM ANALYZE").await;
        }
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

/// Of every statement that a test ran there is a plan.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for (text, kinds) in self.take_seen().into_iter().filter(|(text, _)| !is_of_list(text)) {
            if let Some(shape) = Shape::of(&text, &kinds) {
                golden::expect(self.product(), &shape);
            }
        }
    }
}
