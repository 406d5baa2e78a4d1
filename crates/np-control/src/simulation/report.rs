//! What came out of a simulation.

use std::{fmt, time::Duration};

use np_domain::{Timestamp, certificate::AuthorityName, name::Hostname};

use super::authority::Tally;

/// How many hostnames a report names of each kind.
const NAMED_MAX: usize = 10;

/// What came out.
#[derive(Debug, Clone)]
pub struct Report {
    /// What everything was drawn from.
    pub seed: u64,
    /// How many hostnames.
    pub hostnames: u32,
    /// For how many days.
    pub days: i64,
    /// How many rounds it took.
    pub rounds: u64,
    /// How many workers died.
    pub crashes: u64,
    /// Certificates that ended although they could have been renewed.
    pub lost: Vec<Lost>,
    /// Certificates that ended while nobody could have renewed them.
    pub excused: u64,
    /// Hostnames that are not served at the end, though all has been well with them for days.
    pub unserved: Vec<Hostname>,
    /// Hostnames that are served at the end with what was issued before a recall.
    pub not_recalled: u64,
    /// What each CA saw.
    pub authorities: Vec<(AuthorityName, Tally)>,
    /// How long it took.
    pub took: Duration,
}

/// A certificate that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Of which hostname.
    pub name: Hostname,
    /// When.
    pub at: Timestamp,
    /// Where the attempt at the next one stood.
    pub attempt: String,
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_good(&self) -> bool {
        let is_all_served = self.lost.is_empty() && self.unserved.is_empty();
        is_all_served && self.not_recalled == 0 && self.violations() == 0
    }

    /// How often a CA's limit was exceeded.
    pub fn violations(&self) -> u64 {
        self.authorities.iter().map(|(_, tally)| tally.violations()).sum()
    }

    /// Certificates that were signed.
    pub fn signed(&self) -> u64 {
        self.authorities.iter().map(|(_, tally)| tally.signed).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, hostnames, days, rounds, crashes, .. } = self;
        writeln!(f, "seed {seed}: {hostnames} hostnames, {days} days, {rounds} rounds")?;
        writeln!(f, "  workers that died               {crashes:>9}")?;
        for (name, tally) in &self.authorities {
            let Tally { orders, signed, rejected, failures, .. } = tally;
            let name = name.as_str();
            writeln!(
                f,
                "  {name:<14} orders {orders}, certificates {signed}, proofs refused {rejected}, calls failed {failures}"
            )?;
            writeln!(
                f,
                "  {name:<14} limits exceeded: {} of new orders, {} of failed validations, {} of the same names, {} of a domain",
                tally.too_many_orders,
                tally.too_many_failures,
                tally.too_many_duplicates,
                tally.too_many_of_domain
            )?;
        }
        writeln!(f, "  ended, nobody could have renewed {:>8}", self.excused)?;
        writeln!(f, "  ended, could have been renewed  {:>9}", self.lost.len())?;
        for Lost { name, at, attempt } in self.lost.iter().take(NAMED_MAX) {
            writeln!(f, "    {name} at {at}: {attempt}")?;
        }
        writeln!(f, "  not served at the end           {:>9}", self.unserved.len())?;
        for name in self.unserved.iter().take(NAMED_MAX) {
            writeln!(f, "    {name}")?;
        }
        if self.not_recalled > 0 {
            writeln!(f, "  not replaced after the recall   {:>9}", self.not_recalled)?;
        }
        let verdict = if self.is_good() { "every promise was kept" } else { "FAILED" };
        write!(f, "  {verdict}, in {:.1} s", self.took.as_secs_f64())
    }
}
