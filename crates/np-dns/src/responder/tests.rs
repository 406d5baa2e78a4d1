//! Whole packets in and out: flags, EDNS, sizes, and that no packet whatever makes us panic or amplify.

use std::sync::Arc;

use hickory_proto::{
    op::{Edns, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};
use np_domain::{delegation::DelegationDomain, text::Explanation};
use prometheus_client::registry::Registry;

use super::*;
use crate::{
    DelegationData, DelegationDeps, DnsSettings, Held, NameServer, Unreadable,
    delegation::DelegationZone,
};

/// `small` and `large` have values, of one byte and of three times 700 bytes; `broken` cannot be read.
struct Replica;

impl DelegationData for Replica {
    fn lookup(&self, name: &str) -> Result<Held, Unreadable> {
        let large = |letter: &str| Explanation::new(letter.repeat(700));
        match name {
            "small.dcv.net" => Ok(Held::Txt(vec![Explanation::new("v")])),
            "large.dcv.net" => Ok(Held::Txt(["a", "b", "c"].map(large).to_vec())),
            "broken.dcv.net" => Err(Unreadable),
            "panic.dcv.net" => panic!("a defect"),
            _ => Ok(Held::NoSuchName),
        }
    }
}

fn responder() -> Responder {
    let deps = DelegationDeps {
        domain: DelegationDomain::new("dcv.net".parse().unwrap()),
        name_servers: vec![NameServer {
            name: "ns.dcv.net".parse().unwrap(),
            addresses: vec![[192, 0, 2, 1].into()],
        }],
        contact: None,
        data: Arc::new(Replica),
    };
    let settings = DnsSettings::default();
    let delegation = DelegationZone::new(deps, &settings).unwrap();
    Responder {
        zones: Zones::new(vec![Box::new(Arc::new(delegation))]),
        udp_payload_bytes_max: settings.udp_payload_bytes_max,
        metrics: DnsMetrics::register(&mut Registry::default()),
    }
}

fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn with_edns(mut message: Message, payload: u16, version: u8) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(payload).set_version(version).set_dnssec_ok(true);
    message.set_edns(edns);
    message
}

/// The reply and its length.
fn exchange(query: &Message, transport: Transport) -> (Message, usize) {
    let mut out = Vec::new();
    let packet = query.to_vec().unwrap();
    let reply = responder().respond(&packet, transport, &mut out).expect("a reply").to_vec();
    (Message::from_vec(&reply).expect("a readable reply"), reply.len())
}

#[test]
fn a_reply_repeats_the_question_and_claims_authority_and_nothing_else() {
    let mut asked = query("SmAll.dcv.NET.", RecordType::TXT);
    asked.metadata.recursion_desired = true;
    asked.metadata.checking_disabled = true;
    asked.metadata.authentic_data = true;
    let (reply, _) = exchange(&asked, Transport::Udp);
    assert!(reply.authoritative && reply.recursion_desired);
    assert!(!reply.recursion_available && !reply.authentic_data && !reply.checking_disabled);
    assert!(reply.queries[0].name.eq_case(&asked.queries[0].name));
    assert!(reply.answers[0].name.eq_case(&asked.queries[0].name));
    assert_eq!((reply.id, reply.edns), (7, None));
}

#[test]
fn each_outcome_has_its_code_and_its_claim_of_authority() {
    for (name, code, authoritative) in [
        ("small.dcv.net.", ResponseCode::NoError, true),
        ("none.dcv.net.", ResponseCode::NXDomain, true),
        ("broken.dcv.net.", ResponseCode::ServFail, false),
        ("elsewhere.net.", ResponseCode::Refused, false),
    ] {
        let (reply, _) = exchange(&query(name, RecordType::TXT), Transport::Udp);
        assert_eq!((reply.response_code, reply.authoritative), (code, authoritative), "{name}");
    }
}

#[test]
fn edns_is_answered_with_edns_and_a_later_version_with_badvers() {
    let asked = with_edns(query("small.dcv.net.", RecordType::TXT), 4096, 0);
    let (reply, _) = exchange(&asked, Transport::Udp);
    let edns = reply.edns.unwrap();
    assert_eq!((edns.max_payload(), edns.version(), edns.flags().dnssec_ok), (1232, 0, true));

    let asked = with_edns(query("small.dcv.net.", RecordType::TXT), 4096, 1);
    let (reply, _) = exchange(&asked, Transport::Udp);
    // 16 is BADVERS in an OPT record and BADSIG elsewhere; the library reads the latter.
    assert_eq!(u16::from(reply.response_code), u16::from(ResponseCode::BADVERS));
    assert_eq!(reply.edns.unwrap().version(), 0);
    assert_eq!(reply.answers, []);
}

#[test]
fn what_does_not_fit_is_truncated_and_comes_whole_over_tcp() {
    let plain = query("large.dcv.net.", RecordType::TXT);
    for (asked, limit) in [
        (plain.clone(), 512),
        (with_edns(plain.clone(), 100, 0), 512),
        (with_edns(plain.clone(), 65_535, 0), 1232),
    ] {
        let (reply, length) = exchange(&asked, Transport::Udp);
        assert!(reply.truncation && reply.answers.is_empty() && length <= limit, "{length}");
        assert_eq!(reply.edns.is_some(), asked.edns.is_some());
        let (reply, _) = exchange(&asked, Transport::Tcp);
        assert!(!reply.truncation && reply.answers.len() == 3);
    }
}

#[test]
fn a_defect_costs_one_packet_and_not_the_worker() {
    let responder = responder();
    let mut out = Vec::new();
    let packet = query("panic.dcv.net.", RecordType::TXT).to_vec().unwrap();
    assert_eq!(responder.respond(&packet, Transport::Udp, &mut out), None);
    let packet = query("small.dcv.net.", RecordType::TXT).to_vec().unwrap();
    assert!(responder.respond(&packet, Transport::Udp, &mut out).is_some());
}

mod fuzz {
    use np_testkit::fuzz::inputs;

    use super::*;

    #[test]
    fn no_packet_makes_us_panic_or_send_what_cannot_be_read() {
        let responder = responder();
        let corpus = [
            with_edns(query("small.dcv.net.", RecordType::TXT), 1232, 0).to_vec().unwrap(),
            with_edns(query("large.dcv.net.", RecordType::ANY), 512, 0).to_vec().unwrap(),
            query("a.b.c.d.elsewhere.net.", RecordType::CAA).to_vec().unwrap(),
            vec![0xff; 600],
        ];
        let mut out = Vec::new();
        for packet in inputs(corpus) {
            // `reply` and not `respond`, which would catch the panic looked for.
            responder.reply(&packet, Transport::Udp, &mut out);
            assert!(out.len() <= 1232);
            if !out.is_empty() {
                let reply = Message::from_vec(&out).unwrap();
                assert_eq!(reply.message_type, MessageType::Response);
                assert_eq!(reply.id.to_be_bytes(), packet[..2]);
            }
        }
    }
}
