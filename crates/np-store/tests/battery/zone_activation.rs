//! Whose a zone's name is.

use np_domain::{
    account::Account,
    entry::{FeedKey, Generation},
    ports::{
        AccountStore, FeedPosition, FeedStore, FeedSubject, HostnameStore, InsertError, PackStore,
        Publish, StoreError, ZoneStore,
    },
    zone::{
        Zone,
        activation::{Active, Initializing, Method, Moved, Pending, State, claim_elsewhere},
    },
};

use crate::{
    values::{self, START, at, lease, text},
    world::World,
};

async fn other_account(world: &World) -> Account {
    let other = values::account();
    world.store.insert_account(&other).await.unwrap();
    other
}

fn pending() -> State {
    State::Pending(Pending { since: at(1), attempt: 3, next_check: Some(at(9)), why: text("why") })
}

pub(crate) async fn every_state_of_a_zone_comes_back_equal(world: World) {
    let mut zone = world.zone.clone();
    let active = |by, next_check| State::Active(Active { since: at(1), by, next_check, misses: 2 });
    for state in [
        State::Initializing(Initializing { next_check: at(5) }),
        pending(),
        State::Pending(Pending { since: at(1), attempt: 0, next_check: None, why: text("") }),
        active(Method::Automatic, None),
        active(Method::Delegation, Some(at(7))),
        active(Method::Txt, None),
        State::Moved(Moved { since: at(2), active_since: at(1), why: text("elsewhere") }),
    ] {
        zone = Zone {
            state,
            paused: !zone.paused,
            original_name_servers: Some(vec!["ns.old.net".parse().unwrap()]),
            ..zone
        };
        world.store.save_zone(&zone, Publish::No).await.unwrap();
        zone.version += 1;
        assert_eq!(world.store.zone(zone.id).await.unwrap().as_ref(), Some(&zone));
    }
}

pub(crate) async fn zone_of_the_release_before_is_active_since_it_was_added(world: World) {
    world.tamper("UPDATE zones SET state = NULL, kind = NULL, name_reversed = NULL").await;
    let zone = world.store.zone(world.zone.id).await.unwrap().unwrap();
    assert_eq!((zone.state.active_since(), zone.state.due_at()), (Some(START), None));
    assert_eq!((zone.paused, zone.original_name_servers), (false, None));
}

pub(crate) async fn zones_are_claimed_when_due_until_their_lease_ends(world: World) {
    let store = &world.store;
    let claimed = async |now, owner: &str| {
        let zones = store.claim_zones(at(now), &lease(owner, at(now + 10)), 9).await.unwrap();
        zones.into_iter().map(|zone| zone.id).collect::<Vec<_>>()
    };
    let later = Zone { state: pending(), ..values::zone(world.account.id, "later.com") };
    store.insert_zone(&later).await.unwrap();
    assert_eq!(claimed(-1, "a").await, []);
    assert_eq!(claimed(0, "a").await, [world.zone.id]);
    assert_eq!(claimed(9, "b").await, [later.id]);
    assert_eq!(claimed(10, "b").await, [world.zone.id]);
    assert_eq!(claimed(11, "c").await, []);
    store.release_leases(&lease("b", at(0)).owner, at(11)).await.unwrap();
    assert_eq!(claimed(11, "c").await, [world.zone.id, later.id]);

    let rested = State::Pending(Pending {
        since: at(1),
        attempt: 9,
        next_check: None,
        why: text("not found"),
    });
    store.save_activation(&[Zone { state: rested, ..later.clone() }], Publish::No).await.unwrap();
    assert_eq!(claimed(99, "d").await, [world.zone.id]);
}

pub(crate) async fn zone_is_not_added_beside_another_accounts_active_one(world: World) {
    let other = other_account(&world).await;
    let add = async |account: &Account, name: &str| {
        world.store.insert_unrivalled_zone(&values::zone(account.id, name)).await
    };
    for name in ["saasprovider.com", "app.saasprovider.com", "a.b.saasprovider.com"] {
        assert!(!add(&other, name).await.unwrap(), "{name}");
    }
    for name in ["xsaasprovider.com", "saasprovider.com.net", "provider.com"] {
        assert!(add(&other, name).await.unwrap(), "{name}");
    }
    assert!(add(&world.account, "eu.saasprovider.com").await.unwrap());
    assert!(!add(&world.account, "shop.provider.com").await.unwrap());
    let again = add(&world.account, "saasprovider.com").await;
    assert!(matches!(again, Err(InsertError::Duplicate { .. })), "{again:?}");

    // Above another account's zone: what is active below counts too.
    assert!(add(&world.account, "deep.shop.co.uk").await.unwrap());
    assert!(!add(&other, "shop.co.uk").await.unwrap());
    // What is not active counts for nothing.
    let mine = Zone { state: pending(), ..world.zone.clone() };
    world.store.save_activation(&[mine], Publish::Yes).await.unwrap();
    assert!(add(&other, "app.saasprovider.com").await.unwrap());
}

