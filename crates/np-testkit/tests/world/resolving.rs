//! Knot and Unbound, together as a customer's zone and the way to it.

use np_testkit::knot::{Knot, Zone};
use np_testkit::unbound::Unbound;

use crate::client::dig;

#[tokio::test]
async fn unbound_finds_a_name_that_knot_serves() {
    let zones = [
        Zone::new("customer.test", "app A 192.0.2.7"),
        Zone::new("other.example", "@ A 192.0.2.8"),
    ];
    let knot = Knot::start(&zones).await.unwrap();
    let unbound =
        Unbound::start(&[("customer.test", knot.address()), ("other.example", knot.address())])
            .await
            .unwrap();
    assert_eq!(dig(unbound.address(), &["+short", "app.customer.test", "A"]).await, "192.0.2.7\n");
    assert_eq!(dig(unbound.address(), &["+short", "other.example", "A"]).await, "192.0.2.8\n");
}

#[tokio::test]
async fn unbound_sees_a_change_as_soon_as_knot_serves_it() {
    let mut knot = Knot::start(&[Zone::new("customer.test", "app A 192.0.2.7")]).await.unwrap();
    let unbound = Unbound::start(&[("customer.test", knot.address())]).await.unwrap();
    assert_eq!(dig(unbound.address(), &["+short", "app.customer.test", "A"]).await, "192.0.2.7\n");
    assert_eq!(dig(unbound.address(), &["+short", "new.customer.test", "A"]).await, "");
    knot.change(&Zone::new("customer.test", "app A 192.0.2.9\nnew CNAME app")).await.unwrap();
    assert_eq!(dig(unbound.address(), &["+short", "app.customer.test", "A"]).await, "192.0.2.9\n");
    assert_eq!(
        dig(unbound.address(), &["+short", "new.customer.test", "A"]).await,
        "app.customer.test.\n192.0.2.9\n"
    );
}

#[tokio::test]
async fn knot_refuses_a_zone_that_it_cannot_read() {
    let mut knot = Knot::start(&[Zone::new("customer.test", "app A 192.0.2.7")]).await.unwrap();
    let error = knot
        .change(&Zone::new("customer.test", "app A not-an-address"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("customer.test"), "{error}");
}

#[tokio::test]
async fn names_outside_of_the_test_do_not_exist() {
    let unbound = Unbound::start(&[]).await.unwrap();
    assert!(dig(unbound.address(), &["www.example.com", "A"]).await.contains("status: NXDOMAIN"));
}
