//! What becomes of active hostnames, of apex domains, and of hostnames that were asked for at a node.

use std::time::Duration;

use np_domain::{
    certificate::DcvMethod,
    custom_hostname::OwnershipToken,
    entry::{FeedKey, Generation},
    id::HostnameId,
    ownership::{Kind, Method, MovedWhy, State},
    ports::{Clock, FeedPosition, FeedStore, FeedSubject, HostnameStore, RuleStore},
};
use uuid::Uuid;

use crate::{breakable::Break, world::TestWorld};

const NAME: &str = "app.customer.com";
const HOUR: Duration = Duration::from_secs(3600);

/// An active hostname, proven by its CNAME.
async fn active(world: &TestWorld) -> HostnameId {
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    world.control("one").pass().await;
    assert_eq!(kind(world, id).await, Kind::Proven);
    id
}

async fn kind(world: &TestWorld, id: HostnameId) -> Kind {
    world.record(id).await.hostname.ownership.kind()
}

fn point(world: &TestWorld, target: &str) {
    world.customers.cname.lock().unwrap().insert(NAME.into(), target.into());
}

async fn ownership_events(world: &TestWorld, id: HostnameId) -> Vec<&'static str> {
    let events = world.events(id).await.into_iter();
    events.filter_map(|kind| kind.strip_prefix("ownership.")).collect()
}

#[tokio::test]
async fn an_active_hostname_that_leads_elsewhere_is_moved_after_the_grace_and_not_served() {
    let world = TestWorld::watching().await;
    let id = active(&world).await;
    let control = world.control("one");
    point(&world, "shop.rival.net");
    world.advance(HOUR * 30).await;
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven, "in its time of grace");
    let doubted_at = world.clock.now();
    while kind(&world, id).await == Kind::Proven {
        world.advance(HOUR).await;
        control.pass().await;
        assert!(world.clock.now() - doubted_at < Duration::from_secs(100 * 3600), "never moved");
    }
    assert!(world.clock.now() - doubted_at >= HOUR * 72);
    let State::Moved(moved) = world.record(id).await.hostname.ownership else { panic!() };
    assert_eq!(moved.why, MovedWhy::PointsElsewhere);
    assert_eq!(ownership_events(&world, id).await, ["proven", "doubted", "moved"]);
    assert_eq!(
        world.store.position(FeedKey::Hostname(id)).await.unwrap(),
        FeedPosition::Unnumbered,
        "nodes hear of it"
    );
    world.store.number().await.unwrap();
    let items = world.store.feed_after(Generation(0), 100).await.unwrap();
    let item = items.iter().find(|item| item.key == FeedKey::Hostname(id)).unwrap();
    let Some(FeedSubject::Hostname(record, _)) = &item.subject else { panic!() };
    assert!(record.hostname.ownership.proof().is_none());
}

#[tokio::test]
async fn resolvers_that_fail_for_weeks_move_nothing() {
    let world = TestWorld::watching().await;
    let id = active(&world).await;
    let control = world.control("one");
    world.customers.servfail.lock().unwrap().insert(NAME.into());
    for _ in 0..30 {
        world.advance(HOUR * 31).await;
        control.pass().await;
    }
    assert_eq!(kind(&world, id).await, Kind::Proven);
    assert_eq!(ownership_events(&world, id).await, ["proven"]);
}

#[tokio::test]
async fn a_look_at_what_is_well_changes_nothing_that_is_served() {
    let world = TestWorld::watching().await;
    let id = active(&world).await;
    world.store.number().await.unwrap();
    world.advance(HOUR * 31).await;
    let before = world.record(id).await.hostname;
    world.control("one").pass().await;
    let after = world.record(id).await.hostname;
    assert!(after.ownership.due_at() > before.ownership.due_at());
    assert_ne!(
        world.store.position(FeedKey::Hostname(id)).await.unwrap(),
        FeedPosition::Unnumbered
    );
}

/// Moved with a failure at save number `save`; whether that save was reached.
async fn survives(save: i64, when: Break) -> bool {
    let world = TestWorld::watching().await;
    let id = active(&world).await;
    point(&world, "shop.rival.net");
    let (breaking, store) = world.breaking_control(save, when);
    let healthy = world.control("healthy");
    for _ in 0..150 {
        world.advance(HOUR).await;
        let control = if store.has_broken() { &healthy } else { &breaking };
        control.pass().await;
        if kind(&world, id).await == Kind::Moved {
            let told = ownership_events(&world, id).await;
            assert_eq!(told, ["proven", "doubted", "moved"], "each step is told once");
            return store.has_broken();
        }
    }
    panic!("stuck after a failure {when:?} save {save}")
}

#[tokio::test]
async fn a_failure_at_any_look_neither_loses_the_doubt_nor_doubles_a_step() {
    for when in [Break::Before, Break::After] {
        for save in [1, 2, 3, 12, 25] {
            survives(save, when).await;
        }
    }
}

