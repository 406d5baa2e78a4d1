//! Certificate packs of a zone's own hosts, their verification, the universal certificate and the recommendation.

use http::Method;
use np_domain::{
    certificate::{
        AuthorityName, AwaitingControl, Certificate, Control, ControlProof, KeyType, Order, State,
        Tries,
    },
    permission::{Area, Group, Need, Reach},
    ports::{CertificateChange, CertificateStore as _, Clock as _, Hold, PackStore as _, Publish},
    text::Explanation,
};
use serde_json::{Value, json};

use crate::world::World;

const HOSTS: [&str; 2] = ["provider.com", "*.provider.com"];

fn order(changes: Value) -> Value {
    let mut order = json!({
        "type": "advanced",
        "hosts": HOSTS,
        "validation_method": "txt",
        "validity_days": 90,
        "certificate_authority": "lets_encrypt",
    });
    let changes = changes.as_object().unwrap().clone();
    order.as_object_mut().unwrap().extend(changes);
    order
}

/// A zone, and the path of what is under its `ssl`.
async fn zone(world: &World) -> (String, String) {
    let zone = world.zone("provider.com").await;
    let ssl = format!("/zones/{zone}/ssl");
    (zone, ssl)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Plays the reconciler: a TXT record for each name is wanted.
async fn place_order(world: &World, zone: &str, id: &str) {
    let found = world.store.pack(zone.parse().unwrap(), id.parse().unwrap()).await.unwrap();
    let record = found.unwrap();
    let now = world.clock.now();
    let controls = record.pack.hosts.as_slice().iter().enumerate().map(|(at, name)| {
        let value = Explanation::new(format!("digest-{at}"));
        let proof = ControlProof::Txt { name: name.base().acme_challenge(), value };
        Control { name: name.clone(), proof, satisfied: false }
    });
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("https://ca.invalid/order/1"),
        key_type: KeyType::P256,
        controls: controls.collect(),
        expires_at: None,
        is_renewal: false,
    };
    let attempt = State::AwaitingControl(AwaitingControl {
        order,
        tries: Tries::new(now),
        placed_at: now,
        next_check: now,
    });
    let certificate = Certificate { attempt, ..record.certificate };
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::Yes };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();
}

#[tokio::test]
async fn an_ordered_pack_is_shown_with_a_token_for_each_name_until_it_is_deleted() {
    let world = World::new().await;
    let (zone, ssl) = zone(&world).await;
    let packs = format!("{ssl}/certificate_packs");
    let made = world.post(&format!("{packs}/order"), order(json!({}))).await;
    assert_eq!(made.status, 200);
    let id = text(&made.result()["id"]);
    let uuid =
        text(&world.get(&format!("/zones/{zone}/dcv_delegation/uuid")).await.result()["uuid"]);
    let expected = json!({
        "id": id,
        "type": "advanced",
        "hosts": HOSTS,
        "status": "initializing",
        "certificates": [],
        "primary_certificate": "0",
        "validation_method": "txt",
        "validity_days": 90,
        "certificate_authority": "lets_encrypt",
        "cloudflare_branding": false,
        "validation_records": [],
        "validation_errors": [],
        "dcv_delegation_records": [{
            "cname": "_acme-challenge.provider.com",
            "cname_target": format!("provider.com.{uuid}.dcv.platform.net"),
        }],
        "created_on": "2026-03-20T12:00:00.000000Z",
    });
    assert_eq!(*made.result(), expected);

    place_order(&world, &zone, &id).await;
    let one = format!("{packs}/{id}");
    let read = world.get(&one).await;
    assert_eq!(read.result()["status"], "pending_validation");
    let token = |value: &str| json!({ "status": "pending", "txt_name": "_acme-challenge.provider.com", "txt_value": value });
    let tokens = json!([token("digest-0"), token("digest-1")]);
    assert_eq!(read.result()["validation_records"], tokens);

    let verification = world.get(&format!("{ssl}/verification?retry=true")).await;
    let shown = &verification.result()[0];
    assert_eq!(shown["certificate_status"], "authorizing");
    assert_eq!(shown["cert_pack_uuid"], json!(id));
    assert_eq!(shown["verification_info"]["txt_value"], "digest-0");
    assert_eq!(shown["validation_records"], tokens);

    let deleted = world.delete(&one).await;
    assert_eq!(*deleted.result(), json!({ "id": id }));
    assert_eq!(world.get(&one).await.failure(), (404, 1602, ""));
    assert_eq!(world.delete(&one).await.failure(), (404, 1602, ""));
    assert_eq!(world.counted("pack.deleted"), Some(1));
}

