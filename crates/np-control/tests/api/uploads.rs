//! Uploaded certificates: create, PATCH, single certificates of a pack, and `ssl/analyze`.

use np_domain::{
    certificate::{State, upload::delivered},
    id::HostnameId,
    ports::{CertificateChange, CertificateStore as _, Hold, Publish},
};
use np_testkit::{
    ca::{Ca, Leaf, LeafKey, self_signed},
    clock::TestClock,
};
use serde_json::{Value, json};
use time::Duration;

use crate::world::{Answer, World};

const NAME: &str = "app.customer.com";

fn single(leaf: &Leaf) -> Value {
    json!({ "custom_certificate": leaf.pem, "custom_key": leaf.key })
}

fn bundle(leaves: &[&Leaf]) -> Value {
    json!({ "custom_cert_bundle": leaves.iter().map(|leaf| single(leaf)).collect::<Vec<_>>() })
}

async fn create(world: &World, path: &str, ssl: Value) -> Answer {
    world.post(path, json!({ "hostname": NAME, "ssl": ssl })).await
}

fn with(mut ssl: Value, key: &str, value: Value) -> Value {
    ssl[key] = value;
    ssl
}

/// What the reconciler does once every edge has what was uploaded.
async fn deploy(world: &World, one: &str) {
    let id: HostnameId = one.rsplit('/').next().unwrap().parse().unwrap();
    let mut certificate = world.store.record_of(id).await.unwrap().unwrap().certificate.unwrap();
    let step = delivered(&mut certificate, TestClock::START).unwrap();
    certificate.attempt = step.state;
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::No };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();
}

