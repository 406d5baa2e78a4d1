//! Zones that must be proven, whose name an account can have, and how zones are searched for.

use np_control::api::ApiSettings;
use np_domain::{
    id::ZoneId,
    permission::Group,
    ports::{Clock, Lease, LeaseOwner, Publish, ZoneStore},
    text::Explanation,
    zone::{
        Zone,
        activation::{Active, Method, Policy, State, claim_elsewhere},
    },
};
use serde_json::{Value, json};

use crate::world::{World, settings};

async fn verified() -> World {
    World::with(ApiSettings { activation: Policy::Verified, ..settings() }).await
}

/// Puts a zone into another state, as a look would.
async fn set(world: &World, id: &str, state: impl Fn(&Zone) -> State) {
    let zone = world.store.zone(id.parse::<ZoneId>().unwrap()).await.unwrap().unwrap();
    let zone = Zone { state: state(&zone), ..zone };
    world.store.save_zone(&zone, Publish::Yes).await.unwrap();
}

fn proven(world: &World) -> State {
    let since = world.clock.now();
    State::Active(Active { since, by: Method::Txt, next_check: None, misses: 0 })
}

#[tokio::test]
async fn a_zone_that_must_be_proven_shows_how() {
    let world = verified().await;
    let id = world.zone("provider.com").await;
    let path = format!("/zones/{id}");
    let zone = world.get(&path).await.result().clone();
    assert_eq!((&zone["status"], &zone["activated_on"]), (&json!("initializing"), &Value::Null));
    let key = zone["verification_key"].as_str().unwrap();
    assert!(key.split('-').all(|number| number.parse::<u32>().is_ok()), "{key}");
    assert_eq!(zone["name_servers"], json!(["ns1.platform.net"]));

    set(&world, &id, |_| proven(&world)).await;
    let zone = world.get(&path).await.result().clone();
    assert_eq!(zone["status"], "active");
    assert_eq!(zone["activated_on"], "2026-03-20T12:00:00.000000Z");
    assert_eq!(zone.get("verification_key"), None);

    set(&world, &id, |zone| claim_elsewhere(&zone.state, world.clock.now()).unwrap()).await;
    let zone = world.get(&path).await.result().clone();
    assert_eq!(zone["status"], "moved");
    assert_eq!(zone["verification_errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_activation_check_has_the_zone_looked_at_at_once() {
    let world = verified().await;
    let id = world.zone("provider.com").await;
    let due = async || {
        let lease = Lease { owner: LeaseOwner(Explanation::new("test")), until: world.clock.now() };
        world.store.claim_zones(world.clock.now(), &lease, 9).await.unwrap().len()
    };
    set(&world, &id, |_| claim_elsewhere(&proven(&world), world.clock.now()).unwrap()).await;
    assert_eq!(due().await, 0);
    let path = format!("/zones/{id}/activation_check");
    let answer = world.call(http::Method::PUT, &path, Value::Null).await;
    assert_eq!(*answer.result(), json!({ "id": id }));
    assert_eq!(due().await, 1);
    assert_eq!(world.get(&format!("/zones/{id}")).await.result()["status"], "pending");

    // An active zone needs none; asking is no error.
    set(&world, &id, |_| proven(&world)).await;
    let answer = world.call(http::Method::PUT, &path, json!({})).await;
    assert_eq!(*answer.result(), json!({ "id": id }));
    assert_eq!(world.get(&format!("/zones/{id}")).await.result()["status"], "active");
}

#[tokio::test]
async fn a_name_that_is_active_in_another_account_is_not_available_and_nothing_says_why() {
    let world = World::new().await;
    world.zone("provider.com").await;
    let stranger = world.stranger(&Group::ALL).await;
    let bearer = format!("Bearer {stranger}");
    let add = async |name: &str| {
        let body = json!({ "name": name }).to_string();
        world.send(Some(&bearer), http::Method::POST, "/zones", body).await
    };
    for name in ["provider.com", "eu.provider.com", "cdn.platform.net"] {
        let answer = add(name).await;
        assert_eq!(answer.failure(), (400, 1097, "/name"), "{name}");
        assert_eq!(answer.message(), add("provider.com").await.message());
    }
    add("other.com").await.result();
    let world = verified().await;
    let mine = world.zone("provider.com").await;
    set(&world, &mine, |_| proven(&world)).await;
    let stranger = world.stranger(&Group::ALL).await;
    let bearer = format!("Bearer {stranger}");
    let body = json!({ "name": "provider.com" }).to_string();
    let answer = world.send(Some(&bearer), http::Method::POST, "/zones", body).await;
    assert_eq!(answer.result()["status"], "initializing");
}

#[tokio::test]
async fn a_pack_covers_no_host_that_another_accounts_zone_is_closer_to() {
    let world = verified().await;
    let mine = world.zone("provider.com").await;
    set(&world, &mine, |_| proven(&world)).await;
    let stranger = format!("Bearer {}", world.stranger(&Group::ALL).await);
    let body = json!({ "name": "shop.provider.com" }).to_string();
    let answer = world.send(Some(&stranger), http::Method::POST, "/zones", body).await;
    let theirs = answer.result()["id"].as_str().unwrap().to_owned();
    let order = async |hosts: &[&str]| {
        let body = json!({
            "type": "advanced",
            "hosts": hosts,
            "validation_method": "txt",
            "validity_days": 90,
            "certificate_authority": "lets_encrypt",
        });
        world.post(&format!("/zones/{mine}/ssl/certificate_packs/order"), body).await
    };
    let hosts = ["provider.com", "app.shop.provider.com"];
    order(&hosts).await.result();
    set(&world, &theirs, |_| proven(&world)).await;
    for host in ["shop.provider.com", "app.shop.provider.com", "*.shop.provider.com"] {
        let answer = order(&["provider.com", host]).await;
        assert_eq!(answer.failure(), (400, 1603, "/hosts"), "{host}");
        assert!(answer.message().contains(host), "{}", answer.message());
    }
    order(&["provider.com", "*.provider.com", "workshop.provider.com"]).await.result();
    set(&world, &theirs, |zone| claim_elsewhere(&zone.state, world.clock.now()).unwrap()).await;
    order(&hosts).await.result();
}

#[tokio::test]
async fn a_zone_proven_by_its_delegation_is_looked_at_when_it_was_partial_for_a_while() {
    let world = verified().await;
    let id = world.zone("provider.com").await;
    let by = Method::Delegation;
    let since = world.clock.now();
    set(&world, &id, |_| State::Active(Active { since, by, next_check: None, misses: 0 })).await;
    let state = async || world.store.zone(id.parse().unwrap()).await.unwrap().unwrap().state;
    let path = format!("/zones/{id}");
    world.patch(&path, json!({ "paused": true })).await.result();
    assert_eq!(state().await.due_at(), None, "only the kind matters");
    for kind in ["partial", "full"] {
        set(&world, &id, |_| State::Active(Active { since, by, next_check: None, misses: 0 }))
            .await;
        world.patch(&path, json!({ "type": kind })).await.result();
        assert_eq!(state().await.due_at(), Some(world.clock.now()), "{kind}");
    }
}

#[tokio::test]
async fn zones_are_searched_for_with_each_filter_of_the_original() {
    let world = World::new().await;
    for (name, kind) in [("a-shop.com", "full"), ("b-shop.de", "partial"), ("c.com", "full")] {
        world.post("/zones", json!({ "name": name, "type": kind })).await.result();
    }
    let account = world.get("/accounts").await.result()[0].clone();
    let (id, name) = (account["id"].as_str().unwrap(), account["name"].as_str().unwrap());
    let (first, rest) = (name.chars().next().unwrap().to_lowercase(), &name[1..]);
    let listed = async |query: &str| {
        let answer = world.get(&format!("/zones?{query}")).await;
        let zones = answer.result().as_array().unwrap().clone();
        let names: Vec<_> = zones.iter().map(|zone| zone["name"].as_str().unwrap()).collect();
        names.join(" ")
    };
    let all = "a-shop.com b-shop.de c.com";
    for (query, expected) in [
        ("name=C.com", "c.com"),
        ("name=equal:c.com", "c.com"),
        ("name=not_equal:c.com", "a-shop.com b-shop.de"),
        ("name=not:c.com", "a-shop.com b-shop.de"),
        ("name=starts_with:A", "a-shop.com"),
        ("name=starts_with_case_sensitive:A", ""),
        ("name=ends_with:.com", "a-shop.com c.com"),
        ("name=contains:shop", "a-shop.com b-shop.de"),
        ("name=contains_case_sensitive:shop", "a-shop.com b-shop.de"),
        ("type=full", "a-shop.com c.com"),
        ("type=full&type=partial", all),
        ("type=partial,internal", "b-shop.de"),
        ("type=secondary", ""),
        ("status=active", all),
        ("status=pending", ""),
        ("status=pending&type=partial&match=any", "b-shop.de"),
        ("status=active&type=partial&match=all", "b-shop.de"),
        (&format!("account.id={id}"), all),
        (&format!("account.name={first}{rest}").replace(' ', "%20"), all),
        ("account.name=contains:nobody", ""),
        ("order=name&direction=desc", "c.com b-shop.de a-shop.com"),
        ("order=status", all),
        ("order=account.id", all),
        ("order=account.name", all),
        ("order=plan.id&direction=asc", all),
        ("order=name&per_page=1&page=2", "b-shop.de"),
    ] {
        assert_eq!(listed(query).await, expected, "{query}");
    }
    for (query, pointer) in [
        ("account.id=x", "/account.id"),
        ("name=", "/name"),
        ("name=contains:", "/name"),
        ("name=matches:x", "/name"),
        ("account.name=", "/account.name"),
        ("status=gone", "/status"),
        ("type=full,x", "/type"),
        ("match=some", "/match"),
        ("order=created_on", "/order"),
        ("direction=up", "/direction"),
    ] {
        let answer = world.get(&format!("/zones?{query}")).await;
        assert_eq!(answer.failure(), (400, 10002, pointer), "{query}");
    }
}

#[tokio::test]
async fn any_filter_never_reaches_into_another_account() {
    let world = World::new().await;
    world.zone("provider.com").await;
    let stranger = format!("Bearer {}", world.stranger(&Group::ALL).await);
    let query = "/zones?match=any&status=active&name=contains:provider&type=full";
    let answer = world.send(Some(&stranger), http::Method::GET, query, String::new()).await;
    assert_eq!(*answer.result(), json!([]));
}
