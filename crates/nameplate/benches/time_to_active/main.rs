//! Measures what a provider's customer waits for: from the API call that adds a hostname to the first HTTPS 200 on it.
//!
//! Everything is real and on this machine: `nameplate serve` as one process of the release build, Pebble as the CA, a name
//! server in which every hostname already leads here. A fixed number of hostnames is under way at a time, each from its
//! create to its 200, so that the median and the rate belong together. `bench/RESULTS.md` has what came out.

mod customer;
mod figures;
mod phases;
mod process;
mod world;

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    customer::{Customer, Wait},
    figures::Figures,
    phases::Phases,
    process::CpuTime,
    world::{Database, World},
};

/// From the API call that adds a hostname to HTTPS 200 on it.
#[derive(Debug, Parser)]
#[command(name = "bench/time-to-active")]
struct Options {
    /// How many hostnames are added.
    #[arg(long, default_value_t = 200)]
    hostnames: usize,
    /// How many are under way at a time, each from its create to its 200.
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Keep everything in PostgreSQL instead of SQLite.
    #[arg(long)]
    postgres: bool,
    /// Keep the folder with Nameplate's configuration, data and log.
    #[arg(long)]
    keep: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    ensure!(options.in_flight > 0, "--in-flight must be at least 1");
    ensure!(options.hostnames > 0, "--hostnames must be at least 1");
    let database = if options.postgres { Database::Postgres } else { Database::Sqlite };
    let mut world = World::start(database).await?;
    let measured = measure(&world, &options).await;
    if options.keep || measured.is_err() {
        println!("kept: {}", world.keep().display());
    }
    measured
}

async fn measure(world: &World, options: &Options) -> anyhow::Result<()> {
    let customer = Arc::new(Customer::new(world).await?);
    // The first hostname pays for the account at the CA, for connections and for caches.
    let hostname = |label: String| format!("{label}.customer-of-provider.com");
    let first = hostname("first".to_owned());
    world.point_here(&first);
    let first = customer.add(first).await?;
    let names: Vec<_> = (0..options.hostnames).map(|n| hostname(format!("h{n}"))).collect();
    names.iter().for_each(|name| world.point_here(name));
    let (started, cpu) = (Instant::now(), CpuTime::now(world)?);
    let waits = add_all(&customer, names, options.in_flight).await?;
    let (took, cpu) = (started.elapsed(), CpuTime::now(world)?.since(&cpu));
    let rate = waits.len() as f64 / took.as_secs_f64();
    let totals = Figures::of(waits.iter().map(Wait::total_ms));
    println!("{} hostnames, {} under way at a time", waits.len(), options.in_flight);
    println!("create to HTTPS 200: {totals}");
    println!("rate: {rate:.1}/s over {:.2} s", took.as_secs_f64());
    println!("the first hostname, with a new account at the CA: {:.0} ms", first.total_ms());
    println!("CPU: {}", cpu.over(took, waits.len()));
    println!("\n{}", Phases::read(&world.log()?, &waits).context("Nameplate's log")?);
    Ok(())
}

/// Adds the hostnames in their order, each in a task of its own.
async fn add_all(
    customer: &Arc<Customer>,
    names: Vec<String>,
    in_flight: usize,
) -> anyhow::Result<Vec<Wait>> {
    let slots = Arc::new(Semaphore::new(in_flight));
    let mut tasks = JoinSet::new();
    for name in names {
        let slot = slots.clone().acquire_owned().await?;
        let customer = customer.clone();
        tasks.spawn(async move {
            let wait = customer.add(name).await;
            drop(slot);
            wait
        });
    }
    tasks.join_all().await.into_iter().collect()
}
