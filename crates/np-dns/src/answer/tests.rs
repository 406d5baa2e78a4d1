//! Every kind of question against a delegation domain `dcv.platform.net`, its parent and a customer's zone.

use std::sync::Arc;

use hickory_proto::rr::rdata::{A, TXT};
use np_domain::{delegation::DelegationDomain, text::Explanation};

use super::*;
use crate::{
    DelegationData, DelegationDeps, DnsSettings, Held, NameServer, StaticRecord, StaticZones,
    delegation::DelegationZone, zone::ZoneSource,
};

/// One hostname with an open order, one without, one that cannot be read.
struct Replica;

const OPEN: &str = "app.customer.com.9dbb86635115718e.dcv.platform.net";

impl DelegationData for Replica {
    fn lookup(&self, name: &str) -> Result<Held, Unreadable> {
        let closed = "old.customer.com.9dbb86635115718e.dcv.platform.net";
        match name {
            OPEN => Ok(Held::Txt(vec![Explanation::new("one"), Explanation::new("two")])),
            "broken.dcv.platform.net" => Err(Unreadable),
            _ if name == closed => Ok(Held::NoData),
            _ if OPEN.ends_with(&format!(".{name}")) => Ok(Held::NoData),
            _ => Ok(Held::NoSuchName),
        }
    }
}

fn zones() -> Zones {
    let name_server = |name: &str, addresses: &[&str]| NameServer {
        name: name.parse().unwrap(),
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
    };
    let deps = DelegationDeps {
        domain: DelegationDomain::new("dcv.platform.net".parse().unwrap()),
        name_servers: vec![
            name_server("a.ns.dcv.platform.net", &["192.0.2.1", "2001:db8::1"]),
            name_server("ns.elsewhere.org", &[]),
        ],
        contact: None,
        data: Arc::new(Replica),
    };
    let delegation = DelegationZone::new(deps, &DnsSettings::default()).unwrap();
    let sources: Vec<Box<dyn ZoneSource>> =
        vec![Box::new(Arc::new(delegation)), Box::new(Arc::new(static_zones()))];
    Zones::new(sources)
}

fn static_zones() -> StaticZones {
    let zones = StaticZones::new();
    let cname = |to: &str| StaticRecord::Cname(to.parse().unwrap());
    let address = StaticRecord::A([192, 0, 2, 9].into());
    for zone in ["platform.net", "customer.com"] {
        zones.add_zone(&zone.parse().unwrap()).unwrap();
    }
    for (name, record) in [
        ("edge.platform.net", address),
        ("app.customer.com", cname("edge.platform.net")),
        ("_acme-challenge.app.customer.com", cname(OPEN)),
        ("_acme-challenge.new.customer.com", cname("new.dcv.platform.net")),
        ("out.customer.com", cname("target.elsewhere.org")),
        ("one.customer.com", cname("two.customer.com")),
        ("two.customer.com", cname("one.customer.com")),
        ("unread.customer.com", cname("broken.dcv.platform.net")),
    ] {
        zones.put(&name.parse().unwrap(), record).unwrap();
    }
    for link in 0..20 {
        let name = format!("link{link}.customer.com").parse().unwrap();
        zones.put(&name, cname(&format!("link{}.customer.com", link + 1))).unwrap();
    }
    zones
}

fn ask(name: &str, kind: RecordType) -> Answer {
    let name = Name::from_ascii(name).unwrap();
    let question = Question { key: key(&name), name, kind, class: DNSClass::IN };
    answer(&zones(), &question)
}

/// What an answer says, in a form that fits a table: its kind and the types of its records, or the zone of its SOA.
fn summary(answer: &Answer) -> String {
    let kinds = |records: &[Record]| {
        let kinds: Vec<String> = records.iter().map(|r| r.record_type().to_string()).collect();
        kinds.join(" ")
    };
    match answer {
        Answer::Records { answers, additionals } if additionals.is_empty() => kinds(answers),
        Answer::Records { answers, additionals } => {
            format!("{} + {}", kinds(answers), kinds(additionals))
        }
        Answer::NoData { chain, soa } => format!("{} nodata {}", kinds(chain), soa.name),
        Answer::NoSuchName { chain, soa } => format!("{} nxdomain {}", kinds(chain), soa.name),
        Answer::Refused => "refused".to_owned(),
        Answer::Referral { .. } => panic!("a referral: {answer:?}"),
        Answer::Unreadable => "unreadable".to_owned(),
    }
}

fn check(table: &[(&str, RecordType, &str)]) {
    for (name, kind, expected) in table {
        assert_eq!(summary(&ask(name, *kind)).trim(), *expected, "{name} {kind}");
    }
}

#[test]
fn the_delegation_domain_answers_for_itself() {
    check(&[
        ("dcv.platform.net.", RecordType::SOA, "SOA"),
        ("dcv.platform.net.", RecordType::NS, "NS NS + A AAAA"),
        ("dcv.platform.net.", RecordType::CAA, "nodata dcv.platform.net."),
        ("dcv.platform.net.", RecordType::DS, "nodata dcv.platform.net."),
        ("a.ns.dcv.platform.net.", RecordType::A, "A"),
        ("a.ns.dcv.platform.net.", RecordType::AAAA, "AAAA"),
        ("a.ns.dcv.platform.net.", RecordType::TXT, "nodata dcv.platform.net."),
        ("ns.dcv.platform.net.", RecordType::A, "nodata dcv.platform.net."),
        ("b.ns.dcv.platform.net.", RecordType::A, "nxdomain dcv.platform.net."),
    ]);
}