#[tokio::test]
async fn who_may_only_look_has_nothing_checked_again() {
    let world = World::new().await;
    let (zone, ssl) = zone(&world).await;
    let made = world.post(&format!("{ssl}/certificate_packs/order"), order(json!({}))).await;
    let id = made.result()["id"].as_str().unwrap();
    place_order(&world, &zone, id).await;
    let version = async || {
        let found = world.store.pack(zone.parse().unwrap(), id.parse().unwrap()).await;
        found.unwrap().unwrap().certificate.version
    };
    let before = version().await;
    let look = [Group { reach: Reach::Zone, area: Area::Ssl, need: Need::Read }];
    let bearer = format!("Bearer {}", world.colleague(&look, &world.everywhere()).await);
    let get = async |query: &str| {
        let path = format!("{ssl}/verification{query}");
        world.send(Some(&bearer), Method::GET, &path, String::new()).await
    };
    assert_eq!(get("").await.result().as_array().unwrap().len(), 1);
    assert_eq!(get("?retry=true").await.failure(), (403, 10000, ""));
    assert_eq!(version().await, before);
    world.get(&format!("{ssl}/verification?retry=true")).await.result();
    assert_ne!(version().await, before);
}

#[tokio::test]
async fn a_list_has_active_packs_unless_a_status_is_named() {
    let world = World::new().await;
    let (zone, ssl) = zone(&world).await;
    let packs = format!("{ssl}/certificate_packs");
    let made = world.post(&format!("{packs}/order"), order(json!({}))).await;
    place_order(&world, &zone, made.result()["id"].as_str().unwrap()).await;
    world.post(&format!("{packs}/order"), order(json!({ "hosts": ["provider.com"] }))).await;
    for (query, expected) in [
        ("", 0),
        ("?status=all", 2),
        ("?status=all&per_page=1", 1),
        ("?status=all&page=2", 0),
        ("?status=pending_validation", 1),
        ("?status=initializing&deploy=production", 1),
        ("?status=all&deploy=staging", 0),
    ] {
        let listed = world.get(&format!("{packs}{query}")).await;
        assert_eq!(listed.result().as_array().unwrap().len(), expected, "{query}");
    }
    for (query, pointer) in [("status=some", "/status"), ("deploy=moon", "/deploy")] {
        let refused = world.get(&format!("{packs}?{query}")).await;
        assert_eq!(refused.failure(), (400, 10002, pointer));
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_is_refused_with_the_field_and_the_remedy() {
    let world = World::new().await;
    let (_, ssl) = zone(&world).await;
    let path = format!("{ssl}/certificate_packs/order");
    for (changes, expected) in [
        (json!({ "type": "dedicated" }), (400, 1604, "/type")),
        (json!({ "hosts": [] }), (400, 1603, "/hosts")),
        (json!({ "hosts": null }), (400, 1603, "/hosts")),
        (json!({ "hosts": ["www.provider.com"] }), (400, 1603, "/hosts")),
        (json!({ "hosts": ["provider.com", "app.customer.com"] }), (400, 1603, "/hosts")),
        (json!({ "hosts": ["provider.com", "a.*.provider.com"] }), (400, 1603, "/hosts")),
        (json!({ "hosts": "provider.com" }), (400, 1400, "/hosts")),
        (json!({ "validation_method": "http" }), (400, 1434, "/validation_method")),
        (json!({ "validation_method": "email" }), (400, 1432, "/validation_method")),
        (json!({ "validation_method": null }), (400, 1432, "/validation_method")),
        (json!({ "validity_days": 91 }), (400, 1604, "/validity_days")),
        (json!({ "validity_days": 365 }), (400, 1604, "/validity_days")),
        (json!({ "certificate_authority": "ssl_com" }), (400, 1434, "/certificate_authority")),
        (json!({ "certificate_authority": "acme" }), (400, 1604, "/certificate_authority")),
    ] {
        let refused = world.post(&path, order(changes.clone())).await;
        assert_eq!(refused.failure(), expected, "{changes}");
    }
    let long = world.post(&path, order(json!({ "validity_days": 365 }))).await;
    assert!(long.message().contains("200 since 2026-03-15"), "{}", long.message());
    let private = json!({ "validity_days": 365, "certificate_authority": "google" });
    assert_eq!(world.post(&path, order(private)).await.status, 200, "a private CA may");
}

#[tokio::test]
async fn packs_are_counted_against_the_quota() {
    let world = World::new().await;
    let (_, ssl) = zone(&world).await;
    let packs = format!("{ssl}/certificate_packs");
    let quota = async || world.get(&format!("{packs}/quota")).await.result().clone();
    assert_eq!(quota().await, json!({ "advanced": { "allocated": 3, "used": 0 } }));
    for _ in 0..3 {
        assert_eq!(world.post(&format!("{packs}/order"), order(json!({}))).await.status, 200);
    }
    assert_eq!(quota().await, json!({ "advanced": { "allocated": 3, "used": 3 } }));
    let refused = world.post(&format!("{packs}/order"), order(json!({}))).await;
    assert_eq!(refused.failure(), (403, 1605, ""));
}

#[tokio::test]
async fn a_patch_validates_again_and_keeps_the_tokens_and_another_method_orders_anew() {
    let world = World::new().await;
    let (zone, ssl) = zone(&world).await;
    let packs = format!("{ssl}/certificate_packs");
    let body = order(json!({ "hosts": ["provider.com"] }));
    let made = world.post(&format!("{packs}/order"), body).await;
    let id = text(&made.result()["id"]);
    place_order(&world, &zone, &id).await;
    let edited =
        world.patch(&format!("{packs}/{id}"), json!({ "cloudflare_branding": true })).await;
    assert_eq!(edited.result()["cloudflare_branding"], true);
    assert_eq!(edited.result()["validation_records"].as_array().unwrap().len(), 1);

    let verification = format!("{ssl}/verification/{id}");
    let same = world.patch(&verification, json!({ "validation_method": "txt" })).await;
    let expected = json!({ "status": "pending_validation", "validation_method": "txt" });
    assert_eq!(*same.result(), expected);
    let other = world.patch(&verification, json!({ "validation_method": "http" })).await;
    let expected = json!({ "status": "initializing", "validation_method": "http" });
    assert_eq!(*other.result(), expected, "the old tokens are of no use");
    for method in ["cname", "email"] {
        let refused = world.patch(&verification, json!({ "validation_method": method })).await;
        assert_eq!(refused.failure(), (400, 1432, "/validation_method"));
    }
    let wild = world.post(&format!("{packs}/order"), order(json!({}))).await;
    let path = format!("{ssl}/verification/{}", text(&wild.result()["id"]));
    let refused = world.patch(&path, json!({ "validation_method": "http" })).await;
    assert_eq!(refused.failure(), (400, 1434, "/validation_method"));
}

#[tokio::test]
async fn the_verification_of_a_hostnames_certificate_is_changed_by_its_id_too() {
    let world = World::new().await;
    let (zone, ssl) = zone(&world).await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "http" } });
    let made = world.post(&format!("/zones/{zone}/custom_hostnames"), body).await;
    let id = text(&made.result()["ssl"]["id"]);
    let path = format!("{ssl}/verification/{id}");
    let changed = world.patch(&path, json!({ "validation_method": "txt" })).await;
    assert_eq!(changed.result()["validation_method"], "txt");
    let hostname = text(&made.result()["id"]);
    let read = world.get(&format!("/zones/{zone}/custom_hostnames/{hostname}")).await;
    assert_eq!(read.result()["ssl"]["method"], "txt");
    let pack = world.get(&format!("{ssl}/certificate_packs/{id}")).await;
    assert_eq!(pack.failure(), (404, 1602, ""), "it is no pack of the zone's own hosts");
    let bad = world.get(&format!("{ssl}/certificate_packs/nothing")).await;
    assert_eq!(bad.failure(), (400, 1601, ""));
}