pub(crate) async fn two_accounts_adding_one_name_at_once_get_one_zone(world: World) {
    let other = other_account(&world).await;
    for name in ["a.com", "b.com", "c.com", "d.com"] {
        let below = format!("eu.{name}");
        let (one, two) = (values::zone(world.account.id, name), values::zone(other.id, &below));
        let (one, two) = tokio::join!(
            world.store.insert_unrivalled_zone(&one),
            world.store.insert_unrivalled_zone(&two)
        );
        assert_ne!(one.unwrap(), two.unwrap(), "{name}");
    }
}

pub(crate) async fn save_that_would_leave_a_name_active_twice_is_stale(world: World) {
    let (store, other) = (&world.store, other_account(&world).await);
    let rival = Zone { state: pending(), ..values::zone(other.id, "saasprovider.com") };
    store.insert_zone(&rival).await.unwrap();
    store.number().await.unwrap();
    let proven = Zone {
        state: State::Active(Active { since: at(5), by: Method::Txt, next_check: None, misses: 0 }),
        ..rival.clone()
    };
    let alone = store.save_activation(std::slice::from_ref(&proven), Publish::Yes).await;
    assert!(matches!(alone, Err(StoreError::Stale)), "{alone:?}");
    assert_eq!(store.zone(rival.id).await.unwrap(), Some(rival.clone()));

    let lost = claim_elsewhere(&world.zone.state, at(5)).unwrap();
    let lost = Zone { state: lost, ..world.zone.clone() };
    store.save_activation(&[proven, lost.clone()], Publish::Yes).await.unwrap();
    assert!(store.zone(rival.id).await.unwrap().unwrap().state.is_active());
    for id in [rival.id, lost.id] {
        let position = store.position(FeedKey::Zone(id)).await.unwrap();
        assert_eq!(position, FeedPosition::Unnumbered);
    }
    let again = store.save_activation(&[lost], Publish::No).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

pub(crate) async fn zones_are_found_by_name_in_every_account(world: World) {
    let other = other_account(&world).await;
    let twin = values::zone(other.id, "saasprovider.com");
    world.store.insert_zone(&twin).await.unwrap();
    let app = world.add_zone("app.saasprovider.com").await;
    let found = world.store.zones_around(&["app.saasprovider.com".parse().unwrap()]).await;
    let found: Vec<_> = found.unwrap().into_iter().map(|zone| zone.id).collect();
    let mut twins = [world.zone.id, twin.id];
    twins.sort();
    assert_eq!(found, [app.id, twins[0], twins[1]]);
    assert_eq!(world.store.zones_around(&[]).await.unwrap(), []);
}

pub(crate) async fn a_pack_is_told_anew_when_a_zone_below_takes_a_host_or_gives_it_back(
    world: World,
) {
    let record = values::pack(world.zone.id, &["saasprovider.com", "a.app.saasprovider.com"]);
    world.store.insert_pack(&record, 9, &[]).await.unwrap();
    world.store.number().await.unwrap();
    let other = other_account(&world).await;
    let mut below = values::zone(other.id, "app.saasprovider.com");
    below.state = State::unproven(at(1));
    world.store.insert_zone(&below).await.unwrap();
    let key = FeedKey::Pack(record.pack.id);
    assert!(matches!(world.store.position(key).await.unwrap(), FeedPosition::At(_)), "it waits");
    below.state = State::automatic(at(1));
    world.store.save_activation(&[below.clone()], Publish::Yes).await.unwrap();
    assert_eq!(world.store.position(key).await.unwrap(), FeedPosition::Unnumbered);
    let head = world.store.number().await.unwrap();
    let items = world.store.feed_after(Generation(0), 100).await.unwrap();
    let around = items.into_iter().find_map(|item| match item.subject {
        Some(FeedSubject::Pack(_, _, around)) => Some(around),
        _ => None,
    });
    let around: Vec<_> = around.unwrap().into_iter().map(|zone| zone.id).collect();
    assert_eq!(around, [below.id, world.zone.id], "{head:?}");
    world.store.remove_zone(below.id).await.unwrap();
    assert_eq!(world.store.position(key).await.unwrap(), FeedPosition::Unnumbered);
}
