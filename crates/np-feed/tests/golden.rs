//! Version 1 of the messages as it was first spoken. A change that breaks one of these breaks old nodes: it needs a new
//! `FORMAT`, and these files stay as they are.
#![allow(clippy::unwrap_used, reason = "what cannot be arranged is a failed test")]

use np_domain::{
    certificate::KeyKind,
    certificate_pack::PackKind,
    custom_hostname::Metadata,
    entry::{
        Delegation, Entry, FeedKey, Generation, HostToken, HttpToken, PackEntry, ProxiedAddresses,
        RecordEntry, Routing, ServedCertificate, ZoneDns, ZoneEntry,
    },
    id::{CertificateId, DnsRecordId, HostnameId, PackId, ZoneId},
    origin::{CustomOrigin, OriginSni},
    ownership::{SightedBy, Sighting},
    ports::NodeRole,
    secret::SealedBytes,
    text::Explanation,
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
    zone::settings::{OriginTls, SecurityHeader, Serving},
};
use np_feed::message::{
    Batch, Content, FORMAT, FeedId, Item, PULL_BYTES_MAX, Pull, SIGHTINGS_MAX, SealedTicketKey,
};
use time::macros::datetime;

const PULL: &str = include_str!("golden/pull-v1.hex");
/// A pull with sightings, which came after the first programs of version 1; those skip them.
const SIGHTINGS: &str = include_str!("golden/pull-sightings-v1.hex");
const BATCH: &str = include_str!("golden/batch-v1.hex");
/// An item with a zone's certificate pack, which came after the first programs of version 1; those skip it.
const PACK_BATCH: &str = include_str!("golden/batch-pack-v1.hex");
/// Items of the kind that came after version 1's first: programs from before skip them.
/// A zone with settings, which came after version 1's first; programs from before skip them.
const SERVED_ZONE: &str = include_str!("golden/zone-serving-v1.hex");
const RECORDS: &str = include_str!("golden/records-v1.hex");
/// A batch with the keys of session tickets, which came after version 1's first programs: those skip them.
const TICKET_KEYS: &str = include_str!("golden/ticket-keys-v1.hex");
/// A batch as a later program of the same format could write it: each structure has a field more, one item is of a kind
/// that version 1 does not know, one certificate's key too.
const LATER_BATCH: &str = include_str!("golden/batch-later.hex");

fn pull() -> Pull {
    Pull {
        format: FORMAT,
        node: "edge-1".into(),
        role: NodeRole::Edge,
        after: Generation(41),
        applied: Generation(40),
        feed: Some(FeedId([0xfe; 16])),
        wait_ms: 25_000,
        sightings: Vec::new(),
    }
}

fn full_entry() -> Entry {
    let tls = TlsPolicy {
        min_version: Some(TlsVersion::V1_2),
        tls_1_3: Some(Switch::On),
        http2: Some(Switch::Off),
        early_hints: None,
        ciphers: CipherList::parse(["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-SHA"]).ok(),
    };
    let origin = CustomOrigin {
        server: "origin.provider.com:8443".parse().unwrap(),
        sni: OriginSni::Name("sni.provider.com".parse().unwrap()),
    };
    let certificate = ServedCertificate {
        id: CertificateId::from_bytes([3; 16]),
        kind: KeyKind::Ecdsa,
        chain: vec![Box::from([0x30, 0x01].as_slice()), Box::from([0x30, 0x02].as_slice())],
        key: SealedBytes::from_vec(vec![1, 2, 3]),
        not_after: datetime!(2027-02-20 12:00 UTC),
    };
    Entry {
        hostname: HostnameId::from_bytes([1; 16]),
        zone: ZoneId::from_bytes([2; 16]),
        name: "app.customer.com".parse().unwrap(),
        tokens: vec![HttpToken {
            path: Explanation::new("/.well-known/acme-challenge/token"),
            body: Explanation::new("token.thumbprint"),
        }],
        delegation: Some(Delegation {
            name: "app.customer.com.9dbb86635115718e.dcv.platform.net".parse().unwrap(),
            txt: vec![Explanation::new("digest")],
        }),
        routing: Some(Routing {
            proven_at: datetime!(2026-11-22 12:00:00.000001 UTC),
            wildcard: true,
            origin: Some(origin),
            tls,
            metadata: Metadata::default(),
            certificates: vec![certificate],
        }),
    }
}

fn bare_entry() -> Entry {
    Entry {
        hostname: HostnameId::from_bytes([4; 16]),
        name: "new.customer.com".parse().unwrap(),
        tokens: Vec::new(),
        delegation: None,
        routing: None,
        ..full_entry()
    }
}

fn zone() -> ZoneEntry {
    ZoneEntry {
        zone: ZoneId::from_bytes([2; 16]),
        name: "provider.com".parse().unwrap(),
        fallback: "fallback.provider.com".parse().ok(),
        dns: ZoneDns::Unserved,
        serving: Default::default(),
    }
}

