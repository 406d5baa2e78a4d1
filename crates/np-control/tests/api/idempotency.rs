//! `Idempotency-Key`: requests that come twice.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn post(world: &World, key: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {}", world.admin);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    world.request(&headers, Method::POST, path, body.to_string()).await
}

#[tokio::test]
async fn a_create_that_comes_again_is_answered_again_and_done_once() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com" });
    let first = post(&world, "k1", &path, &body).await;
    let again = post(&world, "k1", &path, &body).await;
    assert_eq!((first.status, again.status), (first.status, first.status));
    assert_eq!(first.body, again.body);
    assert_eq!([first, again].map(|it| it.header("idempotency-replayed").to_owned()), ["", "true"]);
    assert_eq!(world.get(&path).await.result().as_array().unwrap().len(), 1);
    // Without the key, or with another, it is another request.
    assert_eq!(post(&world, "k2", &path, &body).await.failure().0, 409);
    // A day later the key is forgotten.
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(post(&world, "k1", &path, &body).await.failure().0, 409);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let world = World::new().await;
    let path = world.hostnames().await;
    post(&world, "k1", &path, &json!({ "hostname": "app.customer.com" })).await.result();
    let other = post(&world, "k1", &path, &json!({ "hostname": "www.customer.com" })).await;
    assert_eq!(other.failure(), (422, 10441, ""));
    let elsewhere = post(&world, "k1", "/zones", &json!({ "hostname": "app.customer.com" })).await;
    assert_eq!(elsewhere.failure(), (422, 10441, ""));
}

#[tokio::test]
async fn keys_of_different_callers_have_nothing_to_do_with_one_another() {
    let world = World::new().await;
    let body = json!({ "name": "provider.com" });
    let made = post(&world, "k1", "/zones", &body).await.result()["id"].clone();
    let headers = [
        ("x-auth-email", crate::world::EMAIL),
        ("x-auth-key", world.key.as_str()),
        ("idempotency-key", "k1"),
    ];
    let other = json!({ "name": "other.com" }).to_string();
    let answer = world.request(&headers, Method::POST, "/zones", other).await;
    assert_ne!(answer.result()["id"], made);
}

#[tokio::test]
async fn of_requests_at_once_one_is_carried_out() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com" });
    let send = || post(&world, "k1", &path, &body);
    let (a, b, c) = tokio::join!(send(), send(), send());
    let mut made = Vec::new();
    for answer in [a, b, c] {
        match answer.status.as_u16() {
            201 => made.push(answer.result()["id"].clone()),
            _ => {
                assert_eq!(answer.failure(), (409, 10442, ""));
                assert_eq!(answer.header("retry-after"), "1");
            }
        }
    }
    made.dedup();
    assert_eq!(made.len(), 1);
    assert_eq!(post(&world, "k1", &path, &body).await.result()["id"], made[0]);
}

#[tokio::test]
async fn a_request_that_failed_may_come_again() {
    let world = World::new().await;
    let body = json!({ "name": "a b" });
    for _ in 0..2 {
        assert_eq!(post(&world, "k1", "/zones", &body).await.failure().0, 400);
    }
    assert_eq!(post(&world, "k1", "/zones", &json!({ "name": "a.com" })).await.status, 200);
}

#[tokio::test]
async fn a_secret_is_not_kept_for_those_who_come_again() {
    let world = World::new().await;
    let zone = world.zone("one.com").await;
    let body = json!({ "name": "deploy", "policies": [{
        "effect": "allow",
        "permission_groups": [{ "id": "c8fed203ed3043cba015a93ad1616f1f" }],
        "resources": { format!("com.cloudflare.api.account.zone.{zone}"): "*" },
    }] });
    post(&world, "k1", "/user/tokens", &body).await.result();
    assert_eq!(post(&world, "k1", "/user/tokens", &body).await.failure(), (409, 10443, ""));
    let listed = world.get("/user/tokens").await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let answer = post(&world, key, "/zones", &json!({ "name": "a.com" })).await;
        assert_eq!(answer.failure(), (400, 10440, ""), "{key}");
    }
}
