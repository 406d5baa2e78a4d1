//! Who may call what. The list of routes is data: a new one fails here until it stands in [`EXPECTED`], and each of them
//! is called without credentials, with bad ones, with too little permission and from another account.

use http::Method;
use np_control::{api::operations, app::access::Need};
use np_domain::account::{Access, Scope};
use serde_json::json;

use crate::world::World;

const ZONE: &str = "/zones/{zone_id}";
const HOSTNAMES: &str = "/zones/{zone_id}/custom_hostnames";
const HOSTNAME: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}";
const FALLBACK: &str = "/zones/{zone_id}/custom_hostnames/fallback_origin";

/// Every route, and what a token must allow for it.
const EXPECTED: [(Method, &str, Need); 18] = [
    (Method::GET, "/accounts", Need::Read),
    (Method::GET, "/accounts/{account_id}", Need::Read),
    (Method::GET, "/user/tokens/verify", Need::Read),
    (Method::GET, "/zones", Need::Read),
    (Method::POST, "/zones", Need::Write),
    (Method::GET, ZONE, Need::Read),
    (Method::PATCH, ZONE, Need::Write),
    (Method::DELETE, ZONE, Need::Write),
    (Method::GET, "/zones/{zone_id}/dcv_delegation/uuid", Need::Read),
    (Method::GET, FALLBACK, Need::Read),
    (Method::PUT, FALLBACK, Need::Write),
    (Method::DELETE, FALLBACK, Need::Write),
    (Method::GET, HOSTNAMES, Need::Read),
    (Method::POST, HOSTNAMES, Need::Write),
    (Method::GET, "/zones/{zone_id}/custom_hostnames/quota", Need::Read),
    (Method::GET, HOSTNAME, Need::Read),
    (Method::PATCH, HOSTNAME, Need::Write),
    (Method::DELETE, HOSTNAME, Need::Write),
];

/// A world with one zone and hostname, and its routes with their ids filled in.
async fn filled() -> (World, Vec<(Method, String, Need)>) {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/zones/{zone}/custom_hostnames");
    let made = world.post(&path, json!({ "hostname": "app.customer.com" })).await;
    let hostname = made.result()["id"].as_str().unwrap().to_owned();
    let fill = |path: &str| {
        path.replace("{zone_id}", &zone)
            .replace("{custom_hostname_id}", &hostname)
            .replace("{account_id}", &account)
    };
    let routes = operations().into_iter().map(|o| (o.method, fill(o.path), o.need)).collect();
    (world, routes)
}

async fn check(
    authorization: Option<&str>,
    applies: impl Fn(Need, &str) -> bool,
    expected: (u16, u64),
) {
    let (world, routes) = filled().await;
    for (method, path, _) in routes.into_iter().filter(|(_, path, need)| applies(*need, path)) {
        let answer = world.send(authorization, method.clone(), &path, "{}".into()).await;
        let (status, code, _) = answer.failure();
        assert_eq!((status, code), expected, "{method} {path}");
    }
}

#[test]
fn every_route_is_listed_with_what_it_needs() {
    let served: Vec<_> = operations().into_iter().map(|o| (o.method, o.path, o.need)).collect();
    assert_eq!(served, EXPECTED);
}

#[tokio::test]
async fn without_credentials_nothing_is_answered() {
    check(None, |_, _| true, (400, 9106)).await;
}

#[tokio::test]
async fn a_malformed_authorization_is_refused_as_such() {
    check(Some("Token abc"), |_, _| true, (400, 6003)).await;
    let world = World::new().await;
    let answer = world.send(Some("Bearer"), Method::GET, "/zones", String::new()).await;
    let chain = &answer.body["errors"][0]["error_chain"];
    let expected = json!([{ "code": 6111, "message": "Invalid format for Authorization header" }]);
    assert_eq!(*chain, expected);
}

#[tokio::test]
async fn a_wrong_token_is_refused_everywhere() {
    check(Some("Bearer 0123456789012345678901234567890123456789"), |_, _| true, (403, 9109)).await;
}

#[tokio::test]
async fn a_token_that_may_only_read_cannot_write_and_can_read() {
    let (world, routes) = filled().await;
    let bearer = format!("Bearer {}", world.colleague(Access::Read, Scope::Account).await);
    for (method, path, need) in routes {
        let answer = world.send(Some(&bearer), method.clone(), &path, "{}".into()).await;
        match need {
            Need::Write => assert_eq!(answer.failure(), (403, 10000, ""), "{method} {path}"),
            Need::Read => assert!(answer.status != 403, "{method} {path}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_account_looks_as_if_it_did_not_exist() {
    let (world, routes) = filled().await;
    let stranger = format!("Bearer {}", world.stranger(Access::Write).await);
    for (method, path, _) in routes {
        let Some((_, rest)) = path.split_once("s/").filter(|(kind, _)| *kind != "/user/token")
        else {
            continue;
        };
        let id = rest.split('/').next().unwrap();
        let unknown = path.replace(id, &"0".repeat(32));
        let foreign = world.send(Some(&stranger), method.clone(), &path, "{}".into()).await;
        let missing = world.send(Some(&stranger), method.clone(), &unknown, "{}".into()).await;
        assert_eq!(foreign.failure(), (403, 9109, ""), "{method} {path}");
        assert_eq!(foreign.body, missing.body, "{method} {path}");
    }
}

#[tokio::test]
async fn a_token_for_some_zones_sees_only_those_and_adds_none() {
    let world = World::new().await;
    let (one, other) = (world.zone("one.com").await, world.zone("other.com").await);
    let scope = Scope::Zones(vec![one.parse().unwrap()]);
    let bearer = format!("Bearer {}", world.colleague(Access::Write, scope).await);
    let get = |path: String| {
        let (world, bearer) = (&world, bearer.clone());
        async move { world.send(Some(&bearer), Method::GET, &path, String::new()).await }
    };
    assert_eq!(get(format!("/zones/{one}")).await.result()["name"], "one.com");
    assert_eq!(get(format!("/zones/{other}")).await.failure(), (403, 9109, ""));
    let listed = get("/zones".into()).await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    let new = json!({ "name": "new.com" }).to_string();
    let answer = world.send(Some(&bearer), Method::POST, "/zones", new).await;
    assert_eq!(answer.failure(), (403, 10000, ""));
}

#[tokio::test]
async fn lists_show_nothing_of_other_accounts() {
    let (world, _) = filled().await;
    let bearer = format!("Bearer {}", world.stranger(Access::Write).await);
    let zones = world.send(Some(&bearer), Method::GET, "/zones", String::new()).await;
    assert_eq!(*zones.result(), json!([]));
    let accounts = world.send(Some(&bearer), Method::GET, "/accounts", String::new()).await;
    assert_eq!(accounts.result().as_array().unwrap().len(), 1);
    let admin = world.get("/accounts").await;
    assert_eq!(admin.result().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_good_token_is_told_so() {
    let world = World::new().await;
    let answer = world.get("/user/tokens/verify").await;
    assert_eq!(answer.result()["status"], "active");
    let message = json!([{ "code": 10000, "message": "This API Token is valid and active" }]);
    assert_eq!(answer.body["messages"], message);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_envelope() {
    let world = World::new().await;
    assert_eq!(world.get("/zones/nonsense").await.failure(), (404, 7003, ""));
    assert_eq!(world.get("/nonsense").await.failure(), (404, 7003, ""));
    let zone = world.zone("provider.com").await;
    let put = world.call(Method::PUT, &format!("/zones/{zone}"), json!({})).await;
    assert_eq!(put.failure(), (405, 10405, ""));
}
