//! What the original's Terraform provider (5.x) does with resources: the calls of an apply, of the refresh before the next
//! plan, and of a destroy, in its order and with the bodies that it sends. It has no call of its own at start.
//!
//! An attribute that a configuration sets, and that is read back differently, is planned again for ever; so is one that it does
//! not set and that is there when it is read, unless the provider takes it as computed.

use http::Method;
use serde_json::{Value, json};

use crate::world::World;

/// Attributes that replies have although nothing was asked for, here and in the original.
const SHOWN_ALWAYS: [&str; 2] = ["/ssl/settings", "/ssl/wildcard"];
/// Attributes of a custom hostname that the provider takes as they are set, and as nothing when they are not.
const OPTIONAL: [&str; 14] = [
    "/custom_metadata",
    "/custom_origin_server",
    "/custom_origin_sni",
    "/ssl/custom_certificate",
    "/ssl/custom_csr_id",
    "/ssl/custom_key",
    "/ssl/method",
    "/ssl/settings/ciphers",
    "/ssl/settings/early_hints",
    "/ssl/settings/http2",
    "/ssl/settings/min_tls_version",
    "/ssl/settings/tls_1_3",
    "/ssl/type",
    "/ssl/wildcard",
];

/// Whether all that was set is read as it was set.
fn check_set(set: &Value, read: &Value, at: &str) {
    match set {
        Value::Object(fields) => {
            for (key, value) in fields {
                check_set(value, &read[key.as_str()], &format!("{at}/{key}"));
            }
        }
        value => assert_eq!(read, value, "{at}"),
    }
}

/// The same of a custom hostname, and that nothing else is read.
fn check_plan_is_empty(set: &Value, read: &Value) {
    check_set(set, read, "");
    let strange = OPTIONAL.iter().filter(|pointer| {
        let is_set = set.pointer(pointer).is_some();
        !is_set && !SHOWN_ALWAYS.contains(pointer) && read.pointer(pointer).is_some()
    });
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<&&str>::new(), "{read}");
}

/// Applies a resource: a call, then a read of what it made; the path of what it made.
async fn create(world: &World, path: &str, body: &Value) -> (String, Value) {
    let made = world.post(path, body.clone()).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    let one = format!("{}/{id}", path.trim_end_matches("/order"));
    let read = world.get(&one).await.result().clone();
    check_set(body, &read, path);
    (one, read)
}

#[tokio::test]
async fn an_apply_leaves_nothing_to_plan_and_a_destroy_nothing_behind() {
    let world = World::new().await;
    let account = world.get("/accounts").await.result()[0]["id"].clone();
    let zone = json!({ "account": { "id": account }, "name": "provider.com", "type": "full" });
    let (zone_path, _) = create(&world, "/zones", &zone).await;

    let record = json!({
        "content": "192.0.2.1", "name": "fallback.provider.com", "proxied": true, "ttl": 1, "type": "A",
    });
    let (record_path, _) = create(&world, &format!("{zone_path}/dns_records"), &record).await;
    let fallback_path = format!("{zone_path}/custom_hostnames/fallback_origin");
    let fallback = json!({ "origin": "fallback.provider.com" });
    world.call(Method::PUT, &fallback_path, fallback.clone()).await.result();
    let read = world.get(&fallback_path).await;
    check_set(&fallback, read.result(), "");
    assert_eq!(read.result()["status"], "active");

    let hostnames = format!("{zone_path}/custom_hostnames");
    let mut hostname = json!({
        "hostname": "app.customer.com",
        "ssl": {
            "bundle_method": "ubiquitous", "certificate_authority": "google", "method": "txt", "type": "dv",
            "settings": {
                "ciphers": ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"],
                "min_tls_version": "1.2", "tls_1_3": "on", "http2": "on", "early_hints": "off",
            },
        },
        "custom_metadata": { "plan": "gold" },
    });
    let (hostname_path, read) = create(&world, &hostnames, &hostname).await;
    check_plan_is_empty(&hostname, &read);
    let bare = json!({ "hostname": "bare.customer.com" });
    let (bare_path, read) = create(&world, &hostnames, &bare).await;
    check_plan_is_empty(&bare, &read);

    // With `ssl` a change sends everything, without it what changed, and `null` for what is set no more.
    hostname["ssl"]["settings"]["min_tls_version"] = json!("1.3");
    hostname["ssl"]["settings"].as_object_mut().unwrap().remove("ciphers");
    let mut changed = hostname.clone();
    changed["ssl"]["settings"]["ciphers"] = Value::Null;
    assert_eq!(world.patch(&hostname_path, changed).await.status, 202);
    check_plan_is_empty(&hostname, world.get(&hostname_path).await.result());
    let origin = json!({ "custom_origin_server": "origin.provider.com" });
    world.patch(&bare_path, origin).await.result();
    world.patch(&bare_path, json!({ "custom_origin_server": null })).await.result();
    check_plan_is_empty(&bare, world.get(&bare_path).await.result());

    let pack = json!({
        "certificate_authority": "google", "hosts": ["provider.com", "*.provider.com"],
        "type": "advanced", "validation_method": "txt", "validity_days": 90,
    });
    let packs = format!("{zone_path}/ssl/certificate_packs/order");
    let (pack_path, _) = create(&world, &packs, &pack).await;

    // Data sources find things by name, and take just one.
    for (path, field, name) in [
        ("/zones?name=provider.com".to_owned(), "name", "provider.com"),
        (format!("{hostnames}?hostname.exact=app.customer.com"), "hostname", "app.customer.com"),
        (
            format!("{zone_path}/dns_records?name.exact=fallback.provider.com&type=A"),
            "name",
            "fallback.provider.com",
        ),
    ] {
        let found = world.get(&path).await;
        let found = found.result().as_array().unwrap();
        assert_eq!((found.len(), &found[0][field]), (1, &json!(name)), "{path}");
    }

    // What others need goes last.
    for path in [&pack_path, &hostname_path, &bare_path, &fallback_path, &record_path, &zone_path] {
        let gone = world.delete(path).await;
        assert_eq!(gone.status, 200, "{path}: {gone:?}");
    }
    assert_eq!(world.get("/zones?name=provider.com").await.result(), &json!([]));
}

#[tokio::test]
async fn what_somebody_else_deleted_is_made_anew() {
    // A refresh takes 404 as that, and everything else as a failure.
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    for path in [
        "custom_hostnames/0d89c70d-ad9f-4843-b99f-6cc0252067e9",
        "custom_hostnames/fallback_origin",
        "custom_csrs/0d89c70d-ad9f-4843-b99f-6cc0252067e9",
        "dns_records/0123456789abcdef0123456789abcdef",
        "ssl/certificate_packs/0d89c70d-ad9f-4843-b99f-6cc0252067e9",
    ] {
        let answer = world.get(&format!("/zones/{zone}/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
