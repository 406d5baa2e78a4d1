//! Measures what visitors of an edge notice while others flood it, and while its feed changes all the time.
//!
//! The server has one core, visitors and floods the other. Visitors come from 127.0.0.1, floods from 127.0.0.2, so that limits for
//! each source tell them apart. `bench/flood` starts this program; `bench/RESULTS.md` has what came out.

#[path = "../edge/certificates.rs"]
mod certificates;
mod changes;
mod floods;
#[path = "../edge/load.rs"]
#[expect(dead_code, reason = "the edge's benchmark needs more of it")]
mod load;
#[path = "../edge/servers.rs"]
#[expect(dead_code, reason = "the edge's benchmark needs more of it")]
mod servers;
mod visitors;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Parser;

use crate::{
    certificates::Names,
    changes::Feed,
    floods::Flood,
    servers::{Kind, Running, Site},
    visitors::{Seen, Visitors},
};

/// What visitors notice of floods.
#[derive(Debug, Parser)]
#[command(name = "bench/flood")]
struct Options {
    /// How many names the edge holds.
    #[arg(long, default_value_t = 10_000)]
    names: u32,
    /// How often each flood is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each round lasts.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The core of the server.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// Changes a second of the feed.
    #[arg(long, default_value_t = 5_000)]
    changes: u32,
    /// Where certificates and copies are made, and kept for the next run.
    #[arg(long, default_value = "/tmp/nameplate-bench")]
    folder: PathBuf,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.folder)?;
    let feed = Feed::start(options.names)?;
    let site = Site::start(&options.folder, options.server_core).await?;
    let names = Names::prepare(&options.folder, Kind::Nameplate, options.names)?;
    let mut server = Running::start(&site, Kind::Nameplate, &names)?;
    let visitors = Visitors::new(server.address, options.names);
    server.until(|| visitors.fresh(0)).await.context("the edge does not answer")?;
    let round = Duration::from_secs(options.seconds);
    visitors.watch(round).await?;
    println!(
        "| what else happens | fresh: p50 | p99 | kept: p50 | p99 | p99 against calm | how much of it |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut calm = None;
    for flood in Flood::ALL {
        let (mut seen, mut amount) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let flooding = flood.start(server.address, names.count);
            let watched = visitors.watch(round).await;
            amount.push(flooding.end()?);
            seen.push(watched.with_context(|| format!("beside {flood}"))?);
        }
        let seen = Seen::median(seen);
        let calm = *calm.get_or_insert(seen);
        amount.sort_unstable();
        println!("| {flood} | {} | {} |", seen.against(calm), amount[amount.len() / 2]);
    }
    changes::measure(options.changes, round, &feed, &visitors, calm.context("a first row")?).await
}
