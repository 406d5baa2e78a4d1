//! Every step of an attempt on a clock of the test's own.

use time::macros::datetime;

use super::*;
use crate::{
    certificate::{
        BundleMethod, CertName, Control, ControlProof, DcvMethod, IssuedCertificate, Origin,
        Settled, Wanted,
        chain::{ChainFacts, ValidatedChain},
        renewal::Advice,
    },
    id::{CertificateId, HostnameId, PackId},
    ports::LimitScope,
    tls_policy::TlsPolicy,
};

const START: Timestamp = datetime!(2026-11-22 12:00 UTC);

fn certificate(keys: &[KeyType]) -> Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::Ubiquitous,
        tls: TlsPolicy::default(),
        keys: keys.to_vec(),
    };
    Certificate::new(PackId::from_bytes([1; 16]), HostnameId::from_bytes([2; 16]), wanted, START)
}

fn order_at_ca(expires_at: Option<Timestamp>) -> Order {
    let proof = ControlProof::Txt {
        name: "_acme-challenge.app.customer.com".parse().unwrap(),
        value: Explanation::new("digest"),
    };
    let name = CertName::Exact("app.customer.com".parse().unwrap());
    Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("https://ca.invalid/order/1"),
        key_type: KeyType::P256,
        controls: vec![Control { name, proof, satisfied: false }],
        expires_at,
        is_renewal: false,
    }
}

fn problem() -> Vec<Problem> {
    vec![Problem { actor: Actor::Customer, message: Explanation::new("no TXT record yet") }]
}

fn ordering(certificate: &Certificate) -> Ordering {
    match &certificate.attempt {
        State::Ordering(ordering) => ordering.clone(),
        other => panic!("not ordering: {other:?}"),
    }
}

fn awaiting(certificate: &Certificate) -> AwaitingControl {
    match &certificate.attempt {
        State::AwaitingControl(awaiting) => awaiting.clone(),
        other => panic!("not awaiting control: {other:?}"),
    }
}

fn chain(key_type: KeyType, from: Timestamp) -> ValidatedChain {
    ValidatedChain::restored(ChainFacts {
        der: vec![Box::from([0x30].as_slice())],
        names: vec![Explanation::new("app.customer.com")],
        not_before: from,
        not_after: from + time::Duration::days(90),
        issuer: Explanation::new("CN=Test CA"),
        serial: Explanation::new("42"),
        signature: Explanation::new("ECDSAWithSHA256"),
        key_type: Some(key_type),
        key_matches: true,
        is_linked: true,
    })
}

fn issued_certificate(key_type: KeyType, from: Timestamp) -> IssuedCertificate {
    IssuedCertificate {
        id: CertificateId::from_bytes([3; 16]),
        origin: Origin::Authority(AuthorityName::LetsEncrypt),
        chain: chain(key_type, from),
        key: SealedBytes::from_vec(vec![1]),
        key_type,
        issued_at: from,
    }
}

/// One certificate in each state of its attempt.
fn every_state() -> [Certificate; 7] {
    let new = certificate(&[KeyType::P256]);
    let with = |attempt| Certificate { attempt, ..new.clone() };
    let awaiting = with(placed(&ordering(&new), order_at_ca(None), START).state);
    let validating = with(told(&self::awaiting(&awaiting), "seen", START).state);
    let State::Validating(v) = &validating.attempt else { panic!() };
    let issuing = with(accepted(v, SealedBytes::from_vec(vec![1]), Box::default(), START).state);
    let issued = with(issued(issued_certificate(KeyType::P256, START), START).state);
    let mut settled = issued.clone();
    settled.attempt = deployed(&mut settled, START).unwrap().state;
    let stalled =
        with(stalled(&new, KeyType::P256, Phase::Control, Tries::new(START), START).state);
    [new, awaiting, validating, issuing, issued, settled, stalled]
}