async fn one_of(made: &Answer, path: &str) -> String {
    format!("{path}/{}", made.result()["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_uploaded_certificate_is_shown_with_its_facts_and_never_its_key() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let between = world.root.intermediate("Between");
    let leaf = between.leaf(&["app.customer.com", "www.customer.com"], LeafKey::Rsa2048);
    let text = format!("{}{}", between.pem, leaf.pem);
    let made = create(&world, &path, with(single(&leaf), "custom_certificate", json!(text))).await;
    assert_eq!(made.status, 201);
    let ssl = &made.result()["ssl"];
    assert_eq!(ssl["status"], "holding_deployment", "ownership is not proven");
    assert_eq!(ssl["hosts"], json!(["app.customer.com", "www.customer.com"]));
    assert_eq!(ssl["issuer"], "Between");
    assert_eq!(ssl["signature"], "ECDSAWithSHA256");
    assert_eq!(ssl["bundle_method"], "ubiquitous");
    assert_eq!(ssl["expires_on"], "2026-06-17T12:00:00.000000Z");
    assert_eq!(ssl["uploaded_on"], "2026-03-20T12:00:00.000000Z");
    assert_eq!(ssl["custom_certificate"], text.replace("\r\n", "\n"));
    assert!(ssl["serial_number"].as_str().unwrap().bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(ssl["certificates"].as_array().unwrap().len(), 1);
    for absent in ["custom_key", "certificate_authority", "validation_records"] {
        assert!(ssl.get(absent).is_none(), "{absent}");
    }
    assert!(!made.body.to_string().contains("PRIVATE"));
    for (status, count) in [("holding_deployment", 1), ("pending_deployment", 0), ("active", 0)] {
        let listed = world.get(&format!("{path}?ssl_status={status}")).await;
        assert_eq!(listed.result().as_array().unwrap().len(), count, "{status}");
    }
    let one = one_of(&made, &path).await;
    deploy(&world, &one).await;
    assert_eq!(world.get(&one).await.result()["ssl"]["status"], "active");
    world.clock.advance(std::time::Duration::from_secs(90 * 24 * 3600));
    assert_eq!(world.get(&one).await.result()["ssl"]["status"], "expired");
}

#[tokio::test]
async fn each_bad_upload_has_its_code_and_place() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let root = &world.root;
    let leaf = |key| root.leaf(&[NAME], key);
    let good = leaf(LeafKey::P256);
    let now = TestClock::START;
    let ended = root.leaf_between(&[NAME], LeafKey::P256, now - Duration::days(9), now);
    let other = root.leaf(&["other.customer.com"], LeafKey::P256);
    let several = format!("{}{}", good.pem, leaf(LeafKey::P256).pem);
    let foreign = Ca::root("Foreign").leaf(&[NAME], LeafKey::P256);
    let ed25519 = leaf(LeafKey::Ed25519);
    let signed_by_ed25519 = Ca::root_ed25519("Odd").leaf(&[NAME], LeafKey::P256);
    let (certificate, key) = ("/ssl/custom_certificate", "/ssl/custom_key");
    for (name, ssl, code, pointer) in [
        ("empty", with(single(&good), "custom_certificate", json!("")), 1427, certificate),
        ("no certificate", json!({ "custom_key": good.key }), 1427, certificate),
        ("no PEM", with(single(&good), "custom_certificate", json!("x")), 1426, certificate),
        (
            "two leaves",
            with(single(&good), "custom_certificate", json!(several)),
            1444,
            certificate,
        ),
        ("no leaf", with(single(&good), "custom_certificate", json!(root.pem)), 1445, certificate),
        ("no key", json!({ "custom_certificate": good.pem }), 1428, key),
        ("a bad key", with(single(&good), "custom_key", json!("x")), 1428, key),
        ("another key", with(single(&good), "custom_key", json!(other.key)), 1429, key),
        ("another name", single(&other), 1446, certificate),
        ("no wildcard", with(single(&good), "wildcard", json!(true)), 1446, certificate),
        ("ended", single(&ended), 1441, certificate),
        ("untrusted", single(&foreign), 1441, certificate),
        ("self-signed", single(&self_signed(&[NAME])), 1441, certificate),
        ("an odd key", single(&ed25519), 1434, certificate),
        ("an odd signature", single(&signed_by_ed25519), 1447, certificate),
        (
            "bundle method",
            with(single(&good), "bundle_method", json!("x")),
            1449,
            "/ssl/bundle_method",
        ),
        (
            "csr id",
            json!({ "custom_certificate": good.pem, "custom_csr_id": "x" }),
            1430,
            "/ssl/custom_csr_id",
        ),
        (
            "key and csr",
            with(single(&good), "custom_csr_id", json!("x")),
            1434,
            "/ssl/custom_csr_id",
        ),
        (
            "both forms",
            with(bundle(&[&good]), "custom_key", json!("x")),
            1434,
            "/ssl/custom_cert_bundle",
        ),
        ("none in a bundle", bundle(&[]), 1434, "/ssl/custom_cert_bundle"),
        ("three", bundle(&[&good, &good, &good]), 1434, "/ssl/custom_cert_bundle"),
        ("no list", json!({ "custom_cert_bundle": "x" }), 1434, "/ssl/custom_cert_bundle"),
        (
            "two of a kind",
            bundle(&[&good, &leaf(LeafKey::P384)]),
            1434,
            "/ssl/custom_cert_bundle/1/custom_certificate",
        ),
        (
            "a bad second",
            bundle(&[&good, &other]),
            1446,
            "/ssl/custom_cert_bundle/1/custom_certificate",
        ),
    ] {
        let refused = create(&world, &path, ssl).await;
        assert_eq!(refused.failure(), (400, code, pointer), "{name}: {}", refused.message());
        assert!(!refused.body.to_string().contains("BEGIN"), "{name}");
    }
    let unknown = "0d89c70d-ad9f-4843-b99f-6cc0252067e9";
    let refused =
        create(&world, &path, json!({ "custom_certificate": good.pem, "custom_csr_id": unknown }))
            .await;
    assert_eq!(refused.failure(), (404, 1431, "/ssl/custom_csr_id"));
}

#[tokio::test]
async fn force_takes_what_no_root_vouches_for() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let own = with(single(&self_signed(&["*.customer.com"])), "bundle_method", json!("force"));
    let made = create(&world, &path, own).await;
    assert_eq!(made.result()["ssl"]["status"], "holding_deployment");
    // Another method must judge it anew, and does not take it.
    let one = one_of(&made, &path).await;
    let refused = world.patch(&one, json!({ "ssl": { "bundle_method": "optimal" } })).await;
    assert_eq!(refused.failure(), (400, 1441, "/ssl/bundle_method"));
    let refused = world.patch(&one, json!({ "ssl": { "wildcard": true } })).await;
    assert_eq!(refused.failure(), (400, 1446, "/ssl/wildcard"));
}

#[tokio::test]
async fn settings_of_an_uploaded_one_change_without_sending_it_again() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let leaf = world.root.leaf(&[NAME], LeafKey::P256);
    let made = create(&world, &path, single(&leaf)).await;
    let one = one_of(&made, &path).await;
    deploy(&world, &one).await;
    let edited =
        world.patch(&one, json!({ "ssl": { "settings": { "min_tls_version": "1.2" } } })).await;
    assert_eq!(edited.status, 202);
    let ssl = &edited.result()["ssl"];
    assert_eq!(
        (&ssl["status"], &ssl["settings"]["min_tls_version"]),
        (&json!("active"), &json!("1.2"))
    );
    assert_eq!(ssl["custom_certificate"], leaf.pem.replace("\r\n", "\n"));
    // As the original wants it: with the certificate and with type and method.
    let again = with(with(single(&leaf), "type", json!("dv")), "method", json!("http"));
    let edited =
        world.patch(&one, json!({ "ssl": with(again, "bundle_method", json!("force")) })).await;
    assert_eq!(edited.result()["ssl"]["bundle_method"], "force");
    let refused = world.patch(&one, json!({ "ssl": { "method": "txt" } })).await;
    assert_eq!(refused.failure(), (400, 1440, "/ssl"));
}

