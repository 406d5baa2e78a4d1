//! Two CAs: the second stands in for the first, whatever keeps the first from issuing; and the limits of both.

use std::time::Duration;

use np_domain::{
    authority::{Limit, Limits, pacing::SLACK},
    certificate::{
        Actor, AuthorityName, Certificate, DcvMethod, Origin, Problem, State,
        renewal::{Advice, Suggestion},
    },
    id::HostnameId,
    ports::{AuthorityError, CertificateChange, CertificateStore, Hold, LimitScope, Publish},
    text::Explanation,
};

use crate::world::{Control, TestWorld};

use AuthorityName::{Google, LetsEncrypt};

const MINUTE: Duration = Duration::from_secs(60);

fn down() -> AuthorityError {
    AuthorityError::Unreachable(Explanation::new("connection refused"))
}

fn issuer(certificate: &Certificate) -> AuthorityName {
    match &certificate.active[0].issued.origin {
        Origin::Authority(authority) => *authority,
        other => panic!("not issued for it: {other:?}"),
    }
}

/// Adds a name and waits for its certificate; who issued it.
async fn issue(world: &TestWorld, control: &Control, number: u8) -> AuthorityName {
    let id = world.add(number, &format!("app{number}.customer.com"), DcvMethod::Txt).await;
    world.settle(control, id, 200).await;
    issuer(&world.certificate(id).await)
}

#[tokio::test]
async fn names_go_on_being_issued_by_the_second_ca_and_return_when_the_first_is_back() {
    let world = TestWorld::with_two_authorities().await;
    let control = world.control("one");
    assert_eq!(issue(&world, &control, 1).await, LetsEncrypt);
    world.authority.inner().outage = Some(down());
    for number in 2..10 {
        assert_eq!(issue(&world, &control, number).await, Google);
    }
    let asked = world.authority.inner().placed;
    world.authority.inner().outage = None;
    world.advance(11 * MINUTE).await;
    assert_eq!(issue(&world, &control, 10).await, LetsEncrypt);
    assert_eq!(world.authority.inner().placed, asked + 1);
}

#[tokio::test]
async fn whatever_the_first_ca_says_the_second_is_asked_and_what_it_said_is_told() {
    let problem = |words| Problem { actor: Actor::Customer, message: Explanation::new(words) };
    let limited = |scope| AuthorityError::RateLimited {
        scope,
        retry_after: Some(MINUTE),
        message: Explanation::new("too many"),
    };
    for why in [
        down(),
        limited(LimitScope::Account),
        limited(LimitScope::Names),
        AuthorityError::Refused(problem("we do not issue for it")),
        AuthorityError::Forbidden(problem("CAA records name another CA")),
        AuthorityError::Account(Explanation::new("the account is deactivated")),
    ] {
        let world = TestWorld::with_two_authorities().await;
        let control = world.control("one");
        world.authority.inner().outage = Some(why.clone());
        assert_eq!(issue(&world, &control, 1).await, Google, "{why}");
        let history = world.history(HostnameId::from_bytes([1; 16])).await;
        let told = format!("lets_encrypt: {why}");
        assert!(history.iter().any(|detail| detail == &told), "{told} not in {history:?}");
    }
}

#[tokio::test]
async fn caa_records_that_the_first_ca_finds_when_it_validates_lead_to_the_second_and_cost_no_try()
{
    let world = TestWorld::with_two_authorities().await;
    let control = world.control("one");
    world.authority.inner().forbidden = true;
    assert_eq!(issue(&world, &control, 1).await, Google);
    assert_eq!((world.authority.inner().placed, world.second().inner().placed), (1, 1));
}

#[tokio::test]
async fn while_both_are_down_the_order_waits_and_says_when_each_is_asked_again() {
    let world = TestWorld::with_two_authorities().await;
    let control = world.control("one");
    world.authority.inner().outage = Some(down());
    world.second().inner().outage = Some(down());
    let id = world.add(1, "app1.customer.com", DcvMethod::Txt).await;
    for _ in 0..3 {
        control.pass().await;
    }
    let certificate = world.certificate(id).await;
    let problems: Vec<_> = certificate.problems().iter().map(|p| p.message.to_string()).collect();
    for name in ["lets_encrypt", "google"] {
        let again = format!("({name} is asked again after");
        assert!(problems.iter().any(|words| words.contains(&again)), "{again} in {problems:?}");
    }
    world.second().inner().outage = None;
    world.settle(&control, id, 200).await;
    assert_eq!(issuer(&world.certificate(id).await), Google);
}