fn word(state: &State) -> &'static str {
    match state {
        State::Settled(_) => "settled",
        State::Ordering(_) => "ordering",
        State::AwaitingControl(_) => "awaiting",
        State::Validating(_) => "validating",
        State::Issuing(_) => "issuing",
        State::Issued(_) => "issued",
        State::Stalled(_) => "stalled",
        State::Uploaded(_) => "uploaded",
        State::Kept(_) => "kept",
    }
}

#[test]
fn restart_hastens_what_waits_and_leaves_alone_what_is_done() {
    let expected = ["ordering", "awaiting", "validating", "issuing", "-", "-", "ordering"];
    for (certificate, expected) in every_state().iter().zip(expected) {
        let later = START + time::Duration::hours(1);
        let restarted = restart(certificate, later);
        assert_eq!(restarted.as_ref().map_or("-", word), expected, "{:?}", certificate.attempt);
        if let Some(state) = restarted {
            let due = Certificate { attempt: state, ..certificate.clone() }.due_at();
            assert_eq!(due, Some(later), "{expected}");
        }
    }
}

#[test]
fn restart_keeps_the_tokens_that_the_customer_may_have_placed() {
    let [_, waiting, ..] = every_state();
    let restarted = Certificate { attempt: restart(&waiting, START).unwrap(), ..waiting.clone() };
    assert_eq!(restarted.open_order(), waiting.open_order());
}

#[test]
fn an_order_gone_at_the_ca_is_replaced_and_other_failures_are_waited_out() {
    let gone = ["ordering", "ordering", "ordering", "ordering", "issued", "settled", "stalled"];
    let down = ["ordering", "awaiting", "validating", "issuing", "issued", "settled", "stalled"];
    for ((certificate, gone), down) in every_state().iter().zip(gone).zip(down) {
        let unreachable = AuthorityError::Unreachable(Explanation::new("connection refused"));
        assert_eq!(
            word(
                &authority_failed(
                    certificate,
                    &AuthorityError::OrderGone,
                    Elsewhere::Nowhere,
                    START
                )
                .state
            ),
            gone
        );
        assert_eq!(
            word(&authority_failed(certificate, &unreachable, Elsewhere::Nowhere, START).state),
            down
        );
    }
}

#[test]
fn a_customer_who_never_acts_ends_on_the_published_schedule() {
    let mut certificate = certificate(&[KeyType::P256]);
    certificate.attempt = placed(&ordering(&certificate), order_at_ca(None), START).state;
    let (mut tries, mut now) = (0, START);
    while let State::AwaitingControl(awaiting) = certificate.attempt.clone() {
        now = awaiting.next_check;
        certificate.attempt = unseen(&certificate, &awaiting, problem(), now).state;
        tries += 1;
    }
    assert_eq!(tries, schedule::DCV_TRIES);
    assert_eq!(now - START, time::Duration::seconds(1_258_263 - 14_400));
    let State::Stalled(stalled) = &certificate.attempt else { panic!("{:?}", certificate.attempt) };
    assert_eq!(
        (stalled.phase, stalled.retry_at, &stalled.problems),
        (Phase::Control, None, &problem())
    );
}

#[test]
fn tries_are_counted_across_orders_that_the_ca_rejects() {
    let mut certificate = certificate(&[KeyType::P256]);
    let mut orders = 0;
    while let State::Ordering(ordering) = certificate.attempt.clone() {
        orders += 1;
        certificate.attempt = placed(&ordering, order_at_ca(None), START).state;
        let waiting = awaiting(&certificate);
        let expected = match orders {
            1 => Duration::ZERO,
            n => schedule::dcv_delay(n - 2).unwrap(),
        };
        assert_eq!(waiting.next_check, START + expected, "order {orders}");
        certificate.attempt = told(&waiting, "seen", START).state;
        certificate.attempt = rejected(&certificate, problem(), START).state;
    }
    assert_eq!(orders, schedule::DCV_TRIES);
    assert!(
        matches!(&certificate.attempt, State::Stalled(stalled) if stalled.phase == Phase::Control)
    );
}

