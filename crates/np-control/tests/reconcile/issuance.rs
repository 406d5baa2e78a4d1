//! Certificates, from the order to the renewal.

use std::time::Duration;

use np_domain::{
    approval::{Approval, Asking, Link},
    certificate::{DcvMethod, Phase, State},
    event::EventKind,
    ports::{ApprovalStore, AuthorityError, Clock, FeedStore, HistoryStore, NodeReport, NodeRole},
    text::Explanation,
};

use crate::{authority::LIFE, world::TestWorld};

#[tokio::test]
async fn a_certificate_is_active_once_the_customer_shows_control() {
    for method in [DcvMethod::Http, DcvMethod::Txt, DcvMethod::Cname] {
        let world = TestWorld::delegated().await;
        let id = world.add(1, "app.customer.com", method).await;
        let control = world.control("one");
        world.settle(&control, id, 200).await;
        let certificate = world.certificate(id).await;
        assert_eq!(certificate.active.len(), 1);
        assert_eq!(
            world
                .events(id)
                .await
                .iter()
                .filter(|kind| kind.starts_with("certificate"))
                .collect::<Vec<_>>(),
            [
                &"certificate.ordered",
                &"certificate.control_seen",
                &"certificate.issuance_requested",
                &"certificate.issued",
                &"certificate.deployed",
            ],
            "{method:?}"
        );
    }
}

#[tokio::test]
async fn the_ca_is_told_once_somebody_has_approved_by_email() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Email).await;
    let control = world.control("one");
    control.pass().await;
    control.pass().await;
    let certificate = world.certificate(id).await;
    let message = certificate.problems()[0].message.as_str();
    assert!(message.contains("no mail to admin@customer.com"), "{message}");

    let asking =
        Asking { zone: world.zone.id, certificate: certificate.id, since: world.clock.now() };
    let order = certificate.open_order().unwrap();
    let ends = world.clock.now() + Duration::from_secs(24 * 3600);
    let approval = Approval::of(order, &asking, ends).remove(0);
    let approval = Approval { mailed_at: Some(world.clock.now()), ..approval };
    let address = "hostmaster@customer.com".parse().unwrap();
    world.store.ask_approval(&approval, &[Link { hash: [7; 32], address }]).await.unwrap();
    world.advance(Duration::from_secs(60)).await;
    control.pass().await;
    let certificate = world.certificate(id).await;
    let message = certificate.problems()[0].message.as_str();
    assert!(message.contains("nobody has approved it yet. Mails were sent to admin@"), "{message}");

    assert!(world.store.give_approval(&[7; 32], world.clock.now()).await.unwrap());
    world.settle(&control, id, 300).await;
    let history = world.store.history(id, 100).await.unwrap();
    let seen = history.iter().find(|event| event.kind == EventKind::ControlSeen).unwrap();
    assert!(seen.detail.as_str().contains("approved by hostmaster@customer.com"), "{seen:?}");
}

#[tokio::test]
async fn tokens_that_end_are_replaced_and_the_change_is_seen() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    control.pass().await;
    let first = world.certificate(id).await.open_order().cloned().unwrap();
    let end = first.expires_at.unwrap();
    assert_eq!(end - world.clock.now(), time::Duration::days(6), "Let's Encrypt's tokens");
    let mut passes = 0;
    while world.certificate(id).await.open_order().is_none_or(|order| order.url == first.url) {
        world.advance(Duration::from_secs(3600)).await;
        control.pass().await;
        passes += 1;
        assert!(passes < 7 * 24, "the tokens were not replaced");
    }
    assert!(world.clock.now() <= end, "before they end");
    let certificate = world.certificate(id).await;
    let second = certificate.open_order().unwrap();
    assert_ne!(second.controls, first.controls);
    let message = certificate.problems()[0].message.as_str();
    assert!(message.contains("Read validation_records again"), "{message}");
    let events = world.events(id).await;
    let expired = events.iter().position(|kind| *kind == "certificate.control_expired").unwrap();
    assert_eq!(events[expired + 1], "certificate.ordered");
}

#[tokio::test]
async fn the_ca_is_not_told_before_the_proof_is_visible_and_the_customer_is_told_what_is_missing() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    control.pass().await;
    control.pass().await;
    let certificate = world.certificate(id).await;
    let State::AwaitingControl(awaiting) = &certificate.attempt else {
        panic!("{:?}", certificate.attempt)
    };
    assert_eq!(awaiting.tries.failed, 1);
    let message = certificate.problems()[0].message.as_str();
    assert!(
        message.contains("_acme-challenge.app.customer.com") && message.contains("digest-1-0"),
        "{message}"
    );
}

#[tokio::test]
async fn a_rejected_proof_is_ordered_anew_with_the_cas_words_kept() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.authority.inner().rejections.push("dns problem: looking up TXT: SERVFAIL");
    let control = world.control("one");
    control.pass().await;
    world.customers.show_control(&world.certificate(id).await);
    while world.authority.inner().placed < 2 {
        world.advance(Duration::from_secs(1)).await;
        control.pass().await;
    }
    let certificate = world.certificate(id).await;
    assert_eq!(certificate.problems()[0].message.as_str(), "dns problem: looking up TXT: SERVFAIL");
    world.customers.show_control(&certificate);
    world.settle(&control, id, 200).await;
}

