//! CAA before an order: what it forbids costs no order, and what cannot be looked up is no permission.

use std::time::Duration;

use np_domain::certificate::{DcvMethod, State};

use crate::world::TestWorld;

const NAME: &str = "app.customer.com";

/// Why no order was placed, after one pass.
async fn refusal(world: &TestWorld) -> String {
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.control("one").pass().await;
    assert_eq!(world.authority.inner().placed, 0, "the CA was not asked");
    let State::Ordering(ordering) = world.certificate(id).await.attempt else { panic!() };
    ordering.tries.problems[0].message.to_string()
}

fn set(world: &TestWorld, name: &str, records: &[&str]) {
    let records = records.iter().map(|record| (*record).to_owned()).collect();
    world.customers.caa.lock().unwrap().insert(name.into(), records);
}

#[tokio::test]
async fn a_ca_that_caa_does_not_permit_is_not_asked_and_the_record_is_named() {
    let world = TestWorld::new().await;
    set(&world, "customer.com", &["0 issue other-ca.net"]);
    let why = refusal(&world).await;
    assert!(why.contains("records at customer.com do not permit lets_encrypt"), "{why}");
    assert!(why.contains("Add `0 issue \"letsencrypt.org\"`"), "{why}");
}

#[tokio::test]
async fn the_closest_records_count_and_an_order_follows_once_they_permit() {
    let world = TestWorld::new().await;
    set(&world, "customer.com", &["0 issue letsencrypt.org"]);
    set(&world, NAME, &["0 issue ;"]);
    let why = refusal(&world).await;
    assert!(why.contains("records at app.customer.com"), "{why}");

    world.customers.caa.lock().unwrap().remove(NAME);
    world.advance(Duration::from_secs(900)).await;
    world.control("one").pass().await;
    assert_eq!(world.authority.inner().placed, 1);
}

#[tokio::test]
async fn servfail_at_caa_is_no_permission() {
    let world = TestWorld::new().await;
    world.customers.servfail.lock().unwrap().insert("customer.com".into());
    let why = refusal(&world).await;
    assert!(why.starts_with("SERVFAIL looking up CAA for customer.com"), "{why}");
}

#[tokio::test]
async fn a_validation_method_that_caa_excludes_is_not_tried() {
    let world = TestWorld::new().await;
    set(&world, NAME, &["0 issue letsencrypt.org; validationmethods=http-01"]);
    let why = refusal(&world).await;
    assert!(why.contains("validationmethods"), "{why}");
}
