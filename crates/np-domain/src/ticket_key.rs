//! Which keys session tickets are sealed with, and when.
//!
//! Time is cut into periods of one length; each has a key of its own. An edge is told of the next period's key a whole
//! period ahead, so that one that was out of touch for less than that seals what all others can open. A key that can
//! open no session any more is forgotten for good: what was said in those sessions then stays said among two.

use std::{ops::RangeInclusive, time::Duration};

use time::OffsetDateTime;

use crate::{Timestamp, secret::SecretBytes};

/// How long one key seals.
pub const PERIOD: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a session can be resumed after its full handshake.
pub const SESSION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of a key: a name of 16, then 32 for encryption and 32 for authentication.
pub const KEY_BYTES: usize = 80;

/// The key of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketKey {
    /// When its period begins.
    pub starts: Timestamp,
    /// The key, of [`KEY_BYTES`] bytes.
    pub secret: SecretBytes,
}

/// A period, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub u32);

impl Period {
    /// The one that `at` falls into.
    pub fn of(at: Timestamp) -> Self {
        let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
        Self(u32::try_from(seconds / PERIOD.as_secs()).unwrap_or(u32::MAX))
    }

    /// When it begins.
    pub fn starts(self) -> Timestamp {
        let seconds = i64::from(self.0).saturating_mul(PERIOD.as_secs().cast_signed());
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The periods whose keys edges have at `now`: of those that sealed what may still be opened, the current one, and the
/// next. Keys of earlier ones are to be forgotten.
pub fn in_use(now: Timestamp) -> RangeInclusive<u32> {
    let Period(current) = Period::of(now);
    let periods = SESSION_MAX.as_secs().div_ceil(PERIOD.as_secs());
    let oldest = current.saturating_sub(u32::try_from(periods).unwrap_or(u32::MAX));
    oldest..=current.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn each_key_seals_for_a_period_is_known_one_ahead_and_kept_while_its_sessions_live() {
        let start = datetime!(2026-11-22 00:00 UTC);
        let Period(first) = Period::of(start);
        assert_eq!(Period(first).starts(), start);
        for (hours, current) in [(0, 0), (11, 0), (12, 1), (23, 1), (24, 2), (240, 20)] {
            let now = start + time::Duration::hours(hours);
            assert_eq!(Period::of(now), Period(first + current), "after {hours} hours");
            let expected = first + current - 2..=first + current + 1;
            assert_eq!(in_use(now), expected, "after {hours} hours");
        }
    }

    #[test]
    fn a_session_that_may_be_resumed_is_of_a_key_in_use() {
        let start = datetime!(2026-11-22 00:00 UTC);
        for sealed in 0..48 {
            let sealed = start + time::Duration::minutes(sealed * 30);
            let last = sealed + SESSION_MAX;
            assert!(in_use(last).contains(&Period::of(sealed).0), "{sealed}");
        }
    }

    #[test]
    fn times_before_1970_fall_into_the_first_period() {
        assert_eq!(Period::of(datetime!(1960-01-01 00:00 UTC)), Period(0));
        assert_eq!(in_use(Timestamp::UNIX_EPOCH), 0..=1);
    }
}
