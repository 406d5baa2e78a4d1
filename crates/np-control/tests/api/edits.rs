//! Editing custom hostnames: what is merged, what restarts, what is refused. The rules themselves have their table tests beside
//! them; here is what the bodies mean.

use std::time::Duration;

use np_domain::{
    certificate::State,
    custom_hostname::HostnameRecord,
    ports::{Clock as _, FeedStore as _, HostnameStore as _},
};
use np_testkit::ca::{Ca, LeafKey};
use serde_json::{Value, json};

use crate::{issuer::place_order, world::World};

/// A world with one hostname, and the path of it.
async fn with_hostname(body: Value) -> (World, String) {
    let world = World::new().await;
    let path = world.hostnames().await;
    let made = world.post(&path, body).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    (world, format!("{path}/{id}"))
}

/// The hostname as it is stored.
async fn record(world: &World, path: &str) -> HostnameRecord {
    let mut ids = path.split('/');
    let (zone, id) = (ids.nth(2).unwrap(), ids.nth(1).unwrap());
    let record = world.store.find(zone.parse().unwrap(), id.parse().unwrap()).await.unwrap();
    record.unwrap()
}

fn plain() -> Value {
    json!({
        "hostname": "app.customer.com",
        "custom_metadata": { "tenant": "42" },
        "custom_origin_server": "origin.provider.com",
        "ssl": { "type": "dv", "method": "txt", "settings": { "http2": "off" } },
    })
}

#[tokio::test]
async fn an_edit_is_accepted_with_202_and_changes_what_it_names() {
    let (world, path) = with_hostname(plain()).await;
    let before = world.get(&path).await.result().clone();
    let answer = world.patch(&path, json!({ "custom_metadata": { "tenant": "43" } })).await;
    assert_eq!(answer.status, 202);
    let mut expected = before;
    expected["custom_metadata"] = json!({ "tenant": "43" });
    assert_eq!(*answer.result(), expected);
}

#[tokio::test]
async fn settings_are_merged_by_key_and_null_resets() {
    let (world, path) = with_hostname(plain()).await;
    for (settings, expected) in [
        (json!({ "min_tls_version": "1.2" }), json!({ "http2": "off", "min_tls_version": "1.2" })),
        (json!({ "http2": null }), json!({ "min_tls_version": "1.2" })),
        (Value::Null, json!({})),
    ] {
        let answer = world.patch(&path, json!({ "ssl": { "settings": settings } })).await;
        assert_eq!(answer.result()["ssl"]["settings"], expected);
    }
}

#[tokio::test]
async fn null_takes_origin_and_metadata_away() {
    let (world, path) = with_hostname(plain()).await;
    let body = json!({ "custom_origin_server": null, "custom_metadata": null });
    let answer = world.patch(&path, body).await;
    let result = answer.result().as_object().unwrap();
    assert!(
        !result.contains_key("custom_origin_server") && !result.contains_key("custom_metadata")
    );
}

#[tokio::test]
async fn the_same_ssl_checks_at_once_and_keeps_the_tokens() {
    let (world, path) = with_hostname(plain()).await;
    let before = world.get(&path).await.result().clone();
    world.clock.advance(Duration::from_secs(3600));
    let answer = world.patch(&path, json!({ "ssl": { "type": "dv", "method": "txt" } })).await;
    let mut expected = before;
    for pointer in ["/verification_progress", "/ssl/progress"] {
        let progress = expected.pointer_mut(pointer).unwrap();
        assert_eq!(progress["next_check_at"], "2026-03-20T12:00:00.000000Z");
        *progress = answer.result().pointer(pointer).unwrap().clone();
        assert_eq!(progress["next_check_at"], "2026-03-20T13:00:00.000000Z", "{pointer}");
    }
    assert_eq!(*answer.result(), expected);
    let record = record(&world, &path).await;
    let now = world.clock.now();
    assert_eq!(record.hostname.ownership.due_at(), Some(now));
    assert_eq!(record.certificate.unwrap().due_at(), Some(now));
}

#[tokio::test]
async fn another_method_or_wildcard_is_shown_at_once() {
    let (world, path) = with_hostname(plain()).await;
    let http = world.patch(&path, json!({ "ssl": { "type": "dv", "method": "http" } })).await;
    let ssl = &http.result()["ssl"];
    assert_eq!((&ssl["method"], &ssl["status"]), (&json!("http"), &json!("initializing")));
    assert!(ssl.get("dcv_delegation_records").is_none());
    let wildcard = world.patch(&path, json!({ "ssl": { "wildcard": true } })).await;
    assert_eq!(wildcard.failure(), (400, 1434, "/ssl/method"));
    let both = json!({ "ssl": { "type": "dv", "method": "txt", "wildcard": true } });
    assert_eq!(world.patch(&path, both).await.result()["ssl"]["wildcard"], true);
}

