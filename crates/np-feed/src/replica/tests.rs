//! The copy against what it promises.

mod damage;
mod packs;
mod random;
mod records;

use np_domain::{
    entry::{Delegation, Entry, FeedKey, Generation, HttpToken, ZoneDns, ZoneEntry},
    id::{HostnameId, ZoneId},
    text::Explanation,
};

use super::*;
use crate::message::{Batch, FORMAT, FeedId, Item};

const FEED: FeedId = FeedId([7; 16]);
const OTHER_FEED: FeedId = FeedId([8; 16]);

fn id(n: u8) -> HostnameId {
    HostnameId::from_bytes([n; 16])
}

fn entry(n: u8, name: &str, txt: &[&str]) -> Entry {
    let delegation = Delegation {
        name: format!("{name}.aaaa.dcv.platform.net").parse().unwrap(),
        txt: txt.iter().map(Explanation::new).collect(),
    };
    let token = HttpToken {
        path: Explanation::new(format!("/.well-known/{n}")),
        body: Explanation::new(format!("body of {name}")),
    };
    Entry {
        hostname: id(n),
        zone: ZoneId::from_bytes([9; 16]),
        name: name.parse().unwrap(),
        tokens: vec![token],
        delegation: Some(delegation),
        routing: None,
    }
}

fn zone(n: u8) -> ZoneEntry {
    let zone = ZoneId::from_bytes([n; 16]);
    ZoneEntry {
        zone,
        name: "provider.com".parse().unwrap(),
        fallback: None,
        dns: ZoneDns::Unserved,
        serving: Default::default(),
    }
}

fn batch(from: u64, items: Vec<Item>) -> Batch {
    let to = items.last().map_or(Generation(from), Item::generation);
    let (from, reset, ticket_keys) = (Generation(from), false, None);
    Batch { format: FORMAT, feed: FEED, from, to, head: to, reset, items, ticket_keys }
}

fn open(dir: &std::path::Path) -> Replica {
    Replica::open(dir, &ReplicaOptions::default()).unwrap()
}

fn replica() -> (tempfile::TempDir, Replica) {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    (dir, replica)
}

fn names(replica: &Replica, name: &str) -> Vec<HostnameId> {
    replica.hosts(name).unwrap().into_iter().map(|stored| stored.entry.hostname).collect()
}

#[test]
fn an_applied_entry_is_found_by_its_name_until_it_is_gone() {
    let (_dir, replica) = replica();
    let app = entry(1, "app.customer.com", &["value"]);
    replica.apply(&batch(0, vec![Item::hostname(Generation(1), &app)])).unwrap();
    let found = StoredEntry { generation: Generation(1), entry: app };
    assert_eq!(replica.hosts("app.customer.com").unwrap(), [found]);
    assert_eq!(replica.hosts("customer.com").unwrap(), []);
    assert_eq!(replica.generation(), Generation(1));
    let gone = Item::gone(Generation(2), FeedKey::Hostname(id(1)));
    replica.apply(&batch(1, vec![gone])).unwrap();
    assert_eq!(replica.hosts("app.customer.com").unwrap(), []);
    let delegation = replica.delegation("app.customer.com.aaaa.dcv.platform.net").unwrap();
    assert_eq!(delegation, DelegationAnswer::NoSuchName);
    assert!(replica.is_empty().unwrap());
}

#[test]
fn two_zones_hold_one_name_and_one_leaves_without_the_other() {
    let (_dir, replica) = replica();
    let items = vec![
        Item::hostname(Generation(1), &entry(1, "app.customer.com", &["one"])),
        Item::hostname(Generation(2), &entry(2, "app.customer.com", &["two"])),
    ];
    replica.apply(&batch(0, items)).unwrap();
    assert_eq!(names(&replica, "app.customer.com"), [id(1), id(2)]);
    let both = ["one", "two"].map(Explanation::new).to_vec();
    let name = "app.customer.com.aaaa.dcv.platform.net";
    assert_eq!(replica.delegation(name).unwrap(), DelegationAnswer::Txt(both));
    let gone = Item::gone(Generation(3), FeedKey::Hostname(id(1)));
    replica.apply(&batch(2, vec![gone])).unwrap();
    assert_eq!(names(&replica, "app.customer.com"), [id(2)]);
    let left = vec![Explanation::new("two")];
    assert_eq!(replica.delegation(name).unwrap(), DelegationAnswer::Txt(left));
}

