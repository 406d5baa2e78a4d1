//! The outbox: what is marked is numbered, and what is numbered reaches every reader.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use np_domain::{
    entry::{FeedKey, Generation},
    id::HostnameId,
    ports::{
        FeedItem, FeedPosition, FeedStore, FeedSubject, Hold, HostnameStore, NodeReport, NodeRole,
        Publish,
    },
};
use np_store::Store;

use crate::{
    values::{at, change, leaving, proven, record, text},
    world::World,
};

/// Everything, in pages of two.
async fn all(store: &Store) -> Vec<FeedItem> {
    let (mut items, mut after) = (Vec::new(), Generation(0));
    loop {
        let page = store.feed_after(after, 2).await.unwrap();
        let Some(last) = page.last() else { return items };
        after = last.generation;
        items.extend(page);
    }
}

pub(crate) async fn removed_items_stay_as_tombstones(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    let key = FeedKey::Hostname(record.hostname.id);
    assert_eq!(store.position(key).await.unwrap(), FeedPosition::Absent);
    store.insert(&record, &[]).await.unwrap();
    store.number().await.unwrap();
    let subject = FeedSubject::Hostname(Box::new(record.clone()), Box::new(world.zone.clone()));
    let items = all(store).await;
    assert_eq!(items.len(), 2, "the zone and the hostname");
    let of_hostname = items.iter().find(|item| item.key == key).unwrap();
    assert_eq!(of_hostname.subject, Some(subject));

    let mut leave = change(&record.hostname, leaving(at(1)));
    leave.publish = Publish::Yes;
    store.save(&[leave], &Hold::Release).await.unwrap();
    let left = store.number().await.unwrap();
    store.remove(record.hostname.id).await.unwrap();
    let tombstone = FeedItem { generation: left, key, subject: None };
    assert_eq!(all(store).await.last(), Some(&tombstone));
    assert_eq!(store.position(key).await.unwrap(), FeedPosition::At(left));
}

pub(crate) async fn marked_item_keeps_its_generation_until_it_is_numbered_again(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    let key = FeedKey::Hostname(record.hostname.id);
    store.insert(&record, &[]).await.unwrap();
    assert_eq!(all(store).await, [], "what has no generation yet is not told");
    let first = store.number().await.unwrap();
    assert_eq!(first, Generation(2), "the zone and the hostname");

    let mut prove = change(&record.hostname, proven(at(1)));
    prove.publish = Publish::Yes;
    store.save(&[prove], &Hold::Release).await.unwrap();
    assert_eq!(store.position(key).await.unwrap(), FeedPosition::Unnumbered);
    let before = all(store).await;
    assert!(before.iter().any(|item| item.key == key), "still told under its old generation");

    assert_eq!(store.number().await.unwrap(), Generation(3));
    assert_eq!(store.position(key).await.unwrap(), FeedPosition::At(Generation(3)));
    let delta = store.feed_after(first, 9).await.unwrap();
    assert_eq!(delta.len(), 1);
    assert_eq!((delta[0].key, delta[0].generation), (key, Generation(3)));
    assert_eq!(all(store).await.len(), 2, "one row per key");
}

pub(crate) async fn numbering_nothing_changes_nothing(world: World) {
    let head = world.store.number().await.unwrap();
    assert_eq!(head, Generation(1), "the world's zone");
    assert_eq!(world.store.number().await.unwrap(), head);
    let quiet = record(world.zone.id, "app.customer.com");
    world.store.insert(&quiet, &[]).await.unwrap();
    let head = world.store.number().await.unwrap();
    let save = change(&quiet.hostname, proven(at(1)));
    world.store.save(&[save], &Hold::Release).await.unwrap();
    assert_eq!(world.store.number().await.unwrap(), head, "it was not to be published");
}

/// Versions that a reader was told, by hostname.
type Told = HashMap<HostnameId, u64>;