#[tokio::test]
async fn two_workers_at_one_hostname_take_each_step_once() {
    let world = TestWorld::watching().await;
    let id = active(&world).await;
    point(&world, "shop.rival.net");
    let (one, two) = (world.control("one"), world.control("two"));
    for _ in 0..120 {
        world.advance(HOUR).await;
        tokio::join!(one.pass(), two.pass());
        if kind(&world, id).await == Kind::Moved {
            break;
        }
    }
    assert_eq!(ownership_events(&world, id).await, ["proven", "doubted", "moved"]);
}

#[tokio::test]
async fn an_apex_is_proven_by_the_addresses_allocated_to_its_account() {
    let world = TestWorld::watching().await;
    let prefix = "192.0.2.0/24".parse().unwrap();
    world.store.allocate(world.zone.account, prefix).await.unwrap();
    let (ours, other) = ("apex-one.com", "apex-two.com");
    let one = world.add(1, ours, DcvMethod::Txt).await;
    let two = world.add(2, other, DcvMethod::Txt).await;
    {
        let mut addresses = world.customers.addresses.lock().unwrap();
        addresses.insert(ours.into(), vec!["192.0.2.7".parse().unwrap()]);
        let mixed = ["192.0.2.7", "2001:db8::7"].map(|address| address.parse().unwrap());
        addresses.insert(other.into(), mixed.to_vec());
    }
    let control = world.control("one");
    control.pass().await;
    let by = world.record(one).await.hostname.ownership.proof().map(|proof| proof.by);
    assert_eq!(by, Some(Method::Apex));
    assert_eq!(kind(&world, two).await, Kind::Unproven, "one of its addresses is elsewhere");

    let prefix = "2001:db8::/32".parse().unwrap();
    world.store.allocate(world.zone.account, prefix).await.unwrap();
    world.advance(Duration::from_secs(60)).await;
    control.pass().await;
    assert_eq!(kind(&world, two).await, Kind::Proven);
}

#[tokio::test]
async fn what_was_asked_for_at_a_node_is_looked_at_at_once_and_costs_no_try() {
    let world = TestWorld::watching().await;
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    let control = world.control("one");
    control.pass().await;
    let State::Unproven(waiting) = world.record(id).await.hostname.ownership else { panic!() };

    for _ in 0..100 {
        world.store.heed(&[id], world.clock.now()).await.unwrap();
        control.pass().await;
    }
    let State::Unproven(after) = world.record(id).await.hostname.ownership else { panic!() };
    assert_eq!((after.attempt, after.next_check), (waiting.attempt, waiting.next_check));
    assert_eq!(ownership_events(&world, id).await, ["unproven"], "nothing new, nothing told");

    world.point_here(NAME);
    world.store.heed(&[id], world.clock.now()).await.unwrap();
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven);
}

#[tokio::test]
async fn a_name_that_is_taken_anew_needs_the_new_token() {
    let world = TestWorld::watching().await;
    let first = world.add(1, NAME, DcvMethod::Txt).await;
    let old = world.record(first).await.hostname.token;
    let txt = "_cf-custom-hostname.app.customer.com".to_owned();
    world.customers.txt.lock().unwrap().insert(txt.clone(), vec![old.to_string()]);
    let control = world.control("one");
    control.pass().await;
    assert_eq!(kind(&world, first).await, Kind::Proven);

    // Another zone takes the name; the old record is still there.
    let other = world.add_zone("other.com").await;
    let second = world.add_to(&other, 2, NAME, DcvMethod::Txt).await;
    control.pass().await;
    assert_eq!(kind(&world, second).await, Kind::Unproven);
    assert_eq!(kind(&world, first).await, Kind::Proven);
    let new = OwnershipToken::from_uuid(Uuid::from_bytes([2; 16]));
    world.customers.txt.lock().unwrap().insert(txt, vec![new.to_string()]);
    world.advance(Duration::from_secs(60)).await;
    control.pass().await;
    assert_eq!(
        (kind(&world, first).await, kind(&world, second).await),
        (Kind::Moved, Kind::Proven)
    );
}

#[tokio::test]
async fn a_hostname_with_a_wildcard_and_one_below_it_are_each_their_own() {
    let world = TestWorld::watching().await;
    let other = world.add_zone("other.com").await;
    let above = world.add(1, "customer.com", DcvMethod::Txt).await;
    let mut record = world.record(above).await;
    record.certificate.as_mut().unwrap().wanted.wildcard = true;
    let below = world.add_to(&other, 2, NAME, DcvMethod::Txt).await;
    {
        let mut cname = world.customers.cname.lock().unwrap();
        cname.insert("customer.com".into(), "customers.provider.com".into());
        cname.insert(NAME.into(), "customers.other.com".into());
    }
    world.control("one").pass().await;
    assert_eq!(
        (kind(&world, above).await, kind(&world, below).await),
        (Kind::Proven, Kind::Proven)
    );
    assert!(world.store.proven_rivals(&NAME.parse().unwrap(), below).await.unwrap().is_empty());
}
