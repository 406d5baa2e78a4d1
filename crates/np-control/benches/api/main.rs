//! How quick the API is, through real HTTP on loopback: durable creates, reads of one hostname, and pages of a list out of a
//! million, by each filter, on SQLite and on PostgreSQL.
//!
//! Lists are read by cursor, the first page by an empty one. Server, client and database share the machine, and server and
//! client this process, with threads of their own, so that it can be told what each of them costs. The hostnames of the lists
//! are added through the store; everything that is measured goes through the router.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people, which ends at the first surprise"
)]

mod client;
mod cost;
mod figures;
mod filling;
mod serving;

use std::{path::PathBuf, time::Duration};

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
    /// What is measured: creates with reads, and lists.
    pub(crate) figures: Vec<String>,
    /// Where databases are kept for the next run; without, they are gone with this one.
    pub(crate) keep: Option<PathBuf>,
}

const USAGE: &str = "bench/api [--hostnames 1000000] [--seconds 10] [--connections 64] [--pages 200] \
    [--stores sqlite,postgres] [--figures creates,lists] [--keep FOLDER]";

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        hostnames: 1_000_000,
        seconds: Duration::from_secs(10),
        connections: 64,
        pages: 200,
        stores: vec!["sqlite".into(), "postgres".into()],
        figures: vec!["creates".into(), "lists".into()],
        keep: None,
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
            "--figures" => options.figures = value()?.split(',').map(str::to_owned).collect(),
            "--keep" => options.keep = Some(std::path::absolute(value()?)?),
            _ => anyhow::bail!(USAGE),
        }
    }
    Ok(options)
}

/// The client's threads: this one.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = options()?;
    for store in &options.stores {
        match store.as_str() {
            "sqlite" => sqlite(&options).await?,
            "postgres" => postgres(&options).await?,
            other => anyhow::bail!("unknown store {other}: sqlite or postgres"),
        }
    }
    Ok(())
}

async fn sqlite(options: &Options) -> anyhow::Result<()> {
    let passing = tempfile::tempdir()?;
    let folder = options.keep.as_deref().unwrap_or(passing.path());
    std::fs::create_dir_all(folder)?;
    let url = format!("sqlite:{}", folder.join("bench.db").display());
    let world = serving::World::start(&url, None).await?;
    measure("SQLite", world, options, || Ok(())).await
}

async fn postgres(options: &Options) -> anyhow::Result<()> {
    let cluster = match &options.keep {
        Some(folder) => Postgres::start_durable_in(&folder.join("postgres")).await?,
        None => Postgres::start_durable().await?,
    };
    let world = serving::World::start(&cluster.database("bench")?, cluster.process_id()).await?;
    measure("PostgreSQL", world, options, || cluster.settle()).await
}

async fn measure(
    name: &str,
    world: serving::World,
    options: &Options,
    settle: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let wants = |figure: &str| options.figures.iter().any(|wanted| wanted == figure);
    println!("## {name}\n");
    let (filled, took) = filling::fill(&world, options.hostnames).await?;
    if filled > 0 {
        println!("{filled} hostnames were added through the store in {took:.0?}.\n");
        // As autovacuum does in time.
        settle()?;
    }
    if wants("creates") {
        println!("| | /s | p50 ms | p99 ms | max ms | processors |\n|---|---|---|---|---|---|");
        let ids = figures::creates(&world, options).await?;
        figures::reads(&world, options, &ids).await?;
        println!();
    }
    if wants("lists") {
        println!(
            "| pages of 50 by | hostnames that match | first p50 ms | p50 ms | p99 ms | max ms |"
        );
        println!("|---|---|---|---|---|---|");
        figures::lists(&world, options).await?;
        println!();
    }
    Ok(())
}
