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
    load::{Handshakes, Http},
    report::{Row, Spread},
    servers::{Kind, Running, Site},
};

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
    /// Ask for the first so many names only: the hot ones of a large number. 0: for all.
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
    /// Where certificates and copies are made, and kept for the next run.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The file to write the tables into, between the marks of this benchmark.
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
    let mut rows = Vec::new();
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
        let row = row.with_context(|| format!("{kind} with {count} names"))?;
        println!("{row}");
        rows.push(row);
    }
    let text = report::table(&rows, options.rounds, options.seconds);
    println!("\n{text}");
    match &options.write {
        Some(path) => report::write(path, &text),
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
    let round = Duration::from_secs(options.seconds);
    // Once over many names, so that the rounds meet what a server has after a while.
    handshakes.run(round).await?;
    let (mut rate, mut p50, mut p99, mut cpu) = (vec![], vec![], vec![], vec![]);
    for _ in 0..options.rounds {
        let before = process::cpu(server.id()?)?;
        let done = handshakes.run(round).await?;
        let used = process::cpu(server.id()?)? - before;
        rate.push(done.count as f64 / done.took.as_secs_f64());
        p50.push(done.percentile(50.0).as_secs_f64() * 1e3);
        p99.push(done.percentile(99.0).as_secs_f64() * 1e3);
        cpu.push(used.as_secs_f64() * 1e6 / done.count as f64);
    }
    let pss_after = process::memory(server.id()?)?;
    let (mut http1, mut http2) = (Vec::new(), Vec::new());
    for _ in 0..if options.handshakes_only { 0 } else { options.rounds } {
        http1.push(load::requests(server.address, Http::One, round).await?);
        http2.push(load::requests(server.address, Http::Two, round).await?);
    }
    Ok(Row {
        kind,
        names: names.count,
        start,
        pss_loaded,
        pss_after,
        handshakes: Spread::of(rate),
        cpu_us: Spread::of(cpu),
        p50_ms: Spread::of(p50),
        p99_ms: Spread::of(p99),
        http1: Spread::of(http1),
        http2: Spread::of(http2),
    })
}
