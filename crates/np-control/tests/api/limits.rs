//! How often callers may do what.

use std::{sync::Arc, time::Duration};

use http::Method;
use np_control::{
    api::ApiSettings,
    app::limits::{Rate, Rates},
};
use serde_json::json;

use crate::world::{World, settings};

fn rate(count: u64, seconds: u64, pause: Option<u64>) -> Rate {
    let (window, pause) = (Duration::from_secs(seconds), pause.map(Duration::from_secs));
    Rate { count, window, pause }
}

async fn world(rates: Rates) -> World {
    World::with(ApiSettings { rates, ..settings() }).await
}

#[tokio::test]
async fn every_answer_says_where_the_caller_stands() {
    let world = world(Rates { calls: Some(rate(1200, 300, None)), ..Rates::OFF }).await;
    let first = world.get("/zones").await;
    assert_eq!(first.header("ratelimit"), r#""default";r=1199;t=300"#);
    assert_eq!(first.header("ratelimit-policy"), r#""default";q=1200;w=300"#);
    assert_eq!(first.header("retry-after"), "");
    world.clock.advance(Duration::from_millis(1500));
    let failed = world.get("/zones?page=x").await;
    assert_eq!(
        (failed.status.as_u16(), failed.header("ratelimit")),
        (400, r#""default";r=1198;t=299"#)
    );
}

#[tokio::test]
async fn one_call_too_many_blocks_all_until_the_window_ends_and_nobody_else() {
    let world = world(Rates { calls: Some(rate(2, 300, None)), ..Rates::OFF }).await;
    world.get("/zones").await.result();
    world.clock.advance(Duration::from_millis(100_500));
    world.get("/accounts").await.result();
    for _ in 0..2 {
        let refused = world.get("/zones").await;
        assert_eq!(refused.failure(), (429, 10429, ""));
        assert_eq!(refused.header("retry-after"), "200");
        assert_eq!(refused.header("ratelimit"), r#""default";r=0;t=200"#);
    }
    let headers = [("x-auth-email", crate::world::EMAIL), ("x-auth-key", world.key.as_str())];
    assert_eq!(world.request(&headers, Method::GET, "/zones", String::new()).await.status, 200);
    world.clock.advance(Duration::from_secs(200));
    world.get("/zones").await.result();
}

#[tokio::test]
async fn creates_that_succeeded_are_counted_by_zone() {
    let world = world(Rates { creates: Some(rate(2, 60, Some(30))), ..Rates::OFF }).await;
    let path = world.hostnames().await;
    let other = format!("/zones/{}/custom_hostnames", world.zone("other.com").await);
    let create = async |path: &str, name: &str| world.post(path, json!({ "hostname": name })).await;
    assert_eq!(create(&path, "a.customer.com").await.status, 201);
    for _ in 0..3 {
        assert_eq!(create(&path, "a.customer.com").await.status, 409);
    }
    assert_eq!(create(&path, "b.customer.com").await.status, 201);
    let refused = create(&path, "c.customer.com").await;
    assert_eq!((refused.failure(), refused.header("retry-after")), ((429, 10429, ""), "30"));
    assert_eq!(create(&other, "c.customer.com").await.status, 201);
    world.get(&path).await.result();
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(create(&path, "c.customer.com").await.status, 201);
}

#[tokio::test]
async fn of_a_bulk_create_each_that_succeeded_is_counted() {
    let world = world(Rates { creates: Some(rate(3, 60, Some(30))), ..Rates::OFF }).await;
    let path = world.hostnames().await;
    let many = async |names: &[&str]| {
        let hostnames: Vec<_> = names.iter().map(|name| json!({ "hostname": name })).collect();
        world.post(&format!("{path}/bulk"), json!({ "hostnames": hostnames })).await
    };
    assert_eq!(many(&["a.customer.com", "b.customer.com", "b.customer.com"]).await.status, 200);
    assert_eq!(many(&["a.customer.com", "c.customer.com"]).await.status, 200);
    assert_eq!(many(&["d.customer.com"]).await.failure(), (429, 10429, ""));
}

#[tokio::test]
async fn bulk_creates_at_the_same_time_pass_the_limit_once() {
    let world = world(Rates { creates: Some(rate(2, 60, Some(30))), ..Rates::OFF }).await;
    let path = format!("{}/bulk", world.hostnames().await);
    let many = async |start: &str| {
        let hostnames: Vec<_> = (0..3)
            .map(|number| json!({ "hostname": format!("{start}{number}.customer.com") }))
            .collect();
        world.post(&path, json!({ "hostnames": hostnames })).await.status.as_u16()
    };
    let mut statuses: [u16; 3] = tokio::join!(many("a"), many("b"), many("c")).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429, 429]);
}

#[tokio::test]
async fn a_create_whose_caller_hangs_up_is_counted() {
    let rates = Rates { creates: Some(rate(1, 60, None)), ..Rates::OFF };
    let create_wait = Duration::from_secs(24 * 60 * 60);
    let world = Arc::new(World::with(ApiSettings { rates, create_wait, ..settings() }).await);
    let path = world.hostnames().await;
    let create = |name: &str| {
        let (world, path) = (world.clone(), path.clone());
        let body = json!({ "hostname": name, "ssl": { "type": "dv", "method": "txt" } });
        async move { world.post(&path, body).await }
    };
    let waiting = tokio::spawn(create("a.customer.com"));
    while world.get(&path).await.result() == &json!([]) {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(create("b.customer.com").await.failure(), (429, 10429, ""));
}

#[tokio::test]
async fn who_guesses_is_let_wait_and_who_knows_is_not() {
    let world = world(Rates { failures: Some(rate(2, 60, None)), ..Rates::OFF }).await;
    let look = async |from: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = world.request_from(from, &headers, Method::GET, "/zones", String::new()).await;
        answer.status.as_u16()
    };
    let (guesser, other) = ("198.51.100.1", "198.51.100.2");
    assert_eq!(look(guesser, "guess1").await, 403);
    assert_eq!(look(guesser, "guess2").await, 403);
    assert_eq!(look(guesser, "guess3").await, 429);
    assert_eq!(look(other, "guess3").await, 403);
    assert_eq!(look(guesser, &world.admin).await, 200);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(look(guesser, "guess3").await, 403);
}

#[tokio::test]
async fn a_trusted_proxy_says_who_is_behind_it() {
    let failures = Some(rate(1, 60, None));
    let rates = Rates { failures, ..Rates::OFF };
    let trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
    let world = World::with(ApiSettings { rates, trusted_proxies, ..settings() }).await;
    let look = async |caller: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("x-forwarded-for", caller)];
        let from = "10.0.0.1";
        world.request_from(from, &headers, Method::GET, "/zones", String::new()).await.status
    };
    assert_eq!(look("203.0.113.1", "guess").await, 403);
    assert_eq!(look("203.0.113.1", "guess").await, 429);
    assert_eq!(look("203.0.113.2", "guess").await, 403);
}
