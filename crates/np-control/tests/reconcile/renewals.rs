//! Renewals: how they are validated, how loud they become when they fail, and what is served in the last day.

use std::time::Duration;

use np_domain::{
    certificate::{Certificate, DcvMethod, Origin, State, automatic, urgency::Level},
    id::HostnameId,
    ports::Clock as _,
};

use crate::world::{Control, TestWorld};

const DAY: Duration = Duration::from_secs(24 * 3600);
const NAME: &str = "app.customer.com";

/// A hostname with a certificate that was validated by TXT, at the beginning of its renewal; its records are gone.
async fn due(world: &TestWorld, control: &Control) -> HostnameId {
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    control.pass().await;
    world.customers.show_control(&world.certificate(id).await);
    world.settle(control, id, 200).await;
    world.customers.txt.lock().unwrap().clear();
    world.advance(DAY * 60).await;
    id
}

/// Passes until the renewal's order is placed.
async fn ordered(world: &TestWorld, control: &Control, id: HostnameId) -> Certificate {
    for _ in 0..10 {
        control.pass().await;
        let certificate = world.certificate(id).await;
        if certificate.open_order().is_some() {
            return certificate;
        }
        world.advance(Duration::from_secs(1)).await;
    }
    panic!("no order was placed");
}

#[tokio::test]
async fn a_renewal_of_a_name_that_leads_here_is_validated_by_http_and_txt_stays_on_record() {
    let world = TestWorld::new().await;
    let control = world.control("one");
    let id = due(&world, &control).await;
    // Our edges show what HTTP asks for as soon as it is ordered; nobody places records.
    world.authority.inner().delegated = Some(world.customers.clone());
    world.settle(&control, id, 200).await;
    assert!(!world.customers.http.lock().unwrap().is_empty());
    assert!(world.customers.txt.lock().unwrap().is_empty());
    let renewed = world.certificate(id).await;
    assert_eq!(renewed.wanted.method, DcvMethod::Txt);
    assert!(renewed.active[0].issued.issued_at > world.clock.now() - DAY);
}

#[tokio::test]
async fn a_renewal_that_http_does_not_show_at_the_first_look_shows_the_chosen_methods_tokens() {
    let world = TestWorld::new().await;
    let control = world.control("one");
    let id = due(&world, &control).await;
    ordered(&world, &control, id).await;
    control.pass().await;
    let certificate = ordered(&world, &control, id).await;
    assert!(!automatic::shows_http(certificate.open_order().unwrap()), "{certificate:?}");
    world.customers.show_control(&certificate);
    world.settle(&control, id, 200).await;
}

#[tokio::test]
async fn a_renewal_of_a_name_that_leads_elsewhere_shows_the_chosen_methods_tokens_at_once() {
    let world = TestWorld::new().await;
    let control = world.control("one");
    let id = due(&world, &control).await;
    world.customers.cname.lock().unwrap().clear();
    let certificate = ordered(&world, &control, id).await;
    assert!(!automatic::shows_http(certificate.open_order().unwrap()), "{certificate:?}");
}

#[tokio::test]
async fn each_level_of_urgency_is_said_once_and_the_end_is_told_in_words() {
    let world = TestWorld::new().await;
    let control = world.control("one");
    let id = due(&world, &control).await;
    let end = world.certificate(id).await.ends_at().unwrap();
    while world.clock.now() < end + DAY {
        control.pass().await;
        let due = world.certificate(id).await.due_at().expect("never without a next look");
        let next = due.max(world.clock.now() + Duration::from_secs(1));
        world.clock.set(next);
        world.authority.inner().now = next;
        world.nodes_catch_up().await;
    }
    let late = world.events(id).await;
    let late = late.iter().filter(|kind| **kind == "certificate.renewal_late").count();
    assert_eq!(late, Level::ALL.len());
    let certificate = world.certificate(id).await;
    assert_eq!(certificate.alarm, Some(Level::Over));

    // The customer places the record after all: it is found within the hour.
    let recovered_by = world.clock.now() + Duration::from_secs(2 * 3600);
    loop {
        let certificate = world.certificate(id).await;
        certificate.open_order().iter().for_each(|order| world.customers.show(order));
        control.pass().await;
        let certificate = world.certificate(id).await;
        if matches!(certificate.attempt, State::Settled(_)) {
            assert_eq!(certificate.alarm, None);
            break;
        }
        assert!(world.clock.now() < recovered_by, "{:?}", certificate.attempt);
        world.advance(Duration::from_secs(60)).await;
    }
}

#[tokio::test]
async fn in_the_last_day_the_wildcard_of_the_name_above_is_served_until_the_renewal_succeeds() {
    let world = TestWorld::new().await;
    let control = world.control("one");
    let id = due(&world, &control).await;
    let own = world.certificate(id).await;
    // The hostname above gets a certificate with a wildcard now, thirty days before the end.
    let above = world.add_wildcard(2, "customer.com").await;
    world.point_here("customer.com");
    while !matches!(world.certificate(above).await.attempt, State::Settled(_)) {
        let certificate = world.certificate(above).await;
        certificate.open_order().iter().for_each(|order| world.customers.show(order));
        control.pass().await;
        world.advance(Duration::from_secs(1)).await;
    }
    world.customers.txt.lock().unwrap().clear();

    let last_day = own.ends_at().unwrap() - DAY;
    while world.clock.now() < last_day - DAY {
        control.pass().await;
        assert_eq!(world.certificate(id).await.active, own.active, "its own serves");
        world.advance(DAY).await;
    }
    while !world.events(id).await.contains(&"certificate.stood_in") {
        assert!(world.clock.now() < own.ends_at().unwrap(), "nothing stands in");
        world.advance(Duration::from_secs(600)).await;
        control.pass().await;
    }
    let certificate = world.certificate(id).await;
    let served = certificate.to_serve();
    assert_eq!(served.len(), 1);
    assert!(matches!(served[0].origin, Origin::Borrowed(_)), "{served:?}");
    assert!(certificate.ends_at() > own.ends_at());

    for _ in 0..400 {
        if let Some(order) = world.certificate(id).await.open_order() {
            world.customers.show(order);
        }
        control.pass().await;
        if matches!(world.certificate(id).await.attempt, State::Settled(_)) {
            break;
        }
        world.advance(Duration::from_secs(600)).await;
    }
    let renewed = world.certificate(id).await;
    assert!(renewed.active.iter().all(|active| active.issued.origin.is_obtained()), "{renewed:?}");
}
