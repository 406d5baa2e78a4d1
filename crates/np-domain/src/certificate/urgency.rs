//! How urgent a renewal is that does not succeed: what is said about it grows louder, and looks come closer, as the end nears.
//!
//! A level is reached by the time that is left. It is said once, when it is reached; the certificate keeps the highest
//! that was said ([`Certificate::alarm`]) until its renewal is deployed.

use std::time::Duration as Span;

use time::Duration;

use super::{Active, Certificate, State, renewal};
use crate::{Timestamp, event::EventKind, text::Explanation};

/// In the last day another valid certificate for the name takes the place of the one that ends (behaviour.md 3.6).
pub const LAST_DAY: Duration = Duration::DAY;
/// Our own looks for a proof are no further apart than this part of the time that is left.
const LOOKS_PART: i32 = 8;
/// Nor closer than this, because of the time that is left.
const LOOK_MIN: Duration = Duration::minutes(5);
/// Once everything has ended, a look comes at least this often.
const LOOK_OVER: Duration = Duration::hours(1);

/// How urgent it is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A try has failed, and there is time.
    Failing,
    /// Half of the time for renewing is over.
    Late,
    /// Three quarters of it are.
    Urgent,
    /// The last day has begun; of short lives, the last seventh of that time.
    Critical,
    /// It has ended.
    Over,
}

impl Level {
    /// All of them, the least first, with the word that events, metrics and the store use.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Failing, "failing"),
        (Self::Late, "late"),
        (Self::Urgent, "urgent"),
        (Self::Critical, "critical"),
        (Self::Over, "over"),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("failing", |(_, word)| word)
    }

    /// The level with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(level, _)| *level)
    }

    /// The level when so much is `left` of the time `lead` that there is for renewing.
    pub fn of(left: Duration, lead: Duration) -> Self {
        match () {
            () if left <= Duration::ZERO => Self::Over,
            () if left <= LAST_DAY.min(lead / 7) => Self::Critical,
            () if left <= lead / 4 => Self::Urgent,
            () if left <= lead / 2 => Self::Late,
            () => Self::Failing,
        }
    }
}

/// How urgent the renewal is; `None` while it is not under way, or nothing of it has failed.
pub fn level(certificate: &Certificate, now: Timestamp) -> Option<Level> {
    let has_failed = !certificate.problems().is_empty();
    let first = first_to_end(certificate).filter(|_| has_failed)?;
    let facts = first.issued.chain.facts();
    let lead = facts.not_after - renewal::renew_at(facts.not_before, facts.not_after);
    Some(Level::of(facts.not_after - now, lead))
}

/// Of what was obtained, the one that ends first: the renewal is for it.
fn first_to_end(certificate: &Certificate) -> Option<&Active> {
    let obtained = certificate.active.iter().filter(|active| active.issued.origin.is_obtained());
    obtained.min_by_key(|active| active.issued.chain.not_after())
}

/// Raises the alarm to the present level, and lowers it once all is well; what is to be said when it has risen.
pub fn sound(
    certificate: &mut Certificate,
    now: Timestamp,
) -> Option<(EventKind, Explanation, Level)> {
    if matches!(certificate.attempt, State::Settled(_) | State::Kept(_) | State::Uploaded(_)) {
        certificate.alarm = None;
        return None;
    }
    let level = level(certificate, now)?;
    if certificate.alarm >= Some(level) {
        return None;
    }
    certificate.alarm = Some(level);
    let why = certificate.problems().first().map_or("", |problem| problem.message.as_str());
    let detail = format!("{}: {}. {why}", level.as_str(), served_until(certificate, now));
    Some((EventKind::RenewalLate, Explanation::new(detail), level))
}

/// What is served meanwhile, and until when, for people.
pub fn served_until(certificate: &Certificate, now: Timestamp) -> String {
    let Some(end) = certificate.ends_at() else { return "nothing is served".to_owned() };
    let (date, time) = (end.date(), clock_time(end));
    let by_another = certificate.active.iter().any(|active| active.issued.origin.is_borrowed());
    let what = match by_another {
        true => "another certificate of the zone stands in and is served",
        false => "the present certificate is served",
    };
    match end > now {
        true => format!("{what} until {date} {time} UTC"),
        false => format!("the certificate that is served ended on {date} {time} UTC"),
    }
}

fn clock_time(at: Timestamp) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// Brings our own next look closer when the end of what is served is near. What waits for a CA is left alone: that has its
/// reasons.
pub fn hasten(certificate: &mut Certificate, now: Timestamp) {
    let Some(first) = first_to_end(certificate) else { return };
    let left = first.issued.chain.not_after() - now;
    let wait = match left > Duration::ZERO {
        true => (left / LOOKS_PART).max(LOOK_MIN),
        false => LOOK_OVER,
    };
    let latest = now + wait;
    match &mut certificate.attempt {
        State::AwaitingControl(awaiting) => awaiting.next_check = awaiting.next_check.min(latest),
        State::Stalled(stalled) => stalled.retry_at = stalled.retry_at.map(|at| at.min(latest)),
        _ => {}
    }
}

/// No wait of ours is longer than this while so much is left.
pub fn look_within(left: Duration) -> Span {
    (left / LOOKS_PART).max(LOOK_MIN).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_time_is_left_the_higher_is_the_level() {
        let (day, hour) = (Duration::days, Duration::hours);
        for (left, lead, expected) in [
            (day(30), day(30), Level::Failing),
            (day(16), day(30), Level::Failing),
            (day(15), day(30), Level::Late),
            (day(8), day(30), Level::Late),
            (hour(180), day(30), Level::Urgent),
            (hour(25), day(30), Level::Urgent),
            (hour(24), day(30), Level::Critical),
            (Duration::SECOND, day(30), Level::Critical),
            (Duration::ZERO, day(30), Level::Over),
            (day(-3), day(30), Level::Over),
            // Of 30 days, renewal begins 7 before the end; of six, two.
            (day(4), day(7), Level::Failing),
            (day(2), day(7), Level::Late),
            (hour(41), day(7), Level::Urgent),
            (hour(24), day(7), Level::Critical),
            (hour(10), day(2), Level::Urgent),
            (hour(6), day(2), Level::Critical),
        ] {
            assert_eq!(Level::of(left, lead), expected, "{left} left of {lead}");
        }
    }

    #[test]
    fn every_level_has_a_word_of_its_own_and_its_place() {
        for (level, word) in Level::ALL {
            assert_eq!((Level::parse(word), level.as_str()), (Some(level), word));
        }
        assert!(Level::ALL.is_sorted_by_key(|(level, _)| *level));
    }

    #[test]
    fn looks_come_closer_as_the_end_nears() {
        for (left, expected) in [
            (Duration::days(8), 24 * 3600),
            (Duration::DAY, 3 * 3600),
            (Duration::HOUR, 450),
            (Duration::minutes(8), 300),
        ] {
            assert_eq!(look_within(left), Span::from_secs(expected), "{left} left");
        }
    }
}