/// Follows the feed, in small pages, until `done` and nothing more comes.
async fn follow(store: Store, done: Arc<AtomicBool>) -> Told {
    let (mut told, mut after) = (Told::new(), Generation(0));
    loop {
        let finished = done.load(Ordering::SeqCst);
        let page = store.feed_after(after, 3).await.unwrap();
        if page.is_empty() && finished {
            return told;
        }
        for item in page {
            assert!(item.generation > after, "generations only rise");
            after = item.generation;
            if let Some(FeedSubject::Hostname(record, _)) = item.subject {
                told.insert(record.hostname.id, record.hostname.version);
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Adds hostnames and changes each once, together with one that all writers change.
async fn write(world: Arc<World>, writer: usize, shared: HostnameId) -> Vec<HostnameId> {
    const HOSTNAMES: usize = 12;
    let (store, zone) = (&world.store, world.zone.id);
    let mut ids = Vec::new();
    for number in 0..HOSTNAMES {
        let record = record(zone, &format!("h{number}.w{writer}.customer.com"));
        store.insert(&record, &[]).await.unwrap();
        ids.push(record.hostname.id);
        let mut own = change(&record.hostname, proven(at(1)));
        own.publish = Publish::Yes;
        // Two in one transaction, in either order; a lost race for the shared one is tried again.
        loop {
            let read = store.find(zone, shared).await.unwrap().unwrap();
            let mut both = vec![own.clone(), change(&read.hostname, proven(at(2)))];
            both[1].publish = Publish::Yes;
            both.rotate_left(number % 2);
            if store.save(&both, &Hold::Release).await.is_ok() {
                break;
            }
        }
    }
    ids
}

pub(crate) async fn no_reader_ever_misses_a_change(world: World) {
    const WRITERS: usize = 4;
    let shared = record(world.zone.id, "shared.customer.com");
    world.store.insert(&shared, &[]).await.unwrap();
    let (world, done) = (Arc::new(world), Arc::new(AtomicBool::new(false)));
    let writing = Arc::new(AtomicUsize::new(WRITERS));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (world, writing) = (world.clone(), writing.clone());
            tokio::spawn(async move {
                let ids = write(world, writer, shared.hostname.id).await;
                writing.fetch_sub(1, Ordering::SeqCst);
                ids
            })
        })
        .collect();
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(follow(world.store.clone(), done.clone()))).collect();
    let numberers: Vec<_> = (0..2)
        .map(|_| {
            let (store, writing) = (world.store.clone(), writing.clone());
            tokio::spawn(async move {
                let mut head = Generation(0);
                while writing.load(Ordering::SeqCst) > 0 {
                    let next = store.number().await.unwrap();
                    assert!(next >= head, "the head only rises");
                    head = next;
                }
            })
        })
        .collect();

    let mut expected: Told = HashMap::new();
    for writer in writers {
        expected.extend(writer.await.unwrap().into_iter().map(|id| (id, 1)));
    }
    for numberer in numberers {
        numberer.await.unwrap();
    }
    let saves = expected.len() as u64;
    expected.insert(shared.hostname.id, saves);
    world.store.number().await.unwrap();
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
    let generations: Vec<_> = all(&world.store).await.iter().map(|i| i.generation.0).collect();
    assert!(generations.is_sorted_by(|a, b| a < b), "no generation twice: {generations:?}");
}

pub(crate) async fn reports_of_nodes_are_kept_by_node_and_role(world: World) {
    let report = |node, role, applied, seen| NodeReport {
        node: text(node),
        role,
        applied: Generation(applied),
        seen_at: at(seen),
    };
    for sent in [
        report("edge-1", NodeRole::Edge, 9, 1),
        report("all", NodeRole::Edge, 4, 5),
        report("all", NodeRole::Dns, 4, 6),
        // It lost its copy and begins anew.
        report("edge-1", NodeRole::Edge, 0, 7),
    ] {
        world.store.report(&sent).await.unwrap();
    }
    let (dns, edge) = (report("all", NodeRole::Dns, 4, 6), report("edge-1", NodeRole::Edge, 0, 7));
    assert_eq!(world.store.nodes(at(6)).await.unwrap(), [dns, edge]);
    assert_eq!(world.store.nodes(at(0)).await.unwrap().len(), 3);
    assert_eq!(world.store.nodes(at(8)).await.unwrap(), []);
}
