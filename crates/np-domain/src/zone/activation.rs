//! Whether a zone's account has shown that the name is its own: the state, and the pure steps between its values.
//!
//! Two proofs count. The account's key in TXT, at `cloudflare-verify.<zone>`, always does. The delegation of the zone to our
//! name servers proves a full zone, unless the name is *contested*: our name servers are the same for every account, so
//! that a delegation says that the owner is with us, and not which account is the owner's. Below an active zone of the
//! same account no proof is needed.
//!
//! Of several zones of one name in different accounts at most one is active: whoever proves it last. The one before is
//! then moved, and only a restart by its account lets it prove itself again, so that two zones whose keys stand in DNS
//! side by side do not take the name from each other for ever.

use std::time::Duration;

use super::{VerificationKey, Zone, ZoneKind, closest};
use crate::{
    Timestamp,
    name::DnsName,
    ports::{LookupFailure, TxtAnswer},
    schedule,
    text::Explanation,
};

/// How often the delegation of a zone that was proven by it is looked at again.
pub const RECHECK_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);
/// So many of those looks, one after the other, must see the zone with other name servers before it is moved.
pub const MISSES_MAX: u32 = 3;
/// So often are the former name servers of a zone looked for that needs no proof.
pub const ORIGINALS_TRIES: u32 = 10;

/// Where a zone stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was just added; nobody has looked for a proof yet.
    Initializing(Initializing),
    /// It is not proven.
    Pending(Pending),
    /// It is its account's.
    Active(Active),
    /// It was active and is no longer.
    Moved(Moved),
}

/// A state without what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// [`State::Initializing`]
    Initializing,
    /// [`State::Pending`]
    Pending,
    /// [`State::Active`]
    Active,
    /// [`State::Moved`]
    Moved,
}

impl Status {
    /// All of them with their words, which are those of the store, of logs and of the API.
    pub const ALL: [(&'static str, Self); 4] = [
        ("initializing", Self::Initializing),
        ("pending", Self::Pending),
        ("active", Self::Active),
        ("moved", Self::Moved),
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, status)| *status == self).map_or("", |(word, _)| word)
    }
}

/// How new zones become active in an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// By being added, unless another account has the name: accounts are trusted.
    #[default]
    Automatic,
    /// By proof.
    Verified,
}

/// Nobody has looked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initializing {
    /// When the first look is due.
    pub next_check: Timestamp,
}

/// Not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Since when.
    pub since: Timestamp,
    /// Looks so far.
    pub attempt: u32,
    /// When the next look is due; `None` after the last of the schedule.
    pub next_check: Option<Timestamp>,
    /// What is missing, with the remedy.
    pub why: Explanation,
}

/// Its account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Since when.
    pub since: Timestamp,
    /// How it was proven.
    pub by: Method,
    /// When the next look is due, at its delegation or for its former name servers; `None` when there is none.
    pub next_check: Option<Timestamp>,
    /// Looks without the wanted result, one after the other.
    pub misses: u32,
}

/// No longer its account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Since when.
    pub since: Timestamp,
    /// When it had last become active.
    pub active_since: Timestamp,
    /// Why.
    pub why: Explanation,
}

/// How a zone became active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Without a proof: this installation trusts its accounts, or the zone above is the same account's.
    Automatic,
    /// The zone is delegated to our name servers.
    Delegation,
    /// The key was found in TXT.
    Txt,
}

impl Method {
    /// The method's name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Delegation => "delegation",
            Self::Txt => "txt",
        }
    }
}

/// What must be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Who is to answer the zone's DNS.
    pub kind: ZoneKind,
    /// The key in TXT.
    pub key: VerificationKey,
    /// Our name servers.
    pub name_servers: Vec<DnsName>,
    /// Who else has the name.
    pub claim: Claim,
    /// Whether anything must be seen while the name is not contested.
    pub policy: Policy,
}

/// Who else has a zone's name, or one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody.
    Free,
    /// The closest active zone above is the same account's.
    Covered,
    /// Another account: it has the name or the closest active zone above, or wants the name too.
    Contested,
}

/// Who else has the name of `zone`; `around` has the zones at and above it.
pub fn claim(zone: &Zone, around: &[Zone]) -> Claim {
    let others = || around.iter().filter(|other| other.id != zone.id);
    let is_mine = |other: &Zone| other.account == zone.account;
    let is_wanted = |other: &Zone| {
        other.name == zone.name && !is_mine(other) && !matches!(other.state, State::Moved(_))
    };
    match closest(zone.name.as_dns(), others(), zone.account) {
        Some(closest) if is_mine(closest) => Claim::Covered,
        Some(_) => Claim::Contested,
        None if others().any(is_wanted) => Claim::Contested,
        None => Claim::Free,
    }
}

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The zone's NS records.
    pub name_servers: Result<Vec<DnsName>, LookupFailure>,
    /// The TXT records at [`VerificationKey::name`].
    pub txt: Result<TxtAnswer, LookupFailure>,
}

