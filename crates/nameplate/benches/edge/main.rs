//! Measures the edge and its peers in turn, each alone on one core, the load on another: how long many names take to load,
//! what they weigh, full TLS 1.3 handshakes with names scattered over all of them, and proxied requests.
//!
//! `bench/edge` starts this program on the load's core. Every handshake checks that the certificate is that of the name
//! asked for. `bench/RESULTS.md` has what came out.

mod certificates;
mod load;
mod process;
mod report;
mod servers;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Parser;
use tempfile::TempDir;

use crate::{
    certificates::Names,
    load::{Done, Handshakes, Http},
    report::{Figures, Round, Row},
    servers::{Kind, Running, Site},
};

/// The longest time in which names are asked for before figures are taken, and how many are meanwhile in a second.
const WARM_UP_MAX: Duration = Duration::from_secs(30);
const WARM_UP_NAMES_PER_SECOND: u32 = 4_000;

/// The edge beside nginx, HAProxy and Caddy.
#[derive(Debug, Parser)]
#[command(name = "bench/edge")]
struct Options {
    /// How many names the servers hold, one run for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10_000, 100_000])]
    names: Vec<u32>,
    /// How many more Nameplate holds in a run of its own; 0 for none.
    #[arg(long, default_value_t = 1_000_000)]
    nameplate_names: u32,
    /// Who is measured.
    #[arg(long, value_delimiter = ',', default_values_t = Kind::ALL)]
    servers: Vec<Kind>,
    /// How often each figure is taken; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each round lasts.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Handshakes under way at a time.
    #[arg(long, default_value_t = 32)]
    in_flight: usize,
    /// Ask for the first so many names only, the hot ones of a large number. 0: for all.
    #[arg(long, default_value_t = 0)]
    hot: u32,
    /// 3 rounds of 3 seconds.
    #[arg(long)]
    quick: bool,
    /// Leave the requests out.
    #[arg(long)]
    handshakes_only: bool,
    /// The core of the server.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// Where certificates, copies and rows of the tables are kept for the next run: a full comparison may be made in pieces.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The file to write the tables into, between the marks of this benchmark, with all rows that are kept.
    #[arg(long)]
    write: Option<PathBuf>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let mut options = Options::parse();
    if options.quick {
        (options.rounds, options.seconds) = (3, 3);
    }
    ensure!(options.rounds > 0 && options.in_flight > 0, "at least one round, one in flight");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let temporary = TempDir::with_prefix("np-bench-edge-")?;
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let mut runs: Vec<(Kind, u32)> = Vec::new();
    for names in &options.names {
        runs.extend(options.servers.iter().map(|kind| (*kind, *names)));
    }
    if options.nameplate_names > 0 && options.servers.contains(&Kind::Nameplate) {
        runs.push((Kind::Nameplate, options.nameplate_names));
    }
    let site = Site::start(&folder, options.server_core).await?;
    for (kind, count) in runs {
        let names = Names::prepare(&folder, kind, count).context("certificates")?;
        let row = measure(options, &site, kind, &names).await;
        row.with_context(|| format!("{kind} with {count} names"))?.keep(&folder)?;
    }
    let tables = report::tables(&folder)?;
    println!("\n{tables}");
    match &options.write {
        Some(path) => report::write(path, &tables),
        None => Ok(()),
    }
}

async fn measure(options: &Options, site: &Site, kind: Kind, names: &Names) -> anyhow::Result<Row> {
    let asked = if options.hot == 0 { names.count } else { options.hot.min(names.count) };
    let started = Instant::now();
    let mut server = Running::start(site, kind, names)?;
    let handshakes = Handshakes::new(server.address, options.in_flight, asked);
    server.until(|| handshakes.one(0)).await?;
    let start = started.elapsed();
    let pss_loaded = process::memory(server.id()?)?;
    let length = Duration::from_secs(options.seconds);
    // So that the rounds meet what a server has after a while.
    let warm_up = Duration::from_secs(u64::from(1 + asked / WARM_UP_NAMES_PER_SECOND));
    handshakes.run(warm_up.min(WARM_UP_MAX)).await?;
    let mut shaken = Figures::default();
    for _ in 0..options.rounds {
        shaken.add(&round(options, &server, handshakes.run(length)).await?);
    }
    let pss_after = process::memory(server.id()?)?;
    let requests = if options.handshakes_only {
        None
    } else {
        let mut figures = [Figures::default(), Figures::default()];
        for _ in 0..options.rounds {
            for (http, figures) in [Http::One, Http::Two].into_iter().zip(&mut figures) {
                let load = load::requests(server.address, http, length, &names.folder);
                figures.add(&round(options, &server, load).await?);
            }
        }
        Some(figures)
    };
    let rounds = format!("{} of {} s", options.rounds, options.seconds);
    Ok(Row {
        kind,
        names: names.count,
        asked,
        rounds,
        start,
        pss_loaded,
        pss_after,
        handshakes: shaken,
        requests,
    })
}

/// Puts the server under `load`.
async fn round(
    options: &Options,
    server: &Running,
    load: impl Future<Output = anyhow::Result<Done>>,
) -> anyhow::Result<Round> {
    let (id, core) = (server.id()?, options.server_core);
    let (cpu, idle) = (process::cpu(id)?, process::idle(core)?);
    let done = load.await?;
    Ok(Round {
        count: done.count,
        took: done.took,
        cpu: process::cpu(id)? - cpu,
        idle: process::idle(core)?.saturating_sub(idle),
        p50: done.percentile(50.0),
        p99: done.percentile(99.0),
    })
}
