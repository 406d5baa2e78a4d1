//! Certificate packs of zones in the copy.

use np_domain::{
    certificate_pack::PackKind,
    entry::{HostToken, PackEntry},
    id::PackId,
};
use time::macros::datetime;

use super::*;

fn pack_id(n: u8) -> PackId {
    PackId::from_bytes([n; 16])
}

fn pack(n: u8, hosts: &[&str], challenges: &[(&str, &[&str])]) -> PackEntry {
    let challenge = |(name, txt): &(&str, &[&str])| Delegation {
        name: name.parse().unwrap(),
        txt: txt.iter().map(Explanation::new).collect(),
    };
    PackEntry {
        pack: pack_id(n),
        zone: ZoneId::from_bytes([9; 16]),
        kind: PackKind::Advanced,
        ordered_at: datetime!(2026-11-22 12:00 UTC),
        hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
        tokens: vec![HostToken {
            host: "provider.com".parse().unwrap(),
            path: Explanation::new("/.well-known/acme-challenge/token"),
            body: Explanation::new("token.thumbprint"),
        }],
        challenges: challenges.iter().map(challenge).collect(),
        certificates: Vec::new(),
    }
}

fn packs(replica: &Replica, host: &str) -> Vec<PackId> {
    replica.packs(host).unwrap().into_iter().map(|stored| stored.entry.pack).collect()
}

#[test]
fn a_pack_is_found_by_each_of_its_hosts_until_it_is_gone() {
    let (_dir, replica) = replica();
    let mut changes = replica.changes();
    let first = pack(1, &["provider.com", "*.provider.com"], &[]);
    let second = pack(2, &["provider.com"], &[]);
    let items = vec![Item::pack(Generation(1), &first), Item::pack(Generation(2), &second)];
    replica.apply(&batch(0, items)).unwrap();
    assert_eq!(packs(&replica, "provider.com"), [pack_id(1), pack_id(2)]);
    assert_eq!(packs(&replica, "*.provider.com"), [pack_id(1)]);
    assert_eq!(packs(&replica, "www.provider.com"), [], "a wildcard is looked for by itself");
    let stored = replica.packs("*.provider.com").unwrap().remove(0);
    assert_eq!((stored.generation, stored.entry), (Generation(1), first));
    let told: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert!(told.contains(&Change::Host("*.provider.com".into())), "{told:?}");

    let gone = Item::gone(Generation(3), FeedKey::Pack(pack_id(1)));
    replica.apply(&batch(2, vec![gone])).unwrap();
    assert_eq!(packs(&replica, "provider.com"), [pack_id(2)]);
    assert_eq!(packs(&replica, "*.provider.com"), []);
}

#[test]
fn values_for_the_ca_stand_at_their_names_while_an_order_is_open() {
    const OWN: &str = "_acme-challenge.provider.com";
    const DELEGATED: &str = "provider.com.aaaa.dcv.platform.net";
    let (_dir, replica) = replica();
    let both: &[&str] = &["apex", "wildcard"];
    let open = pack(1, &["provider.com", "*.provider.com"], &[(OWN, both), (DELEGATED, both)]);
    replica.apply(&batch(0, vec![Item::pack(Generation(1), &open)])).unwrap();
    let values = DelegationAnswer::Txt(both.iter().map(Explanation::new).collect());
    assert_eq!(replica.delegation(OWN).unwrap(), values);
    assert_eq!(replica.delegation(DELEGATED).unwrap(), values);

    let done = pack(1, &["provider.com", "*.provider.com"], &[(DELEGATED, &[])]);
    replica.apply(&batch(1, vec![Item::pack(Generation(2), &done)])).unwrap();
    assert_eq!(replica.delegation(OWN).unwrap(), DelegationAnswer::NoSuchName);
    assert_eq!(replica.delegation(DELEGATED).unwrap(), DelegationAnswer::NoData);
}

#[test]
fn a_full_copy_takes_away_packs_that_it_does_not_mention() {
    let (_dir, replica) = replica();
    let items = vec![
        Item::pack(Generation(1), &pack(1, &["old.provider.com"], &[])),
        Item::pack(Generation(2), &pack(2, &["kept.provider.com"], &[])),
    ];
    replica.apply(&batch(0, items)).unwrap();
    let items = vec![Item::pack(Generation(1), &pack(2, &["kept.provider.com"], &[]))];
    let full = Batch { reset: true, feed: OTHER_FEED, ..batch(0, items) };
    replica.apply(&full).unwrap();
    assert_eq!(packs(&replica, "old.provider.com"), []);
    assert_eq!(packs(&replica, "kept.provider.com"), [pack_id(2)]);
}