#[test]
fn values_stand_only_at_the_name_of_an_open_order() {
    check(&[
        ("app.customer.com.9dbb86635115718e.dcv.platform.net.", RecordType::TXT, "TXT TXT"),
        (
            "app.customer.com.9dbb86635115718e.dcv.platform.net.",
            RecordType::CAA,
            "nodata dcv.platform.net.",
        ),
        (
            "old.customer.com.9dbb86635115718e.dcv.platform.net.",
            RecordType::TXT,
            "nodata dcv.platform.net.",
        ),
        (
            "customer.com.9dbb86635115718e.dcv.platform.net.",
            RecordType::TXT,
            "nodata dcv.platform.net.",
        ),
        ("9dbb86635115718e.dcv.platform.net.", RecordType::TXT, "nodata dcv.platform.net."),
        ("nobody.dcv.platform.net.", RecordType::TXT, "nxdomain dcv.platform.net."),
        (r"a\.b.dcv.platform.net.", RecordType::TXT, "nxdomain dcv.platform.net."),
    ]);
}

#[test]
fn names_elsewhere_and_transfers_are_refused() {
    check(&[
        (".", RecordType::NS, "refused"),
        ("net.", RecordType::NS, "refused"),
        ("xdcv.other.net.", RecordType::TXT, "refused"),
        (r"x\.platform.org.", RecordType::TXT, "refused"),
        ("dcv.platform.net.", RecordType::AXFR, "refused"),
        ("dcv.platform.net.", RecordType::IXFR, "refused"),
    ]);
}

#[test]
fn another_class_is_refused() {
    let name = Name::from_ascii("dcv.platform.net.").unwrap();
    let question = Question { key: key(&name), name, kind: RecordType::SOA, class: DNSClass::CH };
    assert_eq!(answer(&zones(), &question), Answer::Refused);
}

#[test]
fn data_that_cannot_be_read_is_the_only_failure() {
    check(&[
        ("broken.dcv.platform.net.", RecordType::TXT, "unreadable"),
        ("unread.customer.com.", RecordType::TXT, "unreadable"),
        ("unread.customer.com.", RecordType::CNAME, "CNAME"),
        ("dcv.platform.net.", RecordType::SOA, "SOA"),
    ]);
}

#[test]
fn aliases_are_followed_through_every_zone_we_hold_and_no_further() {
    check(&[
        ("app.customer.com.", RecordType::A, "CNAME A"),
        ("app.customer.com.", RecordType::CAA, "CNAME nodata platform.net."),
        ("_acme-challenge.app.customer.com.", RecordType::TXT, "CNAME TXT TXT"),
        ("_acme-challenge.app.customer.com.", RecordType::CAA, "CNAME nodata dcv.platform.net."),
        ("_acme-challenge.new.customer.com.", RecordType::TXT, "CNAME nxdomain dcv.platform.net."),
        ("out.customer.com.", RecordType::A, "CNAME"),
    ]);
}

#[test]
fn following_aliases_ends_in_a_loop_and_at_the_depth() {
    check(&[("one.customer.com.", RecordType::A, "CNAME CNAME")]);
    let Answer::Records { answers, .. } = ask("link0.customer.com.", RecordType::A) else {
        panic!("a long chain is answered as far as it was followed")
    };
    assert_eq!(answers.len(), CNAME_DEPTH_MAX);
}

#[test]
fn any_gets_one_small_record() {
    check(&[
        ("dcv.platform.net.", RecordType::ANY, "HINFO"),
        ("app.customer.com.", RecordType::ANY, "CNAME"),
        ("ns.dcv.platform.net.", RecordType::ANY, "nodata dcv.platform.net."),
        ("nobody.dcv.platform.net.", RecordType::ANY, "nxdomain dcv.platform.net."),
    ]);
}

#[test]
fn an_answer_keeps_the_case_of_the_question_and_the_short_ttl() {
    let name = "aPP.Customer.COM.9DBB86635115718e.dcv.platform.net.";
    let owner = Name::from_ascii(name).unwrap();
    let Answer::Records { answers, .. } = ask(name, RecordType::TXT) else { panic!("no records") };
    for (record, value) in answers.iter().zip(["one", "two"]) {
        assert!(record.name.eq_case(&owner), "{}", record.name);
        assert_eq!(record.ttl, DnsSettings::default().txt_ttl_seconds);
        assert_eq!(record.data, RData::TXT(TXT::new(vec![value.to_owned()])));
    }
}

#[test]
fn a_negative_answer_is_remembered_no_longer_than_set() {
    let seconds = DnsSettings::default().negative_ttl_seconds;
    let Answer::NoSuchName { soa, .. } = ask("nobody.dcv.platform.net.", RecordType::TXT) else {
        panic!("the name exists")
    };
    let RData::SOA(data) = &soa.data else { panic!("{soa}") };
    assert_eq!((soa.ttl, data.minimum), (seconds, seconds));
    assert_eq!(data.mname.to_ascii(), "a.ns.dcv.platform.net.");
    assert_eq!(data.rname.to_ascii(), "hostmaster.dcv.platform.net.");
}

#[test]
fn the_deepest_zone_answers() {
    let Answer::Records { answers, .. } = ask("edge.platform.net.", RecordType::A) else {
        panic!("no records")
    };
    assert_eq!(answers[0].data, RData::A(A::new(192, 0, 2, 9)));
    check(&[
        ("other.platform.net.", RecordType::A, "nxdomain platform.net."),
        ("other.dcv.platform.net.", RecordType::A, "nxdomain dcv.platform.net."),
    ]);
}