#[test]
fn rejection_withdraws_the_void_tokens_and_orders_anew_at_once() {
    let [_, _, validating, ..] = every_state();
    let step = rejected(&validating, problem(), START);
    assert_eq!((step.publish, step.event.unwrap().0), (Publish::Yes, EventKind::ControlRejected));
    assert!(
        matches!(&step.state, State::Ordering(o) if o.next_try == START && o.tries.problems == problem())
    );
}

#[test]
fn an_order_that_ends_before_the_next_try_is_replaced() {
    let mut certificate = certificate(&[KeyType::P256]);
    let end = START + time::Duration::seconds(60);
    certificate.attempt = placed(&ordering(&certificate), order_at_ca(Some(end)), START).state;
    let step = unseen(&certificate, &awaiting(&certificate), problem(), START);
    assert!(
        matches!(&step.state, State::Ordering(o) if o.tries.failed == 1 && o.next_try == START)
    );
    assert_eq!(step.publish, Publish::Yes);
    // What was missing is of no use any more: that is said instead, in the event and until the new tokens are looked for.
    let (kind, words) = step.event.unwrap();
    let State::Ordering(ordering) = &step.state else { panic!() };
    assert_eq!((kind, &ordering.tries.problems[0].message), (EventKind::ControlExpired, &words));
    assert!(words.as_str().contains("Read validation_records again"), "{words}");
}

#[test]
fn orders_without_an_end_are_good_for_a_day_less_than_their_cas_tokens() {
    for (authority, days) in [
        (AuthorityName::Digicert, 29),
        (AuthorityName::Google, 13),
        (AuthorityName::LetsEncrypt, 6),
        (AuthorityName::SslCom, 13),
    ] {
        assert_eq!(life_assumed(authority), Duration::from_secs(days * 24 * 3600));
    }
}

#[test]
fn only_what_waits_for_a_proof_is_hastened() {
    let mut certificate = certificate(&[KeyType::P256]);
    assert_eq!(hasten(&certificate, START), None, "nothing is ordered yet");
    certificate.attempt = placed(&ordering(&certificate), order_at_ca(None), START).state;
    certificate.attempt = unseen(&certificate, &awaiting(&certificate), problem(), START).state;
    let tries = awaiting(&certificate).tries;
    let later = START + time::Duration::seconds(5);
    certificate.attempt = hasten(&certificate, later).unwrap();
    let hastened = awaiting(&certificate);
    assert_eq!((hastened.next_check, hastened.tries), (later, tries), "no try is lost or won");
}