#[tokio::test]
async fn a_ca_outage_is_waited_out() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    let down = AuthorityError::Unreachable(Explanation::new("connection refused"));
    world.authority.inner().outage = Some(down);
    control.pass().await;
    let certificate = world.certificate(id).await;
    assert!(matches!(&certificate.attempt, State::Ordering(_)));
    assert!(certificate.problems()[0].message.as_str().contains("connection refused"));

    world.authority.inner().outage = None;
    world.advance(Duration::from_secs(5)).await;
    control.pass().await;
    world.customers.show_control(&world.certificate(id).await);
    world.settle(&control, id, 200).await;
}

#[tokio::test]
async fn an_order_that_the_ca_forgot_is_replaced_at_any_step() {
    for passes_before in 1..6 {
        let world = TestWorld::delegated().await;
        let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
        let control = world.control("one");
        for _ in 0..passes_before {
            world.advance(Duration::from_secs(1)).await;
            control.pass().await;
        }
        world.authority.forget();
        world.settle(&control, id, 200).await;
    }
}

#[tokio::test]
async fn without_a_live_edge_a_certificate_is_issued_but_not_active() {
    let world = TestWorld::delegated().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    // The nodes fall silent: only the clock moves.
    for _ in 0..30 {
        world.clock.advance(Duration::from_secs(1));
        control.pass().await;
    }
    assert!(matches!(world.certificate(id).await.attempt, State::Issued(_)));
    world.settle(&control, id, 200).await;
}

#[tokio::test]
async fn one_edge_that_lags_keeps_a_certificate_from_being_called_active() {
    let world = TestWorld::delegated().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    let lagging = |applied| NodeReport {
        node: Explanation::new("edge-2"),
        role: NodeRole::Edge,
        applied,
        seen_at: world.clock.now(),
    };
    for _ in 0..20 {
        world.advance(Duration::from_secs(1)).await;
        world.store.report(&lagging(np_domain::entry::Generation(1))).await.unwrap();
        control.pass().await;
    }
    assert!(matches!(world.certificate(id).await.attempt, State::Issued(_)));
    let head = world.store.number().await.unwrap();
    for _ in 0..60 {
        world.advance(Duration::from_secs(1)).await;
        world.store.report(&lagging(head)).await.unwrap();
        control.pass().await;
    }
    assert!(matches!(world.certificate(id).await.attempt, State::Settled(_)));
}

#[tokio::test]
async fn a_due_certificate_is_renewed_while_the_old_one_serves() {
    let world = TestWorld::delegated().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.point_here("app.customer.com");
    let control = world.control("one");
    world.settle(&control, id, 200).await;
    let first = world.certificate(id).await.active[0].issued.clone();

    world.advance(Duration::from_secs(59 * 24 * 3600)).await;
    assert_eq!(control.pass().await, 0, "not due yet");
    world.advance(Duration::from_secs(24 * 3600)).await;
    while world.authority.inner().signed < 2 {
        control.pass().await;
        let certificate = world.certificate(id).await;
        assert_eq!(certificate.active[0].issued, first, "the old one serves");
        world.advance(Duration::from_secs(1)).await;
    }
    world.settle(&control, id, 200).await;
    let second = world.certificate(id).await.active[0].issued.clone();
    assert_ne!(first.id, second.id);
    assert!(second.chain.not_after() > first.chain.not_after());
    assert!(second.chain.not_after() <= world.clock.now() + LIFE);
}

#[tokio::test]
async fn a_failing_renewal_never_takes_the_old_certificate_away_and_never_gives_up() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.point_here("app.customer.com");
    let control = world.control("one");
    control.pass().await;
    world.customers.show_control(&world.certificate(id).await);
    world.settle(&control, id, 200).await;
    world.customers.txt.lock().unwrap().clear();

    world.advance(Duration::from_secs(60 * 24 * 3600)).await;
    let mut stalls = 0;
    while stalls < 2 {
        control.pass().await;
        let certificate = world.certificate(id).await;
        assert_eq!(certificate.active.len(), 1);
        stalls += u32::from(
            matches!(&certificate.attempt, State::Stalled(s) if s.phase == Phase::Control),
        );
        let due = certificate.due_at().expect("never without a next look");
        world.clock.set(due.max(world.clock.now()));
        world.nodes_catch_up().await;
    }
    let begun = world
        .events(id)
        .await
        .iter()
        .filter(|kind| **kind == "certificate.renewal_started")
        .count();
    assert_eq!(begun, 2, "the stalled renewal began anew");
}

#[tokio::test]
async fn one_sick_edge_does_not_hold_up_what_the_others_serve() {
    let world = TestWorld::delegated().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    for _ in 0..20 {
        world.advance(Duration::from_secs(60)).await;
        let sick = NodeReport {
            node: Explanation::new("edge-2"),
            role: NodeRole::Edge,
            applied: np_domain::entry::Generation(0),
            seen_at: world.clock.now(),
        };
        world.store.report(&sick).await.unwrap();
        control.pass().await;
    }
    assert!(matches!(world.certificate(id).await.attempt, State::Settled(_)));
}
