//! Callers and zones are not read anew for each call, and what becomes of them counts all the same.

use std::time::Duration;

use http::Method;
use np_control::{
    api::ApiSettings,
    app::{
        draws::RandomDraws,
        users::{self, UserKey},
    },
};
use np_domain::{
    permission::{Group, Resource},
    ports::{AccountStore, Direction, Page, Publish, ZoneStore},
    token::{ApiToken, Owner, Switch},
    zone::Zone,
};

use crate::world::{EMAIL, World, settings};

/// So long that no test waits for it.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

async fn world(known_age_max: Duration) -> World {
    World::with(ApiSettings { known_age_max, ..settings() }).await
}

/// A token that may do everything to zones, and its secret.
async fn token(world: &World) -> (ApiToken, String) {
    let secret = world.colleague(&Group::ALL[..6], &[Resource::AllZones]).await;
    let page = Page { number: 1, size: 10 };
    let owner = Owner::User(world.user);
    let (tokens, _) = world.store.list_tokens(owner, Direction::Descending, page).await.unwrap();
    (tokens[0].clone(), secret)
}

/// The status of a look at the zone with the token.
async fn look(world: &World, secret: &str, zone: &str) -> u16 {
    let bearer = format!("Bearer {secret}");
    let path = format!("/zones/{zone}");
    world.send(Some(&bearer), Method::GET, &path, String::new()).await.status.as_u16()
}

#[tokio::test]
async fn a_changed_or_withdrawn_token_is_judged_anew_at_once() {
    let world = world(LONG).await;
    let zone = world.zone("one.com").await;
    let (token, secret) = token(&world).await;
    assert_eq!(look(&world, &secret, &zone).await, 200);
    let token = ApiToken { switch: Switch::Disabled, ..token };
    world.store.save_token(&token).await.unwrap();
    assert_eq!(look(&world, &secret, &zone).await, 403);
    let token = ApiToken { switch: Switch::Enabled, version: 1, ..token };
    world.store.save_token(&token).await.unwrap();
    assert_eq!(look(&world, &secret, &zone).await, 200);
    world.store.remove_token(token.id).await.unwrap();
    assert_eq!(look(&world, &secret, &zone).await, 403);
}

#[tokio::test]
async fn a_token_that_ends_is_refused_from_then_on() {
    let world = world(LONG).await;
    let zone = world.zone("one.com").await;
    let (token, secret) = token(&world).await;
    let expires_at = Some(np_domain::ports::Clock::now(&world.clock) + Duration::from_secs(10));
    world.store.save_token(&ApiToken { expires_at, ..token }).await.unwrap();
    assert_eq!(look(&world, &secret, &zone).await, 200);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(look(&world, &secret, &zone).await, 403);
}

#[tokio::test]
async fn a_rolled_key_opens_nothing_at_once() {
    let world = world(LONG).await;
    let status = async |key: &str| {
        let headers = [("x-auth-email", EMAIL), ("x-auth-key", key)];
        world.request(&headers, Method::GET, "/user", String::new()).await.status.as_u16()
    };
    assert_eq!(status(&world.key).await, 200);
    let user = world.store.user(world.user).await.unwrap().unwrap();
    let key = UserKey::draw(&RandomDraws);
    users::roll_key(world.store.as_ref(), user, &key).await.unwrap();
    assert_eq!((status(&world.key).await, status(key.expose()).await), (403, 200));
}

#[tokio::test]
async fn a_removed_zone_is_gone_at_once() {
    let world = world(LONG).await;
    let zone = world.zone("one.com").await;
    let (_, secret) = token(&world).await;
    assert_eq!(look(&world, &secret, &zone).await, 200);
    world.delete(&format!("/zones/{zone}")).await.result();
    assert_ne!(look(&world, &secret, &zone).await, 200);
}

#[tokio::test]
async fn what_another_process_did_counts_when_its_time_has_come() {
    let world = world(Duration::from_millis(20)).await;
    let zone = world.zone("one.com").await;
    let (token, secret) = token(&world).await;
    let other = world.other_process().await;
    assert_eq!(look(&world, &secret, &zone).await, 200);
    other.remove_token(token.id).await.unwrap();
    while look(&world, &secret, &zone).await == 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_an_age_what_another_process_did_counts_at_once() {
    let world = world(Duration::ZERO).await;
    let zone = world.zone("one.com").await;
    let (token, secret) = token(&world).await;
    let other = world.other_process().await;
    assert_eq!(look(&world, &secret, &zone).await, 200);
    other.remove_token(token.id).await.unwrap();
    assert_eq!(look(&world, &secret, &zone).await, 403);
}

#[tokio::test]
async fn a_change_is_made_to_the_zone_as_it_is_and_not_as_it_was_known() {
    let world = world(LONG).await;
    let made = world.post("/zones", serde_json::json!({ "name": "one.com", "type": "full" })).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    let path = format!("/zones/{id}");
    assert_eq!(world.get(&path).await.result()["paused"], false);
    let other = world.other_process().await;
    let zone = other.zone(id.parse().unwrap()).await.unwrap().unwrap();
    other.save_zone(&Zone { paused: true, ..zone }, Publish::No).await.unwrap();
    // Known here is still a zone that is not paused.
    let edited = world.patch(&path, serde_json::json!({ "paused": false })).await;
    assert_eq!(edited.result()["paused"], false);
    let kept = other.zone(id.parse().unwrap()).await.unwrap().unwrap();
    assert!(!kept.paused);
}
