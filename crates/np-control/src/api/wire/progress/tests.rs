//! What each state says about its checks, state by state.

use np_domain::{
    authority::BudgetKind,
    certificate::{
        AuthorityName, AwaitingControl, Kept, KeyType, Order, Ordering, Queued, Settled, Stalled,
        Uploaded, Validating,
    },
    ownership::{
        Blocked, BlockedCause, Doubt, GivenUp, Leaving, Method, Moved, Proven, Terms, Unproven,
        Watch,
    },
    text::Explanation,
};
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

const NOW: Timestamp = datetime!(2026-11-22 18:00 UTC);
const AT: &str = "2026-11-22T18:00:00.000000Z";

fn text() -> Explanation {
    Explanation::new("why")
}

fn shown(progress: Option<ProgressWire>) -> Value {
    serde_json::to_value(progress).unwrap()
}

fn unproven(attempt: u32) -> ownership::State {
    let failures = Vec::new();
    ownership::State::Unproven(Unproven { since: NOW, attempt, next_check: NOW, failures })
}

fn moved(why: MovedWhy) -> ownership::State {
    ownership::State::Moved(Moved { why, since: NOW, failures: Vec::new() })
}

#[test]
fn each_ownership_tells_how_far_it_is_and_when_it_ends() {
    let doubted = Watch {
        next_check: Some(NOW),
        led_here: Some(NOW),
        doubt: Some(Doubt { since: NOW, looks: 1, failures: Vec::new() }),
    };
    let doubted = Proven { by: Method::Cname, at: NOW, evidence: text(), watch: doubted };
    let proven = Proven { by: Method::Txt, at: NOW, evidence: text(), watch: Watch::default() };
    let end = |why: &str| format!("{why} {REMEDY}");
    for (state, expected) in [
        (
            // The schedule's 610,263 seconds without the last delay, 14,400, in whose place the verdict comes.
            unproven(0),
            json!({ "attempts": 0, "attempts_max": 75, "next_check_at": AT,
                "deadline": "2026-11-29T15:31:03.000000Z" }),
        ),
        (
            unproven(73),
            json!({ "attempts": 73, "attempts_max": 75, "next_check_at": AT,
                "deadline": "2026-11-22T22:00:00.000000Z" }),
        ),
        (
            unproven(74),
            json!({ "attempts": 74, "attempts_max": 75, "next_check_at": AT, "deadline": AT }),
        ),
        (ownership::State::Proven(proven), Value::Null),
        (
            moved(MovedWhy::NeverProven),
            json!({ "deadline": "2026-11-29T18:00:00.000000Z",
                "terminal_reason": end("Ownership was not proven in time.") }),
        ),
        (
            moved(MovedWhy::ProvenElsewhere),
            json!({ "deadline": "2026-11-29T18:00:00.000000Z",
                "terminal_reason": end("The same custom hostname was validated later in another zone.") }),
        ),
        (
            ownership::State::GivenUp(GivenUp { since: NOW }),
            json!({ "terminal_reason": end("It stayed moved until it was given up.") }),
        ),
        (ownership::State::Proven(doubted), json!({ "next_check_at": AT })),
        (
            ownership::State::Blocked(Blocked {
                cause: BlockedCause::Hold,
                why: text(),
                since: NOW,
                next_check: NOW,
            }),
            json!({ "next_check_at": AT }),
        ),
        (ownership::State::Leaving(Leaving { since: NOW }), Value::Null),
    ] {
        assert_eq!(shown(of_ownership(&state)), expected, "{state:?}");
    }
}

fn order() -> Order {
    Order {
        authority: AuthorityName::Google,
        url: text(),
        key_type: KeyType::P256,
        controls: Vec::new(),
        expires_at: None,
        is_renewal: false,
    }
}

fn failed(failed: u32) -> Tries {
    Tries { failed, ..Tries::new(NOW) }
}

fn awaiting(tries: Tries) -> certificate::State {
    let (placed_at, next_check) = (NOW, NOW);
    let order = order();
    certificate::State::AwaitingControl(AwaitingControl { order, tries, placed_at, next_check })
}