#[tokio::test]
async fn the_universal_certificate_is_a_pack_as_long_as_it_is_on() {
    let world = World::new().await;
    let (_, ssl) = zone(&world).await;
    let settings = format!("{ssl}/universal/settings");
    let is_on = async || world.get(&settings).await.result()["enabled"] == true;
    assert!(!is_on().await);
    for _ in 0..2 {
        let on = world.patch(&settings, json!({ "enabled": true })).await;
        assert_eq!(*on.result(), json!({ "enabled": true }));
    }
    let listed = world.get(&format!("{ssl}/certificate_packs?status=all")).await;
    let packs = listed.result().as_array().unwrap();
    assert_eq!(packs.len(), 1);
    assert_eq!((&packs[0]["type"], &packs[0]["hosts"]), (&json!("universal"), &json!(HOSTS)));
    let quota = world.get(&format!("{ssl}/certificate_packs/quota")).await;
    assert_eq!(quota.result()["advanced"]["used"], 0);
    let off = world.patch(&settings, json!({ "enabled": false })).await;
    assert_eq!(*off.result(), json!({ "enabled": false }));
    assert!(!is_on().await);
    let listed = world.get(&format!("{ssl}/certificate_packs?status=all")).await;
    assert_eq!(*listed.result(), json!([]));
}

#[tokio::test]
async fn the_recommendation_is_to_leave_it_as_it_is() {
    let world = World::new().await;
    let (_, ssl) = zone(&world).await;
    let answer = world.get(&format!("{ssl}/recommendation")).await;
    assert_eq!(
        (&answer.result()["value"], &answer.result()["editable"]),
        (&json!("custom"), &json!(false))
    );
}
