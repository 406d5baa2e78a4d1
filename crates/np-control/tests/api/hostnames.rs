//! Creating, reading and deleting custom hostnames.

use std::time::Duration;

use http::Method;
use np_control::api::ApiSettings;
use np_domain::{
    ownership::{Method as ProvenBy, Proven, State, Watch},
    ports::{Hold, HostnameChange, HostnameStore as _, Publish},
    text::Explanation,
};
use np_testkit::clock::TestClock;
use serde_json::{Value, json};

use crate::{
    issuer::{activate, place_order},
    world::{World, settings},
};

/// SHA-256 of the leaf that [`activate`] makes: `leaf`.
const FINGERPRINT: &str = "9f91161f43433e49a6de6db680d79f60159f2e4ac9172621a12846428158440b";

#[tokio::test]
async fn a_new_hostname_without_ssl_has_its_ownership_tokens_and_nothing_empty() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let answer = world.post(&path, json!({ "hostname": "App.Customer.com." })).await;
    assert_eq!(answer.status, 201);
    let result = answer.result();
    let (id, token) = (&result["id"], &result["ownership_verification"]["value"]);
    let id_text = id.as_str().unwrap();
    let expected = json!({
        "id": id,
        "hostname": "app.customer.com",
        "status": "pending",
        "created_at": "2026-03-20T12:00:00.000000Z",
        "ssl": null,
        "ownership_verification": {
            "type": "txt", "name": "_cf-custom-hostname.app.customer.com", "value": token,
            "status": "pending",
        },
        "ownership_verification_http": {
            "http_url": format!("http://app.customer.com/.well-known/cf-custom-hostname-challenge/{id_text}"),
            "http_body": token,
            "status": "pending",
        },
        "verification_progress": {
            "attempts": 0, "attempts_max": 75, "next_check_at": "2026-03-20T12:00:00.000000Z",
            "deadline": "2026-03-27T09:31:03.000000Z",
        },
    });
    assert_eq!(*result, expected);
    assert_eq!(id_text.len(), 36);
    assert_eq!(*world.get(&format!("{path}/{id_text}")).await.result(), expected);
}

#[tokio::test]
async fn a_new_hostname_with_everything_shows_it_again() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let settings = json!({
        "min_tls_version": "1.2", "tls_1_3": "on", "http2": "off", "early_hints": "off",
        "ciphers": ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"],
    });
    let body = json!({
        "hostname": "app.customer.com",
        "custom_metadata": { "tenant": "42", "beta": true, "seats": 7 },
        "custom_origin_server": "origin.provider.com:8443",
        "custom_origin_sni": ":request_host_header:",
        "ssl": {
            "type": "dv", "method": "txt", "wildcard": true, "bundle_method": "optimal",
            "certificate_authority": "google", "settings": settings,
        },
        "nonsense": [1],
    });
    let answer = world.post(&path, body.clone()).await;
    let result = answer.result();
    for field in ["custom_metadata", "custom_origin_server", "custom_origin_sni"] {
        assert_eq!(result[field], body[field], "{field}");
    }
    let zone = path.split('/').nth(2).unwrap();
    let uuid = world.get(&format!("/zones/{zone}/dcv_delegation/uuid")).await;
    let uuid = uuid.result()["uuid"].as_str().unwrap().to_owned();
    let expected = json!({
        "id": result["ssl"]["id"],
        "type": "dv", "method": "txt", "status": "initializing", "wildcard": true,
        "certificate_authority": "google", "bundle_method": "optimal", "settings": settings,
        "dcv_delegation_records": [{
            "cname": "_acme-challenge.app.customer.com",
            "cname_target": format!("app.customer.com.{uuid}.dcv.platform.net"),
        }],
        "progress": {
            "attempts": 0, "attempts_max": 120, "next_check_at": "2026-03-20T12:00:00.000000Z",
            "deadline": "2026-04-03T12:00:00.000000Z",
        },
    });
    assert_eq!(result["ssl"], expected);
}

