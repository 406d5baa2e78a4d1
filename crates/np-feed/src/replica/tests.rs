//! The copy against what it promises.

use np_domain::{
    entry::{Delegation, Entry, FeedKey, Generation},
    id::{HostnameId, ZoneId},
    text::Explanation,
};

use super::*;
use crate::message::{Batch, FORMAT, FeedId, Item};

const FEED: FeedId = FeedId([7; 16]);

fn id(n: u8) -> HostnameId {
    HostnameId::from_bytes([n; 16])
}

fn entry(n: u8, name: &str, txt: &[&str]) -> Entry {
    let delegation = Delegation {
        name: format!("{name}.aaaa.dcv.platform.net").parse().unwrap(),
        txt: txt.iter().map(Explanation::new).collect(),
    };
    Entry {
        hostname: id(n),
        zone: ZoneId::from_bytes([9; 16]),
        name: name.parse().unwrap(),
        tokens: Vec::new(),
        delegation: Some(delegation),
        routing: None,
    }
}

fn batch(from: u64, items: Vec<Item>) -> Batch {
    let to = items.last().map_or(Generation(from), Item::generation);
    Batch { format: FORMAT, feed: FEED, from: Generation(from), to, head: to, reset: false, items }
}

fn replica() -> (tempfile::TempDir, Replica) {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
    (dir, replica)
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
    assert!(replica.is_empty().unwrap());
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
