//! Every rule of ownership on a clock of the test's own.

use time::{Duration, macros::datetime};

use super::*;
use crate::{
    name::Hostname,
    ownership::{Blocked, BlockedCause},
    schedule::OWNERSHIP_TRIES as TRIES,
};

const START: Timestamp = datetime!(2026-11-22 12:00 UTC);

fn token() -> OwnershipToken {
    OwnershipToken::from_uuid(uuid::uuid!("5cc07c04-ea62-4a5a-95f0-419334a875a4"))
}

fn challenge() -> Challenge {
    let zone: Hostname = "provider.com".parse().unwrap();
    Challenge {
        token: token(),
        target: Some(CnameTarget { zone, partial: None, cdn_domain: None }),
        has_origin: true,
        prefixes: Vec::new(),
        terms: Terms::default(),
    }
}

fn partial() -> Challenge {
    let target = CnameTarget {
        partial: "provider.com.cdn.platform.net".parse().ok(),
        ..challenge().target.unwrap()
    };
    Challenge { target: Some(target), ..challenge() }
}

fn seen(value: &str) -> Seen {
    Seen { value: Explanation::new(value), from: Explanation::new("192.0.2.53:53") }
}

fn txt(values: &[&str]) -> Observation {
    Observation {
        txt: Ok(values.iter().map(|value| seen(value)).collect()),
        ..Observation::default()
    }
}

fn http(body: &str) -> Observation {
    Observation { http: Ok(seen(body)), ..Observation::default() }
}

fn cname(names: &[&str]) -> Observation {
    let chain = CnameChain::To(names.iter().map(|name| name.parse().unwrap()).collect());
    Observation { cname: Ok(chain), ..Observation::default() }
}

fn proven_by(challenge: &Challenge, observation: &Observation) -> Option<Method> {
    let verdict = assess(&State::new(START), challenge, observation, START).unwrap();
    verdict.state.proof().map(|proof| proof.by)
}

fn failures_of(challenge: &Challenge, observation: &Observation) -> Vec<Failure> {
    assess(&State::new(START), challenge, observation, START).unwrap().state.failures().to_vec()
}

#[test]
fn each_method_alone_proves_ownership() {
    let token = token().to_string();
    for (challenge, observation, expected) in [
        (challenge(), txt(&[&token]), Some(Method::Txt)),
        (challenge(), txt(&["v=spf1 -all", &token.to_uppercase()]), Some(Method::Txt)),
        (challenge(), txt(&["v=spf1 -all"]), None),
        (challenge(), http(&token), Some(Method::Http)),
        (challenge(), http(&format!("{token}\r\n")), Some(Method::Http)),
        (challenge(), http(&format!("{token} and more")), None),
        (challenge(), cname(&["customers.provider.com"]), Some(Method::Cname)),
        (challenge(), cname(&["alias.customer.net", "provider.com"]), Some(Method::Cname)),
        (challenge(), cname(&["provider.com", "elsewhere.net"]), None),
        (challenge(), cname(&["evilprovider.com"]), None),
        (challenge(), cname(&["provider.com.evil.net"]), None),
        (challenge(), cname(&["fallback.provider.com.cdn.platform.net"]), None),
        (
            partial(),
            cname(&["fallback.provider.com", "provider.com.cdn.platform.net"]),
            Some(Method::Cname),
        ),
        (partial(), cname(&["other.com.cdn.platform.net"]), None),
    ] {
        assert_eq!(proven_by(&challenge, &observation), expected, "{observation:?}");
    }
}

#[test]
fn nothing_is_proven_while_there_is_nowhere_to_send_requests() {
    let challenge = Challenge { has_origin: false, ..challenge() };
    let observation = txt(&[&token().to_string()]);
    assert_eq!(proven_by(&challenge, &observation), None);
    assert_eq!(failures_of(&challenge, &observation), [Failure::NoFallbackOrigin]);
}