#[test]
fn delegation_names_answer_txt_no_data_above_and_no_such_name_elsewhere() {
    let (_dir, replica) = replica();
    let items = vec![
        Item::hostname(Generation(1), &entry(1, "app.customer.com", &["one", "two"])),
        Item::hostname(Generation(2), &entry(2, "idle.customer.com", &[])),
    ];
    replica.apply(&batch(0, items)).unwrap();
    let answer = |name: &str| replica.delegation(name).unwrap();
    let values = ["one", "two"].map(Explanation::new).to_vec();
    assert_eq!(answer("app.customer.com.aaaa.dcv.platform.net"), DelegationAnswer::Txt(values));
    for (name, expected) in [
        ("idle.customer.com.aaaa.dcv.platform.net", DelegationAnswer::NoData),
        ("customer.com.aaaa.dcv.platform.net", DelegationAnswer::NoData),
        ("aaaa.dcv.platform.net", DelegationAnswer::NoData),
        ("dcv.platform.net", DelegationAnswer::NoData),
        ("pp.customer.com.aaaa.dcv.platform.net", DelegationAnswer::NoSuchName),
        ("x.app.customer.com.aaaa.dcv.platform.net", DelegationAnswer::NoSuchName),
        ("ustomer.com.aaaa.dcv.platform.net", DelegationAnswer::NoSuchName),
        ("aaa.dcv.platform.net", DelegationAnswer::NoSuchName),
        ("", DelegationAnswer::NoSuchName),
        ("a\0b", DelegationAnswer::NoSuchName),
    ] {
        assert_eq!(answer(name), expected, "{name}");
    }
}

#[test]
fn a_restart_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let app = entry(1, "app.customer.com", &["value"]);
    let before = open(dir.path());
    let items = vec![Item::hostname(Generation(1), &app), Item::zone(Generation(2), &zone(9))];
    before.apply(&batch(0, items)).unwrap();
    drop(before);
    let after = open(dir.path());
    let position = Position { feed: Some(FEED), generation: Generation(2) };
    assert_eq!(after.position().unwrap(), position);
    assert_eq!(after.hosts("app.customer.com").unwrap()[0].entry, app);
    assert_eq!(after.zone(ZoneId::from_bytes([9; 16])).unwrap(), Some(zone(9)));
}

#[test]
fn a_batch_that_does_not_continue_the_copy_is_refused_and_changes_nothing() {
    let (_dir, replica) = replica();
    let app = Item::hostname(Generation(1), &entry(1, "app.customer.com", &[]));
    replica.apply(&batch(0, vec![app])).unwrap();
    let gone = || vec![Item::gone(Generation(6), FeedKey::Hostname(id(1)))];
    for stray in [
        batch(0, gone()),
        batch(5, gone()),
        Batch { feed: OTHER_FEED, ..batch(1, gone()) },
        Batch { format: FORMAT + 1, ..batch(1, gone()) },
        Batch { to: Generation(0), ..batch(1, gone()) },
        Batch { reset: true, ..batch(1, gone()) },
    ] {
        replica.apply(&stray).unwrap_err();
        assert_eq!(replica.generation(), Generation(1));
        assert_eq!(names(&replica, "app.customer.com"), [id(1)]);
    }
}

#[test]
fn an_item_that_cannot_be_read_is_skipped_and_hides_no_other() {
    let (_dir, replica) = replica();
    let first = entry(1, "app.customer.com", &[]);
    replica.apply(&batch(0, vec![Item::hostname(Generation(1), &first)])).unwrap();
    // The value of one hostname under the id of another.
    let mut stray = batch(1, vec![Item::hostname(Generation(2), &first)]).encode();
    let at = stray.windows(16).position(|window| window == [1; 16]).unwrap();
    stray[at..at + 16].fill(2);
    let mut items = Batch::decode(&stray).unwrap().items;
    items.push(Item::hostname(Generation(3), &entry(3, "other.customer.com", &[])));
    let applied = replica.apply(&batch(1, items)).unwrap();
    assert_eq!(applied, Applied { generation: Generation(3), items: 1, skipped: 1 });
    assert_eq!(names(&replica, "app.customer.com"), [id(1)]);
    assert_eq!(names(&replica, "other.customer.com"), [id(3)]);
}

#[test]
fn a_full_copy_serves_the_old_until_the_new_is_complete() {
    let (_dir, replica) = replica();
    let old = vec![
        Item::hostname(Generation(1), &entry(1, "kept.customer.com", &[])),
        Item::hostname(Generation(2), &entry(2, "old.customer.com", &["old"])),
        Item::zone(Generation(3), &zone(9)),
    ];
    replica.apply(&batch(0, old)).unwrap();
    let kept = vec![Item::hostname(Generation(1), &entry(1, "kept.customer.com", &[]))];
    let part = Batch { feed: OTHER_FEED, reset: true, head: Generation(2), ..batch(0, kept) };
    replica.apply(&part).unwrap();
    assert_eq!(replica.generation(), Generation(1));
    assert_eq!(names(&replica, "old.customer.com"), [id(2)]);
    let new = vec![Item::hostname(Generation(2), &entry(3, "new.customer.com", &[]))];
    replica.apply(&Batch { feed: OTHER_FEED, ..batch(1, new) }).unwrap();
    assert_eq!(names(&replica, "kept.customer.com"), [id(1)]);
    assert_eq!(names(&replica, "new.customer.com"), [id(3)]);
    assert_eq!(names(&replica, "old.customer.com"), []);
    let delegation = replica.delegation("old.customer.com.aaaa.dcv.platform.net").unwrap();
    assert_eq!(delegation, DelegationAnswer::NoSuchName);
    assert_eq!(replica.zone(ZoneId::from_bytes([9; 16])).unwrap(), None);
    assert_eq!(replica.position().unwrap().feed, Some(OTHER_FEED));
}