#[tokio::test]
async fn a_hostname_without_ssl_gets_its_first_certificate_by_an_edit() {
    let (world, path) = with_hostname(json!({ "hostname": "app.customer.com" })).await;
    let half = world.patch(&path, json!({ "ssl": { "method": "txt" } })).await;
    assert_eq!(half.failure(), (400, 1440, "/ssl"));
    let full = world.patch(&path, json!({ "ssl": { "type": "dv", "method": "txt" } })).await;
    assert_eq!(full.result()["ssl"]["status"], "initializing");
}

#[tokio::test]
async fn each_bad_edit_has_its_code_and_changes_nothing() {
    let (world, path) = with_hostname(plain()).await;
    let before = world.get(&path).await.result().clone();
    for (body, expected) in [
        (json!({ "hostname": "b.customer.com" }), (409, 1439, "/hostname")),
        (json!({ "ssl": null }), (400, 1434, "/ssl")),
        (json!({ "ssl": { "method": "cname" } }), (400, 1432, "/ssl/method")),
        (json!({ "custom_origin_server": "192.0.2.1" }), (400, 1415, "/custom_origin_server")),
        (
            json!({ "custom_origin_server": null, "custom_origin_sni": "a.com" }),
            (400, 1415, "/custom_origin_sni"),
        ),
        (
            json!({ "custom_metadata": { "a": "b" }, "ssl": { "certificate_authority": "ssl_com" } }),
            (400, 1434, "/ssl/certificate_authority"),
        ),
        (
            json!({ "ssl": { "settings": { "ciphers": ["AES128-SHA"], "min_tls_version": "1.3" } } }),
            (400, 1443, "/ssl/settings/ciphers"),
        ),
    ] {
        let answer = world.patch(&path, body.clone()).await;
        assert_eq!(answer.failure(), expected, "{body}");
    }
    assert_eq!(*world.get(&path).await.result(), before);
}

#[tokio::test]
async fn edits_that_race_are_all_kept() {
    let (world, path) = with_hostname(plain()).await;
    let origin = json!({ "custom_origin_server": "other.provider.com" });
    let (one, two, three) = tokio::join!(
        world.patch(&path, json!({ "custom_metadata": { "tenant": "44" } })),
        world.patch(&path, origin),
        world.patch(&path, json!({ "ssl": { "settings": { "tls_1_3": "off" } } })),
    );
    assert_eq!([one.status, two.status, three.status].map(|s| s.as_u16()), [202; 3]);
    let result = world.get(&path).await.result().clone();
    assert_eq!(result["custom_metadata"], json!({ "tenant": "44" }));
    assert_eq!(result["custom_origin_server"], "other.provider.com");
    assert_eq!(result["ssl"]["settings"], json!({ "http2": "off", "tls_1_3": "off" }));
}

#[tokio::test]
async fn only_an_edit_of_what_is_served_reaches_the_feed() {
    let (world, path) = with_hostname(plain()).await;
    let head = world.store.number().await.unwrap();
    world.patch(&path, json!({ "ssl": { "type": "dv", "method": "txt" } })).await;
    assert_eq!(
        world.store.number().await.unwrap(),
        head,
        "a restart changes nothing that is served"
    );
    world.patch(&path, json!({ "custom_origin_server": "other.provider.com" })).await;
    assert!(world.store.number().await.unwrap() > head);
}

#[tokio::test]
async fn an_edit_leaves_a_new_order_to_the_reconciler() {
    let (world, path) = with_hostname(plain()).await;
    world.patch(&path, json!({ "ssl": { "certificate_authority": "google" } })).await;
    let record = record(&world, &path).await;
    assert!(matches!(record.certificate.unwrap().attempt, State::Ordering(_)));
}

#[tokio::test]
async fn every_change_by_the_api_is_counted_once_it_is_saved() {
    let (world, path) = with_hostname(plain()).await;
    world.patch(&path, json!({ "custom_metadata": { "tenant": "43" } })).await;
    world.clock.advance(Duration::from_secs(3600));
    world.patch(&path, json!({ "ssl": { "type": "dv", "method": "txt" } })).await;
    world.patch(&path, json!({ "ssl": null })).await;
    world.delete(&path).await;
    world.delete(&path).await;
    let counted =
        ["hostname.created", "hostname.edited", "ownership.restarted", "hostname.deleted"]
            .map(|kind| world.counted(kind));
    assert_eq!(counted, [Some(1), Some(2), Some(1), Some(1)]);
}

/// What an edit did to the order that was open.
#[derive(Debug, PartialEq)]
enum Order {
    /// Nothing.
    Stays,
    /// Its tokens are looked for at once.
    CheckedNow,
    /// It is replaced: other tokens.
    Replaced,
    /// It has an end: what was uploaded takes its place.
    Uploaded,
}