#[tokio::test]
async fn the_reply_to_a_create_waits_for_the_tokens_of_the_authority() {
    let world =
        World::with(ApiSettings { create_wait: Duration::from_secs(60), ..settings() }).await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
    let (answer, ()) = tokio::join!(world.post(&path, body), place_order(&world, &path));
    let ssl = &answer.result()["ssl"];
    assert_eq!(ssl["status"], "pending_validation");
    let name = "_acme-challenge.app.customer.com";
    let record = json!({ "status": "pending", "txt_name": name, "txt_value": "digest" });
    assert_eq!(ssl["validation_records"], json!([record]));
    assert_eq!((&ssl["txt_name"], &ssl["txt_value"]), (&json!(name), &json!("digest")));
}

#[tokio::test]
async fn an_active_certificate_shows_its_facts_and_its_renewal_shows_its_records() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
    world.post(&path, body).await;
    activate(&world, &path).await;
    place_order(&world, &path).await;
    let listed = world.get(&path).await;
    let ssl = &listed.result()[0]["ssl"];
    for (field, expected) in [
        ("status", json!("active")),
        ("issuer", json!("Test CA")),
        ("serial_number", json!("42")),
        ("signature", json!("ECDSAWithSHA256")),
        ("hosts", json!(["app.customer.com"])),
        ("expires_on", json!("2026-06-18T12:00:00.000000Z")),
        ("txt_value", json!("digest")),
    ] {
        assert_eq!(ssl[field], expected, "{field}");
    }
    let certificate = json!({
        "id": "07070707-0707-0707-0707-070707070707", "issuer": "Test CA", "serial_number": "42",
        "signature": "ECDSAWithSHA256", "issued_on": "2026-03-20T12:00:00.000000Z",
        "expires_on": "2026-06-18T12:00:00.000000Z",
        "fingerprint_sha256": FINGERPRINT,
    });
    assert_eq!(ssl["certificates"], json!([certificate]));
    assert!(!listed.body.to_string().contains("sealed"), "a key must not be shown");
}

#[tokio::test]
async fn a_create_does_not_wait_longer_than_configured() {
    let world =
        World::with(ApiSettings { create_wait: Duration::from_millis(20), ..settings() }).await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "http" } });
    let answer = world.post(&path, body).await;
    assert_eq!(answer.result()["ssl"]["status"], "initializing");
}