#[test]
fn a_failed_look_says_what_failed() {
    let observation = |cname| Observation { cname, ..Observation::default() };
    assert_eq!(failures_of(&challenge(), &Observation::default()), [Failure::NotPointedHere]);
    assert_eq!(failures_of(&challenge(), &observation(Ok(CnameChain::Loop))), [Failure::CnameLoop]);
    assert_eq!(
        failures_of(&challenge(), &observation(Ok(CnameChain::TooLong))),
        [Failure::CnameTooLong]
    );
    let servfail = Observation { txt: Err(LookupFailure::ServerFailure), ..Observation::default() };
    let failures = failures_of(&challenge(), &servfail);
    assert!(
        matches!(&failures[..], [Failure::NotPointedHere, Failure::Unreachable(why)] if why.as_str().contains("SERVFAIL"))
    );
}

#[test]
fn a_resolver_failure_does_not_hide_a_proof_by_another_method() {
    let observation =
        Observation { txt: Err(LookupFailure::TimedOut), ..http(&token().to_string()) };
    assert_eq!(proven_by(&challenge(), &observation), Some(Method::Http));
}

#[test]
fn seventy_five_failed_tries_over_seven_days_end_in_moved() {
    let (mut state, mut now, mut tries) = (State::new(START), START, 0);
    while let State::Unproven(unproven) = &state {
        now = unproven.next_check;
        state = assess(&state, &challenge(), &Observation::default(), now).unwrap().state;
        tries += 1;
    }
    assert_eq!(tries, TRIES);
    assert!(
        matches!(&state, State::Moved(moved) if moved.why == MovedWhy::NeverProven && moved.since == now)
    );
    // All delays but the one that would follow the last try.
    assert_eq!(now - START, Duration::seconds(610_263 - 14_400));
}

#[test]
fn moved_is_given_up_after_seven_days_and_not_before() {
    let moved = State::Moved(Moved { why: MovedWhy::NeverProven, since: START, failures: vec![] });
    assert_eq!(moved.due_at(), Some(START + MOVED_GRACE));
    assert_eq!(give_up(&moved, START + MOVED_GRACE - Duration::microseconds(1)), None);
    let given_up = give_up(&moved, START + MOVED_GRACE).unwrap().state;
    assert_eq!(given_up, State::GivenUp(GivenUp { since: START + MOVED_GRACE }));
    assert_eq!(given_up.due_at(), None);
}

/// One value of each state.
fn every_state() -> [State; 6] {
    [
        State::new(START),
        State::Proven(Proven {
            by: Method::Txt,
            at: START,
            evidence: Explanation::new("seen"),
            watch: Watch::default(),
        }),
        State::Moved(Moved { why: MovedWhy::NeverProven, since: START, failures: vec![] }),
        State::GivenUp(GivenUp { since: START }),
        State::Blocked(Blocked {
            cause: BlockedCause::Hold,
            why: Explanation::new("held"),
            since: START,
            next_check: START,
        }),
        State::Leaving(Leaving { since: START }),
    ]
}

#[test]
fn each_step_is_defined_for_each_state() {
    let later = START + MOVED_GRACE;
    let proof = txt(&[&token().to_string()]);
    let kind = |verdict: Option<Verdict>| verdict.and_then(|verdict| verdict.event);
    // Columns: assess with proof (of what is active already: nothing to tell), restart, claim elsewhere, give up, leave.
    use EventKind::{
        Deleted as D, OwnershipGivenUp as G, OwnershipMoved as M, OwnershipProven as P,
        OwnershipRestarted as R,
    };
    let expected = [
        [Some(P), Some(R), None, None, Some(D)],
        [None, None, Some(M), None, Some(D)],
        [None, Some(R), None, Some(G), Some(D)],
        [None, Some(R), None, None, Some(D)],
        [None, Some(R), None, None, Some(D)],
        [None, None, None, None, None],
    ];
    for (state, expected) in every_state().iter().zip(expected) {
        let steps = [
            kind(assess(state, &challenge(), &proof, later)),
            kind(restart(state, later)),
            kind(claim_elsewhere(state, later)),
            kind(give_up(state, later)),
            kind(leave(state, later)),
        ];
        assert_eq!(steps, expected, "{state:?}");
    }
}