fn batch() -> Batch {
    Batch {
        format: FORMAT,
        feed: FeedId([0xfe; 16]),
        from: Generation(41),
        to: Generation(45),
        head: Generation(50),
        reset: false,
        items: vec![
            Item::zone(Generation(42), &zone()),
            Item::hostname(Generation(43), &full_entry()),
            Item::hostname(Generation(44), &bare_entry()),
            Item::gone(Generation(45), FeedKey::Hostname(HostnameId::from_bytes([5; 16]))),
        ],
        ticket_keys: None,
    }
}

fn pack_batch() -> Batch {
    let entry = full_entry();
    let pack = PackEntry {
        pack: PackId::from_bytes([6; 16]),
        zone: ZoneId::from_bytes([2; 16]),
        kind: PackKind::Universal,
        ordered_at: datetime!(2026-11-22 12:00:00.000001 UTC),
        hosts: vec!["provider.com".parse().unwrap(), "*.provider.com".parse().unwrap()],
        tokens: vec![HostToken {
            host: "provider.com".parse().unwrap(),
            path: Explanation::new("/.well-known/acme-challenge/token"),
            body: Explanation::new("token.thumbprint"),
        }],
        challenges: entry.delegation.into_iter().collect(),
        certificates: entry.routing.unwrap().certificates,
    };
    let gone = Item::gone(Generation(43), FeedKey::Pack(PackId::from_bytes([7; 16])));
    let items = vec![Item::pack(Generation(42), &pack), gone];
    Batch { to: Generation(43), head: Generation(43), items, ..batch() }
}

#[test]
fn a_pack_of_version_1_is_written_and_read_as_ever() {
    assert_eq!(hex::encode(pack_batch().encode()), hex::encode(bytes(PACK_BATCH)));
    let read = Batch::decode(&bytes(PACK_BATCH)).unwrap();
    assert_eq!(read, pack_batch());
    let Content::Pack(pack) = read.items[0].content().unwrap() else { panic!("no pack") };
    assert_eq!(Item::pack(Generation(42), &pack), pack_batch().items[0]);
    let gone = FeedKey::Pack(PackId::from_bytes([7; 16]));
    assert_eq!(read.items[1].content().unwrap(), Content::Gone(gone));
}

fn with_ticket_keys() -> Batch {
    let key = |starts, byte: u8| SealedTicketKey { starts, sealed: vec![byte; 3] };
    let keys = vec![key(1_795_305_600, 1), key(1_795_348_800, 2)];
    Batch { to: Generation(41), items: Vec::new(), ticket_keys: Some(keys), ..batch() }
}

#[test]
fn ticket_keys_are_written_and_read_as_ever_and_skipped_by_those_who_do_not_know_them() {
    assert_eq!(hex::encode(with_ticket_keys().encode()), hex::encode(bytes(TICKET_KEYS)));
    assert_eq!(Batch::decode(&bytes(TICKET_KEYS)).unwrap(), with_ticket_keys());
    // The structure as it was before them.
    #[derive(minicbor::Decode)]
    struct Before {
        #[n(0)]
        format: u16,
        #[n(5)]
        reset: bool,
        #[n(6)]
        items: Vec<Item>,
    }
    let before: Before = minicbor::decode(&bytes(TICKET_KEYS)).unwrap();
    assert_eq!((before.format, before.reset, before.items.len()), (FORMAT, false, 0));
}

fn bytes(golden: &str) -> Vec<u8> {
    hex::decode(golden.split_whitespace().collect::<String>()).unwrap()
}

#[test]
fn a_pull_of_version_1_is_written_and_read_as_ever() {
    assert_eq!(hex::encode(pull().encode()), hex::encode(bytes(PULL)));
    assert_eq!(Pull::decode(&bytes(PULL)).unwrap(), pull());
}

#[test]
fn sightings_are_written_and_read_as_ever() {
    let seen = |number, by| Sighting { hostname: HostnameId::from_bytes([number; 16]), by };
    let sightings =
        vec![seen(1, SightedBy::Dns), seen(2, SightedBy::Sni), seen(3, SightedBy::Http)];
    let expected = Pull { sightings, ..pull() };
    assert_eq!(hex::encode(expected.encode()), hex::encode(bytes(SIGHTINGS)));
    assert_eq!(Pull::decode(&bytes(SIGHTINGS)).unwrap(), expected);
}

#[test]
fn a_sighting_of_a_kind_that_only_later_programs_know_is_left_out() {
    let mut later = bytes(SIGHTINGS);
    assert_eq!(later.pop(), Some(2), "the kind of the last one");
    later.push(9);
    assert_eq!(Pull::decode(&later).unwrap().sightings.len(), 2);
}

#[test]
fn a_pull_has_room_for_all_sightings_that_it_may_carry() {
    let seen = Sighting { hostname: HostnameId::from_bytes([0xff; 16]), by: SightedBy::Http };
    let full = Pull { sightings: vec![seen; SIGHTINGS_MAX], ..pull() };
    assert!(full.encode().len() * 2 < PULL_BYTES_MAX, "{}", full.encode().len());
}

