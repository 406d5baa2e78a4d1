//! A failure at each save of each reconciler: nothing is lost, and nothing that matters is done twice.

use std::time::Duration;

use np_domain::certificate::{DcvMethod, State};

use crate::{breakable::Break, world::TestWorld};

/// Runs a hostname from nothing to active with a failure at save number `save`; whether that save was reached.
async fn survives(save: i64, when: Break) -> bool {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.point_here("app.customer.com");
    let (breaking, store) = world.breaking_control(save, when);
    let healthy = world.control("healthy");
    for second in 0..300 {
        // The process dies with the failure; another takes over once the leases have run out.
        let control = if store.has_broken() { &healthy } else { &breaking };
        control.pass().await;
        let record = world.record(id).await;
        let certificate = record.certificate.unwrap();
        if matches!(certificate.attempt, State::Settled(_))
            && record.hostname.ownership.proof().is_some()
        {
            let inner = world.authority.inner();
            assert!(
                inner.placed <= 2 && inner.signed <= 2,
                "{} orders, {} signed",
                inner.placed,
                inner.signed
            );
            assert_eq!(certificate.active.len(), 1);
            return store.has_broken();
        }
        if matches!(certificate.attempt, State::AwaitingControl(_)) {
            world.customers.show_control(&certificate);
        }
        assert!(
            second < 299,
            "stuck after a failure {when:?} save {save}: {:?}",
            certificate.attempt
        );
        world.advance(Duration::from_secs(1)).await;
    }
    unreachable!()
}

#[tokio::test]
async fn a_failure_at_any_save_still_ends_in_one_active_certificate() {
    for when in [Break::Before, Break::After] {
        let mut save = 1;
        while survives(save, when).await {
            save += 1;
        }
        assert!(save > 6, "only {} saves were broken", save - 1);
    }
}

#[tokio::test]
async fn a_process_that_dies_after_claiming_is_replaced_when_its_leases_run_out() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    assert_eq!(world.control("dying").claim_and_die().await, 2);
    let other = world.control("other");
    assert_eq!(other.pass().await, 0, "leased");
    world.advance(Duration::from_secs(31)).await;
    assert_eq!(other.pass().await, 2);
    assert!(matches!(world.certificate(id).await.attempt, State::AwaitingControl(_)));
}

#[tokio::test]
async fn a_process_that_starts_again_under_its_name_goes_on_at_once() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    assert_eq!(world.control("one").claim_and_die().await, 2);
    world.control("two").take_over().await;
    assert_eq!(world.control("two").pass().await, 0, "leases of others stay");
    let again = world.control("one");
    again.take_over().await;
    assert_eq!(again.pass().await, 2);
    assert!(matches!(world.certificate(id).await.attempt, State::AwaitingControl(_)));
}
