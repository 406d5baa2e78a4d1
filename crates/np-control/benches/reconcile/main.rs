//! How quick the reconcilers are, with everything real on loopback: checks of ownership against a name server, and certificates
//! from an ACME server.
//!
//! Control, the name server and the database share the machine; the name server shares the process too. `bench/checks` and
//! `bench/issuance` run it; bench/RESULTS.md has what came out.

#![expect(clippy::print_stdout, reason = "a program for people, which says what it measured")]

mod checks;
mod issuance;
mod nodes;
mod world;

use anyhow::Context as _;

const USAGE: &str =
    "bench/checks | bench/issuance [--hostnames N] [--in-flight 64] [--store sqlite|postgres]";

/// What to measure.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How many hostnames.
    pub(crate) hostnames: usize,
    /// How many are worked on at a time.
    pub(crate) in_flight: usize,
    /// Whether everything is kept in PostgreSQL instead of SQLite.
    pub(crate) is_postgres: bool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let what = words.next().context(USAGE)?;
    let hostnames = if what == "checks" { 20_000 } else { 1_000 };
    let mut options = Options { hostnames, in_flight: 64, is_postgres: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().context(USAGE);
        match word.as_str() {
            "--hostnames" => options.hostnames = value()?.parse()?,
            "--in-flight" => options.in_flight = value()?.parse()?,
            "--store" => options.is_postgres = value()? == "postgres",
            _ => anyhow::bail!(USAGE),
        }
    }
    match what.as_str() {
        "checks" => checks::measure(&options).await,
        "issuance" => issuance::measure(&options).await,
        _ => anyhow::bail!(USAGE),
    }
}
