//! A certificate that lives for less than a minute.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::text;
use crate::world::World;

const HOST: &str = "app.customer.com";
/// Renewal comes with a third of it left: time enough for a loaded machine.
const VALIDITY: Duration = Duration::from_secs(45);

#[tokio::test]
async fn a_certificate_is_renewed_while_every_request_is_answered() {
    let world = World::with(|options| options.validity = VALIDITY).await;
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    world.provider.until_active(&id).await.unwrap();
    let first = crate::visitor::served(&world.visitor, HOST).await.serial;

    let started = Instant::now();
    loop {
        let visit = world.visitor.https(HOST, "/").await.unwrap();
        assert_eq!(visit.answer.status, 200);
        if visit.serial != first {
            break;
        }
        // Past its end the first certificate would fail the visit above; this is for a clock that stands still.
        assert!(started.elapsed() < 2 * VALIDITY, "the certificate is still the first");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.nameplate.events("certificate.renewal_started").len(), 1);
}
