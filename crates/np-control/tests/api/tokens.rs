//! API tokens: made, shown, changed, rolled and withdrawn, and what they open.

use std::time::Duration;

use http::Method;
use np_domain::permission::{Area, Group, Need, Reach, Resource};
use serde_json::{Value, json};

use crate::world::World;

const SSL_WRITE: &str = "c03055bc037c4ea9afb9a9f104b7b721";
const ZONE_READ: &str = "c8fed203ed3043cba015a93ad1616f1f";
const ACCOUNT_READ: &str = "c1fde68c7bcc44588cbb6ddbc16d6480";
const NOW: &str = "2026-03-20T12:00:00.000000Z";

fn policy(groups: &[&str], resources: Value) -> Value {
    let groups: Vec<_> = groups.iter().map(|id| json!({ "id": id })).collect();
    json!({ "effect": "allow", "permission_groups": groups, "resources": resources })
}

fn zone_resource(zone: &str) -> Value {
    json!({ format!("com.cloudflare.api.account.zone.{zone}"): "*" })
}

/// A token for custom hostnames of one zone.
fn for_zone(zone: &str) -> Value {
    json!({ "name": "deploy", "policies": [policy(&[ZONE_READ, SSL_WRITE], zone_resource(zone))] })
}

/// Sends a request with the token that was just made.
async fn with(
    world: &World,
    made: &Value,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let bearer = format!("Bearer {}", made["value"].as_str().unwrap());
    let answer = world.send(Some(&bearer), method, path, body.to_string()).await;
    (answer.status.as_u16(), answer.body)
}

#[tokio::test]
async fn a_token_for_one_zone_opens_that_zone_and_is_shown_without_its_secret() {
    let world = World::new().await;
    let (one, other) = (world.zone("one.com").await, world.zone("other.com").await);
    for family in ["/user/tokens".to_owned(), account_tokens(&world).await] {
        let made = world.post(&family, for_zone(&one)).await.result().clone();
        let hostnames = |zone: &str| format!("/zones/{zone}/custom_hostnames");
        let body = json!({ "hostname": format!("h{}.customer.com", family.len()) });
        let post = Method::POST;
        assert_eq!(with(&world, &made, post.clone(), &hostnames(&one), body.clone()).await.0, 201);
        let refused = with(&world, &made, post, &hostnames(&other), body).await;
        assert_eq!((refused.0, &refused.1["errors"][0]["code"]), (403, &json!(9109)));

        let path = format!("{family}/{}", made["id"].as_str().unwrap());
        let shown = world.get(&path).await.result().clone();
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("value");
        expected["last_used_on"] = NOW.into();
        assert_eq!(shown, expected);
        let policy_id = &shown["policies"][0]["id"];
        let fields = json!({
            "id": made["id"], "status": "active", "name": "deploy", "issued_on": NOW, "modified_on": NOW,
            "last_used_on": NOW,
            "policies": [{
                "id": policy_id, "effect": "allow", "resources": zone_resource(&one),
                "permission_groups": [
                    { "id": ZONE_READ, "name": "Zone Read" },
                    { "id": SSL_WRITE, "name": "SSL and Certificates Write" },
                ],
            }],
        });
        assert_eq!(shown, fields);
        let listed = world.get(&family).await;
        assert!(listed.result().as_array().unwrap().contains(&shown));
    }
}

async fn account_tokens(world: &World) -> String {
    let id = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    format!("/accounts/{id}/tokens")
}

#[tokio::test]
async fn a_withdrawn_or_rolled_secret_opens_nothing() {
    let world = World::new().await;
    let zone = world.zone("one.com").await;
    let made = world.post("/user/tokens", for_zone(&zone)).await.result().clone();
    let path = format!("/user/tokens/{}", made["id"].as_str().unwrap());
    let look = async |made: &Value| with(&world, made, Method::GET, "/zones", Value::Null).await.0;
    assert_eq!(look(&made).await, 200);

    let rolled = world.call(Method::PUT, &format!("{path}/value"), json!({})).await;
    let rolled = json!({ "value": rolled.result() });
    assert_eq!((look(&made).await, look(&rolled).await), (403, 200));

    assert_eq!(*world.delete(&path).await.result(), json!({ "id": made["id"] }));
    assert_eq!(look(&rolled).await, 403);
    assert_eq!(world.delete(&path).await.failure(), (404, 1611, ""));
    assert_eq!(world.get(&path).await.failure(), (404, 1611, ""));
}