#[test]
fn an_order_that_cannot_be_placed_is_tried_more_slowly_and_as_late_as_the_ca_asks() {
    let certificate = certificate(&[KeyType::P256]);
    let unreachable = AuthorityError::Unreachable(Explanation::new("connection refused"));
    let mut current = ordering(&certificate);
    let mut waits = Vec::new();
    for _ in 0..10 {
        let State::Ordering(next) =
            not_placed(&certificate, &current, AuthorityName::LetsEncrypt, &unreachable, START)
                .state
        else {
            panic!()
        };
        waits.push((next.next_try - START).whole_seconds());
        current = next;
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    let limited = AuthorityError::RateLimited {
        scope: LimitScope::Account,
        retry_after: Some(Duration::from_secs(7200)),
        message: Explanation::new("too many new orders"),
    };
    let State::Ordering(next) =
        not_placed(&certificate, &current, AuthorityName::LetsEncrypt, &limited, START).state
    else {
        panic!()
    };
    assert_eq!(next.next_try, START + time::Duration::hours(2));
    let late = START + ORDERING_WAIT_MAX;
    let stalled =
        not_placed(&certificate, &current, AuthorityName::LetsEncrypt, &unreachable, late).state;
    assert!(matches!(stalled, State::Stalled(s) if s.phase == Phase::Ordering));
}

#[test]
fn a_silent_ca_loses_the_order_after_a_bound() {
    let [_, _, validating, issuing, ..] = every_state();
    let State::Validating(v) = &validating.attempt else { panic!() };
    let State::Issuing(i) = &issuing.attempt else { panic!() };
    assert_eq!(
        word(&undecided(&validating, v, START + VERDICT_WAIT_MAX - Duration::from_secs(1)).state),
        "validating"
    );
    assert_eq!(word(&undecided(&validating, v, START + VERDICT_WAIT_MAX).state), "ordering");
    assert_eq!(
        word(&unissued(&issuing, i, START + ISSUANCE_WAIT_MAX - Duration::from_secs(1)).state),
        "issuing"
    );
    assert_eq!(word(&unissued(&issuing, i, START + ISSUANCE_WAIT_MAX).state), "ordering");
}

#[test]
fn polls_are_quick_at_first_and_bounded_later() {
    assert_eq!(poll_delay(0), Duration::from_millis(10));
    assert!(poll_delay(5) < Duration::from_millis(300));
    assert_eq!(poll_delay(u32::MAX), POLL_DELAY_MAX);
}

#[test]
fn both_kinds_of_keys_are_obtained_one_after_the_other() {
    let mut certificate = certificate(&[KeyType::P256, KeyType::Rsa2048]);
    certificate.attempt = issued(issued_certificate(KeyType::P256, START), START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    assert_eq!(ordering(&certificate).key_type, KeyType::Rsa2048);
    certificate.attempt = issued(issued_certificate(KeyType::Rsa2048, START), START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    let renew_at = START + time::Duration::days(60);
    assert_eq!(certificate.attempt, State::Settled(Settled { renew_at, ask_at: Some(START) }));
    assert_eq!(certificate.active.len(), 2);
}

#[test]
fn the_old_certificate_is_served_until_the_new_one_is_here_and_replaced_once_it_is_deployed() {
    let [.., mut renewing, _] = every_state();
    let day60 = START + time::Duration::days(60);
    let serials = |c: &Certificate| c.to_serve().iter().map(|i| i.issued_at).collect::<Vec<_>>();
    renewing.attempt = begin(&renewing, day60).state;
    assert_eq!((word(&renewing.attempt), serials(&renewing)), ("ordering", vec![START]));
    renewing.attempt = issued(issued_certificate(KeyType::P256, day60), day60).state;
    assert_eq!(serials(&renewing), [day60]);
    assert_eq!(renewing.active[0].issued.issued_at, START);
    renewing.attempt = deployed(&mut renewing, day60).unwrap().state;
    assert_eq!((renewing.active.len(), serials(&renewing)), (1, vec![day60]));
}

#[test]
fn a_stalled_renewal_begins_anew_by_itself_and_a_stalled_first_certificate_does_not() {
    let [new, .., settled, _] = every_state();
    let ended =
        |c: &Certificate| match stalled(c, KeyType::P256, Phase::Control, Tries::new(START), START)
            .state
        {
            State::Stalled(stalled) => stalled.retry_at,
            _ => None,
        };
    assert_eq!(ended(&new), None);
    assert_eq!(ended(&settled), Some(START + STALLED_RENEWAL_RETRY));
}

#[test]
fn a_hostname_given_up_is_not_renewed_until_it_is_restarted() {
    let [.., settled, _] = every_state();
    let dormant = Certificate { attempt: abandoned(&settled, START).state, ..settled };
    assert_eq!(dormant.due_at(), None);
    assert!(matches!(restart(&dormant, START), Some(State::Ordering(_))));
}

// === several kinds of keys ===

/// Both kinds active since START, for the names and the CA that are wanted.
fn with_both_keys() -> Certificate {
    let mut certificate = certificate(&[KeyType::P256, KeyType::Rsa2048]);
    for key_type in [KeyType::P256, KeyType::Rsa2048] {
        certificate.attempt = issued(issued_certificate(key_type, START), START).state;
        certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    }
    certificate
}

#[test]
fn a_due_renewal_comes_before_a_kind_of_key_that_was_never_obtained() {
    let mut certificate = certificate(&[KeyType::P256, KeyType::Rsa2048]);
    certificate.attempt = issued(issued_certificate(KeyType::P256, START), START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    let day60 = START + time::Duration::days(60);
    let attempted = |step: Step| match step.state {
        State::Ordering(ordering) => ordering.key_type,
        other => panic!("{other:?}"),
    };
    // An attempt at RSA that goes nowhere gives way.
    let rsa = ordering(&certificate);
    let down = AuthorityError::Unreachable(Explanation::new("down"));
    assert_eq!(
        attempted(not_placed(&certificate, &rsa, AuthorityName::LetsEncrypt, &down, START)),
        KeyType::Rsa2048
    );
    assert_eq!(
        attempted(not_placed(&certificate, &rsa, AuthorityName::LetsEncrypt, &down, day60)),
        KeyType::P256
    );
    let mut order = order_at_ca(None);
    order.key_type = KeyType::Rsa2048;
    certificate.attempt = placed(&rsa, order, START).state;
    let waiting = awaiting(&certificate);
    assert_eq!(attempted(unseen(&certificate, &waiting, problem(), day60)), KeyType::P256);
    // A stalled one begins anew in time for the renewal, and with it.
    let just_before = day60 - time::Duration::hours(1);
    let ended =
        stalled(&certificate, KeyType::Rsa2048, Phase::Control, Tries::new(START), just_before);
    assert!(matches!(&ended.state, State::Stalled(s) if s.retry_at == Some(day60)));
    let certificate = Certificate { attempt: ended.state, ..certificate };
    assert_eq!(attempted(begin(&certificate, day60)), KeyType::P256);
}

#[test]
fn a_change_of_names_is_obtained_for_every_kind_of_key() {
    let mut certificate = with_both_keys();
    reorder(&mut certificate, START);
    let mut wider = issued_certificate(KeyType::P256, START);
    let mut facts = wider.chain.facts().clone();
    facts.names.push(Explanation::new("*.app.customer.com"));
    wider.chain = ValidatedChain::restored(facts);
    certificate.attempt = issued(wider, START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    assert_eq!(ordering(&certificate).key_type, KeyType::Rsa2048);
}

#[test]
fn what_was_issued_survives_an_edit() {
    let [.., issued, _, _] = every_state();
    let mut edited = issued.clone();
    reorder(&mut edited, START);
    assert_eq!((word(&edited.attempt), edited.to_serve()), ("ordering", issued.to_serve()));
}

// === a CA that only fails ===

#[test]
fn a_forgetful_ca_costs_tries_so_that_it_is_not_flooded() {
    let [_, mut waiting, ..] = every_state();
    let mut orders = 0;
    while matches!(waiting.attempt, State::AwaitingControl(_)) {
        orders += 1;
        waiting.attempt =
            authority_failed(&waiting, &AuthorityError::OrderGone, Elsewhere::Nowhere, START).state;
        if let State::Ordering(ordering) = waiting.attempt.clone() {
            waiting.attempt = placed(&ordering, order_at_ca(None), START).state;
            assert!(awaiting(&waiting).next_check >= START + Duration::from_secs(60));
        }
    }
    assert_eq!((orders, word(&waiting.attempt)), (schedule::DCV_TRIES, "stalled"));
}

#[test]
fn a_step_that_only_fails_slows_down_tells_once_and_loses_the_order_in_the_end() {
    let [_, _, mut validating, ..] = every_state();
    let refused = AuthorityError::Account(Explanation::new("the account is deactivated"));
    let (mut now, mut events, mut steps) = (START, 0, 0);
    while matches!(validating.attempt, State::Validating(_)) {
        let step = authority_failed(&validating, &refused, Elsewhere::Nowhere, now);
        events += u32::from(step.event.is_some());
        steps += 1;
        validating.attempt = step.state;
        now = validating.due_at().unwrap().max(now);
    }
    assert_eq!(word(&validating.attempt), "ordering");
    assert_eq!(events, 2, "the trouble, and the loss of the order");
    assert!(steps < 150, "{steps} steps in a day");
    assert!(now - START >= STEP_WAIT_MAX && now - START < STEP_WAIT_MAX * 2);
}

#[test]
fn a_ca_that_asks_for_no_patience_gets_some_all_the_same() {
    let [_, waiting, ..] = every_state();
    let limited = AuthorityError::RateLimited {
        scope: LimitScope::Account,
        retry_after: Some(Duration::ZERO),
        message: Explanation::new("slow down"),
    };
    let step = authority_failed(&waiting, &limited, Elsewhere::Nowhere, START);
    assert!(matches!(step.state, State::AwaitingControl(a) if a.next_check > START));
}

#[test]
fn a_ca_that_never_comes_to_a_verdict_uses_the_schedule_up_too() {
    let [_, _, mut certificate, ..] = every_state();
    let mut orders = 1;
    while let State::Validating(v) = certificate.attempt.clone() {
        let late = v.told_at + VERDICT_WAIT_MAX;
        certificate.attempt = undecided(&certificate, &v, late).state;
        let State::Ordering(ordering) = certificate.attempt.clone() else { break };
        orders += 1;
        certificate.attempt = placed(&ordering, order_at_ca(None), late).state;
        certificate.attempt = told(&awaiting(&certificate), "seen", late).state;
    }
    assert_eq!((orders, word(&certificate.attempt)), (schedule::DCV_TRIES, "stalled"));
}

// === several CAs ===

fn state_of(step: Step) -> Ordering {
    match step.state {
        State::Ordering(ordering) => ordering,
        other => panic!("not ordering: {other:?}"),
    }
}

#[test]
fn a_ca_that_declines_gives_way_to_the_next_at_once_and_all_are_asked_again_in_turn() {
    use AuthorityName::{Google, LetsEncrypt};
    let certificate = certificate(&[KeyType::P256]);
    let both = [LetsEncrypt, Google];
    let refused = AuthorityError::Refused(problem().remove(0));
    let limited = AuthorityError::RateLimited {
        scope: LimitScope::Names,
        retry_after: Some(Duration::from_secs(3600)),
        message: Explanation::new("too many certificates"),
    };
    let first = ordering(&certificate);
    let second = state_of(declined(&certificate, &first, (LetsEncrypt, &limited), &both, START));
    assert_eq!(second.next_try, START, "google is asked at once");
    let third = state_of(declined(&certificate, &second, (Google, &refused), &both, START));
    assert_eq!(third.next_try, START + Duration::from_secs(5), "google, before the limit ends");
    let texts: Vec<_> = third.tries.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        texts,
        [
            "the certificate authority has reached a rate limit: too many certificates. (lets_encrypt is asked again after \
             13:00:00 UTC on 2026-11-22.)",
            "no TXT record yet. (google is asked again after 12:00:05 UTC on 2026-11-22.)"
        ]
    );
    let fourth = state_of(declined(&certificate, &third, (Google, &refused), &both, START));
    assert_eq!(fourth.next_try, START + Duration::from_secs(10), "more slowly each time");
}

#[test]
fn a_turn_that_is_waited_for_is_no_failure_and_is_told_once() {
    let certificate = certificate(&[KeyType::P256]);
    let turn = |at| Queued {
        authority: AuthorityName::LetsEncrypt,
        budget: crate::authority::BudgetKind::Orders,
        expected_at: at,
    };
    let day20 = START + time::Duration::days(20);
    let step = queued(&ordering(&certificate), turn(day20), day20, START);
    assert_eq!(step.event.as_ref().map(|(kind, _)| *kind), Some(EventKind::OrderQueued));
    let waiting = state_of(step);
    assert_eq!((waiting.next_try, waiting.refusals, waiting.tries.failed), (day20, 0, 0));
    let later = queued(&waiting, turn(day20 + Duration::from_secs(9)), day20, day20);
    assert_eq!(later.event, None);
    // Twenty days in the queue are not held against it.
    let down = AuthorityError::Unreachable(Explanation::new("down"));
    let waiting = state_of(later);
    let step = not_placed(&certificate, &waiting, AuthorityName::LetsEncrypt, &down, day20);
    assert_eq!(state_of(step).queued, None);
}

#[test]
fn the_order_of_a_ca_that_is_down_moves_after_a_while_and_costs_no_try() {
    let unreachable = AuthorityError::Unreachable(Explanation::new("connection refused"));
    let [_, waiting, validating, issuing, ..] = every_state();
    let possible = Elsewhere::Possible { down_since: START };
    let soon = START + OUTAGE_WAIT_MAX - Duration::from_secs(1);
    let late = START + OUTAGE_WAIT_MAX;
    for certificate in [waiting, validating, issuing] {
        let at =
            |elsewhere, now| authority_failed(&certificate, &unreachable, elsewhere, now).state;
        assert_eq!(word(&at(possible, soon)), word(&certificate.attempt));
        assert_eq!(word(&at(Elsewhere::Nowhere, late)), word(&certificate.attempt));
        let State::Ordering(ordering) = at(possible, late) else { panic!("it stayed") };
        assert_eq!((ordering.tries.failed, ordering.next_try), (0, late));
        assert_eq!(ordering.tries.declined[0].authority, AuthorityName::LetsEncrypt);
    }
}

#[test]
fn a_ca_that_caa_forbids_gives_way_to_another_at_no_cost_and_is_rejected_without_one() {
    use AuthorityName::{Google, LetsEncrypt};
    let [_, _, validating, ..] = every_state();
    for (candidates, failed) in [(vec![LetsEncrypt, Google], 0), (vec![LetsEncrypt], 1)] {
        let ordering = state_of(forbidden(&validating, problem(), &candidates, START));
        assert_eq!((ordering.tries.failed, ordering.next_try), (failed, START), "{candidates:?}");
    }
}

#[test]
fn a_key_from_the_ca_that_stood_in_is_not_obtained_anew() {
    let mut certificate = with_both_keys();
    let mut stand_in = issued_certificate(KeyType::P256, START);
    stand_in.origin = Origin::Authority(AuthorityName::Google);
    certificate.attempt = issued(stand_in, START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    assert_eq!(word(&certificate.attempt), "settled");
    // A CA that was chosen is, once it has issued one of them again.
    certificate.wanted.authority = Some(AuthorityName::LetsEncrypt);
    certificate.attempt = issued(issued_certificate(KeyType::Rsa2048, START), START).state;
    certificate.attempt = deployed(&mut certificate, START).unwrap().state;
    assert_eq!(ordering(&certificate).key_type, KeyType::P256);
}

#[test]
fn the_word_of_the_ca_moves_the_renewal_and_its_silence_leaves_it() {
    use renewal::Suggestion;
    let [.., settled, _] = every_state();
    let id = settled.active[0].issued.id;
    let hour = time::Duration::hours(1);
    let by_rule = START + time::Duration::days(60);
    let window = Suggestion { start: START - hour, end: START - hour, explanation: None };
    let advice = Advice { suggestion: window, ask_after: Some(Duration::from_secs(3600)) };
    for (answer, renew_at, ask_at) in [
        // Not before the certificate began.
        (Answer::Advised(advice), START, Some(START + hour)),
        (Answer::Failed, by_rule, Some(START + renewal::ASK_DELAY)),
        (Answer::Silent, by_rule, None),
    ] {
        let mut certificate = settled.clone();
        let step = advised(&mut certificate, &[(id, answer)], START);
        assert_eq!(step.state, State::Settled(Settled { renew_at, ask_at }));
        certificate.attempt = step.state;
        assert_eq!(certificate.due_at(), Some(ask_at.map_or(renew_at, |at| at.min(renew_at))));
    }
}
