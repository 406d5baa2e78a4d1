//! Tables of the rules: who is proven by what, and what follows.

use time::macros::datetime;

use super::*;
use crate::{
    delegation::DelegationId,
    id::{AccountId, ZoneId},
    ownership::Seen,
};

const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);
const BEFORE: Timestamp = datetime!(2026-11-01 12:00 UTC);

fn key() -> VerificationKey {
    VerificationKey::of(ZoneId::from_bytes([7; 16]))
}

fn names(text: &str) -> Vec<DnsName> {
    text.split_whitespace().map(|name| name.parse().unwrap()).collect()
}

fn challenge(kind: ZoneKind) -> Challenge {
    Challenge {
        kind,
        key: key(),
        name_servers: names("ns1.platform.net ns2.platform.net"),
        claim: Claim::Free,
        policy: Policy::Verified,
    }
}

fn seen(servers: &str, txt: &str) -> Observation {
    let value = |text: &str| Seen { value: Explanation::new(text), from: Explanation::new("x") };
    Observation {
        name_servers: match servers {
            "" => Err(LookupFailure::NoSuchName),
            "servfail" => Err(LookupFailure::ServerFailure),
            servers => Ok(names(servers)),
        },
        txt: match txt {
            "" => Err(LookupFailure::NoSuchName),
            "servfail" => Err(LookupFailure::ServerFailure),
            txt => Ok(vec![value("v=spf1 -all"), value(txt)]),
        },
    }
}

fn proven_by(state: &State) -> Option<Method> {
    match state {
        State::Active(active) => Some(active.by),
        _ => None,
    }
}

#[test]
fn a_zone_is_proven_by_its_key_or_uncontested_by_its_delegation() {
    use Claim::{Contested, Covered, Free};
    use Method::{Automatic, Delegation, Txt};
    use ZoneKind::{Full, Partial};
    let key = key().to_string();
    let other = "1-2";
    let ours = "ns2.platform.net ns1.platform.net";
    let mixed = "ns1.platform.net ns.elsewhere.net";
    for (kind, servers, txt, claim, is_automatic, expected) in [
        (Full, ours, "", Free, false, Some(Delegation)),
        (Full, "ns1.platform.net", "", Free, false, Some(Delegation)),
        (Full, mixed, "", Free, false, None),
        (Full, "ns.elsewhere.net", "", Free, false, None),
        (Full, "", "", Free, false, None),
        (Full, "servfail", "servfail", Free, false, None),
        (Full, "ns.elsewhere.net", key.as_str(), Free, false, Some(Txt)),
        (Full, ours, "", Contested, false, None),
        (Full, ours, other, Contested, false, None),
        (Full, ours, key.as_str(), Contested, false, Some(Txt)),
        (Partial, ours, "", Free, false, None),
        (Partial, "", other, Free, false, None),
        (Partial, "", key.as_str(), Free, false, Some(Txt)),
        (Partial, "", key.as_str(), Contested, false, Some(Txt)),
        (Full, "", "", Free, true, Some(Automatic)),
        (Partial, "", "", Free, true, Some(Automatic)),
        (Full, ours, "", Contested, true, None),
        (Full, "ns.elsewhere.net", "", Covered, false, Some(Automatic)),
    ] {
        let policy = if is_automatic { Policy::Automatic } else { Policy::Verified };
        let challenge = Challenge { claim, policy, ..challenge(kind) };
        let look = seen(servers, txt);
        let next = assess(&State::unproven(NOW), &challenge, &look, NOW);
        assert_eq!(proven_by(&next), expected, "{kind:?} {servers:?} {txt:?} {claim:?}");
    }
}

#[test]
fn a_zone_without_proof_is_looked_at_on_schedule_and_then_rests() {
    let challenge = challenge(ZoneKind::Full);
    let look = seen("ns.elsewhere.net", "");
    let mut state = State::unproven(BEFORE);
    for attempt in 0..=schedule::ACTIVATION_TRIES {
        state = assess(&state, &challenge, &look, NOW);
        let State::Pending(pending) = &state else { panic!("{state:?}") };
        let next_check = schedule::activation_delay(attempt).map(|delay| NOW + delay);
        assert_eq!((pending.since, pending.attempt), (NOW, attempt + 1));
        assert_eq!(pending.next_check, next_check, "look {attempt}");
    }
    assert_eq!(state.due_at(), None);
    let restarted = restart(&state, NOW).unwrap();
    assert_eq!(restarted.due_at(), Some(NOW));
    let next = assess(&restarted, &challenge, &seen("ns1.platform.net", ""), NOW);
    assert_eq!(next.active_since(), Some(NOW));
}

