//! Zones, their fallback origins, and accounts.

use std::time::Duration;

use http::Method;
use np_domain::{
    ownership::State,
    ports::{Clock, Hold, HostnameChange, HostnameStore, Lease, LeaseOwner, Publish},
    text::Explanation,
};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_zone_has_all_the_fields_that_strict_clients_require() {
    let world = World::new().await;
    let account = world.get("/accounts").await.result()[0].clone();
    let (account_id, account_name) = (&account["id"], &account["name"]);
    let body =
        json!({ "name": "provider.com", "account": { "id": account_id }, "type": "partial" });
    let answer = world.post("/zones", body).await;
    let result = answer.result();
    let now = "2026-03-20T12:00:00.000000Z";
    let expected = json!({
        "id": result["id"], "name": "provider.com", "status": "active", "paused": false, "type": "partial",
        "development_mode": 0, "name_servers": ["ns1.platform.net"], "original_name_servers": null,
        "original_registrar": null, "original_dnshost": null, "created_on": now, "modified_on": now,
        "activated_on": now, "verification_key": result["verification_key"], "cname_suffix": "cdn.platform.net",
        "meta": {
            "cdn_only": false, "custom_certificate_quota": 0, "dns_only": false, "foundation_dns": false,
            "page_rule_quota": 0, "phishing_detected": false, "step": 2,
        },
        "owner": { "id": account_id, "name": account_name, "type": "organization" },
        "account": { "id": account_id, "name": account_name },
        "tenant": {}, "tenant_unit": {},
        "permissions": [
            "#zone:read", "#zone:edit", "#zone_settings:read", "#zone_settings:edit", "#dns_records:read",
            "#dns_records:edit", "#ssl:read", "#ssl:edit",
        ],
        "plan": {
            "id": "00000000000000000000000000000000", "name": "Self-hosted", "price": 0, "currency": "USD",
            "frequency": "", "is_subscribed": false, "can_subscribe": false, "legacy_id": "enterprise",
            "legacy_discount": false, "externally_managed": false,
        },
    });
    assert_eq!(*result, expected);
    let path = format!("/zones/{}", result["id"].as_str().unwrap());
    assert_eq!(*world.get(&path).await.result(), expected);
}

#[tokio::test]
async fn zones_are_listed_by_name_and_filtered() {
    let world = World::new().await;
    for name in ["b.com", "a.com", "c.com"] {
        world.zone(name).await;
    }
    let listed = |query: &'static str| {
        let world = &world;
        async move {
            let answer = world.get(&format!("/zones{query}")).await;
            let zones = answer.result().as_array().unwrap().clone();
            zones.into_iter().map(|zone| zone["name"].clone()).collect::<Vec<Value>>()
        }
    };
    assert_eq!(listed("").await, ["a.com", "b.com", "c.com"]);
    assert_eq!(listed("?name=B.com").await, ["b.com"]);
    assert_eq!(listed("?per_page=2&page=2").await, ["c.com"]);
    assert_eq!(listed("?status=active&order=name").await.len(), 3);
    assert!(listed("?status=pending").await.is_empty());
    assert!(listed("?page=9").await.is_empty());
}

