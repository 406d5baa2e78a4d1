//! Adding, saving and removing hostnames.

use np_domain::{
    entry::FeedKey,
    event::EventKind,
    ports::{
        FeedPosition, FeedStore, HistoryStore, Hold, HostnameStore, InsertError, Publish,
        StoreError,
    },
};
use uuid::Uuid;

use crate::{
    values::{at, bare, change, event, leaving, proven, record, text},
    world::World,
};

pub(crate) async fn inserted_hostname_is_found_in_its_zone_only(world: World) {
    let other = world.add_zone("other.com").await;
    let record = record(world.zone.id, "app.customer.com");
    let id = record.hostname.id;
    world.store.insert(&record, &[]).await.unwrap();
    assert_eq!(world.store.find(world.zone.id, id).await.unwrap(), Some(record));
    assert_eq!(world.store.find(other.id, id).await.unwrap(), None);
    let position = world.store.position(FeedKey::Hostname(id)).await.unwrap();
    assert_eq!(position, FeedPosition::Unnumbered);
}

fn existing(result: Result<(), InsertError>) -> String {
    match result {
        Err(InsertError::Duplicate { existing }) => existing.to_string(),
        other => panic!("expected a duplicate, got {other:?}"),
    }
}

pub(crate) async fn name_is_taken_once_per_zone_until_its_hostname_leaves(world: World) {
    let other = world.add_zone("other.com").await;
    let first = record(world.zone.id, "app.customer.com");
    world.store.insert(&first, &[]).await.unwrap();
    world.store.insert(&record(other.id, "app.customer.com"), &[]).await.unwrap();

    let again = record(world.zone.id, "app.customer.com");
    let id = first.hostname.id;
    assert_eq!(existing(world.store.insert(&again, &[]).await), id.to_string());
    let found = world.store.find(world.zone.id, again.hostname.id).await.unwrap();
    assert_eq!(found, None, "a refused hostname must leave nothing behind");

    let mut same_id = record(world.zone.id, "b.customer.com");
    same_id.hostname.id = id;
    assert_eq!(existing(world.store.insert(&same_id, &[]).await), id.to_string());

    let leave = change(&first.hostname, leaving(at(1)));
    world.store.save(&[leave], &Hold::Release).await.unwrap();
    assert_eq!(world.store.find(world.zone.id, id).await.unwrap(), None);
    world.store.insert(&again, &[]).await.unwrap();
}

pub(crate) async fn hostname_needs_a_zone(world: World) {
    let nowhere = np_domain::id::ZoneId::from_uuid(Uuid::new_v4());
    let refused = world.store.insert(&record(nowhere, "app.customer.com"), &[]).await;
    assert!(matches!(refused, Err(InsertError::NoParent)), "{refused:?}");
}

pub(crate) async fn concurrent_inserts_of_one_name_add_one(world: World) {
    let records: Vec<_> = (0..16).map(|_| record(world.zone.id, "app.customer.com")).collect();
    let mut tasks = Vec::new();
    for record in records {
        let store = world.store.clone();
        tasks.push(tokio::spawn(async move {
            let result = store.insert(&record, &[]).await;
            (record.hostname.id, result)
        }));
    }
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (id, Ok(())) => added.push(id.to_string()),
            (_, refusal) => refused.push(existing(refusal)),
        }
    }
    assert_eq!(added.len(), 1);
    assert_eq!(refused, vec![added[0].clone(); 15]);
}

