//! Each rule of an authoritative answer, against a zone `shop.com`; and random zones against a naive model.

use std::collections::BTreeMap;

use hickory_proto::rr::{DNSClass, RecordType as T};
use np_domain::{delegation::DelegationDomain, id::DnsRecordId, text::Explanation};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use time::macros::datetime;

use super::*;
use crate::{
    NameServer,
    answer::{Answer, answer},
    delegation::DelegationZone,
    question::Question,
    zone::Zones,
};

const SHOP: ZoneId = ZoneId::from_bytes([1; 16]);

/// Zones and records in memory, looked through one by one.
#[derive(Default)]
struct Memory {
    zones: Vec<AnsweringZone>,
    records: Vec<RecordEntry>,
    challenges: BTreeMap<String, Vec<String>>,
    /// Of custom hostnames, with their zones.
    hostnames: Vec<(ZoneId, &'static str, &'static str)>,
}

fn is_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

impl DelegationData for Memory {
    fn lookup(&self, name: &str) -> Result<Held, Unreadable> {
        Ok(match self.challenges.get(name) {
            Some(values) => Held::Txt(values.iter().map(Explanation::new).collect()),
            None if self.challenges.keys().any(|key| is_below(key, name)) => Held::NoData,
            None => Held::NoSuchName,
        })
    }
}

impl ZoneData for Memory {
    fn zone(&self, name: &str) -> Result<Option<AnsweringZone>, Unreadable> {
        let holds = |zone: &&AnsweringZone| {
            name == zone.name.as_str() || is_below(name, zone.name.as_str())
        };
        Ok(self.zones.iter().filter(holds).max_by_key(|z| z.name.as_str().len()).cloned())
    }

    fn records(&self, zone: ZoneId, name: &str) -> Result<HeldRecords, Unreadable> {
        if name == "broken.shop.com" {
            return Err(Unreadable);
        }
        let of_zone = || self.records.iter().filter(|record| record.zone == zone);
        let at: Vec<_> = of_zone().filter(|r| r.name.as_str() == name).cloned().collect();
        Ok(match at.is_empty() {
            false => HeldRecords::Records(at),
            true if of_zone().any(|r| is_below(r.name.as_str(), name)) => HeldRecords::Empty,
            true => HeldRecords::NoSuchName,
        })
    }

    fn hostname_challenge(&self, zone: ZoneId, host: &str) -> Result<Vec<Explanation>, Unreadable> {
        let own = self.hostnames.iter().filter(|(of, name, _)| *of == zone && *name == host);
        Ok(own.map(|(_, _, value)| Explanation::new(value)).collect())
    }
}

fn wire_form(name: &str) -> Vec<u8> {
    let labels = name
        .split('.')
        .flat_map(|label| std::iter::once(u8::try_from(label.len()).unwrap()).chain(label.bytes()));
    labels.chain([0]).collect()
}

/// `type content`, with a `!` before it when it is proxied.
fn record(zone: ZoneId, name: &str, text: &str) -> RecordEntry {
    let proxied = text.starts_with('!').then_some(ProxiedAddresses::All);
    let (kind, content) = text.trim_start_matches('!').split_once(' ').unwrap();
    let (type_code, rdata) = match kind {
        "A" => (1, content.parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec()),
        "AAAA" => (28, content.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec()),
        "NS" => (2, wire_form(content)),
        "CNAME" => (5, wire_form(content)),
        "MX" => (15, [&[0, 10], wire_form(content).as_slice()].concat()),
        "DS" => (43, content.as_bytes().to_vec()),
        "TXT" => (16, [&[content.len() as u8], content.as_bytes()].concat()),
        other => (other.strip_prefix("TYPE").unwrap().parse().unwrap(), content.into()),
    };
    RecordEntry {
        record: DnsRecordId::from_bytes([7; 16]),
        zone,
        name: name.parse().unwrap(),
        type_code,
        rdata: rdata.into(),
        ttl_seconds: 300,
        proxied,
    }
}

fn zone(id: ZoneId, name: &str, dns: ZoneDns) -> AnsweringZone {
    AnsweringZone { zone: id, name: name.parse().unwrap(), dns }
}

