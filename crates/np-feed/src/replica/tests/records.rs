//! DNS records in the copy.

use np_domain::{
    entry::{FeedKey, Generation, ProxiedAddresses, RecordEntry},
    id::{DnsRecordId, ZoneId},
};

use super::{batch, open, replica};
use crate::{
    message::{Batch, Item},
    replica::{Change, RecordsAnswer, Replica},
};

const ZONE: ZoneId = ZoneId::from_bytes([9; 16]);
const OTHER: ZoneId = ZoneId::from_bytes([8; 16]);

fn id(n: u8) -> DnsRecordId {
    DnsRecordId::from_bytes([n; 16])
}

fn record(n: u8, name: &str) -> RecordEntry {
    RecordEntry {
        record: id(n),
        zone: ZONE,
        name: name.parse().unwrap(),
        type_code: 1,
        rdata: Box::from([192, 0, 2, n]),
        ttl_seconds: 300,
        proxied: None,
    }
}

fn proxied(n: u8, name: &str) -> RecordEntry {
    RecordEntry { proxied: Some(ProxiedAddresses::All), ..record(n, name) }
}

fn apply(replica: &Replica, records: &[RecordEntry]) {
    let from = replica.generation().0;
    let number = |index: usize| Generation(from + 1 + index as u64);
    let items = records.iter().enumerate().map(|(index, r)| Item::record(number(index), r));
    replica.apply(&batch(from, items.collect())).unwrap();
}

fn at(replica: &Replica, zone: ZoneId, name: &str) -> RecordsAnswer {
    replica.records(zone, name).unwrap()
}

#[test]
fn records_are_found_by_zone_and_name_and_names_above_them_exist() {
    let (_dir, replica) = replica();
    let foreign = RecordEntry { zone: OTHER, ..record(4, "www.provider.com") };
    let records = [
        record(1, "www.provider.com"),
        record(2, "www.provider.com"),
        record(3, "a.b.provider.com"),
        foreign,
    ];
    apply(&replica, &records);
    let both = RecordsAnswer::Records(records[..2].to_vec());
    assert_eq!(at(&replica, ZONE, "www.provider.com"), both);
    assert_eq!(
        at(&replica, OTHER, "www.provider.com"),
        RecordsAnswer::Records(records[3..].to_vec())
    );
    for (name, expected) in [
        ("b.provider.com", RecordsAnswer::Empty),
        ("provider.com", RecordsAnswer::Empty),
        ("c.provider.com", RecordsAnswer::NoSuchName),
        ("ww.provider.com", RecordsAnswer::NoSuchName),
        ("x.www.provider.com", RecordsAnswer::NoSuchName),
        ("", RecordsAnswer::NoSuchName),
    ] {
        assert_eq!(at(&replica, ZONE, name), expected, "{name}");
    }
    assert_eq!(at(&replica, OTHER, "b.provider.com"), RecordsAnswer::NoSuchName);
}

#[test]
fn a_wildcard_is_a_name_like_any_other() {
    let (_dir, replica) = replica();
    apply(&replica, &[record(1, "*.provider.com")]);
    let expected = RecordsAnswer::Records(vec![record(1, "*.provider.com")]);
    assert_eq!(at(&replica, ZONE, "*.provider.com"), expected);
    assert_eq!(at(&replica, ZONE, "www.provider.com"), RecordsAnswer::NoSuchName);
}

#[test]
fn a_record_that_moves_or_goes_is_not_found_where_it_was() {
    let (_dir, replica) = replica();
    let mut changes = replica.changes();
    apply(&replica, &[proxied(1, "old.provider.com")]);
    apply(&replica, &[proxied(1, "new.provider.com")]);
    assert_eq!(at(&replica, ZONE, "old.provider.com"), RecordsAnswer::NoSuchName);
    assert_eq!(replica.proxied_records("old.provider.com").unwrap(), []);
    assert_eq!(
        replica.proxied_records("new.provider.com").unwrap(),
        [proxied(1, "new.provider.com")]
    );
    apply(&replica, &[record(1, "new.provider.com")]);
    assert_eq!(replica.proxied_records("new.provider.com").unwrap(), []);
    let gone = Item::gone(Generation(4), FeedKey::Record(id(1)));
    replica.apply(&batch(3, vec![gone])).unwrap();
    assert_eq!(at(&replica, ZONE, "new.provider.com"), RecordsAnswer::NoSuchName);
    assert_eq!(replica.sizes().unwrap().records, 0);
    let names = ["old", "old", "new", "new", "new", "new"].map(|label| {
        let name = format!("{label}.provider.com").into();
        Change::Record { record: id(1), name, zone: ZONE }
    });
    let told: Vec<Change> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert_eq!(told, names);
}

#[test]
fn proxied_records_are_found_by_name_alone() {
    let (_dir, replica) = replica();
    let foreign = RecordEntry { zone: OTHER, ..proxied(2, "www.provider.com") };
    apply(
        &replica,
        &[proxied(1, "www.provider.com"), foreign.clone(), record(3, "www.provider.com")],
    );
    let found = replica.proxied_records("www.provider.com").unwrap();
    assert_eq!(found, [proxied(1, "www.provider.com"), foreign]);
    assert_eq!(replica.proxied_records("provider.com").unwrap(), []);
}

#[test]
fn a_full_copy_leaves_no_record_of_before() {
    let (dir, replica) = replica();
    apply(&replica, &[proxied(1, "a.provider.com"), proxied(2, "b.provider.com")]);
    let to = Generation(1);
    let items = vec![Item::record(to, &proxied(2, "b.provider.com"))];
    let reset = Batch { reset: true, head: to, to, ..super::batch(0, items) };
    replica.apply(&reset).unwrap();
    drop(replica);
    let replica = open(dir.path());
    assert_eq!(at(&replica, ZONE, "a.provider.com"), RecordsAnswer::NoSuchName);
    assert_eq!(replica.proxied_records("a.provider.com").unwrap(), []);
    assert_eq!(replica.proxied_records("b.provider.com").unwrap(), [proxied(2, "b.provider.com")]);
}
