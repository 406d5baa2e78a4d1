//! How an active hostname is watched: whether it still leads here, and what follows when it does not.
//!
//! A token may go once it has done its work (behaviour.md 2.1), and a hostname that was proven by one may not lead here yet:
//! so only what once led here can leave. It leaves by leading elsewhere for as long as [`Terms::moved_grace`], seen
//! [`DOUBTS_MIN`] times at least. A look-up that fails says nothing, however often it fails.

use std::time::Duration;

use super::{
    Challenge, CnameChain, EventKind, Explanation, Failure, Method, Moved, MovedWhy, Observation,
    Proven, State, Verdict, assess,
};
use crate::{Timestamp, custom_hostname::OwnershipToken};

/// How often an active hostname is looked at: a million of them are 12 looks a second.
pub const RECHECK_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// How long a hostname may lead elsewhere before it counts as moved: a weekend, and a day to mend what went wrong.
pub const ELSEWHERE_GRACE: Duration = Duration::from_secs(3 * 24 * 3600);
/// How often a blocked hostname is looked at.
pub const BLOCKED_RECHECK: Duration = Duration::from_secs(3600);
/// A hostname counts as moved only after it was seen to lead elsewhere this often.
pub const DOUBTS_MIN: u32 = 3;
/// In doubt it is looked at this often in the time of grace.
const LOOKS_IN_DOUBT: u32 = 24;
/// No two looks in doubt are closer than this.
const DOUBT_PAUSE_MIN: Duration = Duration::from_secs(60);

/// What an operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How often an active hostname is looked at; `None`: never.
    pub recheck_interval: Option<Duration>,
    /// How long it may lead elsewhere before it counts as moved.
    pub moved_grace: Duration,
    /// How often a blocked hostname is looked at.
    pub blocked_recheck: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            recheck_interval: Some(RECHECK_INTERVAL),
            moved_grace: ELSEWHERE_GRACE,
            blocked_recheck: BLOCKED_RECHECK,
        }
    }
}

/// What is known of where an active hostname leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    /// When to look again; `None`: never.
    pub next_check: Option<Timestamp>,
    /// When it was last seen to lead here, by CNAME or addresses; `None`: not yet.
    pub led_here: Option<Timestamp>,
    /// That it leads elsewhere; `None` as long as it does not.
    pub doubt: Option<Doubt>,
}

/// A hostname that led here leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Since when.
    pub since: Timestamp,
    /// How often it was seen.
    pub looks: u32,
    /// What was seen.
    pub failures: Vec<Failure>,
}

impl Watch {
    /// Of a hostname that was proven now.
    pub(super) fn begin(by: Method, token: &OwnershipToken, terms: &Terms, now: Timestamp) -> Self {
        let led_here = leads_here(by).then_some(now);
        Self { next_check: next(token, terms, now), led_here, doubt: None }
    }
}

fn leads_here(by: Method) -> bool {
    matches!(by, Method::Apex | Method::Cname)
}

/// When to look again: the interval and up to a quarter less or more, so that what was proven in one minute is not looked at
/// in one minute for ever. Which it is follows from the token, which is random, and from the day.
fn next(token: &OwnershipToken, terms: &Terms, now: Timestamp) -> Option<Timestamp> {
    let interval = terms.recheck_interval?;
    let (high, low) = token.as_uuid().as_u64_pair();
    let seed = high ^ low ^ now.unix_timestamp().cast_unsigned();
    // Fibonacci hashing: the upper half depends on every bit.
    let share = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as f64 / f64::from(u32::MAX);
    Some(now + interval.mul_f64(0.75 + share / 2.0))
}

/// What one look at an active hostname showed.
enum Place {
    Here(Method, Explanation),
    Elsewhere,
    Unknown,
}

/// Judges one look at an active hostname.
pub(super) fn judge(
    proven: &Proven,
    challenge: &Challenge,
    seen: &Observation,
    now: Timestamp,
) -> Verdict {
    match place(challenge, seen) {
        Place::Here(by, evidence) => here(proven, challenge, by, &evidence, now),
        Place::Elsewhere if proven.watch.led_here.is_some() => {
            elsewhere(proven, challenge, seen, now)
        }
        Place::Elsewhere => quiet(
            proven,
            Watch {
                next_check: next(&challenge.token, &challenge.terms, now),
                ..proven.watch.clone()
            },
        ),
        Place::Unknown => {
            let next_check = match &proven.watch.doubt {
                Some(_) => Some(now + pause(&challenge.terms)),
                None => next(&challenge.token, &challenge.terms, now),
            };
            quiet(proven, Watch { next_check, ..proven.watch.clone() })
        }
    }
}