#[tokio::test]
async fn each_bad_body_has_its_code_and_names_the_field() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let ssl = |ssl: Value| {
        let mut full = json!({ "type": "dv", "method": "txt" });
        full.as_object_mut().unwrap().extend(ssl.as_object().unwrap().clone());
        json!({ "hostname": "app.customer.com", "ssl": full })
    };
    let with = |key: &str, value: Value| json!({ "hostname": "app.customer.com", key: value });
    let named = |name: &str| json!({ "hostname": name });
    let long = "a".repeat(5000);
    let label = format!("{}.com", "a".repeat(64));
    for (body, expected) in [
        (json!([]), (400, 1400, "")),
        (json!({}), (400, 1407, "/hostname")),
        (json!({ "hostname": 7 }), (400, 1400, "/hostname")),
        (named("192.0.2.1"), (400, 1407, "/hostname")),
        (named("a_b.customer.com"), (400, 1407, "/hostname")),
        (named(&label), (400, 1407, "/hostname")),
        (named("münchen.de"), (400, 1408, "/hostname")),
        (named("app.localhost"), (400, 1409, "/hostname")),
        (named("co.uk"), (400, 1410, "/hostname")),
        (named("app.example.org"), (400, 1411, "/hostname")),
        (named("*.customer.com"), (400, 1448, "/hostname")),
        (named("provider.com"), (403, 1407, "/hostname")),
        (with("custom_metadata", json!("x")), (400, 1401, "/custom_metadata")),
        (with("custom_metadata", json!({ "a": [1] })), (400, 1401, "/custom_metadata/a")),
        (with("custom_metadata", json!({ "a": long })), (400, 1401, "/custom_metadata")),
        (with("custom_origin_server", json!("192.0.2.1")), (400, 1415, "/custom_origin_server")),
        (with("custom_origin_server", json!("a.com:0")), (400, 1415, "/custom_origin_server")),
        (with("custom_origin_server", json!("é.com")), (400, 1416, "/custom_origin_server")),
        (with("custom_origin_server", json!("a.test")), (400, 1417, "/custom_origin_server")),
        (with("custom_origin_server", json!("co.uk")), (400, 1418, "/custom_origin_server")),
        (with("custom_origin_server", json!("example.com")), (400, 1419, "/custom_origin_server")),
        (with("custom_origin_server", json!("*.a.com")), (400, 1420, "/custom_origin_server")),
        (with("custom_origin_sni", json!("a.com")), (400, 1415, "/custom_origin_sni")),
        (with("ssl", json!("dv")), (400, 1434, "/ssl")),
        (with("ssl", json!({ "type": "dv" })), (400, 1440, "/ssl/method")),
        (with("ssl", json!({ "method": "txt" })), (400, 1440, "/ssl/type")),
        (ssl(json!({ "method": "cname" })), (400, 1432, "/ssl/method")),
        (ssl(json!({ "method": "email" })), (400, 1432, "/ssl/method")),
        (ssl(json!({ "type": "ev" })), (400, 1433, "/ssl/type")),
        (ssl(json!({ "method": "http", "wildcard": true })), (400, 1434, "/ssl/method")),
        (ssl(json!({ "wildcard": "yes" })), (400, 1434, "/ssl/wildcard")),
        (ssl(json!({ "certificate_authority": "x" })), (400, 1434, "/ssl/certificate_authority")),
        (
            ssl(json!({ "certificate_authority": "ssl_com" })),
            (400, 1434, "/ssl/certificate_authority"),
        ),
        (ssl(json!({ "custom_certificate": "x" })), (400, 1426, "/ssl/custom_certificate")),
        (ssl(json!({ "bundle_method": "x" })), (400, 1449, "/ssl/bundle_method")),
        (ssl(json!({ "settings": { "http2": "yes" } })), (400, 1422, "/ssl/settings/http2")),
        (ssl(json!({ "settings": { "http2": true } })), (400, 1422, "/ssl/settings/http2")),
        (
            ssl(json!({ "settings": { "tls_1_2_only": "x" } })),
            (400, 1423, "/ssl/settings/tls_1_2_only"),
        ),
        (ssl(json!({ "settings": { "tls_1_3": "x" } })), (400, 1424, "/ssl/settings/tls_1_3")),
        (
            ssl(json!({ "settings": { "early_hints": 1 } })),
            (400, 1434, "/ssl/settings/early_hints"),
        ),
        (
            ssl(json!({ "settings": { "min_tls_version": 1.2 } })),
            (400, 1425, "/ssl/settings/min_tls_version"),
        ),
        (ssl(json!({ "settings": { "ciphers": ["RC4"] } })), (400, 1442, "/ssl/settings/ciphers")),
        (
            ssl(json!({ "settings": { "ciphers": "AES128-SHA" } })),
            (400, 1434, "/ssl/settings/ciphers"),
        ),
        (
            ssl(json!({ "settings": { "ciphers": ["AES128-SHA"], "min_tls_version": "1.3" } })),
            (400, 1443, "/ssl/settings/ciphers"),
        ),
    ] {
        let answer = world.post(&path, body.clone()).await;
        assert_eq!(answer.failure(), expected, "{body} {}", answer.message());
    }
    assert_eq!(world.get(&path).await.body["result_info"]["total_count"], 0);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let ssl = |ssl: Value| json!({ "hostname": "app.customer.com", "ssl": ssl });
    for (body, remedy) in [
        (json!({ "hostname": "münchen.de" }), "Send xn--mnchen-3ya.de."),
        (json!({ "hostname": "*.customer.com" }), "ssl.wildcard: true"),
        (ssl(json!({ "type": "dv", "method": "http", "wildcard": true })), "by `http`: use `txt`."),
        (
            ssl(json!({ "type": "dv", "method": "email" })),
            "authority lets_encrypt does not validate by `email`: use `http` or `txt`.",
        ),
        (
            ssl(json!({
                "type": "dv", "method": "http", "wildcard": true, "certificate_authority": "google"
            })),
            "use `txt`, `email` or `cname`.",
        ),
        (
            ssl(json!({ "type": "dv", "method": "txt", "certificate_authority": "digicert" })),
            "lets_encrypt, google",
        ),
    ] {
        let answer = world.post(&path, body).await;
        assert!(answer.message().contains(remedy), "{}", answer.message());
    }
}

