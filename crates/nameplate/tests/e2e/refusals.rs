//! What is not served.

use np_testkit::wait;
use serde_json::json;

use crate::api::text;
use crate::world::World;

const HOST: &str = "app.customer.com";

#[tokio::test]
async fn a_hostname_without_proof_gets_the_cas_token_answered_and_nothing_else() {
    let world = World::start().await;
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 1).await.unwrap();
    assert_eq!(shown["status"], "pending");

    let control = &shown["ssl"]["validation_records"][0];
    let (url, body) = (text(control, "http_url"), text(control, "http_body"));
    let answered = wait::until(&url, crate::world::WITHIN, async || {
        let answer = world.visitor.http(HOST, path_of(&url)).await.ok()?;
        (answer.status == 200 && answer.body.trim_end() == body).then_some(())
    });
    answered.await.unwrap();

    // The customer's own server shows the ownership token: ours would prove any name that already leads here.
    let ownership = text(&shown["ownership_verification_http"], "http_url");
    assert_eq!(world.visitor.http(HOST, path_of(&ownership)).await.unwrap().status, 404);
    assert_eq!(world.visitor.http(HOST, "/").await.unwrap().status, 404);
    assert!(world.visitor.is_refused(HOST).await);
    assert_eq!(world.ground.origin.requests(), 0);
}

fn path_of(url: &str) -> &str {
    url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(HOST)).unwrap()
}

#[tokio::test]
async fn a_deleted_hostname_is_served_no_more() {
    let world = World::start().await;
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    world.provider.until_active(&id).await.unwrap();
    crate::visitor::served(&world.visitor, HOST).await;

    world.provider.delete(&id).await.unwrap();
    let gone = wait::until("the edge refuses the name", crate::world::WITHIN, async || {
        let refused = world.visitor.is_refused(HOST).await;
        let unknown = world.visitor.http(HOST, "/").await.is_ok_and(|reply| reply.status == 404);
        (refused && unknown).then_some(())
    });
    gone.await.unwrap();
}
