//! When to renew: what the CA suggests (ARI, RFC 9773), else by the length of the certificate's life (behaviour.md 3.6;
//! issue of the renewal work for the rule of short lives).

use std::time::Duration as Span;

use time::Duration;

use super::Active;
use crate::{Timestamp, text::Explanation};

/// A CA is asked when to renew at least this often.
pub const ASK_DELAY_MAX: Span = Span::from_secs(12 * 3600);
/// And at most this often, whatever it says.
pub const ASK_DELAY_MIN: Span = Span::from_secs(60);
/// It is asked again after this time when it did not say when, or did not answer (RFC 9773 section 4.3.3).
pub const ASK_DELAY: Span = Span::from_secs(6 * 3600);

/// When the CA suggests to renew a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The start of the window.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
    /// Where the CA explains the window, if it does.
    pub explanation: Option<Explanation>,
}

/// What a CA answers when it is asked when to renew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The window.
    pub suggestion: Suggestion,
    /// After which time it wants to be asked again, if it said so.
    pub ask_after: Option<Span>,
}

/// When to begin the renewal of what is active: the CA's word, else the rule.
pub fn due(active: &Active) -> Timestamp {
    let facts = active.issued.chain.facts();
    match &active.suggestion {
        None => renew_at(facts.not_before, facts.not_after),
        Some(suggestion) => {
            let id = active.issued.id.as_bytes();
            let draw = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
            suggested(suggestion, draw, facts.not_before, facts.not_after)
        }
    }
}

/// The moment in the suggested window that `draw` stands for, of which each is as likely (RFC 9773 section 4.2). Drawn from
/// the certificate's own digest, so that asking again does not draw again. What lies before the certificate's beginning is no
/// part of the window. Never so late that a renewal could miss the end: of a life that is too short for a CA to be asked in
/// time, not later than by the rule.
pub fn suggested(
    suggestion: &Suggestion,
    draw: u32,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Timestamp {
    let start = suggestion.start.max(not_before);
    let length = (suggestion.end - start).max(Duration::ZERO);
    let moment = start + length * (f64::from(draw) / f64::from(u32::MAX));
    let life = not_after - not_before;
    let latest = match life < Duration::seconds_f64(2.0 * ASK_DELAY_MAX.as_secs_f64()) {
        true => renew_at(not_before, not_after),
        false => not_after - life / 10,
    };
    moment.min(latest)
}

/// When to ask the CA again.
pub fn ask_at(ask_after: Option<Span>, now: Timestamp) -> Timestamp {
    now + ask_after.unwrap_or(ASK_DELAY).clamp(ASK_DELAY_MIN, ASK_DELAY_MAX)
}

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

    const FROM: Timestamp = datetime!(2026-11-22 00:00 UTC);

    #[test]
    fn renewal_begins_the_published_time_before_the_end() {
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
            assert_eq!(renew_at(FROM, FROM + life), FROM + life - lead, "a life of {life}");
        }
    }

    #[test]
    fn the_ca_suggests_a_window_out_of_which_a_moment_is_drawn() {
        let day = |n| FROM + Duration::days(n);
        let end = day(90);
        for (start, until, draw, expected) in [
            (day(60), day(62), 0, day(60)),
            (day(60), day(62), u32::MAX, day(62)),
            (day(60), day(64), u32::MAX / 2, day(62)),
            // Revoked soon after it was issued: at once.
            (day(-2), day(-1), u32::MAX, day(0)),
            (day(-2), day(2), u32::MAX / 2, day(1)),
            // A window of no length, or turned round.
            (day(60), day(60), u32::MAX, day(60)),
            (day(60), day(50), u32::MAX, day(60)),
            // Too late to be safe: a tenth of its life before the end at the latest.
            (day(85), day(95), 0, day(81)),
        ] {
            let suggestion = Suggestion { start, end: until, explanation: None };
            let at = suggested(&suggestion, draw, FROM, end);
            assert!((at - expected).abs() < Duration::SECOND, "{at} is not {expected}");
        }
    }

    #[test]
    fn a_life_of_minutes_does_not_wait_for_a_window_of_days() {
        let end = FROM + Duration::minutes(3);
        let around = (FROM - Duration::days(1), FROM + Duration::days(1));
        let suggestion = Suggestion { start: around.0, end: around.1, explanation: None };
        for (draw, expected) in [(0, FROM), (u32::MAX, FROM + Duration::minutes(2))] {
            assert_eq!(suggested(&suggestion, draw, FROM, end), expected);
        }
    }

    #[test]
    fn the_ca_is_asked_as_often_as_it_wants_within_bounds() {
        for (wanted, expected) in [
            (None, ASK_DELAY),
            (Some(0), ASK_DELAY_MIN),
            (Some(3600), Span::from_secs(3600)),
            (Some(30 * 86_400), ASK_DELAY_MAX),
        ] {
            assert_eq!(ask_at(wanted.map(Span::from_secs), FROM), FROM + expected);
        }
    }
}
