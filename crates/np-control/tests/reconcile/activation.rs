//! Zones that are proven, lost and found again, by two accounts.

use std::time::Duration;

use np_domain::{
    account::Account,
    certificate::DcvMethod,
    id::{AccountId, ZoneId},
    ownership::{Failure, Method},
    ports::{AccountStore, Clock, ZoneStore},
    text::Explanation,
    zone::{State, Status, Zone, ZoneKind, activation},
};

use crate::world::{Control, TestWorld};

/// A new zone of an account of its own.
async fn add(world: &TestWorld, number: u8, name: &str, kind: ZoneKind) -> Zone {
    let account = AccountId::from_bytes([number; 16]);
    let named =
        Account { id: account, name: Explanation::new("Somebody"), created_at: world.clock.now() };
    world.store.insert_account(&named).await.unwrap();
    let zone = Zone {
        id: ZoneId::from_bytes([number; 16]),
        account,
        name: name.parse().unwrap(),
        kind,
        state: State::unproven(world.clock.now()),
        ..world.zone.clone()
    };
    world.store.insert_zone(&zone).await.unwrap();
    zone
}

async fn zone(world: &TestWorld, zone: &Zone) -> Zone {
    world.store.zone(zone.id).await.unwrap().unwrap()
}

async fn status(world: &TestWorld, of: &Zone) -> Status {
    zone(world, of).await.state.status()
}

fn delegate(world: &TestWorld, name: &str, servers: &[&str]) {
    let servers = servers.iter().map(|server| (*server).to_owned()).collect();
    world.customers.ns.lock().unwrap().insert(name.into(), servers);
}

fn show_key(world: &TestWorld, zone: &Zone) {
    let (name, key) = (format!("cloudflare-verify.{}", zone.name), zone.verification_key());
    world.customers.txt.lock().unwrap().entry(name).or_default().push(key.to_string());
}

/// Has a moved or pending zone looked at at once.
async fn check(world: &TestWorld, of: &Zone, control: &Control) {
    let now = zone(world, of).await;
    let state = activation::restart(&now.state, world.clock.now()).unwrap();
    let publish = np_domain::ports::Publish::No;
    world.store.save_zone(&Zone { state, ..now }, publish).await.unwrap();
    control.look_at_zones().await;
}

#[tokio::test]
async fn a_full_zone_is_pending_until_it_is_delegated_and_keeps_what_it_had() {
    let world = TestWorld::new().await;
    let shop = add(&world, 7, "shop.com", ZoneKind::Full).await;
    delegate(&world, "shop.com", &["ns.old.net", "ns.older.net"]);
    let control = world.control("one");
    control.look_at_zones().await;
    let pending = zone(&world, &shop).await;
    assert_eq!(pending.state.status(), Status::Pending);
    let old = pending.original_name_servers.unwrap();
    assert_eq!(old, ["ns.old.net", "ns.older.net"].map(|name| name.parse().unwrap()));

    delegate(&world, "shop.com", &["ns1.platform.net"]);
    assert_eq!(control.look_at_zones().await, 0);
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(control.look_at_zones().await, 1);
    let active = zone(&world, &shop).await;
    assert_eq!(active.state.active_since(), Some(world.clock.now()));
    assert_eq!((active.modified_at, active.original_name_servers), (world.clock.now(), Some(old)));

    delegate(&world, "shop.com", &["ns.new.net"]);
    for expected in [Status::Active, Status::Active, Status::Moved] {
        world.advance(activation::RECHECK_PERIOD).await;
        control.look_at_zones().await;
        assert_eq!(status(&world, &shop).await, expected);
    }
}

#[tokio::test]
async fn the_account_that_shows_its_key_takes_the_name_from_another() {
    let world = TestWorld::new().await;
    let first = add(&world, 7, "shop.com", ZoneKind::Full).await;
    delegate(&world, "shop.com", &["ns1.platform.net"]);
    let control = world.control("one");
    control.look_at_zones().await;
    assert_eq!(status(&world, &first).await, Status::Active);

    // That the domain is delegated here says nothing about a second account.
    let second = add(&world, 8, "shop.com", ZoneKind::Full).await;
    control.look_at_zones().await;
    assert_eq!(status(&world, &second).await, Status::Pending);
    show_key(&world, &second);
    check(&world, &second, &control).await;
    assert_eq!(status(&world, &second).await, Status::Active);
    assert_eq!(status(&world, &first).await, Status::Moved);

    // Both keys stand there: the name does not go back by itself.
    show_key(&world, &first);
    world.advance(Duration::from_secs(40 * 24 * 60 * 60)).await;
    control.look_at_zones().await;
    assert_eq!(status(&world, &first).await, Status::Moved);
    check(&world, &first, &control).await;
    assert_eq!(status(&world, &first).await, Status::Active);
    assert_eq!(status(&world, &second).await, Status::Moved);
}

