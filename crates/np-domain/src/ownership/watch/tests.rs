//! When an active hostname is moved, on a clock of the test's own.

use time::macros::datetime;

use super::*;
use crate::{ports::LookupFailure, zone::CnameTarget};

const START: Timestamp = datetime!(2026-11-22 12:00 UTC);
const HOUR: Duration = Duration::from_secs(3600);

fn challenge() -> Challenge {
    let zone = "saasprovider.com".parse().unwrap();
    Challenge {
        token: OwnershipToken::from_uuid(uuid::Uuid::from_u128(7)),
        target: Some(CnameTarget { zone, partial: None, cdn_domain: None }),
        has_origin: true,
        prefixes: Vec::new(),
        terms: Terms::default(),
    }
}

/// What one look shows, in a letter.
fn look(letter: char) -> Observation {
    let to = |name: &str| Ok(CnameChain::To(vec![name.parse().unwrap()]));
    let seen = Observation::default();
    match letter {
        'H' => Observation { cname: to("customers.saasprovider.com"), ..seen },
        'E' => Observation { cname: to("elsewhere.example"), ..seen },
        // No such name.
        'N' => seen,
        // The resolver fails.
        'F' => Observation { cname: Err(LookupFailure::ServerFailure), ..seen },
        'T' => Observation { cname: Err(LookupFailure::TimedOut), ..seen },
        // Elsewhere, but the token can not be looked for.
        'X' => Observation { txt: Err(LookupFailure::TimedOut), ..look('E') },
        other => panic!("{other}"),
    }
}

fn proven(by: Method) -> State {
    let challenge = challenge();
    let watch = Watch::begin(by, &challenge.token, &challenge.terms, START);
    State::Proven(Proven { by, at: START, evidence: Explanation::new("seen"), watch })
}

/// Looks whenever a look is due, each letter a look, and gives the state, the events by their last word, and when it was.
fn run(start: State, looks: &str) -> (State, String, Timestamp) {
    let (mut state, mut events, mut now) = (start, Vec::new(), START);
    for letter in looks.chars() {
        let State::Proven(proven) = &state else { break };
        now = proven.watch.next_check.expect("watched");
        let verdict = judge(proven, &challenge(), &look(letter), now);
        events.extend(verdict.event.map(|kind| kind.as_str().rsplit('.').next().unwrap()));
        state = verdict.state;
    }
    (state, events.join(" "), now)
}

#[test]
fn only_what_led_here_and_is_seen_to_lead_elsewhere_for_the_grace_is_moved() {
    let check = |by, looks: &str, moved: bool, events: &str| {
        let (state, told, _) = run(proven(by), looks);
        assert_eq!(matches!(state, State::Moved(_)), moved, "{looks}: {state:?}");
        assert_eq!(told, events, "{looks}");
    };
    // The first look, and 24 of the grace's: the 25th is at its end.
    let all = |letter: &str| letter.repeat(25);
    check(Method::Cname, &all("H"), false, "");
    check(Method::Cname, &all("E"), true, "doubted moved");
    check(Method::Cname, &all("N"), true, "doubted moved");
    check(Method::Cname, &"E".repeat(24), false, "doubted");
    // It comes back, at the last moment too.
    check(Method::Cname, &format!("{}H", "E".repeat(24)), false, "doubted confirmed");
    check(Method::Cname, &format!("EH{}", "E".repeat(24)), false, "doubted confirmed doubted");
    // Never by failures alone, nor by a doubt that only failures follow.
    check(Method::Cname, &"F".repeat(200), false, "");
    check(Method::Cname, &"T".repeat(200), false, "");
    check(Method::Cname, &"X".repeat(200), false, "");
    check(Method::Cname, &format!("E{}", "F".repeat(200)), false, "doubted");
    check(Method::Cname, &format!("E{}E", "F".repeat(200)), false, "doubted");
    check(Method::Cname, &format!("E{}EE", "F".repeat(200)), true, "doubted moved");
    // Proven by a token that may go: it never led here, and so never leaves.
    check(Method::Txt, &"N".repeat(200), false, "");
    check(Method::Http, &"E".repeat(200), false, "");
    check(Method::Txt, &format!("H{}", all("E")), true, "doubted moved");
}

#[test]
fn the_token_keeps_a_hostname_wherever_it_leads() {
    let State::Proven(proven) = proven(Method::Cname) else { unreachable!() };
    let value = Explanation::new(challenge().token.to_string());
    let from = Explanation::new("resolver 192.0.2.53:53");
    let token = Observation { txt: Ok(vec![super::super::Seen { value, from }]), ..look('E') };
    let verdict = judge(&proven, &challenge(), &token, START);
    let State::Proven(kept) = verdict.state else { panic!("{:?}", verdict.state) };
    assert_eq!(kept.watch.doubt, None);
}

#[test]
fn a_zone_that_is_not_active_moves_nothing() {
    let State::Proven(proven) = proven(Method::Cname) else { unreachable!() };
    let inactive = Challenge { target: None, ..challenge() };
    let verdict = judge(&proven, &inactive, &look('E'), START);
    assert!(matches!(
        verdict.state,
        State::Proven(Proven { watch: Watch { doubt: None, .. }, .. })
    ));
}

#[test]
fn a_moved_hostname_has_led_elsewhere_for_the_whole_grace() {
    let (state, _, at) = run(proven(Method::Cname), &"E".repeat(25));
    let State::Moved(moved) = state else { panic!("{state:?}") };
    assert_eq!((moved.why, moved.since), (MovedWhy::PointsElsewhere, at));
    assert_eq!(moved.failures, [Failure::NotPointedHere]);
    assert!(at - START >= ELSEWHERE_GRACE + RECHECK_INTERVAL.mul_f64(0.75), "{}", at - START);
}

#[test]
fn a_restart_looks_at_once_at_what_is_in_doubt_and_keeps_it_served() {
    let (state, _, at) = run(proven(Method::Cname), "E");
    let later = at + Duration::from_secs(1);
    let verdict = super::super::restart(&state, later).unwrap();
    assert_eq!(verdict.state.due_at(), Some(later));
    assert!(verdict.state.proof().is_some_and(|proven| proven.watch.doubt.is_some()));
    assert_eq!(super::super::restart(&proven(Method::Cname), later), None);
}

#[test]
fn looks_are_spread_over_half_an_interval_around_it() {
    let terms = Terms::default();
    let mut hours = [0_u32; 13];
    for number in 0..13_000_u128 {
        // As random ids are.
        let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let token = OwnershipToken::from_uuid(uuid::Uuid::from_u128(id));
        let wait = (next(&token, &terms, START).unwrap() - START).unsigned_abs();
        assert!((18 * HOUR..=30 * HOUR).contains(&wait), "{wait:?}");
        hours[usize::try_from((wait - 18 * HOUR).as_secs() / 3600).unwrap()] += 1;
    }
    assert!(hours[..12].iter().all(|count| (900..1300).contains(count)), "{hours:?}");
}

#[test]
fn an_interval_that_is_off_looks_never() {
    let terms = Terms { recheck_interval: None, ..Terms::default() };
    assert_eq!(Watch::begin(Method::Cname, &challenge().token, &terms, START).next_check, None);
}
