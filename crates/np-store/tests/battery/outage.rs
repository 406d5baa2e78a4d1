//! A database that goes away, which only a server can.

use std::time::Duration;

use np_domain::ports::{AccountStore, StoreError};
use np_store::{OpenError, Store, StoreOptions};
use np_testkit::postgres::Postgres;

use crate::values;

#[tokio::test]
async fn store_fails_while_the_server_is_away_and_then_goes_on() {
    let mut server = Postgres::start().await.unwrap();
    let options = StoreOptions { wait_max: Duration::from_millis(500), ..StoreOptions::default() };
    let url = server.fresh_database().unwrap();
    let store = Store::open(&url, &options).await.unwrap();
    let account = values::account();
    store.insert_account(&account).await.unwrap();

    server.stop();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.accounts().await, Err(StoreError::Unavailable(_))));
    let away = Store::open(&url, &options).await;
    assert!(matches!(away, Err(OpenError::Connect(_))), "{away:?}");

    server.start_again().await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [account]);
}
