//! The system's clock: the only place that reads it.

use np_domain::{Timestamp, ports::Clock};

/// Nanoseconds in a microsecond.
const MICROSECOND: u32 = 1_000;

/// The wall clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the `Clock` port")]
    fn now(&self) -> Timestamp {
        cut_to_microseconds(Timestamp::now_utc())
    }
}

/// The moment with the precision that every store keeps.
fn cut_to_microseconds(at: Timestamp) -> Timestamp {
    at - time::Duration::nanoseconds(i64::from(at.nanosecond() % MICROSECOND))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_are_cut_and_never_rounded_to_microseconds() {
        let at = datetime!(2026-11-22 10:00:00.123456999 UTC);
        assert_eq!(cut_to_microseconds(at), datetime!(2026-11-22 10:00:00.123456 UTC));
        assert_eq!(SystemClock.now().nanosecond() % MICROSECOND, 0);
    }
}
