//! An account's full zone, from the feed to `dig` and through a real resolver.

use std::sync::Arc;

use hickory_proto::{
    op::ResponseCode,
    rr::{RData, RecordType},
};
use np_dns::{DnsDeps, DnsMetrics, DnsServer, DnsSettings, DnsSocket, FullZonesDeps, RunningDns};
use np_domain::{
    entry::{Entry, FeedKey, Generation, ProxiedAddresses, RecordEntry, ZoneDns, ZoneEntry},
    id::{DnsRecordId, HostnameId, ZoneId},
    ownership::{SightedBy, Sighting},
};
use np_feed::{
    Replica,
    message::{Batch, FORMAT, FeedId, Item},
    replica::ReplicaOptions,
};
use np_testkit::unbound::Unbound;
use prometheus_client::registry::Registry;
use time::macros::datetime;

use crate::{
    dig::dig,
    world::{delegation, over_udp, query},
};

const SHOP: ZoneId = ZoneId::from_bytes([2; 16]);

struct World {
    dns: RunningDns,
    replica: Replica,
    _folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let replica = Replica::open(folder.path(), &ReplicaOptions::default()).unwrap();
        let dns = DnsServer::start(DnsDeps {
            sockets: vec![DnsSocket::bind(([127, 0, 0, 1], 0).into()).unwrap()],
            settings: DnsSettings::default(),
            delegation: delegation(Arc::new(replica.clone())),
            full_zones: Some(FullZonesDeps {
                data: Arc::new(replica.clone()),
                edge_addresses: vec!["203.0.113.1".parse().unwrap()],
            }),
            static_zones: None,
            metrics: DnsMetrics::register(&mut Registry::default()),
        })
        .unwrap();
        Self { dns, replica, _folder: folder }
    }

    fn apply(&self, item: impl FnOnce(Generation) -> Item) {
        let from = self.replica.generation();
        let to = Generation(from.0 + 1);
        let items = vec![item(to)];
        let batch = Batch {
            format: FORMAT,
            feed: FeedId([7; 16]),
            from,
            to,
            head: to,
            reset: false,
            items,
            ticket_keys: None,
        };
        self.replica.apply(&batch).unwrap();
    }

    fn set_zone(&self, dns: ZoneDns) {
        let zone = ZoneEntry {
            zone: SHOP,
            name: "shop.com".parse().unwrap(),
            fallback: None,
            dns,
            serving: Default::default(),
        };
        self.apply(|generation| Item::zone(generation, &zone));
    }

    fn add(&self, number: u8, name: &str, type_code: u16, rdata: &[u8], proxied: bool) {
        let record = RecordEntry {
            record: DnsRecordId::from_bytes([number; 16]),
            zone: SHOP,
            name: name.parse().unwrap(),
            type_code,
            rdata: rdata.into(),
            ttl_seconds: 300,
            proxied: proxied.then_some(ProxiedAddresses::All),
        };
        self.apply(|generation| Item::record(generation, &record));
    }

    /// A served zone with a record of several kinds.
    fn filled() -> Self {
        let world = Self::start();
        world.set_zone(ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused: false });
        world.add(1, "shop.com", 1, &[192, 0, 2, 1], false);
        world.add(2, "shop.com", 15, b"\x00\x0a\x04mail\x04shop\x03com\x00", false);
        world.add(3, "www.shop.com", 1, &[10, 0, 0, 1], true);
        world.add(4, "*.wild.shop.com", 16, b"\x04wild", false);
        world.add(5, "part.shop.com", 2, b"\x02ns\x04part\x04shop\x03com\x00", false);
        world.add(6, "ns.part.shop.com", 1, &[192, 0, 2, 53], false);
        world.add(7, "shop.com", 257, b"\x00\x05issueletsencrypt.org", false);
        world.add(8, "shop.com", 65280, b"\x01\x02", false);
        world
    }
}

