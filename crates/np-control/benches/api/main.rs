//! How quick the API is, through real HTTP on loopback: durable creates, reads of one hostname, and pages of a list out of a
//! million, by each filter, on SQLite and on PostgreSQL.
//!
//! Lists are read by cursor, the first page by an empty one. Server, client and database share the machine, and server and client this process. The hostnames of the lists are added
//! through the store; everything that is measured goes through the router.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people, which ends at the first surprise"
)]

mod client;
mod figures;
mod filling;
mod serving;

use std::time::Duration;

use anyhow::Context as _;
use np_testkit::postgres::Postgres;

/// What to measure.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How many hostnames the lists are of.
    pub(crate) hostnames: u64,
    /// How long creates and reads are measured.
    pub(crate) seconds: Duration,
    /// How many connections the client keeps busy.
    pub(crate) connections: usize,
    /// How many pages are read by each filter.
    pub(crate) pages: usize,
    /// Which databases.
    pub(crate) stores: Vec<String>,
}

const USAGE: &str = "bench/api [--hostnames 1000000] [--seconds 10] [--connections 64] [--pages 200] \
    [--stores sqlite,postgres]";

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        hostnames: 1_000_000,
        seconds: Duration::from_secs(10),
        connections: 64,
        pages: 200,
        stores: vec!["sqlite".into(), "postgres".into()],
    };
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let mut value = || words.next().context(USAGE);
        match word.as_str() {
            "--hostnames" => options.hostnames = value()?.parse()?,
            "--seconds" => options.seconds = Duration::from_secs(value()?.parse()?),
            "--connections" => options.connections = value()?.parse()?,
            "--pages" => options.pages = value()?.parse()?,
            "--stores" => options.stores = value()?.split(',').map(str::to_owned).collect(),
            _ => anyhow::bail!(USAGE),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let options = options()?;
    for store in &options.stores {
        match store.as_str() {
            "sqlite" => {
                let folder = tempfile::tempdir()?;
                let url = format!("sqlite:{}", folder.path().join("bench.db").display());
                measure("SQLite", &url, &options, || Ok(())).await?;
            }
            "postgres" => {
                let cluster = Postgres::start_durable().await?;
                let url = cluster.fresh_database()?;
                measure("PostgreSQL", &url, &options, || cluster.settle()).await?;
            }
            other => anyhow::bail!("unknown store {other}: sqlite or postgres"),
        }
    }
    Ok(())
}

async fn measure(
    name: &str,
    url: &str,
    options: &Options,
    settle: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let world = serving::World::start(url).await?;
    println!("## {name}\n\n| | /s | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|");
    let ids = figures::creates(&world, options).await?;
    figures::reads(&world, options, &ids).await?;
    let filled = filling::fill(&world, options.hostnames).await?;
    // As autovacuum does in time.
    settle()?;
    println!(
        "\n{} hostnames were added through the store in {:.0} s.\n\n| pages of 50 by | hostnames that match | first p50 ms | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|---|",
        options.hostnames,
        filled.as_secs_f64()
    );
    figures::lists(&world, options).await?;
    println!();
    Ok(())
}
