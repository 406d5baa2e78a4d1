//! Wall clock time.

use crate::Timestamp;

/// Tells the time. Schedules of days run in microseconds on a test's own clock.
pub trait Clock: Send + Sync {
    /// Now, in UTC, cut to microseconds, which is what every store keeps.
    fn now(&self) -> Timestamp;
}
