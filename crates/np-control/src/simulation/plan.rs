//! What happens in a simulation. Everything that is drawn is drawn from the seed.

use np_domain::{Timestamp, certificate::AuthorityName};
use time::{Duration, macros::datetime};

/// When every simulation begins: a fixed moment, so that a seed always means the same.
pub const START: Timestamp = datetime!(2026-12-01 00:00 UTC);
/// The CA that is asked first, and the one that steps in.
pub const MAIN: AuthorityName = AuthorityName::LetsEncrypt;
/// See [`MAIN`].
pub const SECOND: AuthorityName = AuthorityName::Google;

/// A simulation.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// How many hostnames.
    pub hostnames: u32,
    /// For how long.
    pub length: Duration,
    /// Over how long hostnames are added, from the start.
    pub onboarding: Duration,
    /// When the main CA is away, and for how long; the second one is there.
    pub outage: (Timestamp, Duration),
    /// Of how many hostnames in a hundred DNS breaks and heals, again and again.
    pub broken_percent: u32,
    /// Of how many hostnames in a hundred the name is within one domain, which CAs limit.
    pub shared_percent: u32,
    /// When CAs want everything renewed that they have issued; only then they are asked at all when to renew.
    pub recall: Option<Timestamp>,
    /// The main CA's certificates live this long.
    pub life: Duration,
    /// How far apart rounds are, at most.
    pub round: Duration,
    /// A call to a CA fails by itself once in so many times.
    pub failure_odds: u32,
    /// A worker dies at a step once in so many times.
    pub crash_odds: u32,
    /// The rule that is broken on purpose, to show that it is missed.
    pub sabotage: Option<Sabotage>,
}

/// A rule to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The second CA is there, and is not configured.
    NoFallback,
    /// Nothing is renewed before its last day.
    LastDay,
    /// An attempt that has failed once is not taken up again.
    NoRetry,
}

impl Plan {
    /// Three years of ten thousand hostnames, with 72 hours without the main CA in the second one.
    pub fn whole(seed: u64) -> Self {
        Self {
            seed,
            hostnames: 10_000,
            length: Duration::days(3 * 365),
            onboarding: Duration::days(28),
            outage: (START + Duration::days(400), Duration::hours(72)),
            broken_percent: 5,
            shared_percent: 2,
            recall: None,
            life: Duration::days(90),
            round: Duration::hours(1),
            failure_odds: 100,
            crash_odds: 2000,
            sabotage: None,
        }
    }

    /// The same with `hostnames`, for `days`: the outage comes in the midst of the first renewals.
    pub fn small(seed: u64, hostnames: u32, days: i64) -> Self {
        Self {
            hostnames,
            length: Duration::days(days),
            outage: (START + Duration::days(70), Duration::hours(72)),
            round: Duration::hours(4),
            crash_odds: 500,
            ..Self::whole(seed)
        }
    }

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        START + self.length
    }

    /// When the main CA comes back.
    pub fn outage_end(&self) -> Timestamp {
        self.outage.0 + self.outage.1
    }

    /// Whether the main CA is away at `at`.
    pub fn is_main_away(&self, at: Timestamp) -> bool {
        self.outage.0 <= at && at < self.outage_end()
    }
}
