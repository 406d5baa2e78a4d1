//! The official Python SDK against a real socket, its strict validation on.

use np_testkit::sdk::Sdk;
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::World;

const SCRIPT: &str = include_str!("../sdk/custom_hostnames.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_does_everything_with_strict_validation() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/client/v4", listener.local_addr().unwrap());
    let router = world.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let sdk = Sdk::new(base, world.admin.clone()).unwrap();
    let printed = sdk.run(SCRIPT).await;
    server.abort();
    assert_eq!(printed.unwrap(), json!({ "done": true }));
}
