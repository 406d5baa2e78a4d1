//! The official SDK as the provider.

use np_testkit::dns::RecordType;
use np_testkit::sdk::Sdk;
use np_testkit::wait;
use serde_json::json;

use crate::world::World;

const HOST: &str = "app.customer.com";

#[tokio::test]
async fn the_official_sdk_takes_a_hostname_from_creation_to_deletion() {
    let world = World::start().await;
    let target = "customers.secondprovider.com";
    world.ground.names.set(target, RecordType::A, &["127.0.0.1"]);
    world.ground.names.set(HOST, RecordType::CNAME, &[&format!("{target}.")]);
    let api = &world.provider.api;
    let sdk = Sdk::new(api.base.clone(), api.token.clone()).unwrap();
    let made = sdk.run(&script(include_str!("sdk/create.py"), &world)).await.unwrap();
    assert_eq!(made, json!({ "listed": [HOST], "status": "active", "ssl": "active" }));
    crate::visitor::served(&world.visitor, HOST).await;

    let gone = sdk.run(&script(include_str!("sdk/delete.py"), &world)).await.unwrap();
    assert_eq!(gone, json!({ "listed": [] }));
    let refused = wait::until("the edge refuses the name", crate::world::WITHIN, async || {
        world.visitor.is_refused(HOST).await.then_some(())
    });
    refused.await.unwrap();
}

/// The script, told where the origin is.
fn script(text: &str, world: &World) -> String {
    format!("ORIGIN_PORT = {}\n{text}", world.ground.origin.address().port())
}
