//! Settings of zones.

use serde_json::{Value, json};

use crate::world::World;

async fn settings() -> (World, String) {
    let world = World::new().await;
    let path = format!("/zones/{}/settings", world.zone("provider.com").await);
    (world, path)
}

#[tokio::test]
async fn a_zone_that_says_nothing_shows_the_defaults_without_a_date() {
    let (world, path) = settings().await;
    let header = json!({ "strict_transport_security": {
        "enabled": false, "max_age": 0, "include_subdomains": false, "preload": false, "nosniff": false,
    } });
    let values = [
        ("always_use_https", json!("off")),
        ("ciphers", json!([])),
        ("early_hints", json!("off")),
        ("http2", json!("on")),
        ("min_tls_version", json!("1.2")),
        ("security_header", header),
        ("ssl", json!("flexible")),
        ("tls_1_3", json!("on")),
    ];
    let expected: Vec<Value> = values
        .iter()
        .map(|(id, value)| json!({ "id": id, "value": value, "editable": true, "modified_on": null }))
        .collect();
    assert_eq!(*world.get(&path).await.result(), json!(expected));
    for one in expected {
        let path = format!("{path}/{}", one["id"].as_str().unwrap());
        assert_eq!(*world.get(&path).await.result(), one);
    }
}

#[tokio::test]
async fn each_setting_is_kept_and_null_goes_back_to_the_default() {
    let (world, path) = settings().await;
    let header = json!({ "strict_transport_security": {
        "enabled": true, "max_age": 86400, "include_subdomains": true, "preload": false, "nosniff": true,
    } });
    for (id, value) in [
        ("always_use_https", json!("on")),
        ("ciphers", json!(["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"])),
        ("early_hints", json!("on")),
        ("http2", json!("off")),
        ("min_tls_version", json!("1.1")),
        ("security_header", header),
        ("ssl", json!("full")),
        ("tls_1_3", json!("off")),
    ] {
        let one = format!("{path}/{id}");
        let before = world.get(&one).await.result().clone();
        let made = world.patch(&one, json!({ "value": value })).await.result().clone();
        let now = "2026-03-20T12:00:00.000000Z";
        assert_eq!(made, json!({ "id": id, "value": value, "editable": true, "modified_on": now }));
        assert_eq!(*world.get(&one).await.result(), made);
        assert_eq!(*world.patch(&one, json!({ "value": null })).await.result(), before, "{id}");
    }
}

#[tokio::test]
async fn several_settings_are_changed_together_or_not_at_all() {
    let (world, path) = settings().await;
    let item = |id: &str, value: Value| json!({ "id": id, "value": value });
    let items = [item("ssl", json!("strict")), item("http2", json!("off"))];
    let all = world.patch(&path, json!({ "items": items })).await.result().clone();
    assert_eq!(*world.get(&path).await.result(), all);
    let value = |all: &Value, id: &str| {
        let found = all.as_array().unwrap().iter().find(|setting| setting["id"] == id);
        found.unwrap()["value"].clone()
    };
    assert_eq!((value(&all, "ssl"), value(&all, "http2")), (json!("strict"), json!("off")));
    assert_eq!(world.patch(&path, json!({})).await.failure(), (400, 10002, "/items"));
    let items = [item("ssl", json!("full")), item("http2", json!("perhaps"))];
    let refused = world.patch(&path, json!({ "items": items })).await;
    assert_eq!(refused.failure(), (400, 10002, "/items/1/value"));
    assert_eq!(*world.get(&path).await.result(), all);
}

#[tokio::test]
async fn each_bad_setting_has_its_error() {
    let (world, path) = settings().await;
    let long = json!({ "strict_transport_security": { "enabled": true, "max_age": 99_999_999 } });
    for (id, body, expected) in [
        ("ssl", json!({ "value": "off" }), (400, 10002, "/value")),
        ("ssl", json!({}), (400, 10002, "/value")),
        ("tls_1_3", json!({ "value": "zrt" }), (400, 10002, "/value")),
        ("http2", json!({ "value": true }), (400, 1400, "/value")),
        ("min_tls_version", json!({ "value": "1.4" }), (400, 10002, "/value")),
        ("ciphers", json!({ "value": ["RC4-MD5"] }), (400, 1442, "/value")),
        (
            "security_header",
            json!({ "value": {} }),
            (400, 10002, "/value/strict_transport_security"),
        ),
        (
            "security_header",
            json!({ "value": long }),
            (400, 10002, "/value/strict_transport_security/max_age"),
        ),
        ("rocket_loader", json!({ "value": "on" }), (400, 10002, "")),
    ] {
        let answer = world.patch(&format!("{path}/{id}"), body.clone()).await;
        assert_eq!(answer.failure(), expected, "{id} {body}");
    }
    let unknown = world.get(&format!("{path}/rocket_loader")).await;
    assert!(unknown.message().contains("always_use_https"), "{}", unknown.message());
}

#[tokio::test]
async fn ciphers_are_refused_where_only_tls_1_3_is_spoken() {
    let (world, path) = settings().await;
    world.patch(&format!("{path}/min_tls_version"), json!({ "value": "1.3" })).await.result();
    let ciphers = format!("{path}/ciphers");
    let refused = world.patch(&ciphers, json!({ "value": ["AES128-SHA"] })).await;
    assert_eq!(refused.failure(), (400, 1443, "/value"));
}