#[test]
fn only_a_proven_state_has_a_proof() {
    let with_proof = every_state().iter().filter(|state| state.proof().is_some()).count();
    assert_eq!(with_proof, 1);
}

#[test]
fn an_apex_is_proven_by_addresses_that_are_all_the_accounts() {
    let ranges = ["192.0.2.0/24", "2001:db8::/32"].map(|range| range.parse().unwrap());
    let ours = Challenge { prefixes: ranges.to_vec(), ..challenge() };
    let none = Challenge { prefixes: Vec::new(), ..challenge() };
    let inactive = Challenge { target: None, ..ours.clone() };
    let at = |addresses: &[&str]| Observation {
        addresses: Ok(addresses.iter().map(|address| address.parse().unwrap()).collect()),
        ..Observation::default()
    };
    let failed =
        || Observation { addresses: Err(LookupFailure::ServerFailure), ..Observation::default() };
    for (challenge, observation, expected) in [
        (&ours, at(&["192.0.2.7"]), Some(Method::Apex)),
        (&ours, at(&["192.0.2.7", "192.0.2.8", "2001:db8::1"]), Some(Method::Apex)),
        (&ours, at(&["192.0.2.7", "198.51.100.1"]), None),
        (&ours, at(&["192.0.2.7", "2001:db9::1"]), None),
        (&ours, at(&[]), None),
        (&ours, failed(), None),
        (&none, at(&["192.0.2.7"]), None),
        (&inactive, at(&["192.0.2.7"]), None),
    ] {
        assert_eq!(proven_by(challenge, &observation), expected, "{observation:?}");
    }
    assert_eq!(failures_of(&ours, &at(&["198.51.100.1"])), [Failure::AddressesElsewhere]);
    let failures = failures_of(&ours, &failed());
    assert!(
        matches!(&failures[..], [_, Failure::Unreachable(why)] if why.as_str().contains("address look-up"))
    );
}

#[test]
fn a_look_before_its_time_costs_no_try_and_is_told_only_when_it_shows_something_new() {
    let first = assess(&State::new(START), &challenge(), &Observation::default(), START).unwrap();
    let State::Unproven(waiting) = &first.state else { panic!("{first:?}") };
    let early = waiting.next_check - Duration::seconds(1);
    let again = assess(&first.state, &challenge(), &Observation::default(), early).unwrap();
    assert_eq!((again.state, again.event), (first.state.clone(), None));
    let circle = Observation { cname: Ok(CnameChain::Loop), ..Observation::default() };
    let news = assess(&first.state, &challenge(), &circle, early).unwrap();
    let State::Unproven(after) = &news.state else { panic!("{news:?}") };
    assert_eq!((after.attempt, after.next_check), (waiting.attempt, waiting.next_check));
    assert_eq!(news.event, Some(EventKind::OwnershipUnproven));
    let proof = assess(&first.state, &challenge(), &txt(&[&token().to_string()]), early).unwrap();
    assert!(proof.state.proof().is_some());
}

#[test]
fn the_history_says_what_each_look_saw_and_who_showed_it() {
    let observation = Observation { cname: cname(&["a.net", "b.net"]).cname, ..txt(&["other"]) };
    let verdict = assess(&State::new(START), &challenge(), &observation, START).unwrap();
    assert_eq!(
        verdict.detail.as_str(),
        "try 1 of 75: TXT: 1 value(s), none the token, by 192.0.2.53:53; HTTP: the hostname has no A or AAAA record; CNAME: to \
         a.net, then b.net"
    );
}