#[tokio::test]
async fn a_broken_and_an_oversized_body_are_refused() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let bearer = format!("Bearer {}", world.admin);
    for (body, expected) in [
        ("{\"hostname\":".to_owned(), (400, 1400, "")),
        (String::new(), (400, 1400, "")),
        ("[".repeat(10_000), (400, 1400, "")),
        (format!("{{\"a\":\"{}\"}}", "a".repeat(20_000)), (413, 10413, "")),
    ] {
        let answer = world.send(Some(&bearer), Method::POST, &path, body).await;
        assert_eq!(answer.failure(), expected);
    }
}

#[tokio::test]
async fn a_duplicate_names_the_one_that_exists_and_another_zone_may_have_it_too() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com" });
    let first = world.post(&path, body.clone()).await;
    let again = world.post(&path, body.clone()).await;
    assert_eq!(again.failure(), (409, 1406, "/hostname"));
    assert!(again.message().starts_with("Duplicate custom hostname found."), "{}", again.message());
    assert!(again.message().contains(first.result()["id"].as_str().unwrap()));
    let other = world.zone("other.com").await;
    let elsewhere = world.post(&format!("/zones/{other}/custom_hostnames"), body).await;
    assert_eq!(elsewhere.status, 201);
}

#[tokio::test]
async fn a_deleted_hostname_is_gone_and_its_name_free() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "http" } });
    let made = world.post(&path, body.clone()).await;
    let id = &made.result()["id"];
    let one = format!("{path}/{}", id.as_str().unwrap());
    let deleted = world.delete(&one).await;
    let expected = json!({
        "id": id, "success": true, "errors": [], "messages": [], "result": { "id": id },
    });
    assert_eq!((deleted.status.as_u16(), deleted.body), (200, expected));
    assert_eq!(world.get(&one).await.failure(), (404, 1436, ""));
    assert_eq!(world.delete(&one).await.failure(), (404, 1436, ""));
    assert_eq!(world.patch(&one, json!({})).await.failure(), (404, 1436, ""));
    assert_eq!(*world.get(&path).await.result(), json!([]));
    assert_eq!(world.post(&path, body).await.status, 201);
}

#[tokio::test]
async fn an_id_of_the_wrong_form_and_one_of_another_zone_are_told_apart() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let made = world.post(&path, json!({ "hostname": "app.customer.com" })).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    let other = world.zone("other.com").await;
    assert_eq!(world.get(&format!("{path}/nonsense")).await.failure(), (400, 1435, ""));
    let foreign = world.get(&format!("/zones/{other}/custom_hostnames/{id}")).await;
    assert_eq!(foreign.failure(), (404, 1436, ""));
}