impl State {
    /// The state of a new zone that must be proven: to be looked at right away.
    pub fn unproven(now: Timestamp) -> Self {
        Self::Initializing(Initializing { next_check: now })
    }

    /// The state of a new zone that is active by being added. Its former name servers are looked for right away.
    pub fn automatic(now: Timestamp) -> Self {
        Self::Active(Active { since: now, by: Method::Automatic, next_check: Some(now), misses: 0 })
    }

    /// When a reconciler must look at it by itself; `None`: only when something happens.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Initializing(initializing) => Some(initializing.next_check),
            Self::Pending(pending) => pending.next_check,
            Self::Active(active) => active.next_check,
            Self::Moved(_) => None,
        }
    }

    /// The state without what it holds.
    pub fn status(&self) -> Status {
        match self {
            Self::Initializing(_) => Status::Initializing,
            Self::Pending(_) => Status::Pending,
            Self::Active(_) => Status::Active,
            Self::Moved(_) => Status::Moved,
        }
    }

    /// What is missing or was lost, for whoever has the domain.
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Self::Pending(pending) => Some(&pending.why),
            Self::Moved(moved) => Some(&moved.why),
            Self::Initializing(_) | Self::Active(_) => None,
        }
    }

    /// Whether the name is its account's now.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }

    /// When it last became active.
    pub fn active_since(&self) -> Option<Timestamp> {
        match self {
            Self::Active(active) => Some(active.since),
            Self::Moved(moved) => Some(moved.active_since),
            Self::Initializing(_) | Self::Pending(_) => None,
        }
    }
}

/// Judges one look. The next state; a moved zone stays as it is.
pub fn assess(state: &State, challenge: &Challenge, seen: &Observation, now: Timestamp) -> State {
    match state {
        State::Initializing(_) => judge(challenge, seen, (now, 0), now),
        State::Pending(pending) => judge(challenge, seen, (pending.since, pending.attempt), now),
        State::Active(active) => look_again(active, challenge, seen, now),
        State::Moved(_) => state.clone(),
    }
}

fn judge(
    challenge: &Challenge,
    seen: &Observation,
    (since, attempt): (Timestamp, u32),
    now: Timestamp,
) -> State {
    if let Some(by) = proof(challenge, seen) {
        let next_check = (by == Method::Delegation).then(|| now + RECHECK_PERIOD);
        return State::Active(Active { since: now, by, next_check, misses: 0 });
    }
    let next_check = schedule::activation_delay(attempt).map(|delay| now + delay);
    let why = missing(challenge, seen);
    State::Pending(Pending { since, attempt: attempt.saturating_add(1), next_check, why })
}

fn proof(challenge: &Challenge, seen: &Observation) -> Option<Method> {
    let holds_key = seen
        .txt
        .as_ref()
        .is_ok_and(|values| values.iter().any(|value| challenge.key.matches(value.value.as_str())));
    if holds_key {
        return Some(Method::Txt);
    }
    let is_delegated =
        challenge.kind == ZoneKind::Full && matches!(delegation(challenge, seen), Delegation::Ours);
    match challenge.claim {
        Claim::Contested => None,
        Claim::Covered => Some(Method::Automatic),
        Claim::Free if challenge.policy == Policy::Automatic => Some(Method::Automatic),
        Claim::Free => is_delegated.then_some(Method::Delegation),
    }
}

/// Whom a zone's NS records name.
enum Delegation {
    /// Our name servers, and no other.
    Ours,
    /// Ours beside these.
    Mixed(Vec<DnsName>),
    /// Others, or nobody.
    Elsewhere,
    /// It could not be seen.
    Unknown(LookupFailure),
}

fn delegation(challenge: &Challenge, seen: &Observation) -> Delegation {
    match &seen.name_servers {
        Err(why) if why.is_trouble() => Delegation::Unknown(why.clone()),
        Err(_) => Delegation::Elsewhere,
        Ok(servers) => {
            let others = others(servers, &challenge.name_servers);
            match others.len() {
                0 if servers.is_empty() => Delegation::Elsewhere,
                0 => Delegation::Ours,
                count if count < servers.len() => Delegation::Mixed(others),
                _ => Delegation::Elsewhere,
            }
        }
    }
}

fn others(servers: &[DnsName], ours: &[DnsName]) -> Vec<DnsName> {
    servers.iter().filter(|server| !ours.contains(server)).cloned().collect()
}

/// The name servers that the zone had before ours, as far as a look shows them.
pub fn original_name_servers(seen: &Observation, ours: &[DnsName]) -> Option<Vec<DnsName>> {
    let mut found = others(seen.name_servers.as_ref().ok()?, ours);
    found.sort_unstable();
    (!found.is_empty()).then_some(found)
}

