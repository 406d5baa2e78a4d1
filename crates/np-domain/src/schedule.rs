//! When to look again: the published backoff of ownership checks and of DCV (behaviour.md 2.2 and 3.3).

use std::time::Duration;

/// Ownership is looked for this many times, over 7.06 days.
pub const OWNERSHIP_TRIES: u32 = 75;
/// Control is looked for this many times, over 14.56 days.
pub const DCV_TRIES: u32 = 120;
/// A zone's proof is looked for this many times, over some 28 days.
pub const ACTIVATION_TRIES: u32 = 200;
/// No two tries are further apart than this.
pub const DELAY_MAX: Duration = Duration::from_secs(14_400);

const FIRST_DELAY_SECS: f64 = 60.0;
/// Tries before this one grow by [`SLOW_GROWTH`], later ones by [`FAST_GROWTH`].
const FAST_FROM: u32 = 10;
const SLOW_GROWTH: f64 = 1.05;
const FAST_GROWTH: f64 = 1.15;

/// How long to wait after the failed try number `attempt` (from 0) before the next one; `None` once the
/// [`OWNERSHIP_TRIES`] are used up.
pub fn ownership_delay(attempt: u32) -> Option<Duration> {
    (attempt < OWNERSHIP_TRIES).then(|| delay(attempt))
}

/// The same for domain control validation, with [`DCV_TRIES`].
pub fn dcv_delay(attempt: u32) -> Option<Duration> {
    (attempt < DCV_TRIES).then(|| delay(attempt))
}

/// The same for the activation of zones, with [`ACTIVATION_TRIES`].
pub fn activation_delay(attempt: u32) -> Option<Duration> {
    (attempt < ACTIVATION_TRIES).then(|| delay(attempt))
}

fn delay(attempt: u32) -> Duration {
    let growth = if attempt < FAST_FROM { SLOW_GROWTH } else { FAST_GROWTH };
    // f64 is exact enough: the table test covers every published number, and past attempt 39 the cap decides.
    let secs = FIRST_DELAY_SECS * growth.powf(f64::from(attempt.min(100)));
    Duration::from_secs(secs as u64).min(DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers before the cap, as published.
    const PUBLISHED: [u64; 40] = [
        60, 63, 66, 69, 72, 76, 80, 84, 88, 93, 242, 279, 321, 369, 424, 488, 561, 645, 742, 853,
        981, 1129, 1298, 1493, 1717, 1975, 2271, 2612, 3003, 3454, 3972, 4568, 5253, 6041, 6948,
        7990, 9189, 10567, 12152, 13975,
    ];

    #[test]
    fn both_schedules_are_the_published_ones() {
        for attempt in 0..DCV_TRIES {
            let published = PUBLISHED.get(attempt as usize).copied().unwrap_or(14_400);
            let expected = Some(Duration::from_secs(published));
            assert_eq!(dcv_delay(attempt), expected, "DCV try {attempt}");
            assert_eq!(
                ownership_delay(attempt),
                expected.filter(|_| attempt < OWNERSHIP_TRIES),
                "try {attempt}"
            );
        }
        assert_eq!(dcv_delay(DCV_TRIES), None);
    }

    #[test]
    fn the_sums_are_the_published_windows() {
        let total = |delays: &dyn Fn(u32) -> Option<Duration>| {
            (0..).map_while(delays).sum::<Duration>().as_secs()
        };
        assert_eq!(total(&ownership_delay), 610_263);
        assert_eq!(total(&dcv_delay), 1_258_263);
        assert_eq!(total(&activation_delay) / 86_400, 27);
    }
}