#[tokio::test]
async fn a_full_zone_takes_no_more_until_one_is_deleted() {
    let world = World::with(ApiSettings { hostnames_per_zone_max: Some(1), ..settings() }).await;
    let path = world.hostnames().await;
    let first = world.post(&path, json!({ "hostname": "a.customer.com" })).await;
    let second = json!({ "hostname": "b.customer.com" });
    assert_eq!(world.post(&path, second.clone()).await.failure(), (403, 1405, ""));
    world.delete(&format!("{path}/{}", first.result()["id"].as_str().unwrap())).await;
    assert_eq!(world.post(&path, second).await.status, 201);
}

#[tokio::test]
async fn a_create_that_nearly_fills_the_zone_says_so() {
    let world = World::with(ApiSettings { hostnames_per_zone_max: Some(10), ..settings() }).await;
    let path = world.hostnames().await;
    let named = |index| json!({ "hostname": format!("{index}.customer.com") });
    for index in 0..7 {
        world.post(&path, named(index)).await;
    }
    let eighth = world.post(&path, named(7)).await;
    assert_eq!((eighth.status.as_u16(), &eighth.body["messages"]), (201, &json!([])));
    let ninth = world.post(&path, named(8)).await;
    assert_eq!((ninth.status.as_u16(), &ninth.body["messages"][0]["code"]), (201, &json!(1405)));
    let message = ninth.body["messages"][0]["message"].as_str().unwrap();
    assert!(message.contains("9 of the 10") && message.contains("Delete"), "{message}");
    let bulk = json!({ "hostnames": [named(9), named(10)] });
    let bulk = world.post(&format!("{path}/bulk"), bulk).await;
    let statuses: Vec<_> =
        bulk.result().as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [201, 403]);
    assert_eq!(bulk.body["messages"][0]["code"], 1405);
    let refused = json!({ "hostnames": [named(10)] });
    let refused = world.post(&format!("{path}/bulk"), refused).await;
    assert_eq!(refused.body["messages"], json!([]), "the item itself says it");
}

#[tokio::test]
async fn the_quota_tells_what_is_used_and_what_may_be() {
    for (max, allocated, exceeded) in
        [(None, i32::MAX, [false, false]), (Some(1), 1, [false, true])]
    {
        let world = World::with(ApiSettings { hostnames_per_zone_max: max, ..settings() }).await;
        let path = world.hostnames().await;
        for (used, exceeded) in exceeded.into_iter().enumerate() {
            let answer = world.get(&format!("{path}/quota")).await;
            let expected = json!({
                "allocated": allocated, "used": used, "exceeded": exceeded, "hard_cap": allocated,
            });
            assert_eq!(*answer.result(), expected);
            world.post(&path, json!({ "hostname": "app.customer.com" })).await;
        }
    }
}

#[tokio::test]
async fn the_tokens_stay_readable_once_ownership_is_proven() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let made = world.post(&path, json!({ "hostname": "app.customer.com" })).await;
    let before = made.result().clone();
    let path = format!("{path}/{}", before["id"].as_str().unwrap());
    let mut ids = path.split('/');
    let (zone, id) = (ids.nth(2).unwrap(), ids.nth(1).unwrap());
    let record = world.store.find(zone.parse().unwrap(), id.parse().unwrap()).await.unwrap();
    let mut hostname = record.unwrap().hostname;
    let (by, at, evidence) = (ProvenBy::Cname, TestClock::START, Explanation::new("seen"));
    hostname.ownership = State::Proven(Proven { by, at, evidence, watch: Watch::default() });
    let change = HostnameChange { hostname, events: Vec::new(), publish: Publish::Yes };
    world.store.save(&[change], &Hold::Release).await.unwrap();

    let answer = world.get(&path).await;
    let result = answer.result();
    assert_eq!((&result["status"], result.get("verification_progress")), (&json!("active"), None));
    for field in ["ownership_verification", "ownership_verification_http"] {
        let mut expected = before[field].clone();
        expected["status"] = "valid".into();
        assert_eq!(result[field], expected, "{field}");
    }
}