#[tokio::test]
async fn a_token_is_taken_as_its_dates_its_switch_and_its_addresses_say() {
    let world = World::new().await;
    let zone = world.zone("one.com").await;
    let body = |more: Value| {
        let mut body = for_zone(&zone);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let look = async |made: &Value, from: &str| {
        let bearer = format!("Bearer {}", made["value"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let answer = world.request_from(from, &headers, Method::GET, "/zones", String::new()).await;
        match answer.status.as_u16() {
            200 => String::new(),
            _ => {
                assert_eq!(answer.failure(), (403, 9109, ""));
                answer.message().to_owned()
            }
        }
    };
    let make = async |more: Value| world.post("/user/tokens", body(more)).await.result().clone();
    let dated =
        json!({ "not_before": "2026-03-20T12:01:00Z", "expires_on": "2026-03-20T12:02:00Z" });
    let dated = make(dated).await;
    let home = json!({ "condition": { "request_ip": { "in": ["192.0.2.0/24"], "not_in": ["192.0.2.9"] } } });
    let home = make(home).await;
    let here = "192.0.2.1";
    assert!(look(&dated, here).await.contains("not valid yet"));
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(look(&dated, here).await, "");
    world.clock.advance(Duration::from_secs(60));
    assert!(look(&dated, here).await.contains("expired"));
    let path = format!("/user/tokens/{}", dated["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.result()["status"], "expired");

    assert_eq!(look(&home, here).await, "");
    for from in ["192.0.2.9", "198.51.100.1"] {
        let message = format!("Cannot use the access token from location: {from}");
        assert_eq!(look(&home, from).await, message);
    }
    let path = format!("/user/tokens/{}", home["id"].as_str().unwrap());
    let off = world.call(Method::PUT, &path, body(json!({ "status": "disabled" }))).await;
    assert_eq!(off.result()["status"], "disabled");
    assert_eq!(off.result()["condition"], Value::Null);
    assert!(look(&home, here).await.contains("disabled"));
    world.call(Method::PUT, &path, body(json!({ "status": "active" }))).await.result();
    assert_eq!(look(&home, "198.51.100.1").await, "");
}

#[tokio::test]
async fn nobody_passes_on_more_than_they_have() {
    let world = World::new().await;
    let (one, other) = (world.zone("one.com").await, world.zone("other.com").await);
    let group = |reach, area, need| Group { reach, area, need };
    let groups = [
        group(Reach::User, Area::Token, Need::Write),
        group(Reach::Zone, Area::Zone, Need::Read),
        group(Reach::Zone, Area::Ssl, Need::Write),
    ];
    let resources = [Resource::User(world.user), Resource::Zone(one.parse().unwrap())];
    let bearer = format!("Bearer {}", world.colleague(&groups, &resources).await);
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let send = async |method: Method, path: &str, body: Value| {
        world.send(Some(&bearer), method, path, body.to_string()).await
    };
    let within = json!({ "com.cloudflare.api.account.zone.*": "*" });
    for resources in [
        zone_resource(&other),
        zone_resource(&"0".repeat(32)),
        json!({ "com.cloudflare.api.account.zone.*": "*" }),
        json!({ format!("com.cloudflare.api.account.{account}"): within }),
    ] {
        let body = json!({ "name": "x", "policies": [policy(&[SSL_WRITE], resources.clone())] });
        let answer = send(Method::POST, "/user/tokens", body).await;
        assert_eq!(answer.failure(), (403, 1612, "/policies/0"), "{resources}");
    }
    let all = json!({ "com.cloudflare.api.account.*": "*" });
    let body = json!({ "name": "x", "policies": [policy(&[ACCOUNT_READ], all)] });
    assert_eq!(send(Method::POST, "/user/tokens", body).await.status, 403);

    send(Method::POST, "/user/tokens", for_zone(&one)).await.result();
    // Nor does anybody learn the secret of a token that may more, or make one of one's own become it.
    let more = world.post("/user/tokens", for_zone(&other)).await.result().clone();
    let path = format!("/user/tokens/{}", more["id"].as_str().unwrap());
    assert_eq!(send(Method::PUT, &format!("{path}/value"), json!({})).await.status, 403);
    assert_eq!(send(Method::PUT, &path, for_zone(&other)).await.status, 403);
    assert_eq!(send(Method::PUT, &path, for_zone(&one)).await.status, 200);
}

#[tokio::test]
async fn each_bad_token_names_its_field() {
    let world = World::new().await;
    let zone = world.zone("one.com").await;
    let good = for_zone(&zone);
    let bad_policy = |policy: Value| json!({ "policies": [policy] });
    let nowhere = json!({ "com.cloudflare.api.account.zone.x": "*" });
    let unknown = "0".repeat(32);
    for (change, pointer) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "policies": [] }), "/policies"),
        (bad_policy(json!({})), "/policies/0/effect"),
        (bad_policy(json!({ "effect": "allow" })), "/policies/0/permission_groups"),
        (
            bad_policy(policy(&[&unknown], zone_resource(&zone))),
            "/policies/0/permission_groups/0/id",
        ),
        (bad_policy(policy(&[SSL_WRITE], nowhere)), "/policies/0/resources"),
        (bad_policy(policy(&[SSL_WRITE], json!({}))), "/policies/0/resources"),
        // Permissions on an account, and no account to have them on.
        (bad_policy(policy(&[ACCOUNT_READ], zone_resource(&zone))), "/policies/0/resources"),
        (json!({ "expires_on": "tomorrow" }), "/expires_on"),
        (json!({ "expires_on": "2026-03-20T12:00:00Z" }), "/expires_on"),
        (json!({ "status": "paused" }), "/status"),
        (json!({ "condition": { "request_ip": { "in": ["x"] } } }), "/condition/request_ip/in"),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.post("/user/tokens", body).await;
        assert_eq!(answer.failure(), (400, 1610, pointer), "{change}");
    }
}

#[tokio::test]
async fn tokens_of_users_and_of_accounts_are_apart() {
    let world = World::new().await;
    let zone = world.zone("one.com").await;
    let account = account_tokens(&world).await;
    let made = world.post("/user/tokens", for_zone(&zone)).await.result().clone();
    let id = made["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("{account}/{id}")).await.failure(), (404, 1611, ""));
    // The administrator's own token is the account's.
    let listed = world.get(&account).await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    assert_eq!(listed.result()[0]["name"], "administrator");
    assert_eq!(listed.body["result_info"]["total_count"], 1);
    // A token of an account has no user.
    let stranger = format!("Bearer {}", world.stranger(&Group::ALL).await);
    let answer = world.send(Some(&stranger), Method::GET, "/user/tokens", String::new()).await;
    assert_eq!(answer.failure(), (403, 9109, ""));
}

#[tokio::test]
async fn a_token_verifies_itself_at_the_user_and_at_its_account() {
    let world = World::new().await;
    let account = account_tokens(&world).await;
    for path in ["/user/tokens/verify".to_owned(), format!("{account}/verify")] {
        assert_eq!(world.get(&path).await.result()["status"], "active", "{path}");
    }
}

#[tokio::test]
async fn permission_groups_have_the_originals_ids_and_are_filtered() {
    let world = World::new().await;
    let all = world.get("/user/tokens/permission_groups").await;
    assert_eq!(all.result().as_array().unwrap().len(), Group::ALL.len());
    let named = world.get("/user/tokens/permission_groups?name=SSL%20and%20Certificates%20Write");
    let named = named.await;
    let expected = json!([{
        "id": SSL_WRITE, "name": "SSL and Certificates Write", "category": "dns_and_zones",
        "scopes": ["com.cloudflare.api.account.zone"], "is_selectable": true,
    }]);
    assert_eq!(*named.result(), expected);
    let account = account_tokens(&world).await;
    let path = format!("{account}/permission_groups?scope=com.cloudflare.api.user");
    assert_eq!(world.get(&path).await.result().as_array().unwrap().len(), 6);
}