/// What is missing, for whoever has the domain. It tells nothing about other accounts that public DNS does not.
fn missing(challenge: &Challenge, seen: &Observation) -> Explanation {
    let key = format!("a TXT record `{}` at `cloudflare-verify` within the zone", challenge.key);
    let ours = words(&challenge.name_servers);
    let or_key = format!("or set {key}");
    Explanation::new(match (challenge.kind, delegation(challenge, seen)) {
        (ZoneKind::Partial, _) => match &seen.txt {
            Err(why) if why.is_trouble() => format!("TXT look-up: {why}. Wanted is {key}."),
            Ok(_) => format!("The TXT record has another value. Wanted is {key}."),
            Err(_) => format!("Not found: {key}."),
        },
        (ZoneKind::Full, Delegation::Ours) => {
            format!("The delegation alone does not show whose the domain is. Set {key}.")
        }
        (ZoneKind::Full, Delegation::Mixed(others)) => format!(
            "The zone also names {}; leave only {ours} at the registrar, {or_key}.",
            words(&others)
        ),
        (ZoneKind::Full, Delegation::Unknown(why)) => {
            format!("NS look-up: {why}. Set {ours} at the registrar, {or_key}.")
        }
        (ZoneKind::Full, Delegation::Elsewhere) => {
            format!("The zone has other name servers; set {ours} at the registrar, {or_key}.")
        }
    })
}

fn words(names: &[DnsName]) -> String {
    names.iter().map(DnsName::as_str).collect::<Vec<_>>().join(" and ")
}

/// A further look at an active zone: whether it is still delegated to us, or what its former name servers were.
fn look_again(active: &Active, challenge: &Challenge, seen: &Observation, now: Timestamp) -> State {
    let stays = |next_check, misses| State::Active(Active { next_check, misses, ..active.clone() });
    match (active.by, delegation(challenge, seen)) {
        // Not looked at while its DNS is elsewhere on purpose; what was missed before still counts when it comes back.
        (Method::Delegation, _) if challenge.kind == ZoneKind::Partial => {
            stays(None, active.misses)
        }
        (Method::Delegation, Delegation::Elsewhere) if active.misses + 1 >= MISSES_MAX => {
            let why = format!(
                "The zone has other name servers than {} since {MISSES_MAX} looks.",
                words(&challenge.name_servers)
            );
            moved(active, Explanation::new(why), now)
        }
        (Method::Delegation, Delegation::Elsewhere) => {
            stays(Some(now + RECHECK_PERIOD), active.misses + 1)
        }
        // What could not be seen says nothing, neither for nor against.
        (Method::Delegation, Delegation::Unknown(_)) => {
            stays(Some(now + RECHECK_PERIOD), active.misses)
        }
        (Method::Delegation, _) => stays(Some(now + RECHECK_PERIOD), 0),
        (_, Delegation::Unknown(_)) if active.misses + 1 < ORIGINALS_TRIES => {
            let delay = schedule::activation_delay(active.misses);
            stays(delay.map(|delay| now + delay), active.misses + 1)
        }
        _ => stays(None, 0),
    }
}

fn moved(active: &Active, why: Explanation, now: Timestamp) -> State {
    State::Moved(Moved { since: now, active_since: active.since, why })
}

/// Another account has proven a zone of the same name; `None` for a zone that has nothing to lose.
pub fn claim_elsewhere(state: &State, now: Timestamp) -> Option<State> {
    let State::Active(active) = state else { return None };
    let why = Explanation::new("Another account has shown that the domain is its own.");
    Some(moved(active, why, now))
}

/// Looks anew and at once, as the API's activation check asks for; `None` where there is nothing to find out.
pub fn restart(state: &State, now: Timestamp) -> Option<State> {
    match state {
        State::Initializing(_) => Some(State::unproven(now)),
        State::Pending(pending) => {
            Some(State::Pending(Pending { attempt: 0, next_check: Some(now), ..pending.clone() }))
        }
        State::Active(active) if active.by == Method::Delegation => {
            Some(State::Active(Active { next_check: Some(now), ..active.clone() }))
        }
        State::Active(_) => None,
        State::Moved(moved) => Some(State::Pending(Pending {
            since: now,
            attempt: 0,
            next_check: Some(now),
            why: moved.why.clone(),
        })),
    }
}

/// The zone's DNS is answered by somebody else from now on, or by us again. What proves it, and what is looked at again, is
/// another thing then: it is looked at at once. A moved zone stays moved.
pub fn retype(state: &State, now: Timestamp) -> State {
    match state {
        State::Moved(_) => state.clone(),
        _ => restart(state, now).unwrap_or_else(|| state.clone()),
    }
}

#[cfg(test)]
mod tests;
