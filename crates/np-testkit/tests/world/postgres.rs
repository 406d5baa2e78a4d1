//! PostgreSQL, seen through `psql`.

use np_testkit::postgres::Postgres;

use crate::client::run;

async fn psql(url: &str, statement: &str) -> Result<String, String> {
    run("psql", &["--no-psqlrc", "--tuples-only", "--no-align", "--command", statement, url]).await
}

#[tokio::test]
async fn a_cluster_keeps_its_data_through_a_power_cut() {
    let mut postgres = Postgres::start().await.unwrap();
    assert_eq!(psql(&postgres.url(), "select 1").await.unwrap(), "1\n");
    let database = postgres.fresh_database().unwrap();
    psql(&database, "create table kept as select 7 as n").await.unwrap();
    postgres.stop();
    psql(&database, "select n from kept").await.unwrap_err();
    postgres.start_again().await.unwrap();
    assert_eq!(psql(&database, "select n from kept").await.unwrap(), "7\n");
}

#[tokio::test]
async fn a_cluster_in_a_folder_of_its_own_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start_durable_in(folder.path()).await.unwrap();
    let database = postgres.database("mine").unwrap();
    psql(&database, "create table kept as select 7 as n").await.unwrap();
    drop(postgres);
    let postgres = Postgres::start_durable_in(folder.path()).await.unwrap();
    let database = postgres.database("mine").unwrap();
    assert_eq!(psql(&database, "select n from kept").await.unwrap(), "7\n");
}

#[tokio::test]
async fn tests_that_share_a_cluster_have_databases_of_their_own() {
    let (one, other) = (Postgres::shared().await.unwrap(), Postgres::shared().await.unwrap());
    let (one, other) = (one.fresh_database().unwrap(), other.fresh_database().unwrap());
    psql(&one, "create table mine ()").await.unwrap();
    psql(&other, "select * from mine").await.unwrap_err();
}