#[tokio::test]
async fn one_of_two_is_replaced_and_removed_and_the_last_stays() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let leaf = |key| world.root.leaf(&[NAME], key);
    let made =
        create(&world, &path, bundle(&[&leaf(LeafKey::Rsa2048), &leaf(LeafKey::P256)])).await;
    let one = one_of(&made, &path).await;
    deploy(&world, &one).await;
    let ssl = &made.result()["ssl"];
    let pack = format!("{one}/certificate_pack/{}/certificates", ssl["id"].as_str().unwrap());
    let ids = |answer: &Answer| -> Vec<String> {
        let all = answer.result()["ssl"]["certificates"].as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let [rsa, ecdsa] = ids(&made).try_into().unwrap();
    let put = async |id: &str, body: Value| {
        world.call(http::Method::PUT, &format!("{pack}/{id}"), body).await
    };
    let other = put(&rsa, single(&leaf(LeafKey::P384))).await;
    assert_eq!(other.failure(), (400, 1434, "/custom_certificate"), "{}", other.message());
    let bad = put(&rsa, json!({ "custom_certificate": "x", "custom_key": "x" })).await;
    assert_eq!(bad.failure(), (400, 1426, "/custom_certificate"));
    let replaced = put(&rsa, single(&leaf(LeafKey::Rsa3072))).await;
    assert_eq!(replaced.status, 202);
    let [new, kept] = ids(&replaced).try_into().unwrap();
    assert_ne!(new, rsa);
    assert_eq!(kept, ecdsa);
    let removed = world.delete(&format!("{pack}/{new}")).await;
    assert_eq!((&removed.body["id"], &removed.result()["id"]), (&json!(new), &json!(new)));
    assert_eq!(ids(&world.get(&one).await), std::slice::from_ref(&kept));
    let last = world.delete(&format!("{pack}/{kept}")).await;
    assert_eq!(last.failure(), (400, 1434, ""), "{}", last.message());
    let unknown = "0d89c70d-ad9f-4843-b99f-6cc0252067e9";
    assert_eq!(world.delete(&format!("{pack}/{unknown}")).await.failure(), (404, 1552, ""));
    let elsewhere = format!("{one}/certificate_pack/{unknown}/certificates/{kept}");
    assert_eq!(world.delete(&elsewhere).await.failure(), (404, 1552, ""));
    assert_eq!(world.delete(&format!("{pack}/x")).await.failure().1, 7003);
}

