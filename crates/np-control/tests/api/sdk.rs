//! The official Python SDK against a real socket, its strict validation on.

use np_testkit::sdk::Sdk;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    issuer::{activate, place_order},
    world::World,
};

const SCRIPT: &str = include_str!("../sdk/custom_hostnames.py");

/// Runs a script against the world's API on a free port.
async fn run(world: &World, script: &str) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/client/v4", listener.local_addr().unwrap());
    let router = world.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let sdk = Sdk::new(base, world.admin.clone()).unwrap();
    let printed = sdk.run(script).await;
    server.abort();
    printed.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_does_everything_with_strict_validation() {
    let world = World::new().await;
    assert_eq!(run(&world, SCRIPT).await, json!({ "done": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_reads_a_certificate_that_is_active_and_being_renewed() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
    world.post(&path, body).await;
    activate(&world, &path).await;
    place_order(&world, &path).await;
    let script = r#"
import json
from cloudflare import Cloudflare
client = Cloudflare(_strict_response_validation=True, max_retries=0)
[zone] = client.zones.list()
[hostname] = client.custom_hostnames.list(zone_id=zone.id)
ssl = hostname.ssl
print(json.dumps([ssl.status, ssl.issuer, ssl.expires_on.isoformat(), ssl.validation_records[0].txt_value]))
"#;
    let expected = json!(["active", "Test CA", "2026-06-18T12:00:00+00:00", "digest"]);
    assert_eq!(run(&world, script).await, expected);
}