#[tokio::test]
async fn each_bad_zone_has_its_code() {
    let world = World::new().await;
    world.zone("provider.com").await;
    let unknown = json!({ "id": "0".repeat(32) });
    for (body, expected) in [
        (json!({}), (400, 1049, "/name")),
        (json!({ "name": "a b" }), (400, 1049, "/name")),
        (json!({ "name": 1 }), (400, 1400, "/name")),
        (json!({ "name": "provider.com" }), (400, 1061, "/name")),
        (json!({ "name": "a.com", "type": "secondary" }), (400, 10002, "/type")),
        (json!({ "name": "a.com", "account": { "id": "x" } }), (400, 10002, "/account/id")),
        (json!({ "name": "a.com", "account": unknown }), (403, 9109, "")),
        (json!({ "name": "dcv.platform.net" }), (400, 1097, "/name")),
        (json!({ "name": "customer.com.cdn.platform.net" }), (400, 1097, "/name")),
    ] {
        assert_eq!(world.post("/zones", body.clone()).await.failure(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_zone_with_hostnames_stays_and_one_without_goes() {
    let world = World::new().await;
    let zone = format!("/zones/{}", world.zone("provider.com").await);
    let hostnames = format!("{zone}/custom_hostnames");
    let made = world.post(&hostnames, json!({ "hostname": "app.customer.com" })).await;
    assert_eq!(world.delete(&zone).await.failure(), (400, 1600, ""));
    world.delete(&format!("{hostnames}/{}", made.result()["id"].as_str().unwrap())).await;
    let id = zone.strip_prefix("/zones/").unwrap();
    assert_eq!(*world.delete(&zone).await.result(), json!({ "id": id }));
    assert_eq!(world.get(&zone).await.failure(), (403, 9109, ""));
}

#[tokio::test]
async fn a_zone_changes_its_type_and_is_paused_while_it_is_full() {
    let world = World::new().await;
    let zone = format!("/zones/{}", world.zone("provider.com").await);
    let shown = async |edit: Value| {
        let answer = world.patch(&zone, edit).await;
        let result = answer.result().clone();
        assert_eq!(*world.get(&zone).await.result(), result);
        (result["type"].clone(), result["paused"].clone())
    };
    assert_eq!(shown(json!({})).await, (json!("full"), json!(false)));
    assert_eq!(shown(json!({ "paused": true })).await, (json!("full"), json!(true)));
    assert_eq!(shown(json!({ "paused": null })).await, (json!("full"), json!(false)));
    assert_eq!(shown(json!({ "paused": true })).await, (json!("full"), json!(true)));
    assert_eq!(shown(json!({ "type": "partial" })).await, (json!("partial"), json!(false)));
    assert_eq!(shown(json!({ "vanity_name_servers": [] })).await.0, json!("partial"));
    for (edit, expected) in [
        (json!({ "paused": true }), (400, 10002, "/paused")),
        (json!({ "paused": "yes" }), (400, 1400, "/paused")),
        (json!({ "type": "internal" }), (400, 10002, "/type")),
        (json!({ "vanity_name_servers": ["ns.a.com"] }), (400, 10002, "/vanity_name_servers")),
        (json!({ "vanity_name_servers": "ns.a.com" }), (400, 1400, "/vanity_name_servers")),
    ] {
        assert_eq!(world.patch(&zone, edit.clone()).await.failure(), expected, "{edit}");
    }
}

#[tokio::test]
async fn a_fallback_origin_is_set_replaced_and_removed() {
    let world = World::new().await;
    let zone = format!("/zones/{}", world.zone("provider.com").await);
    let path = format!("{zone}/custom_hostnames/fallback_origin");
    assert_eq!(world.get(&path).await.failure(), (404, 1551, ""));
    assert_eq!(world.delete(&path).await.failure(), (404, 1551, ""));
    for origin in ["origin.provider.com", "other.provider.com:8080"] {
        let body = json!({ "origin": origin });
        let answer = world.call(Method::PUT, &path, body).await;
        let now = "2026-03-20T12:00:00.000000Z";
        let expected = json!({
            "origin": origin, "status": "active", "errors": [], "created_at": now, "updated_at": now,
        });
        assert_eq!(*answer.result(), expected);
        assert_eq!(*world.get(&path).await.result(), expected);
    }
    assert_eq!(world.delete(&path).await.result()["status"], "pending_deletion");
    assert_eq!(world.get(&path).await.failure(), (404, 1551, ""));
}

#[tokio::test]
async fn the_first_fallback_origin_has_waiting_hostnames_looked_at_again() {
    let world = World::new().await;
    let zone = format!("/zones/{}", world.zone("provider.com").await);
    let hostnames = format!("{zone}/custom_hostnames");
    world.post(&hostnames, json!({ "hostname": "app.customer.com" })).await.result();
    let due = async || {
        let owner = LeaseOwner(Explanation::new("test"));
        let lease = Lease { owner, until: world.clock.now() };
        world.store.claim_ownership(world.clock.now(), &lease, 10).await.unwrap()
    };
    // The first look has failed: the next one is an hour away.
    let mut hostname = due().await.remove(0).hostname;
    hostname.ownership = State::new(world.clock.now() + Duration::from_secs(3600));
    let change = HostnameChange { hostname, events: vec![], publish: Publish::No };
    world.store.save(&[change], &Hold::Release).await.unwrap();
    assert_eq!(due().await, []);

    let body = json!({ "origin": "origin.provider.com" });
    world.call(Method::PUT, &format!("{hostnames}/fallback_origin"), body).await.result();
    assert_eq!(due().await.len(), 1);
}

#[tokio::test]
async fn a_bad_fallback_origin_is_refused_with_its_field() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let path = format!("/zones/{zone}/custom_hostnames/fallback_origin");
    for (body, code) in [
        (json!({}), 1415),
        (json!({ "origin": "192.0.2.1" }), 1415),
        (json!({ "origin": "*.provider.com" }), 1420),
        (json!({ "origin": 1 }), 1400),
    ] {
        let answer = world.call(Method::PUT, &path, body.clone()).await;
        assert_eq!(answer.failure(), (400, code, "/origin"), "{body}");
    }
}

#[tokio::test]
async fn changes_of_a_zone_that_race_are_all_kept() {
    let world = World::new().await;
    let zone = format!("/zones/{}", world.zone("provider.com").await);
    let fallback = format!("{zone}/custom_hostnames/fallback_origin");
    let put = |origin: &str| world.call(Method::PUT, &fallback, json!({ "origin": origin }));
    let (one, two, three) = tokio::join!(
        put("a.provider.com"),
        put("b.provider.com"),
        world.patch(&zone, json!({ "type": "partial" })),
    );
    assert_eq!([one.status, two.status, three.status].map(|s| s.as_u16()), [200; 3]);
    assert_eq!(world.get(&zone).await.result()["type"], "partial");
    let origin = world.get(&fallback).await.result()["origin"].clone();
    assert!(origin == "a.provider.com" || origin == "b.provider.com", "{origin}");
}