#[test]
fn what_is_missing_is_said_with_the_remedy() {
    let why = |challenge: &Challenge, look: &Observation| match assess(
        &State::unproven(NOW),
        challenge,
        look,
        NOW,
    ) {
        State::Pending(pending) => pending.why.to_string(),
        other => panic!("{other:?}"),
    };
    let (full, partial) = (challenge(ZoneKind::Full), challenge(ZoneKind::Partial));
    let contested = Challenge { claim: Claim::Contested, ..full.clone() };
    for (challenge, look, part) in [
        (&full, seen("ns.elsewhere.net", ""), "set ns1.platform.net and ns2.platform.net"),
        (&full, seen("ns1.platform.net ns.elsewhere.net", ""), "also names ns.elsewhere.net"),
        (&full, seen("servfail", ""), "SERVFAIL"),
        (&partial, seen("", ""), "Not found: a TXT record `"),
        (&partial, seen("", "1-2"), "has another value"),
        (&partial, seen("", "servfail"), "SERVFAIL"),
        (&contested, seen("ns1.platform.net", ""), "The delegation alone does not show"),
        (&contested, seen("ns.elsewhere.net", ""), "The zone has other name servers"),
    ] {
        let why = why(challenge, &look);
        assert!(why.contains(part), "{why}");
        assert!(!why.contains("account"), "{why}");
    }
}

fn active(by: Method, misses: u32) -> State {
    State::Active(Active { since: BEFORE, by, next_check: Some(NOW), misses })
}

#[test]
fn an_active_zone_is_moved_only_by_several_clear_looks_in_a_row() {
    let challenge = challenge(ZoneKind::Full);
    let tomorrow = Some(NOW + RECHECK_PERIOD);
    for (misses, servers, expected) in [
        (0, "ns1.platform.net", Some((tomorrow, 0))),
        (2, "ns1.platform.net", Some((tomorrow, 0))),
        (2, "ns1.platform.net ns.elsewhere.net", Some((tomorrow, 0))),
        (2, "servfail", Some((tomorrow, 2))),
        (0, "ns.elsewhere.net", Some((tomorrow, 1))),
        (1, "", Some((tomorrow, 2))),
        (2, "ns.elsewhere.net", None),
    ] {
        let next = assess(&active(Method::Delegation, misses), &challenge, &seen(servers, ""), NOW);
        let got = match &next {
            State::Active(active) => Some((active.next_check, active.misses)),
            _ => None,
        };
        assert_eq!(got, expected, "{misses} {servers:?}");
        assert_eq!(next.active_since(), Some(BEFORE));
    }
}

#[test]
fn a_zone_that_needs_no_delegation_is_never_moved_by_a_look() {
    let challenge = challenge(ZoneKind::Full);
    for by in [Method::Automatic, Method::Txt] {
        let next = assess(&active(by, 0), &challenge, &seen("ns.elsewhere.net", ""), NOW);
        assert_eq!((next.is_active(), next.due_at()), (true, None));
    }
    let later = assess(&active(Method::Automatic, 0), &challenge, &seen("servfail", ""), NOW);
    assert_eq!(later.due_at(), Some(NOW + Duration::from_secs(60)));
    let last = active(Method::Automatic, ORIGINALS_TRIES - 1);
    assert_eq!(assess(&last, &challenge, &seen("servfail", ""), NOW).due_at(), None);
    let partial = Challenge { kind: ZoneKind::Partial, ..challenge };
    let next = assess(&active(Method::Delegation, 2), &partial, &seen("", ""), NOW);
    assert_eq!((next.is_active(), next.due_at()), (true, None));
}

