//! Holds of zones, and what hostnames that a hold or the block list keeps away look like.

use std::time::Duration;

use http::Method;
use np_domain::{
    ownership::{Blocked, BlockedCause, State},
    ports::{Clock, Hold, HostnameChange, HostnameStore, Publish},
    text::Explanation,
};
use serde_json::{Value, json};

use crate::world::World;

const NOW: &str = "2026-03-20T12:00:00.000000Z";

fn hold(hold: bool, after: Option<&str>, subdomains: &str) -> Value {
    match after {
        Some(after) => {
            json!({ "hold": hold, "hold_after": after, "include_subdomains": subdomains })
        }
        None => json!({ "hold": hold, "include_subdomains": subdomains }),
    }
}

#[tokio::test]
async fn a_hold_begins_rests_until_a_moment_and_ends() {
    let world = World::new().await;
    let path = format!("/zones/{}/hold", world.zone("provider.com").await);
    assert_eq!(*world.get(&path).await.result(), hold(false, None, "false"));
    let begin = format!("{path}?include_subdomains=true");
    assert_eq!(*world.post(&begin, Value::Null).await.result(), hold(true, Some(NOW), "true"));
    let narrower = world.patch(&path, json!({ "include_subdomains": false })).await;
    assert_eq!(*narrower.result(), hold(true, Some(NOW), "false"));

    let later = "2026-03-21T12:00:00.000000Z";
    let rest = format!("{path}?hold_after=2026-03-21T12:00:00Z");
    assert_eq!(*world.delete(&rest).await.result(), hold(false, Some(later), "false"));
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(*world.get(&path).await.result(), hold(true, Some(later), "false"));
    let null = world.patch(&path, json!({ "hold_after": null })).await;
    assert_eq!(*null.result(), hold(false, None, "false"));
    assert_eq!(*world.delete(&path).await.result(), hold(false, None, "false"));
}

#[tokio::test]
async fn what_is_no_moment_and_no_flag_is_refused_by_name() {
    let world = World::new().await;
    let path = format!("/zones/{}/hold", world.zone("provider.com").await);
    for (method, path, body, field) in [
        (Method::POST, format!("{path}?include_subdomains=yes"), Value::Null, "include_subdomains"),
        (Method::DELETE, format!("{path}?hold_after=tomorrow"), Value::Null, "hold_after"),
        (Method::PATCH, path.clone(), json!({ "hold_after": "tomorrow" }), "hold_after"),
        (Method::PATCH, path.clone(), json!({ "hold_after": 7 }), "hold_after"),
        (Method::PATCH, path.clone(), json!({ "include_subdomains": "yes" }), "include_subdomains"),
    ] {
        let answer = world.call(method, &path, body).await;
        assert_eq!(answer.status, 400, "{path}");
        let pointer = answer.body["errors"][0]["source"]["pointer"].as_str().unwrap().to_owned();
        assert_eq!(pointer, format!("/{field}"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_blocked_hostname_says_why_and_whom_to_ask() {
    let world = World::new().await;
    let hostnames = world.hostnames().await;
    let answer = world.post(&hostnames, json!({ "hostname": "app.customer.com" })).await;
    let id = answer.result()["id"].as_str().unwrap().to_owned();
    let path = format!("{hostnames}/{id}");
    for (cause, why, expected) in [
        (
            BlockedCause::Hold,
            "the owner of customer.com holds it",
            "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed.",
        ),
        (
            BlockedCause::List,
            "customer.com is blocked: phishing",
            "customer.com is blocked: phishing. Ask the operator of this platform to take it off the block list.",
        ),
    ] {
        let zone = hostnames.split('/').nth(2).unwrap().parse().unwrap();
        let found = world.store.find(zone, id.parse().unwrap()).await.unwrap();
        let mut hostname = found.unwrap().hostname;
        let (since, next_check) = (world.clock.now(), world.clock.now());
        let why = Explanation::new(why);
        hostname.ownership = State::Blocked(Blocked { cause, why, since, next_check });
        let change = HostnameChange { hostname, events: Vec::new(), publish: Publish::Yes };
        world.store.save(&[change], &Hold::Release).await.unwrap();
        let answer = world.get(&path).await;
        let result = answer.result();
        assert_eq!(result["status"], "blocked");
        assert_eq!(result["verification_errors"], json!([expected]));
        assert_eq!(result["verification_progress"]["next_check_at"], NOW);
    }
}