pub(crate) async fn save_of_a_version_that_moved_on_is_stale(world: World) {
    let record = record(world.zone.id, "app.customer.com");
    world.store.insert(&record, &[]).await.unwrap();
    let prove = change(&record.hostname, proven(at(5)));
    world.store.save(std::slice::from_ref(&prove), &Hold::Release).await.unwrap();

    let saved = world.store.find(world.zone.id, record.hostname.id).await.unwrap().unwrap();
    assert_eq!(saved.hostname.version, 1);
    assert_eq!(saved.hostname.ownership, proven(at(5)));
    let again = world.store.save(&[prove], &Hold::Release).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

pub(crate) async fn several_are_saved_all_or_none(world: World) {
    let other = world.add_zone("other.com").await;
    let winner = record(world.zone.id, "app.customer.com").hostname;
    let loser = record(other.id, "app.customer.com").hostname;
    for hostname in [&winner, &loser] {
        let record = np_domain::custom_hostname::HostnameRecord {
            hostname: hostname.clone(),
            certificate: None,
        };
        world.store.insert(&record, &[]).await.unwrap();
    }
    let mut changes = [change(&winner, proven(at(1))), change(&loser, leaving(at(1)))];
    changes[0].events = vec![event(1, EventKind::OwnershipProven)];
    changes[0].publish = Publish::Yes;
    world.store.number().await.unwrap();

    changes[1].hostname.version = 7;
    let refused = world.store.save(&changes, &Hold::Release).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    let found = world.store.find(world.zone.id, winner.id).await.unwrap().unwrap();
    assert_eq!(found.hostname, winner);
    assert_eq!(world.store.history(winner.id, 10).await.unwrap(), []);
    let position = world.store.position(FeedKey::Hostname(winner.id)).await.unwrap();
    assert!(matches!(position, FeedPosition::At(_)), "{position:?}");

    changes[1].hostname.version = 0;
    world.store.save(&changes, &Hold::Release).await.unwrap();
    let found = world.store.find(world.zone.id, winner.id).await.unwrap().unwrap();
    assert_eq!(found.hostname.ownership, proven(at(1)));
    assert_eq!(world.store.find(other.id, loser.id).await.unwrap(), None);
}

pub(crate) async fn proven_rivals_are_the_proven_ones_of_other_ids(world: World) {
    let mut ids = Vec::new();
    for (zone, state) in [
        ("a.com", Some(proven(at(1)))),
        ("b.com", Some(proven(at(2)))),
        ("c.com", None),
        ("d.com", Some(leaving(at(1)))),
    ] {
        let zone = world.add_zone(zone).await;
        let record = record(zone.id, "app.customer.com");
        world.store.insert(&record, &[]).await.unwrap();
        if let Some(state) = state {
            world.store.save(&[change(&record.hostname, state)], &Hold::Release).await.unwrap();
        }
        ids.push(record.hostname.id);
    }
    let name = "app.customer.com".parse().unwrap();
    let rivals = world.store.proven_rivals(&name, ids[0]).await.unwrap();
    assert_eq!(rivals.iter().map(|rival| rival.id).collect::<Vec<_>>(), [ids[1]]);
}

pub(crate) async fn removal_is_only_for_those_that_leave_and_idempotent(world: World) {
    let record = record(world.zone.id, "app.customer.com");
    let id = record.hostname.id;
    world.store.insert(&record, &[event(0, EventKind::Created)]).await.unwrap();
    world.store.remove(id).await.unwrap();
    assert!(world.store.find(world.zone.id, id).await.unwrap().is_some(), "it is not leaving");

    let leave = change(&record.hostname, leaving(at(1)));
    world.store.save(&[leave], &Hold::Release).await.unwrap();
    world.store.remove(id).await.unwrap();
    world.store.remove(id).await.unwrap();
    assert_eq!(world.store.history(id, 10).await.unwrap(), []);
    let save = world.store.save(&[change(&record.hostname, proven(at(2)))], &Hold::Release).await;
    assert!(matches!(save, Err(StoreError::Stale)), "{save:?}");
}

pub(crate) async fn history_is_newest_first_and_bounded(world: World) {
    let record = bare(world.zone.id, "app.customer.com");
    world.store.insert(&record, &[event(0, EventKind::Created)]).await.unwrap();
    let mut edit = change(&record.hostname, proven(at(9)));
    // Two at one moment keep the order in which they were given.
    edit.events = vec![event(9, EventKind::Edited), event(9, EventKind::OwnershipProven)];
    edit.events[1].detail = text("by txt: token in TXT");
    world.store.save(&[edit.clone()], &Hold::Release).await.unwrap();

    let newest = [edit.events[1].clone(), edit.events[0].clone(), event(0, EventKind::Created)];
    assert_eq!(world.store.history(record.hostname.id, 10).await.unwrap(), newest);
    assert_eq!(world.store.history(record.hostname.id, 2).await.unwrap(), newest[..2]);
}