#[test]
fn a_moved_zone_comes_back_only_by_a_restart() {
    let challenge = challenge(ZoneKind::Partial);
    let look = seen("", &key().to_string());
    let lost = claim_elsewhere(&active(Method::Txt, 0), NOW).unwrap();
    assert_eq!((lost.due_at(), lost.active_since()), (None, Some(BEFORE)));
    assert_eq!(assess(&lost, &challenge, &look, NOW), lost);
    let restarted = restart(&lost, NOW).unwrap();
    assert!(!restarted.is_active());
    assert!(assess(&restarted, &challenge, &look, NOW).is_active());
    assert_eq!(claim_elsewhere(&restarted, NOW), None);
}

#[test]
fn a_restart_finds_nothing_out_about_a_zone_that_is_active_without_delegation() {
    for by in [Method::Automatic, Method::Txt] {
        assert_eq!(restart(&active(by, 0), NOW), None);
    }
    assert_eq!(restart(&active(Method::Delegation, 1), NOW).unwrap().due_at(), Some(NOW));
    assert_eq!(restart(&State::unproven(BEFORE), NOW).unwrap().due_at(), Some(NOW));
}

#[test]
fn a_zone_that_changes_its_kind_is_looked_at_at_once_and_keeps_what_it_missed() {
    let partial = assess(
        &retype(&active(Method::Delegation, 2), NOW),
        &challenge(ZoneKind::Partial),
        &seen("ns1.other.net", ""),
        NOW,
    );
    assert_eq!(partial.due_at(), None, "its DNS is elsewhere on purpose");
    let back = retype(&partial, NOW);
    assert_eq!(back.due_at(), Some(NOW));
    let judged = assess(&back, &challenge(ZoneKind::Full), &seen("ns1.other.net", ""), NOW);
    assert_eq!(judged.status(), Status::Moved, "the third look without our name servers");
    let moved = claim_elsewhere(&active(Method::Txt, 0), NOW).unwrap();
    assert_eq!(retype(&moved, NOW), moved);
    let by_key = active(Method::Txt, 0);
    assert_eq!(retype(&by_key, NOW), by_key);
}

#[test]
fn former_name_servers_are_those_that_are_not_ours() {
    let ours = names("ns1.platform.net");
    let of = |servers: &str| original_name_servers(&seen(servers, ""), &ours);
    assert_eq!(of("b.net ns1.platform.net a.net"), Some(names("a.net b.net")));
    assert_eq!(of("ns1.platform.net"), None);
    assert_eq!(of(""), None);
    assert_eq!(of("servfail"), None);
}

#[test]
fn a_name_is_contested_by_the_closest_foreign_zone_and_covered_by_ones_own() {
    let zone = |id: u8, account: u8, name: &str, state: State| Zone {
        id: ZoneId::from_bytes([id; 16]),
        account: AccountId::from_bytes([account; 16]),
        name: name.parse().unwrap(),
        kind: ZoneKind::Full,
        delegation: DelegationId::from_bytes([id; 8]),
        fallback: None,
        state,
        paused: false,
        original_name_servers: None,
        settings: Default::default(),
        hold: None,
        created_at: BEFORE,
        modified_at: BEFORE,
        version: 0,
    };
    let (on, waiting) = (active(Method::Txt, 0), State::unproven(BEFORE));
    let lost = claim_elsewhere(&on, NOW).unwrap();
    let mine = zone(1, 1, "app.shop.com", waiting.clone());
    for (others, expected) in [
        (vec![], Claim::Free),
        (vec![mine.clone()], Claim::Free),
        (vec![zone(2, 2, "app.shop.com", on.clone())], Claim::Contested),
        (vec![zone(2, 2, "app.shop.com", waiting.clone())], Claim::Contested),
        (vec![zone(2, 2, "app.shop.com", lost)], Claim::Free),
        (vec![zone(2, 2, "shop.com", on.clone())], Claim::Contested),
        (vec![zone(2, 2, "shop.com", waiting)], Claim::Free),
        (vec![zone(2, 2, "op.com", on.clone())], Claim::Free),
        (vec![zone(2, 2, "x.app.shop.com", on.clone())], Claim::Free),
        (vec![zone(2, 1, "shop.com", on.clone())], Claim::Covered),
        (
            vec![zone(2, 1, "shop.com", on.clone()), zone(3, 2, "app.shop.com", on.clone())],
            Claim::Contested,
        ),
        (vec![zone(2, 1, "shop.com", on.clone()), zone(3, 2, "shop.com", on)], Claim::Contested),
    ] {
        assert_eq!(claim(&mine, &others), expected, "{others:?}");
    }
}