#[test]
fn changes_are_told_after_they_can_be_read() {
    let (_dir, replica) = replica();
    let mut changes = replica.changes();
    let items = vec![
        Item::hostname(Generation(1), &entry(1, "app.customer.com", &[])),
        Item::zone(Generation(2), &zone(9)),
    ];
    replica.apply(&batch(0, items)).unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::Host("app.customer.com".into()));
    assert_eq!(changes.try_recv().unwrap(), Change::Zone(ZoneId::from_bytes([9; 16])));
    let gone = vec![Item::gone(Generation(3), FeedKey::Hostname(id(1)))];
    replica.apply(&batch(2, gone)).unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::Host("app.customer.com".into()));
    replica.apply(&Batch { reset: true, ..batch(0, Vec::new()) }).unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::All);
    changes.try_recv().unwrap_err();
}

#[test]
fn one_process_opens_a_copy_once() {
    let (dir, replica) = replica();
    let again = Replica::open(dir.path(), &ReplicaOptions::default());
    assert!(matches!(again, Err(OpenError::AlreadyOpen { .. })));
    drop(replica);
    open(dir.path());
}

#[test]
fn a_full_replica_says_so_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions { map_bytes: 128 * 1024 }).unwrap();
    let item = |n: u8| Item::hostname(Generation(n.into()), &entry(n, "app.customer.com", &["x"]));
    let error = replica.apply(&batch(0, (1..=250).map(item).collect())).unwrap_err();
    assert!(matches!(error, ApplyError::Full), "{error}");
    assert_eq!(replica.generation(), Generation(0));
    assert!(replica.is_empty().unwrap());
}

#[test]
fn the_closest_zone_with_records_answers_and_a_mere_claim_never_hides_one() {
    use time::macros::datetime;
    let (_dir, replica) = replica();
    let records = |day: u8| ZoneDns::Records {
        since: datetime!(2026-11-01 12:00 UTC) + time::Duration::days(day.into()),
        paused: false,
    };
    let zone = |n: u8, name: &str, dns| ZoneEntry { name: name.parse().unwrap(), dns, ..zone(n) };
    let mut generation = 0;
    let mut apply = |change: Result<ZoneEntry, u8>| {
        generation += 1;
        let item = match &change {
            Ok(zone) => Item::zone(Generation(generation), zone),
            Err(n) => {
                let key = FeedKey::Zone(ZoneId::from_bytes([*n; 16]));
                Item::gone(Generation(generation), key)
            }
        };
        replica.apply(&batch(generation - 1, vec![item])).unwrap();
    };
    let answers = |name: &str| {
        let zone = replica.answering_zone(name).unwrap();
        zone.map_or(0, |zone| zone.zone.as_bytes()[0])
    };
    assert_eq!(answers("shop.com"), 0);
    apply(Ok(zone(1, "shop.com", records(1))));
    apply(Ok(zone(2, "eu.shop.com", records(2))));
    apply(Ok(zone(3, "www.shop.com", ZoneDns::Apex)));
    apply(Ok(zone(4, "shop.com", records(3))));
    apply(Ok(zone(5, "other.com", ZoneDns::Apex)));
    apply(Ok(zone(6, "www.other.com", ZoneDns::Apex)));
    apply(Ok(zone(7, "elsewhere.com", ZoneDns::Unserved)));
    for (name, expected) in [
        ("shop.com", 1),
        ("a.b.shop.com", 1),
        ("eu.shop.com", 2),
        ("a.eu.shop.com", 2),
        ("www.shop.com", 1),
        ("xshop.com", 0),
        ("com", 0),
        ("other.com", 5),
        ("www.other.com", 5),
        ("elsewhere.com", 0),
    ] {
        assert_eq!(answers(name), expected, "{name}");
    }
    apply(Ok(zone(1, "shop.com", ZoneDns::Unserved)));
    assert_eq!(answers("shop.com"), 4);
    apply(Err(4));
    apply(Err(2));
    assert_eq!((answers("shop.com"), answers("www.shop.com")), (0, 3));
}