#[tokio::test]
async fn an_uploaded_one_serves_until_the_managed_one_that_is_asked_for_is_deployed() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let leaf = world.root.leaf(&[NAME], LeafKey::Rsa2048);
    let made = create(&world, &path, single(&leaf)).await;
    let one = one_of(&made, &path).await;
    deploy(&world, &one).await;
    let moved = world.patch(&one, json!({ "ssl": { "type": "dv", "method": "txt" } })).await;
    let ssl = &moved.result()["ssl"];
    assert_eq!((&ssl["status"], &ssl["method"]), (&json!("active"), &json!("txt")));
    assert_eq!(ssl["certificate_authority"], "lets_encrypt");
    assert!(ssl.get("custom_certificate").is_none());
    let id: HostnameId = one.rsplit('/').next().unwrap().parse().unwrap();
    let certificate = world.store.record_of(id).await.unwrap().unwrap().certificate.unwrap();
    assert!(matches!(certificate.attempt, State::Ordering(_)), "{:?}", certificate.attempt);
    assert_eq!(certificate.to_serve().len(), 1);
    // And back again, before anything was issued.
    let back = world.patch(&one, json!({ "ssl": single(&leaf) })).await;
    assert!(back.result()["ssl"]["custom_certificate"].is_string());
}

#[tokio::test]
async fn a_certificate_for_a_request_of_ours_needs_no_key_and_ties_the_request() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let csrs = path.replace("custom_hostnames", "custom_csrs");
    let body = json!({
        "country": "US", "state": "Texas", "locality": "Austin", "organization": "Customer Inc.",
        "common_name": NAME, "sans": [NAME], "key_type": "p256v1",
    });
    let csr = world.post(&csrs, body).await;
    let id = csr.result()["id"].as_str().unwrap();
    let pem = world.root.sign(csr.result()["csr"].as_str().unwrap());
    let ssl = json!({ "custom_certificate": pem, "custom_csr_id": id });
    let made = create(&world, &path, ssl).await;
    assert_eq!(made.result()["ssl"]["custom_csr_id"], id);
    let tied = world.delete(&format!("{csrs}/{id}")).await;
    assert_eq!(tied.failure(), (409, 1420, ""));
    let foreign = world.root.leaf(&[NAME], LeafKey::P256);
    let one = one_of(&made, &path).await;
    let ssl = json!({ "custom_certificate": foreign.pem, "custom_csr_id": id });
    let refused = world.patch(&one, json!({ "ssl": ssl })).await;
    assert_eq!(refused.failure(), (400, 1429, "/ssl/custom_key"));
    // Once another certificate is served, nothing needs the request's key.
    world.patch(&one, json!({ "ssl": single(&foreign) })).await.result();
    deploy(&world, &one).await;
    assert_eq!(world.delete(&format!("{csrs}/{id}")).await.status, 200);
}

#[tokio::test]
async fn an_analysis_says_what_an_upload_would_come_to() {
    let world = World::new().await;
    let path = world.hostnames().await.replace("custom_hostnames", "ssl/analyze");
    let between = world.root.intermediate("Between");
    let leaf = between.leaf(&[NAME], LeafKey::P384);
    let whole = format!("{}{}", between.pem, leaf.pem);
    let looked = world.post(&path, json!({ "certificate": whole })).await;
    let result = looked.result();
    assert_eq!(result["hosts"], json!([NAME]));
    assert_eq!(result["signature_algorithm"], "ECDSAWithSHA256");
    assert_eq!(result["expires_on"], "2026-06-17T12:00:00.000000Z");
    assert_eq!((&result["issuer"], &result["key_type"]), (&json!("Between"), &json!("P-384")));
    assert_eq!(result["bundle"].as_str().unwrap().matches("BEGIN CERTIFICATE").count(), 2);
    let alone = world.post(&path, json!({ "certificate": leaf.pem })).await;
    assert!(alone.result()["bundle_error"].as_str().unwrap().contains("intermediates"));
    for (body, code, pointer) in [
        (json!({}), 1427, "/certificate"),
        (json!({ "certificate": "x" }), 1426, "/certificate"),
        (json!({ "certificate": world.root.pem }), 1445, "/certificate"),
        (json!({ "certificate": leaf.pem, "bundle_method": "x" }), 1449, "/bundle_method"),
    ] {
        assert_eq!(world.post(&path, body).await.failure(), (400, code, pointer));
    }
}
