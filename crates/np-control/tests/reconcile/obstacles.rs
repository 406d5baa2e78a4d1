//! Holds and the block list: what they keep away, and what follows when they go.

use std::time::Duration;

use np_domain::{
    account::Account,
    certificate::DcvMethod,
    id::{AccountId, HostnameId, ZoneId},
    ownership::{BlockedCause, BlockedName, Kind, State},
    ports::{AccountStore, Clock, Publish, RuleStore, ZoneStore},
    text::Explanation,
    zone::{Zone, ZoneHold},
};

use crate::{breakable::Break, world::TestWorld};

const NAME: &str = "app.customer.com";
const HOUR: Duration = Duration::from_secs(3600);

/// The customer's own zone in another account, held with what is below it.
async fn held(world: &TestWorld) -> Zone {
    let account = AccountId::from_bytes([8; 16]);
    let name = Explanation::new("Customer");
    let new = Account { id: account, name, created_at: world.clock.now() };
    world.store.insert_account(&new).await.unwrap();
    let hold = ZoneHold { includes_subdomains: true, after: world.clock.now() };
    let zone = Zone {
        id: ZoneId::from_bytes([8; 16]),
        account,
        name: "customer.com".parse().unwrap(),
        hold: Some(hold),
        ..world.zone.clone()
    };
    world.store.insert_zone(&zone).await.unwrap();
    zone
}

async fn ownership_events(world: &TestWorld, id: HostnameId) -> Vec<&'static str> {
    let events = world.events(id).await.into_iter();
    events.filter_map(|kind| kind.strip_prefix("ownership.")).collect()
}

async fn kind(world: &TestWorld, id: HostnameId) -> Kind {
    world.record(id).await.hostname.ownership.kind()
}

async fn cause(world: &TestWorld, id: HostnameId) -> Option<BlockedCause> {
    match world.record(id).await.hostname.ownership {
        State::Blocked(blocked) => Some(blocked.cause),
        _ => None,
    }
}

#[tokio::test]
async fn a_held_domain_blocks_others_until_the_hold_goes() {
    let world = TestWorld::watching().await;
    let zone = held(&world).await;
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    let control = world.control("one");
    control.pass().await;
    assert_eq!(cause(&world, id).await, Some(BlockedCause::Hold));

    // It is looked at again, and stays blocked without a word.
    let told = ownership_events(&world, id).await;
    world.advance(HOUR).await;
    control.pass().await;
    assert_eq!(cause(&world, id).await, Some(BlockedCause::Hold));
    assert_eq!(ownership_events(&world, id).await, told);

    world.store.save_zone(&Zone { hold: None, ..zone }, Publish::No).await.unwrap();
    world.advance(HOUR).await;
    control.pass().await;
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven);
    assert_eq!(ownership_events(&world, id).await, ["blocked", "restarted", "proven"]);
}

#[tokio::test]
async fn a_hold_does_not_end_what_is_active() {
    let world = TestWorld::watching().await;
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    let control = world.control("one");
    control.pass().await;
    held(&world).await;
    world.advance(HOUR * 48).await;
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven);
}

#[tokio::test]
async fn a_blocked_name_is_taken_from_an_active_hostname_and_given_back() {
    let world = TestWorld::watching().await;
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    let control = world.control("one");
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven);

    let name = "customer.com".parse().unwrap();
    let entry = BlockedName { name, reason: Explanation::new("phishing") };
    world.store.block(&entry, world.clock.now()).await.unwrap();
    world.advance(HOUR * 48).await;
    control.pass().await;
    assert_eq!(cause(&world, id).await, Some(BlockedCause::List));

    assert!(world.store.unblock(&entry.name).await.unwrap());
    world.advance(HOUR).await;
    control.pass().await;
    control.pass().await;
    assert_eq!(kind(&world, id).await, Kind::Proven);
}

/// Blocked and given back with a failure at save number `save`; whether that save was reached.
async fn survives(save: i64, when: Break) -> bool {
    let world = TestWorld::watching().await;
    let zone = held(&world).await;
    let id = world.add(1, NAME, DcvMethod::Txt).await;
    world.point_here(NAME);
    let (breaking, store) = world.breaking_control(save, when);
    let healthy = world.control("healthy");
    let mut zone = Some(zone);
    for _ in 0..200 {
        let control = if store.has_broken() { &healthy } else { &breaking };
        control.pass().await;
        match kind(&world, id).await {
            Kind::Proven => return store.has_broken(),
            Kind::Blocked => {
                if let Some(zone) = zone.take() {
                    let released = Zone { hold: None, ..zone };
                    world.store.save_zone(&released, Publish::No).await.unwrap();
                }
            }
            _ => {}
        }
        world.advance(Duration::from_secs(60)).await;
    }
    panic!("stuck after a failure {when:?} save {save}")
}

#[tokio::test]
async fn a_failure_at_any_save_still_ends_in_what_the_hold_says() {
    for when in [Break::Before, Break::After] {
        let mut save = 1;
        while survives(save, when).await {
            save += 1;
        }
        assert!(save > 3, "only {} saves were broken", save - 1);
    }
}