#[tokio::test]
async fn dig_reads_every_kind_of_answer_of_a_full_zone() {
    let world = World::filled();
    for (arguments, expected) in [
        (&["shop.com", "SOA"][..], &["flags: qr aa;", "SOA\tns1.dcv.platform.net."][..]),
        (&["shop.com", "NS"], &["NS\tns1.dcv.platform.net."]),
        (&["shop.com", "A"], &["300\tIN\tA\t192.0.2.1"]),
        (&["shop.com", "MX"], &["MX\t10 mail.shop.com."]),
        (&["shop.com", "CAA"], &["CAA\t0 issue \"letsencrypt.org\""]),
        (&["shop.com", "TYPE65280"], &["TYPE65280 \\# 2 0102"]),
        (&["shop.com", "ANY"], &["HINFO\t\"RFC8482\" \"\""]),
        (&["WWW.Shop.com", "A"], &["WWW.Shop.com.\t\t300\tIN\tA\t203.0.113.1"]),
        (&["x.wild.shop.com", "TXT"], &["x.wild.shop.com.\t300\tIN\tTXT\t\"wild\""]),
        (&["nowhere.shop.com", "A"], &["status: NXDOMAIN", "shop.com.\t\t5\tIN\tSOA"]),
        (&["wild.shop.com", "A"], &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1"]),
        (
            &["www.part.shop.com", "A"],
            &["flags: qr;", "ANSWER: 0", "NS\tns.part.shop.com.", "A\t192.0.2.53"],
        ),
        (&["other.com", "A"], &["status: REFUSED"]),
    ] {
        let output = dig(&world.dns, arguments).await;
        for part in expected {
            assert!(output.contains(part), "{arguments:?}: {part:?} is not in\n{output}");
        }
        assert!(!output.contains("10.0.0.1"), "{output}");
        for warning in [";; WARNING", ";; Got bad packet", "malformed"] {
            assert!(!output.contains(warning), "{arguments:?}: {output}");
        }
    }
}

#[tokio::test]
async fn a_resolver_sees_the_zone_while_it_is_served_and_its_delegation_while_it_is_not() {
    let world = World::start();
    world.set_zone(ZoneDns::Apex);
    world.add(3, "www.shop.com", 1, &[192, 0, 2, 7], false);
    let stubs = [("shop.com", world.dns.addr()), ("platform.net", world.dns.addr())];
    let unbound = Unbound::start(&stubs).await.unwrap();
    let ask = async |name: &str, kind| {
        let mut question = query(name, kind);
        question.metadata.recursion_desired = true;
        over_udp(unbound.address(), &question).await
    };
    let reply = ask("shop.com.", RecordType::NS).await;
    let is_ours =
        |data: &RData| matches!(data, RData::NS(ns) if ns.0.to_ascii() == "ns1.dcv.platform.net.");
    assert!(reply.answers.iter().any(|record| is_ours(&record.data)), "{reply:?}");
    let direct = over_udp(world.dns.addr(), &query("www.shop.com.", RecordType::A)).await;
    assert_eq!(direct.response_code, ResponseCode::Refused);

    world.set_zone(ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused: false });
    let unbound = Unbound::start(&stubs).await.unwrap();
    let ask = async |name: &str, kind| {
        let mut question = query(name, kind);
        question.metadata.recursion_desired = true;
        over_udp(unbound.address(), &question).await
    };
    let reply = ask("www.shop.com.", RecordType::A).await;
    assert_eq!(reply.answers[0].data.to_string(), "192.0.2.7");
    let reply = ask("none.shop.com.", RecordType::A).await;
    assert_eq!(reply.response_code, ResponseCode::NXDomain);
    let reply = ask("www.shop.com.", RecordType::CAA).await;
    assert_eq!((reply.response_code, reply.answers.len()), (ResponseCode::NoError, 0));

    // A removed zone, and one that moved, is nobody's here.
    world.set_zone(ZoneDns::Unserved);
    let refused = over_udp(world.dns.addr(), &query("www.shop.com.", RecordType::A)).await;
    assert_eq!(refused.response_code, ResponseCode::Refused);
    world.set_zone(ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused: false });
    world.apply(|generation| Item::gone(generation, FeedKey::Zone(SHOP)));
    let refused = over_udp(world.dns.addr(), &query("shop.com.", RecordType::SOA)).await;
    assert_eq!(refused.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn caa_of_targets_is_answered_cleanly_however_it_is_asked() {
    let world = World::start();
    world.set_zone(ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused: false });
    world.add(1, "customers.shop.com", 1, &[192, 0, 2, 1], true);
    world.add(2, "*.hosts.shop.com", 1, &[192, 0, 2, 1], true);
    // Flags, length of the tag, tag, value (RFC 8659 section 4.1).
    let issue = b"\x00\x05issueletsencrypt.org";
    world.add(3, "permitted.shop.com", 257, issue, false);
    for transport in ["+notcp", "+tcp"] {
        for dnssec in ["+nodnssec", "+dnssec"] {
            // A resolver that mixes cases must get its own back (0x20).
            for name in ["cUsToMeRs.ShOp.CoM", "aNy.HoStS.sHoP.cOm"] {
                let output = dig(&world.dns, &[transport, dnssec, name, "CAA"]).await;
                for part in ["status: NOERROR", "flags: qr aa;", "ANSWER: 0, AUTHORITY: 1", "SOA"] {
                    assert!(output.contains(part), "{transport} {dnssec} {name}: {output}");
                }
                assert!(output.contains(&format!(";{name}.")), "{output}");
            }
            let output = dig(&world.dns, &[transport, dnssec, "PeRmItTeD.shop.com", "CAA"]).await;
            assert!(output.contains("CAA\t0 issue \"letsencrypt.org\""), "{output}");
        }
    }
}

#[tokio::test]
async fn a_question_for_a_target_of_a_waiting_hostnames_own_is_a_sighting() {
    let world = World::start();
    world.set_zone(ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused: false });
    let waiting = Entry {
        hostname: HostnameId::from_bytes([1; 16]),
        zone: SHOP,
        name: "app.customer.com".parse().unwrap(),
        tokens: Vec::new(),
        delegation: None,
        routing: None,
    };
    world.apply(|generation| Item::hostname(generation, &waiting));
    let others = Entry {
        hostname: HostnameId::from_bytes([2; 16]),
        zone: ZoneId::from_bytes([9; 16]),
        name: "app.other.com".parse().unwrap(),
        ..waiting.clone()
    };
    world.apply(|generation| Item::hostname(generation, &others));
    for name in ["customers.shop.com", "app.unknown.com.shop.com", "app.other.com.shop.com"] {
        dig(&world.dns, &[name, "A"]).await;
    }
    assert!(world.replica.sightings().take().is_empty(), "nobody's, or another zone's");
    dig(&world.dns, &["App.Customer.com.Shop.com", "A"]).await;
    dig(&world.dns, &["app.customer.com.shop.com", "AAAA"]).await;
    let sighting = Sighting { hostname: waiting.hostname, by: SightedBy::Dns };
    assert_eq!(world.replica.sightings().take(), [sighting]);
}
