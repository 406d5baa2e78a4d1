//! The rules of ownership: pure steps from a state and what was seen to the next state.

use super::{
    Blocked, CnameChain, Failure, GivenUp, Leaving, MOVED_GRACE, Method, Moved, MovedWhy,
    Observation, Proven, Seen, State, Unproven,
};
use crate::{
    Timestamp,
    custom_hostname::OwnershipToken,
    event::EventKind,
    ports::{LookupFailure, ProbeFailure},
    schedule,
    text::Explanation,
    zone::CnameTarget,
};

/// What must be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The token, by TXT or HTTP.
    pub token: OwnershipToken,
    /// Where a CNAME must lead; `None`: nowhere, because the zone is not its account's.
    pub target: Option<CnameTarget>,
    /// Whether the zone has a fallback origin, or the hostname an origin of its own.
    pub has_origin: bool,
}

/// The next state, and what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The next state.
    pub state: State,
    /// What happened.
    pub event: EventKind,
    /// The evidence.
    pub detail: Explanation,
}

/// Judges one check of a hostname that is still unproven; `None` in every other state, where nothing is to be judged.
///
/// TXT, HTTP and CNAME count alike and the first that holds is named. After the last try of the schedule the
/// hostname is moved (behaviour.md 9.1).
pub fn assess(
    state: &State,
    challenge: &Challenge,
    seen: &Observation,
    now: Timestamp,
) -> Option<Verdict> {
    let State::Unproven(unproven) = state else { return None };
    if challenge.has_origin
        && let Some((by, evidence)) = proof(challenge, seen)
    {
        let detail = Explanation::new(format!("by {}: {evidence}", by.as_str()));
        let state = State::Proven(Proven { by, at: now, evidence });
        return Some(Verdict { state, event: EventKind::OwnershipProven, detail });
    }
    Some(unseen(unproven, failures(challenge, seen), now))
}

fn proof(challenge: &Challenge, seen: &Observation) -> Option<(Method, Explanation)> {
    let holds = |seen: &&Seen| challenge.token.matches(seen.value.as_str());
    if let Ok(values) = &seen.txt
        && let Some(found) = values.iter().find(holds)
    {
        return Some((
            Method::Txt,
            Explanation::new(format!("token in TXT, seen by {}", found.from)),
        ));
    }
    if let Ok(body) = &seen.http
        && holds(&body)
    {
        return Some((Method::Http, Explanation::new(format!("token served by {}", body.from))));
    }
    if let Ok(CnameChain::To(names)) = &seen.cname
        && let Some(last) = names.last()
        && challenge.target.as_ref().is_some_and(|target| target.accepts(last))
    {
        return Some((Method::Cname, Explanation::new(format!("CNAME to {last}"))));
    }
    None
}

fn failures(challenge: &Challenge, seen: &Observation) -> Vec<Failure> {
    if !challenge.has_origin {
        return vec![Failure::NoFallbackOrigin];
    }
    let mut failures = match &seen.cname {
        _ if challenge.target.is_none() => vec![Failure::ZoneNotActive],
        Ok(CnameChain::Loop) => vec![Failure::CnameLoop],
        Ok(CnameChain::TooLong) => vec![Failure::CnameTooLong],
        _ => vec![Failure::NotPointedHere],
    };
    let unreachable = |what: &str, why: &LookupFailure| {
        Failure::Unreachable(Explanation::new(format!("{what}: {why}")))
    };
    if let Err(why) = &seen.txt
        && why.is_trouble()
    {
        failures.push(unreachable("TXT look-up", why));
    }
    if let Err(why) = &seen.cname
        && why.is_trouble()
    {
        failures.push(unreachable("CNAME look-up", why));
    }
    failures
}

fn unseen(unproven: &Unproven, failures: Vec<Failure>, now: Timestamp) -> Verdict {
    let attempt = unproven.attempt + 1;
    let detail = Explanation::new(format!("try {attempt} of {}", schedule::OWNERSHIP_TRIES));
    // Try number n (from 0) is followed by delay n; the last one is followed by the verdict.
    match schedule::ownership_delay(unproven.attempt)
        .filter(|_| attempt < schedule::OWNERSHIP_TRIES)
    {
        Some(delay) => {
            let state = State::Unproven(Unproven {
                since: unproven.since,
                attempt,
                next_check: now + delay,
                failures,
            });
            Verdict { state, event: EventKind::OwnershipUnproven, detail }
        }
        None => {
            let state = State::Moved(Moved { why: MovedWhy::NeverProven, since: now, failures });
            Verdict { state, event: EventKind::OwnershipMoved, detail }
        }
    }
}

/// Begins the checks anew, as a PATCH with the same `ssl` asks for; `None` where there is nothing to check: a proven
/// hostname stays proven, a leaving one stays leaving.
pub fn restart(state: &State, now: Timestamp) -> Option<Verdict> {
    match state {
        State::Unproven(_)
        | State::Moved(_)
        | State::GivenUp(_)
        | State::Blocked(Blocked { .. }) => Some(Verdict {
            state: State::new(now),
            event: EventKind::OwnershipRestarted,
            detail: Explanation::new("asked for by the API"),
        }),
        State::Proven(_) | State::Leaving(_) => None,
    }
}

/// Another zone proved the same name: last validated wins (behaviour.md 2.4). `None` unless this one was proven.
pub fn claim_elsewhere(state: &State, now: Timestamp) -> Option<Verdict> {
    state.proof()?;
    Some(Verdict {
        state: State::Moved(Moved {
            why: MovedWhy::ProvenElsewhere,
            since: now,
            failures: Vec::new(),
        }),
        event: EventKind::OwnershipMoved,
        detail: Explanation::new("the same hostname was validated later in another zone"),
    })
}

/// Gives a hostname up that has been moved for [`MOVED_GRACE`]; `None` before.
pub fn give_up(state: &State, now: Timestamp) -> Option<Verdict> {
    match state {
        State::Moved(moved) if now >= moved.since + MOVED_GRACE => Some(Verdict {
            state: State::GivenUp(GivenUp { since: now }),
            event: EventKind::OwnershipGivenUp,
            detail: Explanation::new("moved for 7 days"),
        }),
        _ => None,
    }
}

/// Accepts the deletion; `None` when it was accepted before.
pub fn leave(state: &State, now: Timestamp) -> Option<Verdict> {
    match state {
        State::Leaving(_) => None,
        _ => Some(Verdict {
            state: State::Leaving(Leaving { since: now }),
            event: EventKind::Deleted,
            detail: Explanation::new("asked for by the API"),
        }),
    }
}

/// An observation in which nothing was found.
impl Default for Observation {
    fn default() -> Self {
        Self {
            txt: Err(LookupFailure::NoSuchName),
            http: Err(ProbeFailure::NoAddress),
            cname: Ok(CnameChain::None),
        }
    }
}

#[cfg(test)]
mod tests;
