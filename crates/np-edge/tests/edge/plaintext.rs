//! Port 80: tokens for whoever asks, nothing else for names that are not proven.

use http::Request;
use tokio::net::TcpStream;

use crate::world::{Answer, World, http1};

const ACME: &str = "/.well-known/acme-challenge/abc";

async fn get(world: &World, host: &str, path: &str) -> Answer {
    let stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    http1(stream).await.send(Request::get(path).header("host", host)).await
}

#[tokio::test]
async fn tokens_are_answered_before_and_after_proof() {
    let world = World::start().await;
    let ownership =
        "/.well-known/cf-custom-hostname-challenge/0d89c70d-ad9f-4843-b99f-6cc0252067e9";
    world.unproven("new.customer.com").token(ACME, "abc.def").token(ownership, "uuid").publish();
    world.proven("app.customer.com").token(ACME, "ghi.jkl").publish();
    for (host, path, body) in [
        ("new.customer.com", ACME, "abc.def"),
        ("NEW.customer.com:80", ownership, "uuid"),
        ("app.customer.com", ACME, "ghi.jkl"),
    ] {
        let answer = get(&world, host, path).await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, body), "{host}{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain"));
    }
    assert_eq!(world.origin.requests(), 0);
}

#[tokio::test]
async fn tokens_of_all_entries_of_a_name_are_answered_at_that_name_only() {
    let world = World::start().await;
    world.proven("customer.com").wildcard().token(ACME, "first").publish();
    world
        .unproven("customer.com")
        .of_hostname("second")
        .token("/.well-known/x", "second")
        .publish();
    assert_eq!(get(&world, "customer.com", ACME).await.body, "first");
    assert_eq!(get(&world, "customer.com", "/.well-known/x").await.body, "second");
    assert_ne!(get(&world, "app.customer.com", ACME).await.body, "first");
}

#[tokio::test]
async fn an_unproven_name_looks_like_an_unknown_one() {
    let world = World::start().await;
    world.unproven("new.customer.com").token(ACME, "abc.def").publish();
    let without_id = |answer: Answer| {
        assert_eq!(answer.status(), 404);
        let id = answer.header("x-request-id").unwrap().to_owned();
        answer.body.replace(&id, "")
    };
    let unproven = without_id(get(&world, "new.customer.com", "/").await);
    let unknown = without_id(get(&world, "unknown.customer.com", "/").await);
    assert_eq!(unproven, unknown);
    assert!(unproven.contains("not active"), "{unproven}");
    assert_eq!(world.origin.requests(), 0);
}

#[tokio::test]
async fn a_proven_name_is_proxied_over_plain_http() {
    let world = World::start().await;
    world.proven("app.customer.com").without_certificate().publish();
    let answer = get(&world, "app.customer.com", "/.well-known/acme-challenge/unknown?q=1").await;
    assert_eq!(answer.status(), 200);
    let seen = answer.json();
    assert_eq!(seen["path"], "/.well-known/acme-challenge/unknown?q=1");
    assert_eq!(seen["headers"]["host"][0], "app.customer.com");
    assert_eq!(seen["headers"]["x-forwarded-proto"][0], "http");
}

#[tokio::test]
async fn a_request_without_a_usable_host_is_refused() {
    let world = World::start().await;
    assert_eq!(get(&world, "[::1]", "/").await.status(), 400);
}
