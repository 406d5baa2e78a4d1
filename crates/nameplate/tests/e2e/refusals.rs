//! What is not served.

use np_testkit::wait;
use serde_json::json;

use crate::api::text;
use crate::world::World;

const HOST: &str = "app.customer.com";

#[tokio::test]
async fn a_hostname_without_proof_gets_its_tokens_answered_and_nothing_else() {
    let world = World::start().await;
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 1).await.unwrap();
    assert_eq!(shown["status"], "pending");

    let ownership = &shown["ownership_verification_http"];
    let control = &shown["ssl"]["validation_records"][0];
    for token in [ownership, control] {
        let (url, body) = (text(token, "http_url"), text(token, "http_body"));
        let path = url.strip_prefix(&format!("http://{HOST}")).unwrap();
        let answered = wait::until(&url, crate::world::WITHIN, async || {
            let answer = world.visitor.http(HOST, path).await.ok()?;
            (answer.status == 200 && answer.body.trim_end() == body).then_some(())
        });
        answered.await.unwrap();
    }
    assert_eq!(world.visitor.http(HOST, "/").await.unwrap().status, 404);
    assert!(world.visitor.is_refused(HOST).await);
    assert_eq!(world.ground.origin.requests(), 0);
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
