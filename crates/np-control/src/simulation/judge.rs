//! Whether a certificate that ended could have been renewed.
//!
//! The rules are written here once more, and not taken from the product: whoever breaks one there must be found here. A
//! certificate could have been renewed when, between the day from which it may be and its end, the customer's DNS and a CA
//! were well for long enough, at one stretch, that a look of ours must have fallen into it.

use std::collections::{BTreeSet, HashMap};

use np_domain::{Timestamp, id::HostnameId};
use time::Duration;

use super::customers::Customer;

/// Renewal may begin this long before the end of a certificate of 90 days.
const WINDOW: Duration = Duration::days(30);
/// The furthest that two looks are apart: a renewal that has stalled rests for a day.
const LOOKS_APART: Duration = Duration::hours(26);
/// As the end nears, looks come closer: no further apart than this part of the time that is left.
const LOOKS_PART: i32 = 4;
/// No look is expected sooner than this.
const LOOK_MIN: Duration = Duration::minutes(15);

/// When what is served ends, for each hostname.
#[derive(Debug, Default)]
pub struct Ends {
    by_end: BTreeSet<(Timestamp, HostnameId)>,
    /// The last to end of what is served: when it began, and when it ends.
    lives: HashMap<HostnameId, (Timestamp, Timestamp)>,
}

impl Ends {
    /// From now on the hostname is served with these.
    pub(super) fn serves(&mut self, id: HostnameId, certificates: Vec<(Timestamp, Timestamp)>) {
        let last = certificates.into_iter().max_by_key(|(_, end)| *end);
        let known = match last {
            Some(life) => self.lives.insert(id, life),
            None => self.lives.remove(&id),
        };
        if let Some((_, end)) = known {
            self.by_end.remove(&(end, id));
        }
        if let Some((_, end)) = last {
            self.by_end.insert((end, id));
        }
    }

    /// The next end.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_end.first().map(|(end, _)| *end)
    }

    /// Those that have ended by `now`, each once.
    pub(super) fn ended_by(&mut self, now: Timestamp) -> Vec<(HostnameId, (Timestamp, Timestamp))> {
        let mut ended = Vec::new();
        while let Some((end, id)) = self.by_end.first().copied().filter(|(end, _)| *end <= now) {
            self.by_end.remove(&(end, id));
            if let Some(life) = self.lives.get(&id) {
                ended.push((id, *life));
            }
        }
        ended
    }

    /// When what the hostname is served with began.
    pub(super) fn began(&self, id: HostnameId) -> Option<Timestamp> {
        self.lives.get(&id).map(|(began, _)| *began)
    }

    /// Whether the hostname is served with something in force at `now`.
    pub(super) fn is_served(&self, id: HostnameId, now: Timestamp) -> bool {
        self.lives.get(&id).is_some_and(|(_, end)| *end > now)
    }
}

/// Whether the certificate of `customer` that lived from `from` to `end` could have been renewed, when CAs could issue at all
/// times but those in `away`.
pub fn could_have_been_renewed(
    customer: &Customer,
    (from, end): (Timestamp, Timestamp),
    away: &[(Timestamp, Timestamp)],
) -> bool {
    let window = WINDOW.min((end - from) / 3);
    let broken = customer.broken.iter().map(|(from, to, _)| (*from, *to));
    let delay = customer.arrangement.delay();
    well(end - window, end, broken.chain(away.iter().copied()))
        .iter()
        .any(|(well_from, well_to)| *well_to - *well_from >= delay + needed(end - *well_from))
}

/// How long things must be well for a look of ours to fall into it, when so much is left.
pub fn needed(left: Duration) -> Duration {
    LOOKS_APART.min(left / LOOKS_PART).max(LOOK_MIN)
}

/// What is left of a stretch when the others are taken out of it.
fn well(
    from: Timestamp,
    to: Timestamp,
    others: impl Iterator<Item = (Timestamp, Timestamp)>,
) -> Vec<(Timestamp, Timestamp)> {
    let mut others: Vec<_> = others.filter(|(a, b)| *b > from && *a < to).collect();
    others.sort_unstable();
    let (mut stretches, mut at) = (Vec::new(), from);
    for (a, b) in others {
        if a > at {
            stretches.push((at, a));
        }
        at = at.max(b);
    }
    if at < to {
        stretches.push((at, to));
    }
    stretches
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;

    const DAY: Duration = Duration::DAY;

    #[test]
    fn a_stretch_is_well_where_nothing_is_broken() {
        let at = |day| datetime!(2026-12-01 0:00 UTC) + DAY * day;
        for (others, expected) in [
            (vec![], vec![(0, 10)]),
            (vec![(2, 3)], vec![(0, 2), (3, 10)]),
            (vec![(5, 12), (-1, 2), (1, 3)], vec![(3, 5)]),
            (vec![(-1, 12)], vec![]),
            (vec![(20, 30)], vec![(0, 10)]),
        ] {
            let others = others.into_iter().map(|(a, b): (i32, i32)| (at(a), at(b)));
            let expected: Vec<_> =
                expected.into_iter().map(|(a, b): (i32, i32)| (at(a), at(b))).collect();
            assert_eq!(well(at(0), at(10), others), expected);
        }
    }

    #[test]
    fn looks_are_expected_closer_together_as_the_end_nears() {
        for (left, expected) in [
            (DAY * 30, LOOKS_APART),
            (DAY * 5, LOOKS_APART),
            (DAY * 4, DAY),
            (Duration::hours(4), Duration::HOUR),
            (Duration::minutes(4), LOOK_MIN),
        ] {
            assert_eq!(needed(left), expected, "{left} left");
        }
    }

    #[test]
    fn of_what_a_hostname_is_served_with_the_last_to_end_counts_and_an_end_is_told_once() {
        let at = |day| datetime!(2026-12-01 0:00 UTC) + DAY * day;
        let (one, two) = (HostnameId::from_bytes([1; 16]), HostnameId::from_bytes([2; 16]));
        let mut ends = Ends::default();
        ends.serves(one, vec![(at(0), at(3)), (at(0), at(5))]);
        ends.serves(two, vec![(at(0), at(4))]);
        ends.serves(two, vec![(at(3), at(9))]);
        assert_eq!(ends.next(), Some(at(5)));
        assert_eq!(ends.ended_by(at(6)), [(one, (at(0), at(5)))]);
        assert_eq!(ends.ended_by(at(6)), []);
        assert!(!ends.is_served(one, at(6)) && ends.is_served(two, at(6)));
        ends.serves(two, vec![]);
        assert_eq!(ends.next(), None);
    }
}