fn served(paused: bool) -> ZoneDns {
    ZoneDns::Records { since: datetime!(2026-11-22 12:00 UTC), paused }
}

fn shop() -> Memory {
    let records = [
        ("shop.com", "A 192.0.2.1"),
        ("shop.com", "NS ns.elsewhere.net"),
        ("shop.com", "MX mail.shop.com"),
        ("www.shop.com", "!A 10.0.0.1"),
        ("www.shop.com", "!A 10.0.0.2"),
        ("alias.shop.com", "!CNAME origin.internal.net"),
        ("plain.shop.com", "CNAME www.shop.com"),
        ("away.shop.com", "CNAME www.elsewhere.net"),
        ("deep.a.b.shop.com", "TXT deep"),
        ("*.wild.shop.com", "TXT wild"),
        ("*.wild.shop.com", "NS ns.elsewhere.net"),
        ("known.wild.shop.com", "A 192.0.2.2"),
        ("sub.aliases.shop.com", "A 192.0.2.3"),
        ("*.aliases.shop.com", "CNAME plain.shop.com"),
        ("part.shop.com", "NS ns1.part.shop.com"),
        ("part.shop.com", "NS ns.elsewhere.net"),
        ("part.shop.com", "DS digest"),
        ("part.shop.com", "TXT hidden"),
        ("ns1.part.shop.com", "A 192.0.2.53"),
        ("www.part.shop.com", "A 192.0.2.4"),
        ("to-part.shop.com", "CNAME www.part.shop.com"),
        ("odd.shop.com", "TYPE65280 bytes"),
    ];
    let mut memory = Memory {
        zones: vec![
            zone(SHOP, "shop.com", served(false)),
            zone(ZoneId::from_bytes([2; 16]), "new.com", ZoneDns::Apex),
        ],
        records: records.map(|(name, text)| record(SHOP, name, text)).to_vec(),
        ..Memory::default()
    };
    for (name, value) in [
        ("_acme-challenge.www.shop.com", "token"),
        ("_acme-challenge.x.wild.shop.com", "wild-token"),
        ("_acme-challenge.only.shop.com", "only-token"),
        ("_acme-challenge.www.part.shop.com", "not ours"),
    ] {
        memory.challenges.insert(name.to_owned(), vec![value.to_owned()]);
    }
    memory
}

fn zones(memory: Memory) -> Zones {
    let own = DelegationDeps {
        domain: DelegationDomain::new("dcv.platform.net".parse().unwrap()),
        name_servers: ["ns1.platform.net", "ns2.platform.net"]
            .map(|name| NameServer { name: name.parse().unwrap(), addresses: Vec::new() })
            .to_vec(),
        contact: None,
        data: Arc::new(Memory::default()),
    };
    let edge_addresses = ["203.0.113.1", "2001:db8::1"].map(|a| a.parse().unwrap()).to_vec();
    let settings = DnsSettings::default();
    let full = FullZonesDeps { data: Arc::new(memory), edge_addresses };
    let full = FullZones::new(full, &own, &settings).unwrap();
    let delegation = DelegationZone::new(own, &settings).unwrap();
    Zones::new(vec![Box::new(Arc::new(delegation))]).with_accounts(Box::new(full))
}

fn ask(zones: &Zones, name: &str, kind: T) -> Answer {
    let name = Name::from_ascii(format!("{name}.")).unwrap();
    let key = crate::question::key(&name);
    answer(zones, &Question { name, key, kind, class: DNSClass::IN })
}

/// An answer in a few words: records as `owner type content`, what is left out of tests left out.
fn words(answer: &Answer) -> String {
    let list = |records: &[Record]| {
        let words = records.iter().map(|record| {
            let owner = record.name.to_ascii();
            let content = match &record.data {
                RData::Unknown { rdata, .. } => format!("{} bytes", rdata.anything.len()),
                RData::SOA(soa) => soa.mname.to_ascii(),
                data => data.to_string(),
            };
            format!("{} {} {content}", owner.trim_end_matches('.'), record.record_type())
        });
        words.collect::<Vec<_>>().join(", ")
    };
    match answer {
        Answer::Records { answers, .. } => list(answers),
        Answer::NoData { chain, soa } => format!("nodata [{}] {}", list(chain), soa.name),
        Answer::NoSuchName { chain, soa } => format!("nxdomain [{}] {}", list(chain), soa.name),
        Answer::Referral { chain, servers, glue } => {
            format!("referral [{}] {} | {}", list(chain), list(servers), list(glue))
        }
        Answer::Refused => "refused".to_owned(),
        Answer::Unreadable => "unreadable".to_owned(),
    }
}