#[tokio::test]
async fn a_ca_that_was_chosen_is_waited_for() {
    let world = TestWorld::with_two_authorities().await;
    let control = world.control("one");
    world.authority.inner().outage = Some(down());
    let id = world.add(1, "app1.customer.com", DcvMethod::Txt).await;
    let mut certificate = world.certificate(id).await;
    certificate.wanted.authority = Some(LetsEncrypt);
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::No };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();
    for _ in 0..100 {
        control.pass().await;
        world.advance(Duration::from_secs(5)).await;
    }
    assert!(matches!(world.certificate(id).await.attempt, State::Ordering(_)));
    world.authority.inner().outage = None;
    world.advance(20 * MINUTE).await;
    world.settle(&control, id, 2000).await;
    assert_eq!(issuer(&world.certificate(id).await), LetsEncrypt);
}

/// An order at the first CA, whose proof the customer has shown by hand, and which the CA cannot be told of.
async fn stuck_in_an_outage(world: &TestWorld, method: DcvMethod) -> (Control, HostnameId) {
    let control = world.control("one");
    let id = world.add(1, "app1.customer.com", method).await;
    control.pass().await;
    world.authority.inner().outage = Some(down());
    for _ in 0..40 {
        world.advance(MINUTE).await;
        control.pass().await;
    }
    (control, id)
}

#[tokio::test]
async fn an_order_in_flight_moves_to_the_second_ca_where_we_show_its_tokens() {
    let world = TestWorld::with_two_authorities().await;
    let (control, id) = stuck_in_an_outage(&world, DcvMethod::Http).await;
    world.settle(&control, id, 200).await;
    let certificate = world.certificate(id).await;
    assert_eq!(issuer(&certificate), Google);
    assert_eq!(world.second().inner().placed, 1);
}

#[tokio::test]
async fn an_order_in_flight_stays_where_the_customer_has_placed_its_tokens_by_hand() {
    let world = TestWorld::with_two_authorities().await;
    let (control, id) = stuck_in_an_outage(&world, DcvMethod::Txt).await;
    assert_eq!(world.second().inner().placed, 0);
    world.authority.inner().outage = None;
    world.advance(20 * MINUTE).await;
    world.settle(&control, id, 2000).await;
    assert_eq!(issuer(&world.certificate(id).await), LetsEncrypt);
    assert_eq!(world.authority.inner().placed, 1, "its tokens were good to the end");
}

// === limits ===

fn orders(count: u32, per: Duration) -> Limits {
    Limits { orders: Limit::new(count, per), ..Limits::NONE }
}

#[tokio::test]
async fn two_processes_never_order_more_than_the_ca_allows_and_say_when_the_rest_is_due() {
    let world = TestWorld::delegated().await;
    let (count, per) = (3, 10 * MINUTE);
    world.authority.inner().limits = orders(count, per);
    let controls = [world.control("one"), world.control("two")];
    let mut ids = Vec::new();
    for number in 1..=9 {
        let name = format!("app{number}.customer.com");
        ids.push(world.add(number, &name, DcvMethod::Txt).await);
    }
    controls[0].pass().await;
    let certificate = world.certificate(ids[8]).await;
    let State::Ordering(ordering) = &certificate.attempt else { panic!("{certificate:?}") };
    let expected = ordering.queued.expect("it waits for its turn").expected_at;
    let wait = world.clock_now() + per * 6 / count + SLACK;
    assert_eq!(
        expected, wait,
        "the seventh turn after the burst, less one that waits for the slack"
    );
    for _ in 0..3000 {
        for control in &controls {
            control.pass().await;
        }
        world.advance(Duration::from_secs(1)).await;
    }
    for id in ids {
        assert_eq!(world.certificate(id).await.active.len(), 1);
    }
    let placed_at = world.authority.inner().placed_at.clone();
    for (index, at) in placed_at.iter().enumerate() {
        let within = placed_at[..=index].iter().filter(|other| **other > *at - per / 2).count();
        assert!(within <= count as usize + 1, "{within} within half of {per:?}");
    }
}