fn place(challenge: &Challenge, seen: &Observation) -> Place {
    // The zone is not its account's at the moment: that is no fault of the hostname's.
    if challenge.target.is_none() {
        return Place::Unknown;
    }
    if let Some((by, evidence)) = assess::proof(challenge, seen) {
        return Place::Here(by, evidence);
    }
    let addresses = match challenge.prefixes.is_empty() {
        true => None,
        false => seen.addresses.as_ref().err(),
    };
    let unknown = seen.cname.as_ref().err().or(addresses).is_some_and(|why| why.is_trouble());
    // A token that cannot be looked for may still be there.
    let token = seen.txt.as_ref().err().is_some_and(|why| why.is_trouble());
    if unknown || token { Place::Unknown } else { Place::Elsewhere }
}

fn here(
    proven: &Proven,
    challenge: &Challenge,
    by: Method,
    evidence: &Explanation,
    now: Timestamp,
) -> Verdict {
    let watch = Watch {
        next_check: next(&challenge.token, &challenge.terms, now),
        led_here: if leads_here(by) { Some(now) } else { proven.watch.led_here },
        doubt: None,
    };
    let verdict = quiet(proven, watch);
    match proven.watch.doubt {
        None => verdict,
        Some(_) => Verdict {
            event: Some(EventKind::OwnershipConfirmed),
            detail: Explanation::new(format!("by {}: {evidence}", by.as_str())),
            ..verdict
        },
    }
}

fn elsewhere(
    proven: &Proven,
    challenge: &Challenge,
    seen: &Observation,
    now: Timestamp,
) -> Verdict {
    let failures = assess::failures(challenge, seen);
    let (since, looks) = match &proven.watch.doubt {
        Some(doubt) => (doubt.since, doubt.looks + 1),
        None => (now, 1),
    };
    let place = words(seen);
    if now >= since + challenge.terms.moved_grace && looks >= DOUBTS_MIN {
        let detail =
            format!("it has led elsewhere since {}, seen {looks} times: {place}", since.date());
        return Verdict {
            state: State::Moved(Moved { why: MovedWhy::PointsElsewhere, since: now, failures }),
            event: Some(EventKind::OwnershipMoved),
            detail: Explanation::new(detail),
        };
    }
    let watch = Watch {
        next_check: Some(now + pause(&challenge.terms)),
        doubt: Some(Doubt { since, looks, failures }),
        ..proven.watch.clone()
    };
    let verdict = quiet(proven, watch);
    if looks > 1 {
        return verdict;
    }
    let until = since + challenge.terms.moved_grace;
    let detail =
        format!("it leads elsewhere, and is moved from {until} on if it stays so: {place}");
    Verdict {
        event: Some(EventKind::OwnershipDoubted),
        detail: Explanation::new(detail),
        ..verdict
    }
}

fn words(seen: &Observation) -> String {
    match &seen.cname {
        Ok(CnameChain::To(names)) => match names.last() {
            Some(last) => format!("CNAME to {last}"),
            None => "no CNAME".to_owned(),
        },
        Ok(CnameChain::Loop) => "CNAMEs in a circle".to_owned(),
        Ok(CnameChain::TooLong) => "too many CNAMEs".to_owned(),
        Ok(CnameChain::None) => "no CNAME".to_owned(),
        Err(why) => why.to_string(),
    }
}

/// How long to wait in doubt.
fn pause(terms: &Terms) -> Duration {
    let pause = (terms.moved_grace / LOOKS_IN_DOUBT).max(DOUBT_PAUSE_MIN);
    terms.recheck_interval.map_or(pause, |interval| pause.min(interval))
}

fn quiet(proven: &Proven, watch: Watch) -> Verdict {
    let state = State::Proven(Proven { watch, ..proven.clone() });
    Verdict { state, event: None, detail: Explanation::new("") }
}

#[cfg(test)]
mod tests;