fn stalled(phase: Phase, retry_at: Option<Timestamp>) -> certificate::State {
    certificate::State::Stalled(Stalled {
        key_type: KeyType::P256,
        phase,
        problems: Vec::new(),
        since: NOW,
        retry_at,
    })
}

#[test]
fn each_attempt_at_a_certificate_tells_how_far_it_is_and_when_it_ends() {
    use certificate::State;
    let ordering = Ordering {
        key_type: KeyType::P256,
        tries: failed(0),
        refusals: 2,
        next_try: NOW,
        queued: None,
    };
    let queued = Queued {
        authority: AuthorityName::LetsEncrypt,
        budget: BudgetKind::Orders,
        expected_at: NOW,
    };
    let validating =
        Validating { order: order(), tries: failed(3), told_at: NOW, next_poll: NOW, polls: 0 };
    let uploaded = Uploaded { certificates: Vec::new(), since: NOW, next_check: NOW };
    let end = |why: &str| json!({ "terminal_reason": format!("{why} {REMEDY}") });
    for (state, expected) in [
        (
            State::Ordering(Ordering { queued: Some(queued), ..ordering.clone() }),
            json!({ "attempts": 0, "attempts_max": 120, "next_check_at": AT, "expected_at": AT,
                "certificate_authority": "lets_encrypt" }),
        ),
        (
            State::Ordering(ordering),
            json!({ "attempts": 0, "attempts_max": 120, "next_check_at": AT,
                "deadline": "2026-12-06T18:00:00.000000Z" }),
        ),
        (
            // 1,258,263 seconds less the last delay.
            awaiting(failed(0)),
            json!({ "attempts": 0, "attempts_max": 120, "next_check_at": AT,
                "deadline": "2026-12-07T03:31:03.000000Z", "certificate_authority": "google" }),
        ),
        (
            awaiting(failed(119)),
            json!({ "attempts": 119, "attempts_max": 120, "next_check_at": AT, "deadline": AT, "certificate_authority": "google" }),
        ),
        (
            State::Validating(validating),
            json!({ "attempts": 3, "attempts_max": 120, "next_check_at": AT, "certificate_authority": "google" }),
        ),
        (State::Uploaded(uploaded), json!({ "next_check_at": AT })),
        (stalled(Phase::Control, Some(NOW)), json!({ "next_check_at": AT })),
        (stalled(Phase::Ordering, None), end("The certificate could not be ordered in time.")),
        (stalled(Phase::Control, None), end("Control of the hostname was not shown in time.")),
        (stalled(Phase::Issuance, None), end("The certificate authority did not issue in time.")),
        (stalled(Phase::Deployment, None), end("The certificate was not deployed in time.")),
        (State::Settled(Settled { renew_at: NOW, ask_at: None }), Value::Null),
        (State::Kept(Kept { look_at: None }), Value::Null),
    ] {
        assert_eq!(shown(of_attempt(&state)), expected, "{state:?}");
    }
}

#[test]
fn the_deadline_is_where_the_rules_of_ownership_give_up() {
    use np_domain::ownership::{Challenge, CnameChain, Observation, assess};
    let challenge = Challenge {
        token: np_domain::custom_hostname::OwnershipToken::from_uuid(uuid::Uuid::nil()),
        target: None,
        has_origin: true,
        prefixes: Vec::new(),
        terms: Terms::default(),
    };
    let seen = Observation {
        txt: Ok(Vec::new()),
        cname: Ok(CnameChain::To(Vec::new())),
        http: Err(np_domain::ports::ProbeFailure::NoAddress),
        ..Observation::default()
    };
    let mut state = ownership::State::new(NOW);
    let promised = of_ownership(&state).unwrap().deadline;
    while let ownership::State::Unproven(unproven) = &state {
        let now = unproven.next_check;
        assert_eq!(of_ownership(&state).unwrap().deadline, promised);
        state = assess(&state, &challenge, &seen, now).unwrap().state;
    }
    let ownership::State::Moved(moved) = state else { panic!("{state:?}") };
    assert_eq!(Some(moment(moved.since)), promised);
}