fn check(zones: &Zones, table: &[(&str, T, &str)]) {
    for (name, kind, expected) in table {
        assert_eq!(words(&ask(zones, name, *kind)), *expected, "{name} {kind}");
    }
}

#[test]
fn the_apex_has_our_soa_and_name_servers_whatever_the_records_say() {
    check(
        &zones(shop()),
        &[
            ("shop.com", T::SOA, "shop.com SOA ns1.platform.net."),
            ("shop.com", T::NS, "shop.com NS ns1.platform.net., shop.com NS ns2.platform.net."),
            ("shop.com", T::A, "shop.com A 192.0.2.1"),
            ("shop.com", T::AAAA, "nodata [] shop.com."),
            ("shop.com", T::MX, "shop.com MX 17 bytes"),
            ("shop.com", T::ANY, "shop.com HINFO RFC8482 "),
        ],
    );
    let mut memory = shop();
    memory.records = vec![record(SHOP, "shop.com", "CNAME www.elsewhere.net")];
    check(
        &zones(memory),
        &[("shop.com", T::A, "nodata [] shop.com."), ("shop.com", T::CNAME, "nodata [] shop.com.")],
    );
    let mut memory = shop();
    memory.records = vec![record(SHOP, "shop.com", "!CNAME www.elsewhere.net")];
    check(&zones(memory), &[("shop.com", T::A, "shop.com A 203.0.113.1")]);
}

#[test]
fn a_name_exists_when_it_or_a_name_below_it_has_a_record() {
    check(
        &zones(shop()),
        &[
            ("deep.a.b.shop.com", T::TXT, "deep.a.b.shop.com TXT 5 bytes"),
            ("a.b.shop.com", T::TXT, "nodata [] shop.com."),
            ("b.shop.com", T::A, "nodata [] shop.com."),
            ("x.b.shop.com", T::A, "nxdomain [] shop.com."),
            ("nowhere.shop.com", T::A, "nxdomain [] shop.com."),
            ("x.nowhere.shop.com", T::A, "nxdomain [] shop.com."),
            ("odd.shop.com", T::from(65280), "odd.shop.com Unknown 5 bytes"),
            ("odd.shop.com", T::A, "nodata [] shop.com."),
            ("broken.shop.com", T::A, "unreadable"),
            ("other.com", T::A, "refused"),
            ("com", T::NS, "refused"),
        ],
    );
}

#[test]
fn a_wildcard_stands_for_names_that_do_not_exist() {
    check(
        &zones(shop()),
        &[
            ("x.wild.shop.com", T::TXT, "x.wild.shop.com TXT 5 bytes"),
            ("x.y.wild.shop.com", T::TXT, "x.y.wild.shop.com TXT 5 bytes"),
            ("x.wild.shop.com", T::A, "nodata [] shop.com."),
            ("x.wild.shop.com", T::NS, "nodata [] shop.com."),
            ("*.wild.shop.com", T::TXT, "*.wild.shop.com TXT 5 bytes"),
            ("wild.shop.com", T::TXT, "nodata [] shop.com."),
            ("known.wild.shop.com", T::TXT, "nodata [] shop.com."),
            ("x.known.wild.shop.com", T::TXT, "nxdomain [] shop.com."),
            ("x.sub.aliases.shop.com", T::A, "nxdomain [] shop.com."),
            (
                "x.aliases.shop.com",
                T::A,
                "x.aliases.shop.com CNAME plain.shop.com., plain.shop.com CNAME www.shop.com., \
             www.shop.com A 203.0.113.1",
            ),
        ],
    );
}

