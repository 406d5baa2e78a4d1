//! The kinds of problems that CAs answer with, and what they mean at each step.

use serde_json::json;

use super::*;

fn problem(kind: &str, detail: &str, status: u16) -> CaProblem {
    let text = json!({"type": format!("{PREFIX}{kind}"), "detail": detail, "status": status});
    serde_json::from_value(text).expect("a problem document")
}

#[test]
fn each_kind_of_problem_names_who_must_act_and_keeps_the_words_of_the_ca() {
    for (kind, detail, actor, message) in [
        (
            "caa",
            "CAA record for a.com prevents issuance",
            Actor::Customer,
            format!("{CAA}. The authority said: CAA record for a.com prevents issuance"),
        ),
        (
            "caa",
            "During secondary validation: CAA",
            Actor::Customer,
            format!("{CAA_PERSPECTIVES}. The authority said: During secondary validation: CAA"),
        ),
        (
            "dns",
            "SERVFAIL looking up CAA for a.com",
            Actor::Customer,
            format!("{SERVFAIL} The authority said: SERVFAIL looking up CAA for a.com"),
        ),
        (
            "dns",
            "looking up TXT: dnssec: bogus",
            Actor::Customer,
            format!("{DNS}. The authority said: looking up TXT: dnssec: bogus"),
        ),
        (
            "dns",
            "During secondary validation: timeout",
            Actor::Customer,
            format!("{PERSPECTIVES} The authority said: During secondary validation: timeout"),
        ),
        (
            "connection",
            "192.0.2.7: Connection refused",
            Actor::Customer,
            "192.0.2.7: Connection refused".to_owned(),
        ),
        (
            "unauthorized",
            "Invalid response: 404",
            Actor::Customer,
            "Invalid response: 404".to_owned(),
        ),
        ("rejectedIdentifier", "", Actor::Provider, REJECTED.to_owned()),
        ("serverInternal", "", Actor::Authority, INTERNAL.to_owned()),
        ("malformed", "bad JWS", Actor::Provider, "bad JWS".to_owned()),
        ("odd", "", Actor::Provider, format!("the authority said {PREFIX}odd")),
    ] {
        let expected = Problem { actor, message: Explanation::new(message) };
        assert_eq!(explain_all(&problem(kind, detail, 403)), [expected], "{kind}");
    }
}

#[test]
fn what_speaks_against_a_renewal_alone_leaves_the_order_possible() {
    for (kind, status, is_about_it) in [
        ("alreadyReplaced", 409, true),
        ("conflict", 409, true),
        ("malformed", 400, true),
        ("unauthorized", 403, true),
        ("other", 404, true),
        ("rejectedIdentifier", 400, false),
        ("caa", 403, false),
        ("rateLimited", 429, false),
        ("serverInternal", 500, false),
    ] {
        let meant = of_replacing_order(Error::Api(problem(kind, "no", status)));
        let is_so = matches!(meant, AuthorityError::NotReplaceable(_));
        assert_eq!(is_so, is_about_it, "{kind}: {meant:?}");
    }
}

#[test]
fn subproblems_are_told_one_by_one_with_their_names() {
    let mut compound = problem("compound", "several", 403);
    compound.subproblems = serde_json::from_value(json!([
        {"type": format!("{PREFIX}unauthorized"), "detail": "no", "identifier": {"type": "dns", "value": "a.com"}},
        {"type": format!("{PREFIX}malformed"), "detail": "odd"},
    ]))
    .expect("subproblems");
    let told: Vec<_> = explain_all(&compound).into_iter().map(|p| (p.actor, p.message)).collect();
    let expected = [(Actor::Customer, "a.com: no"), (Actor::Provider, "odd")];
    assert_eq!(told, expected.map(|(actor, text)| (actor, Explanation::new(text))));
}

#[test]
fn the_same_refusal_means_something_else_at_another_step() {
    let api = |kind: &str, status| Error::Api(problem(kind, "no", status));
    let words = Explanation::new("no");
    let refused = Problem { actor: Actor::Customer, message: words.clone() };
    assert_eq!(of_any(api("unauthorized", 403)), AuthorityError::Refused(refused));
    assert_eq!(of_new_order(api("unauthorized", 403)), AuthorityError::Account(words.clone()));
    assert_eq!(of_known_order(api("unauthorized", 403)), AuthorityError::OrderGone);
    assert_eq!(of_known_order(api("malformed", 404)), AuthorityError::OrderGone);
    assert_eq!(of_account(api("malformed", 400)), AuthorityError::Account(words.clone()));
    assert_eq!(of_any(api("externalAccountRequired", 403)), AuthorityError::Account(words.clone()));
    assert_eq!(of_any(api("odd", 500)), AuthorityError::Unreachable(words));
}

#[test]
fn a_rate_limit_keeps_the_time_that_the_ca_named() {
    let wait = Some(Duration::from_secs(60));
    let busy = ExchangeError::Busy { retry_after: wait, problem: problem("rateLimited", "", 429) };
    let message = Explanation::new(RATE_LIMITED);
    let expected =
        AuthorityError::RateLimited { scope: LimitScope::Names, retry_after: wait, message };
    assert_eq!(of_new_order(Error::Other(Box::new(busy))), expected);
    let gone = ExchangeError::Status(StatusCode::NOT_FOUND);
    assert_eq!(of_known_order(Error::Other(Box::new(gone))), AuthorityError::OrderGone);
}

#[test]
fn a_limit_holds_up_the_account_or_the_names_that_it_is_about() {
    for (detail, status, expected) in [
        (
            "too many new orders (300) from this account in the last 3h0m0s",
            429,
            LimitScope::Account,
        ),
        ("too many currently pending authorizations", 429, LimitScope::Account),
        ("Service busy; retry later.", 503, LimitScope::Account),
        ("too many certificates (50) already issued for \"a.com\"", 429, LimitScope::Names),
        ("too many failed authorizations (5) for \"a.com\"", 429, LimitScope::Names),
    ] {
        assert_eq!(scope(&problem("rateLimited", detail, status)), expected, "{detail}");
    }
}

#[test]
fn a_ca_that_caa_records_forbid_to_issue_says_so() {
    let mut compound = problem("compound", "several", 403);
    compound.subproblems =
        serde_json::from_value(json!([{"type": format!("{PREFIX}caa"), "detail": "no"}]))
            .expect("a subproblem");
    for forbidden in [problem("caa", "no", 403), compound] {
        let said = of_any(Error::Api(forbidden));
        assert!(matches!(said, AuthorityError::Forbidden(_)), "{said:?}");
    }
}