#[test]
fn a_batch_of_version_1_is_written_and_read_as_ever() {
    assert_eq!(hex::encode(batch().encode()), hex::encode(bytes(BATCH)));
    let read = Batch::decode(&bytes(BATCH)).unwrap();
    assert_eq!(read, batch());
    let contents: Vec<_> = read.items.iter().map(|item| item.content().unwrap()).collect();
    let gone = FeedKey::Hostname(HostnameId::from_bytes([5; 16]));
    let expected = [
        Content::Zone(zone()),
        Content::Hostname(Box::new(full_entry())),
        Content::Hostname(Box::new(bare_entry())),
        Content::Gone(gone),
    ];
    assert_eq!(contents, expected);
}

#[test]
fn what_a_later_program_adds_is_skipped() {
    let read = Batch::decode(&bytes(LATER_BATCH)).unwrap();
    assert_eq!((read.from, read.to, read.head), (Generation(1), Generation(3), Generation(3)));
    let mut expected = full_entry();
    expected.tokens.clear();
    expected.delegation = None;
    let routing = expected.routing.as_mut().unwrap();
    routing.origin = None;
    routing.tls = TlsPolicy::default();
    let Content::Hostname(entry) = read.items[0].content().unwrap() else { panic!() };
    assert_eq!(*entry, expected);
    assert_eq!(read.items[1].key(), None);
    assert!(read.items[1].content().is_err());
    assert_eq!(read.items[2].content().unwrap(), Content::Zone(zone()));
}

#[test]
fn what_the_provider_said_about_a_hostname_travels_with_it() {
    let mut entry = full_entry();
    let said =
        [("plan", "\"gold\""), ("seats", "12")].map(|(key, value)| (key.into(), value.into()));
    entry.routing.as_mut().unwrap().metadata = Metadata(said.into());
    let item = Item::hostname(Generation(2), &entry);
    assert_eq!(item.content().unwrap(), Content::Hostname(Box::new(entry)));
}

#[test]
fn a_pull_with_a_field_more_is_read() {
    let mut later = bytes(PULL);
    assert_eq!(later[0], 0x87, "an array of seven");
    later[0] = 0x89;
    later.extend([0xf6, 0xf5]);
    assert_eq!(Pull::decode(&later).unwrap(), pull());
}

#[test]
fn a_message_cut_anywhere_is_refused_and_never_panics() {
    for golden in [PULL, BATCH, PACK_BATCH, SERVED_ZONE, TICKET_KEYS] {
        let whole = bytes(golden);
        for length in 0..whole.len() {
            assert!(Pull::decode(&whole[..length]).is_err());
            assert!(Batch::decode(&whole[..length]).is_err());
        }
    }
}

#[test]
fn a_batch_with_a_flipped_byte_never_panics() {
    for golden in [BATCH, PACK_BATCH, SERVED_ZONE, TICKET_KEYS] {
        let whole = bytes(golden);
        for position in 0..whole.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[position] ^= flip;
                if let Ok(batch) = Batch::decode(&damaged) {
                    batch.items.iter().for_each(|item| drop(item.content()));
                }
            }
        }
    }
}

fn records() -> Batch {
    let record = RecordEntry {
        record: DnsRecordId::from_bytes([6; 16]),
        zone: ZoneId::from_bytes([2; 16]),
        name: "*.provider.com".parse().unwrap(),
        type_code: 1,
        rdata: Box::from([192, 0, 2, 1]),
        ttl_seconds: 300,
        proxied: Some(ProxiedAddresses::Ipv4),
    };
    let unknown = RecordEntry {
        record: DnsRecordId::from_bytes([7; 16]),
        type_code: 65_280,
        proxied: None,
        ..record.clone()
    };
    Batch {
        to: Generation(44),
        items: vec![
            Item::record(Generation(42), &record),
            Item::record(Generation(43), &unknown),
            Item::gone(Generation(44), FeedKey::Record(DnsRecordId::from_bytes([5; 16]))),
        ],
        ..batch()
    }
}

#[test]
fn records_are_written_and_read_as_ever() {
    assert_eq!(hex::encode(records().encode()), hex::encode(bytes(RECORDS)));
    let read = Batch::decode(&bytes(RECORDS)).unwrap();
    assert_eq!(read, records());
    assert!(read.items.iter().all(|item| item.content().is_ok()));
}

fn served_zone() -> Batch {
    let serving = Serving {
        tls: full_entry().routing.unwrap().tls,
        origin: Some(OriginTls::Verified),
        redirects_to_https: true,
        security_header: SecurityHeader {
            is_enabled: true,
            max_age: 86400,
            includes_subdomains: true,
            preload: false,
            nosniff: true,
        },
    };
    let items = vec![Item::zone(Generation(42), &ZoneEntry { serving, ..zone() })];
    Batch { to: Generation(42), items, ..batch() }
}

#[test]
fn how_a_zone_is_served_is_written_and_read_as_ever() {
    assert_eq!(hex::encode(served_zone().encode()), hex::encode(bytes(SERVED_ZONE)));
    let read = Batch::decode(&bytes(SERVED_ZONE)).unwrap();
    let Content::Zone(zone) = read.items[0].content().unwrap() else { panic!("no zone") };
    assert_eq!(Item::zone(Generation(42), &zone), served_zone().items[0]);
}
