//! `kill -9` in the middle.

use np_testkit::dns::RecordType;
use serde_json::json;

use crate::api::text;
use crate::world::World;

const HOST: &str = "app.customer.com";

#[tokio::test]
async fn an_order_that_was_under_way_at_a_crash_is_completed() {
    let mut world = World::start().await;
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "txt" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let before = world.provider.with_records(&id, 1).await.unwrap();

    world.nameplate.kill();
    world.nameplate.start_again().await.unwrap();

    let after = world.provider.with_records(&id, 1).await.unwrap();
    let control = &before["ssl"]["validation_records"][0];
    assert_eq!(*control, after["ssl"]["validation_records"][0]);
    let (name, value) = (text(control, "txt_name"), text(control, "txt_value"));
    world.ground.names.set(&name, RecordType::TXT, &[&value]);
    world.provider.look_again(&id, &ssl).await.unwrap();
    world.provider.until_active(&id).await.unwrap();
    crate::visitor::served(&world.visitor, HOST).await;
    assert_eq!(world.nameplate.events("certificate.ordered").len(), 1);
}