#[test]
fn proxied_records_are_answered_with_the_edges_and_never_with_the_origin() {
    check(
        &zones(shop()),
        &[
            ("www.shop.com", T::A, "www.shop.com A 203.0.113.1"),
            ("www.shop.com", T::AAAA, "www.shop.com AAAA 2001:db8::1"),
            ("alias.shop.com", T::A, "alias.shop.com A 203.0.113.1"),
            ("alias.shop.com", T::CNAME, "nodata [] shop.com."),
            (
                "plain.shop.com",
                T::AAAA,
                "plain.shop.com CNAME www.shop.com., www.shop.com AAAA 2001:db8::1",
            ),
            ("away.shop.com", T::A, "away.shop.com CNAME www.elsewhere.net."),
        ],
    );
    let mut memory = shop();
    memory.records.iter_mut().filter(|record| record.proxied.is_some()).for_each(|record| {
        record.proxied = Some(ProxiedAddresses::Ipv6);
    });
    check(&zones(memory), &[("www.shop.com", T::A, "nodata [] shop.com.")]);
    let mut memory = shop();
    memory.zones[0].dns = served(true);
    check(
        &zones(memory),
        &[
            ("www.shop.com", T::A, "www.shop.com A 10.0.0.1, www.shop.com A 10.0.0.2"),
            ("alias.shop.com", T::A, "alias.shop.com CNAME origin.internal.net."),
        ],
    );
}

#[test]
fn below_a_delegation_is_a_referral_with_the_addresses_that_we_know() {
    let to = "part.shop.com NS ns1.part.shop.com., part.shop.com NS ns.elsewhere.net. | \
              ns1.part.shop.com A 192.0.2.53";
    let zones = zones(shop());
    let referral = format!("referral [] {to}");
    for (name, kind) in [
        ("part.shop.com", T::A),
        ("part.shop.com", T::NS),
        ("part.shop.com", T::TXT),
        ("www.part.shop.com", T::A),
        ("ns1.part.shop.com", T::A),
        ("a.b.part.shop.com", T::DS),
        ("_acme-challenge.www.part.shop.com", T::TXT),
    ] {
        check(&zones, &[(name, kind, &referral)]);
    }
    let chained = format!("referral [to-part.shop.com CNAME www.part.shop.com.] {to}");
    check(
        &zones,
        &[
            ("part.shop.com", T::DS, "part.shop.com DS 6 bytes"),
            ("to-part.shop.com", T::A, &chained),
        ],
    );
}

#[test]
fn custom_hostnames_of_the_zone_need_no_record_for_the_ca_and_those_of_other_zones_get_none() {
    let mut memory = shop();
    let other = ZoneId::from_bytes([7; 16]);
    memory.hostnames = vec![
        (SHOP, "app.shop.com", "one"),
        (SHOP, "app.shop.com", "two"),
        (other, "victim.shop.com", "stranger's"),
    ];
    let both = |at: &str| format!("{at} TXT one, {at} TXT two");
    let places = ["_acme-challenge", "_label._acme-challenge", "_validation-persist"];
    for place in places.map(|place| format!("{place}.app.shop.com")) {
        check(&zones(shop()), &[(&*place, T::TXT, "nxdomain [] shop.com.")]);
        let mut memory = shop();
        memory.hostnames = vec![(SHOP, "app.shop.com", "one"), (SHOP, "app.shop.com", "two")];
        check(&zones(memory), &[(&*place, T::TXT, &*both(&place))]);
    }
    check(
        &zones(memory),
        &[
            ("_acme-challenge.victim.shop.com", T::TXT, "nxdomain [] shop.com."),
            ("_other.app.shop.com", T::TXT, "nxdomain [] shop.com."),
        ],
    );
}

#[test]
fn what_a_ca_looks_for_stands_beside_the_records_and_hides_no_wildcard() {
    let mut memory = shop();
    memory.records.push(record(SHOP, "_acme-challenge.www.shop.com", "CNAME x.elsewhere.net"));
    check(
        &zones(memory),
        &[("_acme-challenge.www.shop.com", T::TXT, "_acme-challenge.www.shop.com TXT token")],
    );
    check(
        &zones(shop()),
        &[
            (
                "_acme-challenge.x.wild.shop.com",
                T::TXT,
                "_acme-challenge.x.wild.shop.com TXT wild-token",
            ),
            ("x.wild.shop.com", T::TXT, "x.wild.shop.com TXT 5 bytes"),
            (
                "_acme-challenge.only.shop.com",
                T::TXT,
                "_acme-challenge.only.shop.com TXT only-token",
            ),
            ("_acme-challenge.only.shop.com", T::CAA, "nodata [] shop.com."),
            ("only.shop.com", T::A, "nodata [] shop.com."),
            ("_acme-challenge.none.shop.com", T::TXT, "nxdomain [] shop.com."),
        ],
    );
}

