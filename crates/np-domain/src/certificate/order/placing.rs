//! From an order that is wanted to one that a CA has: placed, queued for its turn, declined or put off.

use std::time::Duration;

use super::{
    ORDER_RETRY_FIRST, ORDER_RETRY_MAX, ORDERING_WAIT_MAX, Step, gives_way, more_urgent, names,
    problem, stalled,
};
use crate::{
    Timestamp,
    certificate::{
        AuthorityName, AwaitingControl, Certificate, Declined, Order, Ordering, Phase, Problem,
        Queued, State, Tries,
    },
    event::EventKind,
    ports::{AuthorityError, Publish},
    schedule,
    text::Explanation,
};

/// The order was placed: its proofs must become visible. A first try looks at once; later ones keep to the schedule.
pub fn placed(ordering: &Ordering, order: Order, now: Timestamp) -> Step {
    let wait = match ordering.tries.failed {
        0 => Duration::ZERO,
        failed => schedule::dcv_delay(failed - 1).unwrap_or(schedule::DELAY_MAX),
    };
    let detail = format!("{} for {}: {}", order.authority.as_str(), names(&order), order.url);
    let mut tries = ordering.tries.clone();
    tries.declined.retain(|said| said.authority != order.authority);
    let state = State::AwaitingControl(AwaitingControl {
        order,
        tries,
        placed_at: now,
        next_check: now + wait,
    });
    Step::told(state, EventKind::CertificateOrdered, detail, Publish::Yes)
}

/// The order waits for its turn within a CA's limits. That is nobody's failure: no try is counted, and the time in which an
/// order must be placed begins after it.
pub fn queued(ordering: &Ordering, queued: Queued, look_at: Timestamp, now: Timestamp) -> Step {
    let is_new = ordering
        .queued
        .is_none_or(|old| (old.authority, old.budget) != (queued.authority, queued.budget));
    let mut tries = ordering.tries.clone();
    if tries.failed == 0 && tries.declined.is_empty() {
        tries.since = now;
    }
    let detail = format!(
        "{} limits {}: its turn is expected at {}",
        queued.authority.as_str(),
        queued.budget.meaning(),
        queued.expected_at
    );
    let state = State::Ordering(Ordering {
        tries,
        next_try: look_at,
        queued: Some(queued),
        ..ordering.clone()
    });
    match is_new {
        true => Step::told(state, EventKind::OrderQueued, detail, Publish::No),
        false => Step::quiet(state),
    }
}

/// `authority`, the only one that can be asked, did not take the order. See [`declined`].
pub fn not_placed(
    certificate: &Certificate,
    ordering: &Ordering,
    authority: AuthorityName,
    why: &AuthorityError,
    now: Timestamp,
) -> Step {
    declined(certificate, ordering, (authority, why), &[authority], now)
}

/// A CA did not take the order: the next of `candidates`, in their order, is asked at once, and each that has declined again
/// later, more slowly each time, until [`ORDERING_WAIT_MAX`].
pub fn declined(
    certificate: &Certificate,
    ordering: &Ordering,
    (authority, why): (AuthorityName, &AuthorityError),
    candidates: &[AuthorityName],
    now: Timestamp,
) -> Step {
    let mut tries = ordering.tries.clone();
    decline(&mut tries, authority, problem(why), asked_for(why), now);
    tries.problems = tries.declined.iter().map(told_again).collect();
    let detail = format!("{}: {why}", authority.as_str());
    if let Some(urgent) = more_urgent(certificate, ordering.key_type, now) {
        return gives_way(urgent, now);
    }
    if now >= tries.since + ORDERING_WAIT_MAX {
        return stalled(certificate, ordering.key_type, Phase::Ordering, tries, now);
    }
    let next_try = candidates.iter().map(|candidate| free_at(&tries, *candidate, now)).min();
    let state = State::Ordering(Ordering {
        key_type: ordering.key_type,
        next_try: next_try.unwrap_or_else(|| free_at(&tries, authority, now)),
        tries,
        refusals: ordering.refusals.saturating_add(1),
        queued: None,
    });
    Step::told(state, EventKind::OrderFailed, detail, Publish::No)
}

/// Nobody can be asked before `until`, because every CA is down or has declined: the order waits.
pub fn postponed(ordering: &Ordering, until: Timestamp) -> Step {
    let next_try = until;
    Step::quiet(State::Ordering(Ordering { next_try, queued: None, ..ordering.clone() }))
}

/// Notes that a CA has declined; once more than before if it did so before.
pub(super) fn decline(
    tries: &mut Tries,
    authority: AuthorityName,
    problem: Problem,
    asked: Duration,
    now: Timestamp,
) {
    let before = tries.declined.iter().find(|said| said.authority == authority);
    let times = before.map_or(0, |said| said.times);
    let wait = ORDER_RETRY_FIRST.saturating_mul(1 << times.min(10)).min(ORDER_RETRY_MAX).max(asked);
    tries.declined.retain(|said| said.authority != authority);
    let times = times.saturating_add(1);
    tries.declined.push(Declined { authority, times, until: now + wait, problem });
}

/// How long the CA wants to be left alone, as far as it said.
fn asked_for(why: &AuthorityError) -> Duration {
    match why {
        AuthorityError::RateLimited { retry_after, .. } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

pub(super) fn free_at(tries: &Tries, authority: AuthorityName, now: Timestamp) -> Timestamp {
    let said = tries.declined.iter().find(|said| said.authority == authority);
    said.map_or(now, |said| said.until)
}

/// Which CA said it, and when it is asked again.
pub(super) fn told_again(said: &Declined) -> Problem {
    let words = said.problem.message.as_str().trim_end_matches('.');
    let message = format!(
        "{words}. ({} is asked again after {} UTC on {}.)",
        said.authority.as_str(),
        clock_time(said.until),
        said.until.date()
    );
    Problem { actor: said.problem.actor, message: Explanation::new(message) }
}

pub(super) fn clock_time(at: Timestamp) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}
