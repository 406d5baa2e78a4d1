//! What is SQLite's own: the file, the writer that commits in groups, and the indexes that queries use.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::{Store, database::Database, records};

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("store.db").display());
    Store::open(&url, &StoreOptions::default()).await.unwrap()
}

/// Writes a secret, and then succeeds or fails.
async fn put(
    database: &Database,
    name: String,
    ends: Result<(), StoreError>,
) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO secrets (name, sealed) VALUES ($1, $2)";
    database
        .write(move |connection| {
            Box::pin(async move {
                connection.execute(sql(PUT).bind(name).bind([1_u8].as_slice())).await?;
                ends
            })
        })
        .await
}

async fn count(database: &Database) -> u64 {
    let count = sql("SELECT COUNT(*) AS total FROM secrets");
    let row = database.reader().await.unwrap().fetch_one(count).await.unwrap();
    row.count("total").map_err(|why| why.of("secrets", "count")).unwrap()
}

#[tokio::test]
async fn database_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path()).await;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn reopened_store_has_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    put(&open(folder.path()).await.database, "a".into(), Ok(())).await.unwrap();
    let store = open(folder.path()).await;
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(count(&store.database).await, 1);
}

#[tokio::test]
async fn failed_write_undoes_only_itself() {
    const WRITES: usize = 600;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let writes: Vec<_> = (0..WRITES)
        .map(|number| {
            let database = store.database.clone();
            let ends = if number % 3 == 0 { Err(StoreError::Stale) } else { Ok(()) };
            tokio::spawn(async move { put(&database, format!("secret {number}"), ends).await })
        })
        .collect();
    for (number, write) in writes.into_iter().enumerate() {
        assert_eq!(write.await.unwrap().is_err(), number % 3 == 0, "write {number}");
    }
    assert_eq!(count(&store.database).await, (WRITES - WRITES / 3) as u64);
}

#[tokio::test]
async fn failed_statement_undoes_its_write_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    put(&store.database, "a".into(), Ok(())).await.unwrap();
    let again = put(&store.database, "a".into(), Ok(())).await;
    assert!(matches!(again, Err(StoreError::Unavailable(_))), "{again:?}");
    put(&store.database, "b".into(), Ok(())).await.unwrap();
    assert_eq!(count(&store.database).await, 2);
}

#[tokio::test]
async fn two_openings_of_one_file_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(folder.path()).await, open(folder.path()).await];
    let writes: Vec<_> = (0..100)
        .map(|number| {
            let database = stores[number % 2].database.clone();
            tokio::spawn(async move { put(&database, format!("secret {number}"), Ok(())).await })
        })
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&stores[0].database).await, 100);
}

#[tokio::test]
async fn url_that_names_no_database_is_refused() {
    for url in ["", "store.db", "sqlite:", "sqlite::memory:", "mysql://localhost/x"] {
        let refused = Store::open(url, &StoreOptions::default()).await;
        assert!(matches!(refused, Err(OpenError::Url)), "{url}: {refused:?}");
    }
    let missing = Store::open("sqlite:/nowhere/at/all.db", &StoreOptions::default()).await;
    let why = missing.unwrap_err().to_string();
    assert!(why.starts_with("/nowhere/at/all.db cannot be created"), "{why}");
}

/// The queries that run at every look must find their rows by an index, however many there are.
#[tokio::test]
async fn claims_lists_and_the_feed_use_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut reader = store.database.reader().await.unwrap();
    let tables = records::TABLES;
    for query in [
        format!("SELECT 1 FROM {tables} WHERE h.due_at <= 1 ORDER BY h.due_at LIMIT 9"),
        "SELECT 1 FROM certificates c WHERE c.due_at <= 1 ORDER BY c.due_at LIMIT 9".to_owned(),
        format!("SELECT 1 FROM {tables} WHERE h.name = 'x' AND h.state = 'proven'"),
        "SELECT id FROM hostnames WHERE zone = x'00' AND state <> 'leaving' AND name = 'x'".into(),
        "SELECT COUNT(*) FROM hostnames WHERE zone = x'00' AND state <> 'leaving' \
         AND certificate = 'wildcard' AND name LIKE '%x%'"
            .into(),
        "SELECT 1 FROM feed WHERE marked = 1".into(),
        "SELECT 1 FROM feed WHERE generation > 1 ORDER BY generation LIMIT 9".into(),
        "SELECT 1 FROM events WHERE hostname = x'00' ORDER BY at DESC, id DESC LIMIT 9".into(),
    ] {
        let explain = sql(format!("EXPLAIN QUERY PLAN {query}"));
        for step in reader.fetch_all(explain).await.unwrap() {
            let step = step.text("detail").map_err(|why| why.of("plan", &query)).unwrap();
            let whole_table = step.starts_with("SCAN") && !step.contains("INDEX");
            assert!(!whole_table && !step.contains("TEMP B-TREE"), "{query}: {step}");
        }
    }
}
