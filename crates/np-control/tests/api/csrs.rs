//! `custom_csrs` of zones and accounts.

use np_domain::{
    csr::CsrOwner,
    id::CsrId,
    ports::{CsrStore as _, Page},
};
use rcgen::{CertificateSigningRequestParams, SanType};
use serde_json::{Value, json};

use crate::world::World;

fn body() -> Value {
    json!({
        "country": "us",
        "state": "Texas",
        "locality": "Austin",
        "organization": "Customer Inc.",
        "common_name": "app.customer.com",
        "sans": ["app.customer.com", "*.customer.com"],
        "key_type": "p256v1",
        "name": "shop",
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut body = body();
    body[key] = value;
    body
}

async fn places(world: &World) -> [String; 2] {
    let zone = world.zone("provider.com").await;
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    [format!("/zones/{zone}/custom_csrs"), format!("/accounts/{account}/custom_csrs")]
}

#[tokio::test]
async fn a_request_is_made_shown_listed_and_deleted_at_both_places() {
    let world = World::new().await;
    for path in places(&world).await {
        let made = world.post(&path, body()).await;
        assert_eq!(made.status, 201);
        let made = made.result().clone();
        assert_eq!(made["country"], "US");
        assert_eq!(made["key_type"], "p256v1");
        let request = CertificateSigningRequestParams::from_pem(made["csr"].as_str().unwrap());
        let request = request.expect("a request whose signature holds").params;
        let names = ["app.customer.com", "*.customer.com"];
        let names = names.map(|name| SanType::DnsName(name.to_owned().try_into().unwrap()));
        assert_eq!(request.subject_alt_names, names);
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(*world.get(&one).await.result(), made);
        let list = world.get(&format!("{path}?order=name&direction=desc&per_page=5")).await;
        assert_eq!(*list.result(), json!([made]));
        assert_eq!(list.body["result_info"]["total_count"], 1);
        assert_eq!(*world.get(&format!("{path}?page=2")).await.result(), json!([]));
        let gone = world.delete(&one).await;
        assert_eq!((&gone.body["id"], &gone.result()["id"]), (&made["id"], &made["id"]));
        assert_eq!(world.get(&one).await.failure(), (404, 1419, ""));
        assert_eq!(world.delete(&one).await.failure(), (404, 1419, ""));
    }
}

#[tokio::test]
async fn an_rsa_key_is_what_comes_without_a_word() {
    let world = World::new().await;
    let [path, _] = places(&world).await;
    let made = world.post(&path, with("key_type", Value::Null)).await;
    assert_eq!(made.result()["key_type"], "rsa2048");
    assert!(
        CertificateSigningRequestParams::from_pem(made.result()["csr"].as_str().unwrap()).is_ok()
    );
}

#[tokio::test]
async fn each_bad_field_has_its_code() {
    let world = World::new().await;
    let [path, _] = places(&world).await;
    let long = "a".repeat(65);
    for (key, value, code, pointer) in [
        ("country", json!("USA"), 1405, "/country"),
        ("country", json!(1), 1405, "/country"),
        ("state", json!(null), 1406, "/state"),
        ("locality", json!(" "), 1407, "/locality"),
        ("organization", json!(""), 1408, "/organization"),
        ("organizational_unit", json!(long), 1408, "/organization"),
        ("common_name", json!(""), 1409, "/common_name"),
        ("common_name", json!(long), 1410, "/common_name"),
        ("sans", json!([]), 1411, "/sans"),
        ("sans", json!("app.customer.com"), 1411, "/sans"),
        ("sans", json!(["ok.customer.com", "a b.com"]), 1412, "/sans/1"),
        ("sans", json!(["a.*.customer.com"]), 1412, "/sans/0"),
        ("sans", json!(["münchen.de"]), 1413, "/sans/0"),
        ("sans", json!(["app.test"]), 1414, "/sans/0"),
        ("sans", json!(["co.uk"]), 1415, "/sans/0"),
        ("sans", json!(["a.example.com"]), 1416, "/sans/0"),
        ("key_type", json!("p384"), 1417, "/key_type"),
    ] {
        let refused = world.post(&path, with(key, value.clone())).await;
        assert_eq!(refused.failure(), (400, code, pointer), "{key}: {value}");
    }
    assert_eq!(world.post(&path, json!([])).await.failure(), (400, 1400, ""));
    assert_eq!(world.get(&format!("{path}/x")).await.failure(), (400, 1418, ""));
    let order = world.get(&format!("{path}?order=size")).await;
    assert_eq!(order.failure(), (400, 10002, "/order"));
}

#[tokio::test]
async fn requests_of_a_zone_are_not_those_of_another_or_of_the_account() {
    let world = World::new().await;
    let [of_zone, of_account] = places(&world).await;
    let other = format!("/zones/{}/custom_csrs", world.zone("other.com").await);
    let made = world.post(&of_zone, body()).await;
    let id = made.result()["id"].as_str().unwrap();
    for path in [of_account, other] {
        assert_eq!(world.get(&format!("{path}/{id}")).await.failure(), (404, 1419, ""));
        assert_eq!(*world.get(&path).await.result(), json!([]));
    }
}

#[tokio::test]
async fn the_key_is_sealed_and_in_no_reply() {
    let world = World::new().await;
    let [path, _] = places(&world).await;
    let made = world.post(&path, body()).await;
    assert!(!made.body.to_string().contains("PRIVATE"), "{}", made.body);
    let zone = path.split('/').nth(2).unwrap().parse().unwrap();
    let page = Page { number: 1, size: 9 };
    let (kept, _) =
        world.store.list_csrs(CsrOwner::Zone(zone), Default::default(), page).await.unwrap();
    let id: CsrId = made.result()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(kept[0].id, id);
    assert!(rcgen::KeyPair::try_from(kept[0].key.as_bytes()).is_err());
}