/// An edit, and what it does.
struct Row {
    field: &'static str,
    body: Value,
    /// Status, code and pointer; of a success the status alone.
    answer: (u16, u64, &'static str),
    order: Order,
    /// Whether ownership is checked anew.
    restarts: bool,
    /// Whether serving nodes are told.
    is_told: bool,
}

/// The table of behaviour.md 4.6, row by row, and what docs/divergences.md has beside it.
fn rows(root: &Ca) -> Vec<Row> {
    use Order::{CheckedNow, Replaced, Stays, Uploaded};
    const DONE: (u16, u64, &str) = (202, 0, "");
    let row = |field, body, answer, order, restarts, is_told| Row {
        field,
        body,
        answer,
        order,
        restarts,
        is_told,
    };
    let ssl = |ssl: Value| json!({ "ssl": ssl });
    let leaf = root.leaf(&["app.customer.com"], LeafKey::P256);
    let pair = json!({ "custom_certificate": leaf.pem, "custom_key": leaf.key });
    let same = json!({ "type": "dv", "method": "txt" });
    let other = json!({ "type": "dv", "method": "http" });
    let authority = |name| ssl(json!({ "certificate_authority": name }));
    let branding = |value: Value| ssl(json!({ "cloudflare_branding": value }));
    let not_a_flag = (400, 1434, "/ssl/cloudflare_branding");
    let origin = json!({ "custom_origin_server": "b.provider.com" });
    vec![
        row(
            "hostname",
            json!({ "hostname": "b.com" }),
            (409, 1439, "/hostname"),
            Stays,
            false,
            false,
        ),
        row(
            "hostname, the same",
            json!({ "hostname": "App.customer.com" }),
            DONE,
            Stays,
            false,
            false,
        ),
        row("ssl, the same", ssl(same), DONE, CheckedNow, true, false),
        row("ssl without type", ssl(json!({ "method": "txt" })), DONE, CheckedNow, true, false),
        row("ssl without method", ssl(json!({ "type": "dv" })), DONE, Stays, false, false),
        row("ssl.certificate_authority", authority("google"), DONE, Replaced, false, true),
        row("ssl.certificate_authority, default", authority(""), DONE, Stays, false, false),
        row("ssl.method", ssl(other), DONE, Replaced, true, true),
        row("ssl.wildcard", ssl(json!({ "wildcard": true })), DONE, Replaced, false, true),
        row(
            "ssl.settings",
            ssl(json!({ "settings": { "http2": "on" } })),
            DONE,
            Stays,
            false,
            true,
        ),
        row(
            "ssl.bundle_method",
            ssl(json!({ "bundle_method": "force" })),
            DONE,
            Stays,
            false,
            false,
        ),
        row("ssl.custom_*", ssl(pair), DONE, Uploaded, false, true),
        row("ssl.cloudflare_branding", branding(true.into()), DONE, Stays, false, false),
        row(
            "ssl.cloudflare_branding, a text",
            branding("true".into()),
            not_a_flag,
            Stays,
            false,
            false,
        ),
        row("custom_metadata", json!({ "custom_metadata": {} }), DONE, Stays, false, true),
        row("custom_origin_server", origin, DONE, Stays, false, true),
        row(
            "custom_origin_sni",
            json!({ "custom_origin_sni": "sni.com" }),
            DONE,
            Stays,
            false,
            true,
        ),
    ]
}

#[tokio::test]
async fn each_field_of_an_edit_has_its_effect_and_no_other() {
    let count = rows(&Ca::root("Any")).len();
    for index in 0..count {
        let (world, path) = with_hostname(plain()).await;
        let (hostnames, _) = path.rsplit_once('/').unwrap();
        place_order(&world, hostnames).await;
        world.clock.advance(Duration::from_secs(3600));
        let (before, head) = (record(&world, &path).await, world.store.number().await.unwrap());
        let row = rows(&world.root).swap_remove(index);
        let answer = world.patch(&path, row.body).await;
        let field = row.field;
        match row.answer {
            (status @ 200..300, ..) => assert_eq!(answer.status, status, "{field}: {answer:?}"),
            expected => assert_eq!(answer.failure(), expected, "{field}"),
        }
        let (after, now) = (record(&world, &path).await, world.clock.now());
        let (was, is) = (before.certificate.unwrap().attempt, after.certificate.unwrap().attempt);
        let order = match &is {
            State::AwaitingControl(awaiting) if awaiting.next_check == now => Order::CheckedNow,
            State::Ordering(_) => Order::Replaced,
            State::Uploaded(_) => Order::Uploaded,
            _ => Order::Stays,
        };
        assert_eq!(order, row.order, "{field}");
        assert_eq!(is == was, order == Order::Stays, "{field}");
        assert_eq!(after.hostname.ownership.due_at() == Some(now), row.restarts, "{field}");
        assert_eq!(world.store.number().await.unwrap() > head, row.is_told, "{field}: the feed");
    }
}
