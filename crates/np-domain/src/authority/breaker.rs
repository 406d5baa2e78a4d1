//! A circuit breaker for one CA: after some failures in a row it is left alone for a while, so that a CA that hangs does not
//! keep every worker waiting; then one call tries whether it is back.
//!
//! It measures what came back, whatever was asked: an answer, be it a refusal, shows that the CA is there.

use std::time::Duration;

use crate::Timestamp;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// This many failures in a row open it.
    pub failures_max: u32,
    /// For how long it is open the first time; each time in a row twice as long, up to `pause_max`.
    pub pause_first: Duration,
    /// The longest time for which it is open.
    pub pause_max: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            failures_max: 5,
            pause_first: Duration::from_secs(30),
            pause_max: Duration::from_secs(600),
        }
    }
}

/// A call that tries whether the CA is back and says nothing within this time is taken to be lost.
pub const TRIAL_WAIT_MAX: Duration = Duration::from_secs(120);

/// Where the breaker of a CA stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// It is asked. So many calls in a row have failed.
    Closed {
        /// How many.
        failures: u32,
    },
    /// It is left alone.
    Open {
        /// Since when it has not answered.
        since: Timestamp,
        /// Until when it is left alone.
        until: Timestamp,
        /// How often in a row it was left alone before this time.
        times: u32,
    },
    /// One call tries whether it is back.
    HalfOpen {
        /// Since when it has not answered.
        since: Timestamp,
        /// When the trial began.
        tried_at: Timestamp,
        /// How often in a row it was left alone.
        times: u32,
    },
}

/// What a call to a CA showed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is there, whatever it said.
    Answered,
    /// It is not, or fails by itself.
    Failed,
    /// It asks all of us to wait until then.
    Paused(Timestamp),
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// When the CA may be asked: not after `now` when it may be asked now.
    pub fn admits_at(&self, now: Timestamp) -> Timestamp {
        match *self {
            Self::Closed { .. } => now,
            Self::Open { until, .. } => until,
            Self::HalfOpen { tried_at, .. } => tried_at + TRIAL_WAIT_MAX,
        }
    }

    /// The state once a call has been let through at `now`: of an open breaker whose time is over, the call is the trial.
    #[must_use]
    pub fn asked(self, now: Timestamp) -> Self {
        match self {
            Self::Closed { .. } => self,
            Self::Open { since, times, .. } | Self::HalfOpen { since, times, .. } => {
                Self::HalfOpen { since, tried_at: now, times }
            }
        }
    }

    /// The state after a call has shown `outcome`.
    #[must_use]
    pub fn observed(self, outcome: Outcome, terms: &Terms, now: Timestamp) -> Self {
        match (self, outcome) {
            (_, Outcome::Answered) => Self::default(),
            (Self::Open { until, .. }, Outcome::Paused(asked)) if until >= asked => self,
            (_, Outcome::Paused(until)) => {
                Self::Open { since: self.down_since().unwrap_or(now), until, times: 0 }
            }
            (Self::Closed { failures }, Outcome::Failed)
                if failures.saturating_add(1) < terms.failures_max =>
            {
                Self::Closed { failures: failures + 1 }
            }
            (Self::Closed { .. }, Outcome::Failed) => {
                Self::Open { since: now, until: now + terms.pause_first, times: 0 }
            }
            (Self::HalfOpen { since, times, .. }, Outcome::Failed) => {
                let times = times.saturating_add(1);
                let pause = terms.pause_first.saturating_mul(1 << times.min(10));
                let pause = pause.min(terms.pause_max);
                Self::Open { since, until: now + pause, times }
            }
            // Calls that were under way when it opened.
            (Self::Open { .. }, Outcome::Failed) => self,
        }
    }

    /// Since when the CA has not answered; `None` while it is asked as usual.
    pub fn down_since(&self) -> Option<Timestamp> {
        match *self {
            Self::Closed { .. } => None,
            Self::Open { since, .. } | Self::HalfOpen { since, .. } => Some(since),
        }
    }

    /// Its name in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-11-30 12:00 UTC);

    fn later(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn open(until: u64, times: u32) -> Breaker {
        Breaker::Open { since: NOW, until: later(until), times }
    }

    fn trial(tried_at: u64, times: u32) -> Breaker {
        Breaker::HalfOpen { since: NOW, tried_at: later(tried_at), times }
    }

    #[test]
    fn every_outcome_leads_from_every_state_where_the_table_says() {
        use Outcome::{Answered, Failed, Paused};
        let closed = |failures| Breaker::Closed { failures };
        let terms = Terms::default();
        for (state, outcome, at, expected) in [
            (closed(0), Answered, 0, closed(0)),
            (closed(0), Failed, 0, closed(1)),
            (closed(3), Failed, 0, closed(4)),
            (closed(4), Failed, 0, open(30, 0)),
            (closed(4), Answered, 0, closed(0)),
            (closed(3), Paused(later(7)), 0, open(7, 0)),
            (open(30, 0), Failed, 1, open(30, 0)),
            (open(30, 0), Answered, 1, closed(0)),
            (open(30, 0), Paused(later(20)), 1, open(30, 0)),
            (open(30, 0), Paused(later(90)), 1, open(90, 0)),
            (trial(30, 0), Answered, 31, closed(0)),
            (trial(30, 0), Failed, 31, open(31 + 60, 1)),
            (trial(100, 1), Failed, 100, open(100 + 120, 2)),
            (trial(100, 9), Failed, 100, open(100 + 600, 10)),
            (trial(100, 9), Paused(later(500)), 100, open(500, 0)),
        ] {
            assert_eq!(
                state.observed(outcome, &terms, later(at)),
                expected,
                "{state:?} {outcome:?}"
            );
        }
    }

    #[test]
    fn an_open_breaker_lets_one_call_through_once_its_time_is_over() {
        let state = open(30, 0);
        assert_eq!(state.admits_at(later(10)), later(30));
        let tried = state.asked(later(30));
        assert_eq!(tried, trial(30, 0));
        // A trial that died with its process does not keep the CA away for ever.
        assert_eq!(tried.admits_at(later(31)), later(30) + TRIAL_WAIT_MAX);
        assert_eq!(Breaker::default().asked(NOW), Breaker::default());
        assert_eq!(Breaker::default().admits_at(NOW), NOW);
    }
}
