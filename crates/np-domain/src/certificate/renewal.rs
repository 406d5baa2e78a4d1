//! When to renew (behaviour.md 3.6; issue of the renewal work for the rule of short lives).

use time::Duration;

use crate::Timestamp;

/// When to begin the renewal of a certificate with these dates: 30 days before the end of one that lives 90 days or
/// more, 7 for 30, 3 for 14, and with a third of its life left for any shorter one.
pub fn renew_at(not_before: Timestamp, not_after: Timestamp) -> Timestamp {
    not_after - lead(not_after - not_before)
}

fn lead(life: Duration) -> Duration {
    // A CA may cut some seconds off the round number of days.
    let slack = Duration::hours(1);
    let at_least = |days| life + slack >= Duration::days(days);
    match () {
        () if at_least(90) => Duration::days(30),
        () if at_least(30) => Duration::days(7),
        () if at_least(14) => Duration::days(3),
        () => life / 3,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn renewal_begins_the_published_time_before_the_end() {
        let from = datetime!(2026-11-22 00:00 UTC);
        for (life, lead) in [
            (Duration::days(365), Duration::days(30)),
            (Duration::days(90), Duration::days(30)),
            (Duration::days(90) - Duration::seconds(1), Duration::days(30)),
            (Duration::days(47), Duration::days(7)),
            (Duration::days(30), Duration::days(7)),
            (Duration::days(14), Duration::days(3)),
            (Duration::days(6), Duration::days(2)),
            (Duration::minutes(3), Duration::minutes(1)),
        ] {
            assert_eq!(renew_at(from, from + life), from + life - lead, "a life of {life}");
        }
    }
}
