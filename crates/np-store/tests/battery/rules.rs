//! The operator's rules, holds of zones, and what nodes report of waiting hostnames.

use np_domain::{
    ownership::{self, BlockedName},
    ports::{FeedStore, Hold, HostnameStore, InsertError, Publish, RuleStore, ZoneStore},
    zone::{Zone, ZoneHold},
};

use crate::{
    values::{at, change, lease, proven, record, text},
    world::World,
};

fn blocked(name: &str, reason: &str) -> BlockedName {
    BlockedName { name: name.parse().unwrap(), reason: text(reason) }
}

pub(crate) async fn blocked_names_are_listed_by_name_changed_and_removed_once(world: World) {
    let store = &world.store;
    let (b, a) = (blocked("b.customer.com", "phishing"), blocked("a.customer.com", "first"));
    store.block(&b, at(1)).await.unwrap();
    store.block(&a, at(2)).await.unwrap();
    let second = blocked("a.customer.com", "second");
    store.block(&second, at(3)).await.unwrap();
    assert_eq!(store.blocked_names().await.unwrap(), [second, b.clone()]);
    assert!(store.unblock(&a.name).await.unwrap());
    assert!(!store.unblock(&a.name).await.unwrap());
    assert_eq!(store.blocked_names().await.unwrap(), [b]);
}

pub(crate) async fn prefixes_are_an_accounts_until_they_are_taken_back(world: World) {
    let store = &world.store;
    let account = world.account.id;
    let [four, six] = ["192.0.2.0/24", "2001:db8::/32"].map(|range| range.parse().unwrap());
    for range in [four, six, four] {
        store.allocate(account, range).await.unwrap();
    }
    assert_eq!(store.prefixes().await.unwrap(), [(account, four), (account, six)]);
    assert!(store.deallocate(account, four).await.unwrap());
    assert!(!store.deallocate(account, four).await.unwrap());
    assert_eq!(store.prefixes().await.unwrap(), [(account, six)]);
    let nobody = np_domain::id::AccountId::from_bytes([0xff; 16]);
    let refused = store.allocate(nobody, four).await;
    assert!(matches!(refused, Err(InsertError::NoParent)), "{refused:?}");
}

pub(crate) async fn hold_of_a_zone_comes_back_equal(world: World) {
    let store = &world.store;
    for (version, hold) in [
        (0, Some(ZoneHold { includes_subdomains: true, after: at(5) })),
        (1, Some(ZoneHold { includes_subdomains: false, after: at(6) })),
        (2, None),
    ] {
        let zone = Zone { hold, version, ..world.zone.clone() };
        store.save_zone(&zone, Publish::No).await.unwrap();
        assert_eq!(store.zone(zone.id).await.unwrap().unwrap().hold, hold);
    }
}

pub(crate) async fn heeding_makes_unproven_hostnames_due_and_no_others(world: World) {
    let store = &world.store;
    let records =
        ["a", "b", "c"].map(|label| record(world.zone.id, &format!("{label}.customer.com")));
    for record in &records {
        store.insert(record, &[]).await.unwrap();
    }
    let [sighted, unseen, held] = &records;
    let unproven = ownership::State::new(at(1_000));
    let saves = [
        change(&sighted.hostname, unproven.clone()),
        change(&unseen.hostname, unproven.clone()),
        change(&held.hostname, proven(at(0))),
    ];
    store.save(&saves, &Hold::Release).await.unwrap();
    store.heed(&[], at(10)).await.unwrap();
    store.heed(&[held.hostname.id, sighted.hostname.id], at(10)).await.unwrap();
    let due = store.claim_ownership(at(10), &lease("a", at(60)), 10).await.unwrap();
    let ids: Vec<_> = due.iter().map(|record| record.hostname.id).collect();
    assert_eq!(ids, [sighted.hostname.id]);
    assert_eq!(due[0].hostname.ownership, unproven, "the schedule goes on where it was");
}