#[test]
fn a_zone_that_waits_for_its_proof_says_only_whose_name_servers_it_has() {
    let mut memory = shop();
    memory.records.push(record(ZoneId::from_bytes([2; 16]), "new.com", "A 192.0.2.9"));
    memory.challenges.insert("_acme-challenge.new.com".into(), vec!["token".into()]);
    check(
        &zones(memory),
        &[
            ("new.com", T::SOA, "new.com SOA ns1.platform.net."),
            ("new.com", T::NS, "new.com NS ns1.platform.net., new.com NS ns2.platform.net."),
            ("new.com", T::A, "nodata [] new.com."),
            ("www.new.com", T::A, "refused"),
            ("_acme-challenge.new.com", T::TXT, "refused"),
        ],
    );
}

#[test]
fn nobodys_zone_takes_a_name_of_the_delegation_domain() {
    let mut memory = shop();
    memory.zones.push(zone(SHOP, "x.dcv.platform.net", served(false)));
    memory.records.push(record(SHOP, "x.dcv.platform.net", "TXT mine"));
    check(&zones(memory), &[("x.dcv.platform.net", T::TXT, "nxdomain [] dcv.platform.net.")]);
}

/// What a name has, found by looking through all records for each rule in turn.
fn naive(memory: &Memory, name: &str) -> Option<Vec<String>> {
    let exists = |name: &str| {
        let mut records = memory.records.iter().map(|record| record.name.as_str());
        name == "shop.com" || records.any(|other| other == name || is_below(other, name))
    };
    let at = |name: &str| {
        let records = memory.records.iter().filter(|record| record.name.as_str() == name);
        let mut texts: Vec<_> = records.map(|record| format!("{:?}", record.rdata)).collect();
        texts.sort();
        texts
    };
    if exists(name) {
        return Some(at(name));
    }
    let encloser = with_ancestors(name).find(|name| exists(name)).unwrap();
    let wildcard = format!("*.{encloser}");
    exists(&wildcard).then(|| at(&wildcard))
}

#[test]
fn random_zones_are_answered_as_the_naive_model_answers_them() {
    let mut random = StdRng::seed_from_u64(4711);
    let labels = ["a", "b", "c", "*"];
    for _ in 0..300 {
        let mut name = |wildcard: bool| {
            let depth = random.random_range(1..=3);
            let mut name = "shop.com".to_owned();
            for level in 0..depth {
                let last = level + 1 == depth && wildcard;
                let label = labels[random.random_range(0..if last { 4 } else { 3 })];
                name = format!("{label}.{name}");
            }
            name
        };
        let mut memory =
            Memory { zones: vec![zone(SHOP, "shop.com", served(false))], ..Memory::default() };
        for number in 0..6 {
            memory.records.push(record(SHOP, &name(true), &format!("TXT {number}")));
        }
        let asked: Vec<_> = (0..12).map(|_| name(true)).collect();
        let expected: Vec<_> = asked.iter().map(|name| naive(&memory, name)).collect();
        let zones = zones(memory);
        for (name, expected) in asked.iter().zip(expected) {
            let got = match ask(&zones, name, T::TXT) {
                Answer::Records { answers, .. } => {
                    let texts = answers.iter().map(|record| match &record.data {
                        RData::Unknown { rdata, .. } => format!("{:?}", rdata.anything),
                        other => panic!("{other:?}"),
                    });
                    let mut texts: Vec<_> = texts.collect();
                    texts.sort();
                    Some(texts)
                }
                Answer::NoData { .. } => Some(Vec::new()),
                Answer::NoSuchName { .. } => None,
                other => panic!("{other:?}"),
            };
            assert_eq!(got, expected, "{name}");
        }
    }
}