#[tokio::test]
async fn of_two_accounts_that_wait_for_one_delegation_neither_gets_the_zone() {
    let world = TestWorld::new().await;
    let one = add(&world, 7, "shop.com", ZoneKind::Full).await;
    let two = add(&world, 8, "shop.com", ZoneKind::Full).await;
    delegate(&world, "shop.com", &["ns1.platform.net"]);
    world.control("one").look_at_zones().await;
    assert_eq!(status(&world, &one).await, Status::Pending);
    assert_eq!(status(&world, &two).await, Status::Pending);
}

#[tokio::test]
async fn a_name_below_an_active_zone_is_the_same_accounts_at_once_and_anothers_by_key_only() {
    let world = TestWorld::new().await;
    let below = add(&world, 7, "eu.provider.com", ZoneKind::Full).await;
    delegate(&world, "eu.provider.com", &["ns1.platform.net"]);
    let control = world.control("one");
    control.look_at_zones().await;
    assert_eq!(status(&world, &below).await, Status::Pending);
    show_key(&world, &below);
    check(&world, &below, &control).await;
    assert_eq!(status(&world, &below).await, Status::Active);
    assert_eq!(status(&world, &world.zone).await, Status::Active);

    let own = Zone {
        id: ZoneId::from_bytes([3; 16]),
        name: "us.provider.com".parse().unwrap(),
        state: State::unproven(world.clock.now()),
        ..world.zone.clone()
    };
    world.store.insert_zone(&own).await.unwrap();
    control.look_at_zones().await;
    assert_eq!(status(&world, &own).await, Status::Active);
}

#[tokio::test]
async fn a_cname_proves_a_hostname_once_its_zone_is_active() {
    let world = TestWorld::new().await;
    let shop = add(&world, 7, "shop.com", ZoneKind::Partial).await;
    let id = world.add_to(&shop, 1, "app.customer.com", DcvMethod::Txt).await;
    let target = "shop.com.cdn.platform.net";
    world.customers.cname.lock().unwrap().insert("app.customer.com".into(), target.into());
    let control = world.control("one");
    control.pass().await;
    let failures = world.record(id).await.hostname.ownership.failures().to_vec();
    assert_eq!(failures, [Failure::ZoneNotActive]);

    show_key(&world, &shop);
    control.look_at_zones().await;
    // Its turn would come a minute later.
    control.pass().await;
    let proof = world.record(id).await.hostname.ownership.proof().map(|proof| proof.by);
    assert_eq!(proof, Some(Method::Cname));
}

#[tokio::test]
async fn a_cname_to_a_name_of_another_accounts_zone_below_proves_nothing() {
    let world = TestWorld::new().await;
    let below = add(&world, 7, "eu.provider.com", ZoneKind::Full).await;
    show_key(&world, &below);
    let control = world.control("one");
    control.look_at_zones().await;
    let names = [(1, "one.customer.com"), (2, "two.customer.com"), (3, "three.customer.com")];
    let mut ids = Vec::new();
    for ((number, name), target) in names.iter().zip([
        "customers.eu.provider.com",
        "eu.provider.com.cdn.platform.net",
        "customers.provider.com",
    ]) {
        world.customers.cname.lock().unwrap().insert((*name).into(), target.into());
        ids.push(world.add(*number, name, DcvMethod::Txt).await);
    }
    let theirs = world.add_to(&below, 4, "one.customer.com", DcvMethod::Txt).await;
    control.pass().await;
    let is_proven = async |id| world.record(id).await.hostname.ownership.proof().is_some();
    assert!(!is_proven(ids[0]).await && !is_proven(ids[1]).await);
    assert!(is_proven(ids[2]).await && is_proven(theirs).await);
}

#[tokio::test]
async fn after_a_crash_the_look_is_taken_by_another_process() {
    let world = TestWorld::new().await;
    let shop = add(&world, 7, "shop.com", ZoneKind::Full).await;
    delegate(&world, "shop.com", &["ns1.platform.net"]);
    assert!(world.control("one").claim_zones_and_die().await > 0);
    let other = world.control("two");
    assert_eq!(other.look_at_zones().await, 0);
    world.advance(Duration::from_secs(30)).await;
    other.look_at_zones().await;
    assert_eq!(status(&world, &shop).await, Status::Active);
}
