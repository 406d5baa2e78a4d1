//! Wall clock time that the test moves. Seven days of checks and ninety days of a certificate pass between two lines.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use np_domain::Timestamp;
use np_domain::ports::Clock;
use time::macros::datetime;

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct TestClock {
    now: Arc<Mutex<Timestamp>>,
}

impl TestClock {
    /// When a new clock starts: a fixed moment, so that no test depends on today, in the year of the 200-day rule.
    pub const START: Timestamp = datetime!(2026-03-20 12:00 UTC);

    /// A clock at [`START`](Self::START).
    #[must_use]
    pub fn new() -> Self {
        Self::at(Self::START)
    }

    /// A clock at another moment.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(now)) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Moves the clock to a moment, backwards too: clocks of real machines are set.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_for_every_holder_of_the_clock_when_it_is_moved() {
        let clock = TestClock::new();
        let held = clock.clone();
        clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
        assert_eq!(held.now(), datetime!(2026-03-27 12:00 UTC));
        clock.set(TestClock::START);
        assert_eq!(held.now(), TestClock::START);
    }
}
