//! What keeps a hostname from being served whoever proves what: the hold of the domain's owner, the operator's block list.

use super::{Blocked, BlockedCause, EventKind, Explanation, State, Verdict, watch::Terms};
use crate::{Timestamp, id::AccountId, name::Hostname, zone::Zone};

/// A name that the operator blocks, and all names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedName {
    /// The name.
    pub name: Hostname,
    /// Why, for whoever asks for it.
    pub reason: Explanation,
}

/// What stands in the way of a hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub cause: BlockedCause,
    /// It in words.
    pub why: Explanation,
}

/// What stands in the way of `name` in `account`: `above` has the zones named like it and like the names above it,
/// `blocked` the operator's list.
pub fn obstacle<'a>(
    name: &Hostname,
    account: AccountId,
    above: &[Zone],
    blocked: impl IntoIterator<Item = &'a BlockedName>,
    now: Timestamp,
) -> Option<Obstacle> {
    let is_of = |entry: &&BlockedName| name.as_dns().is_within(entry.name.as_str());
    if let Some(entry) = blocked.into_iter().find(is_of) {
        let why = Explanation::new(format!("{} is blocked: {}", entry.name, entry.reason));
        return Some(Obstacle { cause: BlockedCause::List, why });
    }
    let holder = above.iter().find(|zone| zone.account != account && zone.holds(name, now))?;
    let why = Explanation::new(format!("the owner of {} holds it", holder.name));
    Some(Obstacle { cause: BlockedCause::Hold, why })
}

/// What an obstacle, or its absence, makes of a state; `None` where nothing changes and the state is to be judged as ever.
///
/// A hold keeps others from beginning; what is active goes on. The block list ends what is active too.
pub fn obstruct(
    state: &State,
    obstacle: Option<&Obstacle>,
    terms: &Terms,
    now: Timestamp,
) -> Option<Verdict> {
    let block = |obstacle: &Obstacle, since: Timestamp| {
        State::Blocked(Blocked {
            cause: obstacle.cause,
            why: obstacle.why.clone(),
            since,
            next_check: now + terms.blocked_recheck,
        })
    };
    match (state, obstacle) {
        (State::Proven(_), Some(Obstacle { cause: BlockedCause::Hold, .. })) => None,
        (State::Unproven(_) | State::Proven(_), Some(obstacle)) => Some(Verdict {
            state: block(obstacle, now),
            event: Some(EventKind::OwnershipBlocked),
            detail: obstacle.why.clone(),
        }),
        (State::Blocked(blocked), Some(obstacle)) => Some(Verdict {
            state: block(obstacle, blocked.since),
            event: None,
            detail: obstacle.why.clone(),
        }),
        (State::Blocked(blocked), None) => Some(Verdict {
            state: State::new(now),
            event: Some(EventKind::OwnershipRestarted),
            detail: Explanation::new(format!("no longer in the way: {}", blocked.why)),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        delegation::DelegationId,
        id::ZoneId,
        ownership::{GivenUp, Leaving, Method, Moved, MovedWhy, Proven, Watch},
        zone::{State as ZoneState, ZoneHold, ZoneKind},
    };

    const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);

    fn account(number: u8) -> AccountId {
        AccountId::from_bytes([number; 16])
    }

    fn zone(name: &str, hold: Option<ZoneHold>) -> Zone {
        Zone {
            id: ZoneId::from_bytes([1; 16]),
            account: account(1),
            name: name.parse().unwrap(),
            kind: ZoneKind::Full,
            delegation: DelegationId::from_bytes([1; 8]),
            fallback: None,
            state: ZoneState::automatic(NOW),
            paused: false,
            original_name_servers: None,
            settings: Default::default(),
            hold,
            created_at: NOW,
            modified_at: NOW,
            version: 0,
        }
    }

    fn hold(includes_subdomains: bool, after: Timestamp) -> Option<ZoneHold> {
        Some(ZoneHold { includes_subdomains, after })
    }

    #[test]
    fn a_hold_keeps_others_from_the_name_and_with_subdomains_from_those_below() {
        let check = |name: &str, account_number, hold, expected: bool| {
            let zones = [zone("customer.com", hold)];
            let found = obstacle(&name.parse().unwrap(), account(account_number), &zones, [], NOW);
            assert_eq!(found.map(|o| o.cause), expected.then_some(BlockedCause::Hold), "{name}");
        };
        let later = NOW + BLOCKED;
        check("customer.com", 2, hold(false, NOW), true);
        check("app.customer.com", 2, hold(false, NOW), false);
        check("app.customer.com", 2, hold(true, NOW), true);
        check("a.b.customer.com", 2, hold(true, NOW), true);
        check("notcustomer.com", 2, hold(true, NOW), false);
        check("app.customer.com", 1, hold(true, NOW), false);
        check("app.customer.com", 2, hold(true, later), false);
        check("app.customer.com", 2, None, false);
        let pending =
            Zone { state: ZoneState::unproven(NOW), ..zone("customer.com", hold(true, NOW)) };
        let name = "app.customer.com".parse().unwrap();
        assert_eq!(obstacle(&name, account(2), &[pending], [], NOW), None, "a stranger's zone");
    }

    const BLOCKED: std::time::Duration = std::time::Duration::from_secs(60);

    #[test]
    fn the_block_list_is_for_names_and_all_below_in_every_account() {
        let entry = BlockedName {
            name: "bad.customer.org".parse().unwrap(),
            reason: Explanation::new("phishing"),
        };
        let check = |name: &str, expected: bool| {
            let found = obstacle(&name.parse().unwrap(), account(1), &[], [&entry], NOW);
            assert_eq!(found.map(|o| o.cause), expected.then_some(BlockedCause::List), "{name}");
        };
        check("bad.customer.org", true);
        check("login.bad.customer.org", true);
        check("verybad.customer.org", false);
        check("customer.org", false);
    }

    #[test]
    fn each_state_meets_each_obstacle() {
        let obstacle = |cause| Obstacle { cause, why: Explanation::new("why") };
        let terms = Terms::default();
        let proven = Proven {
            by: Method::Txt,
            at: NOW,
            evidence: Explanation::new("seen"),
            watch: Watch::default(),
        };
        let blocked = Blocked {
            cause: BlockedCause::Hold,
            why: Explanation::new("why"),
            since: NOW,
            next_check: NOW,
        };
        let moved = Moved { why: MovedWhy::NeverProven, since: NOW, failures: Vec::new() };
        // What becomes of it with a hold, with an entry of the list, and without anything.
        let table = [
            (State::new(NOW), ["blocked", "blocked", "-"]),
            (State::Proven(proven), ["-", "blocked", "-"]),
            (State::Blocked(blocked), ["blocked", "blocked", "unproven"]),
            (State::Moved(moved), ["-", "-", "-"]),
            (State::GivenUp(GivenUp { since: NOW }), ["-", "-", "-"]),
            (State::Leaving(Leaving { since: NOW }), ["-", "-", "-"]),
        ];
        for (state, expected) in table {
            let found = [Some(BlockedCause::Hold), Some(BlockedCause::List), None].map(|cause| {
                let obstacle = cause.map(obstacle);
                let verdict = obstruct(&state, obstacle.as_ref(), &terms, NOW);
                verdict.map_or("-", |verdict| verdict.state.kind().as_str())
            });
            assert_eq!(found, expected, "{state:?}");
        }
    }
}
