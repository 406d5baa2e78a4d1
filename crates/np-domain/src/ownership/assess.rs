//! The rules of ownership: pure steps from a state and what was seen to the next state.

use std::net::IpAddr;

use super::{
    CnameChain, Failure, GivenUp, Leaving, MOVED_GRACE, Method, Moved, MovedWhy, Observation,
    Proven, Seen, State, Terms, Unproven, Watch, watch,
};
use crate::{
    Timestamp,
    custom_hostname::OwnershipToken,
    event::EventKind,
    network::AddressRange,
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
    /// Addresses that are the account's own: a hostname all of whose addresses are among them leads here.
    pub prefixes: Vec<AddressRange>,
    /// What the operator has set.
    pub terms: Terms,
}

/// The next state, and what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The next state.
    pub state: State,
    /// What happened; `None` when it is not worth remembering.
    pub event: Option<EventKind>,
    /// The evidence.
    pub detail: Explanation,
}

/// Judges one check of a hostname that is unproven, or active and watched; `None` in every other state, where nothing is to be
/// judged.
///
/// TXT, HTTP, CNAME and addresses count alike and the first that holds is named. After the last try of the schedule the
/// hostname is moved (behaviour.md 9.1). A check before its time, because the hostname was asked for somewhere, is no try.
pub fn assess(
    state: &State,
    challenge: &Challenge,
    seen: &Observation,
    now: Timestamp,
) -> Option<Verdict> {
    let unproven = match state {
        State::Unproven(unproven) => unproven,
        State::Proven(proven) => return Some(watch::judge(proven, challenge, seen, now)),
        _ => return None,
    };
    if challenge.has_origin
        && let Some((by, evidence)) = proof(challenge, seen)
    {
        let detail = Explanation::new(format!("by {}: {evidence}", by.as_str()));
        let watch = Watch::begin(by, &challenge.token, &challenge.terms, now);
        let state = State::Proven(Proven { by, at: now, evidence, watch });
        return Some(Verdict { state, event: Some(EventKind::OwnershipProven), detail });
    }
    let failures = failures(challenge, seen);
    Some(match now < unproven.next_check {
        true => unseen_early(unproven, failures, seen),
        false => unseen(unproven, failures, seen, now),
    })
}

/// Whether what was seen so far proves ownership.
pub fn is_proof(challenge: &Challenge, seen: &Observation) -> bool {
    challenge.has_origin && proof(challenge, seen).is_some()
}

pub(super) fn proof(challenge: &Challenge, seen: &Observation) -> Option<(Method, Explanation)> {
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
    apex(challenge, seen)
}

/// Each address must be the account's: of two, one elsewhere gets half of the visitors. Addresses of a zone that is not its
/// account's prove nothing, as with a CNAME.
fn apex(challenge: &Challenge, seen: &Observation) -> Option<(Method, Explanation)> {
    let addresses = seen.addresses.as_ref().ok()?;
    let is_ours = |ip: &IpAddr| challenge.prefixes.iter().any(|range| range.contains(*ip));
    if challenge.target.is_none() || addresses.is_empty() || !addresses.iter().all(is_ours) {
        return None;
    }
    let words: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    Some((Method::Apex, Explanation::new(format!("all addresses are ours: {}", words.join(", ")))))
}

pub(super) fn failures(challenge: &Challenge, seen: &Observation) -> Vec<Failure> {
    if !challenge.has_origin {
        return vec![Failure::NoFallbackOrigin];
    }
    let mut failures = match &seen.cname {
        _ if challenge.target.is_none() => vec![Failure::ZoneNotActive],
        Ok(CnameChain::Loop) => vec![Failure::CnameLoop],
        Ok(CnameChain::TooLong) => vec![Failure::CnameTooLong],
        _ if !challenge.prefixes.is_empty() => vec![Failure::AddressesElsewhere],
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
    if !challenge.prefixes.is_empty()
        && let Err(why) = &seen.addresses
        && why.is_trouble()
    {
        failures.push(unreachable("address look-up", why));
    }
    failures
}

/// A look before its time changes nothing but the reasons: whoever asks for names cannot use their tries up.
fn unseen_early(unproven: &Unproven, failures: Vec<Failure>, seen: &Observation) -> Verdict {
    let is_news = failures != unproven.failures;
    Verdict {
        state: State::Unproven(Unproven { failures, ..unproven.clone() }),
        event: is_news.then_some(EventKind::OwnershipUnproven),
        detail: Explanation::new(format!("looked before the next try: {}", seen.words())),
    }
}

fn unseen(
    unproven: &Unproven,
    failures: Vec<Failure>,
    seen: &Observation,
    now: Timestamp,
) -> Verdict {
    let attempt = unproven.attempt + 1;
    let detail = Explanation::new(format!(
        "try {attempt} of {}: {}",
        schedule::OWNERSHIP_TRIES,
        seen.words()
    ));
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
            Verdict { state, event: Some(EventKind::OwnershipUnproven), detail }
        }
        None => {
            let state = State::Moved(Moved { why: MovedWhy::NeverProven, since: now, failures });
            Verdict { state, event: Some(EventKind::OwnershipMoved), detail }
        }
    }
}

/// Begins the checks anew, as a PATCH with the same `ssl` asks for; `None` where there is nothing to check: a proven
/// hostname stays proven, and is looked at at once where it is in doubt; a leaving one stays leaving.
pub fn restart(state: &State, now: Timestamp) -> Option<Verdict> {
    match state {
        State::Unproven(_) | State::Moved(_) | State::GivenUp(_) | State::Blocked(_) => {
            Some(Verdict {
                state: State::new(now),
                event: Some(EventKind::OwnershipRestarted),
                detail: Explanation::new("asked for by the API"),
            })
        }
        State::Proven(proven) if proven.watch.doubt.is_some() => {
            let watch = Watch { next_check: Some(now), ..proven.watch.clone() };
            Some(Verdict {
                state: State::Proven(Proven { watch, ..proven.clone() }),
                event: Some(EventKind::OwnershipRestarted),
                detail: Explanation::new("asked for by the API"),
            })
        }
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
        event: Some(EventKind::OwnershipMoved),
        detail: Explanation::new("the same hostname was validated later in another zone"),
    })
}

/// Gives a hostname up that has been moved for [`MOVED_GRACE`]; `None` before.
pub fn give_up(state: &State, now: Timestamp) -> Option<Verdict> {
    match state {
        State::Moved(moved) if now >= moved.since + MOVED_GRACE => Some(Verdict {
            state: State::GivenUp(GivenUp { since: now }),
            event: Some(EventKind::OwnershipGivenUp),
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
            event: Some(EventKind::Deleted),
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
            addresses: Err(LookupFailure::NoRecords),
        }
    }
}

#[cfg(test)]
mod tests;