#[tokio::test]
async fn a_zone_with_one_name_does_not_wait_behind_a_zone_with_many() {
    let world = TestWorld::delegated().await;
    world.authority.inner().limits = orders(1, 10 * MINUTE);
    let control = world.control("one");
    for number in 1..=20 {
        world.add(number, &format!("app{number}.customer.com"), DcvMethod::Txt).await;
    }
    control.pass().await;
    let other = world.add_zone("other.com").await;
    let id = world.add_to(&other, 100, "app.elsewhere.com", DcvMethod::Txt).await;
    control.pass().await;
    let State::Ordering(ordering) = world.certificate(id).await.attempt else { panic!() };
    let wait = ordering.queued.expect("it waits").expected_at - world.clock_now();
    assert!(wait <= time::Duration::minutes(21), "{wait}, not behind the other nineteen");
}

#[tokio::test]
async fn a_turn_that_is_far_away_at_the_first_ca_is_taken_at_the_second() {
    let world = TestWorld::with_two_authorities().await;
    world.authority.inner().limits = orders(1, 60 * MINUTE);
    let control = world.control("one");
    assert_eq!(issue(&world, &control, 1).await, LetsEncrypt);
    assert_eq!(issue(&world, &control, 2).await, Google);
}

#[tokio::test]
async fn a_name_whose_validation_fails_is_not_told_of_more_often_than_the_ca_allows() {
    let world = TestWorld::delegated().await;
    let limit = Limit::new(2, 60 * MINUTE);
    world.authority.inner().limits = Limits { failures_per_name: limit, ..Limits::NONE };
    world.authority.inner().rejections = vec!["no"; 100];
    let control = world.control("one");
    let id = world.add(1, "app1.customer.com", DcvMethod::Txt).await;
    let other = world.add(2, "app2.customer.com", DcvMethod::Txt).await;
    for _ in 0..600 {
        control.pass().await;
        world.advance(Duration::from_secs(1)).await;
    }
    assert_eq!(world.authority.inner().rejections.len(), 100 - 4, "two for each name");
    let problem = world.certificate(id).await.problems()[0].message.to_string();
    assert!(problem.contains("limits failed validations of a name"), "{problem}");
    world.authority.inner().rejections.clear();
    world.advance(60 * MINUTE).await;
    world.settle(&control, id, 200).await;
    world.settle(&control, other, 200).await;
}

// === renewal information ===

#[tokio::test]
async fn a_ca_that_wants_a_certificate_replaced_at_once_gets_its_way_outside_of_its_limits() {
    let world = TestWorld::delegated().await;
    world.authority.inner().limits = orders(1, 3600 * MINUTE);
    let control = world.control("one");
    assert_eq!(issue(&world, &control, 1).await, LetsEncrypt);
    let id = HostnameId::from_bytes([1; 16]);
    world.point_here("app1.customer.com");
    let first = world.certificate(id).await.active[0].issued.id;
    // It did not say anything so far; then it revokes.
    let past = world.clock_now() - Duration::from_secs(3600);
    let why = Some(Explanation::new("https://ca.invalid/incident"));
    let suggestion = Suggestion { start: past, end: past, explanation: why };
    world.authority.inner().advice = Some(Advice { suggestion, ask_after: Some(MINUTE) });
    let mut certificate = world.certificate(id).await;
    let State::Settled(settled) = &mut certificate.attempt else { panic!("{certificate:?}") };
    assert_eq!(settled.ask_at, None, "a CA that does not say is not asked");
    settled.ask_at = Some(world.clock_now());
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::No };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();

    control.pass().await;
    world.authority.inner().advice = None;
    for _ in 0..60 {
        control.pass().await;
        world.advance(Duration::from_secs(1)).await;
    }
    let renewed = world.certificate(id).await;
    assert_ne!(renewed.active[0].issued.id, first);
    assert_eq!(world.authority.inner().renewals, 1);
    let history = world.history(id).await;
    assert!(history.iter().any(|d| d.contains("https://ca.invalid/incident")), "{history:?}");
}

#[tokio::test]
async fn an_order_that_the_ca_does_not_take_as_a_renewal_is_placed_as_another() {
    let world = TestWorld::delegated().await;
    let control = world.control("one");
    assert_eq!(issue(&world, &control, 1).await, LetsEncrypt);
    let id = HostnameId::from_bytes([1; 16]);
    world.point_here("app1.customer.com");
    world.authority.inner().no_renewals = true;
    world.advance(Duration::from_secs(61 * 24 * 3600)).await;
    for _ in 0..60 {
        control.pass().await;
        world.advance(Duration::from_secs(1)).await;
    }
    world.settle(&control, id, 200).await;
    let inner = world.authority.inner();
    assert_eq!((inner.renewals, inner.signed), (0, 2));
}
