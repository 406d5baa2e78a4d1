//! A table of packets, byte by byte, that a careless or hostile client sends.

use super::*;

/// id 0x1234, QUERY with RD, and the four counts.
fn header(counts: [u8; 4]) -> Vec<u8> {
    let [questions, answers, authorities, additionals] = counts;
    vec![0x12, 0x34, 1, 0, 0, questions, 0, answers, 0, authorities, 0, additionals]
}

/// `a.net TXT IN`
const QUESTION: &[u8] = b"\x01a\x03net\0\0\x10\0\x01";
/// Payload 4096, version 0, DO.
const OPT: &[u8] = b"\0\0\x29\x10\0\0\0\x80\0\0\0";
const OPT_VERSION_1: &[u8] = b"\0\0\x29\x10\0\0\x01\0\0\0\0";
const OPT_CUT: &[u8] = b"\0\0\x29\x10\0\0\0";
const OPT_WITH_OWNER: &[u8] = b"\x01a\0\0\x29\x10\0\0\0\0\0\0\0";

fn packet(counts: [u8; 4], sections: &[&[u8]]) -> Vec<u8> {
    let mut packet = header(counts);
    sections.iter().for_each(|section| packet.extend_from_slice(section));
    packet
}

/// What is wrong, the counts that the header claims, and what follows it.
type Malformed = (&'static str, [u8; 4], &'static [&'static [u8]]);

fn fault(packet: &[u8]) -> Option<Fault> {
    decode(packet).expect("an answerable packet").ask.err()
}

#[test]
fn a_plain_query_and_one_with_edns_are_read() {
    let plain = decode(&packet([1, 0, 0, 0], &[QUESTION])).unwrap();
    assert_eq!((plain.frame.id, plain.frame.recursion_desired), (0x1234, true));
    assert_eq!(plain.frame.edns, None);
    let question = plain.ask.unwrap();
    assert_eq!((question.key.as_str(), question.kind), ("a.net", RecordType::TXT));

    let edns = decode(&packet([1, 0, 0, 1], &[QUESTION, OPT])).unwrap().frame.edns.unwrap();
    assert_eq!((edns.max_payload(), edns.flags().dnssec_ok), (4096, true));
}

#[test]
fn what_must_not_be_answered_is_not() {
    let mut response = packet([1, 0, 0, 0], &[QUESTION]);
    response[2] |= 0x80;
    for silent in [&[][..], &[0x12], &header([1, 0, 0, 0])[..11], &response] {
        assert_eq!(decode(silent), None, "{silent:02x?}");
    }
}

#[test]
fn each_malformed_packet_is_declined() {
    let malformed: &[Malformed] = &[
        ("no question", [0, 0, 0, 0], &[]),
        ("a question announced and missing", [1, 0, 0, 0], &[]),
        ("two questions", [2, 0, 0, 0], &[QUESTION, QUESTION]),
        ("an answer", [1, 1, 0, 0], &[QUESTION]),
        ("an authority", [1, 0, 1, 0], &[QUESTION]),
        ("three additionals", [1, 0, 0, 3], &[QUESTION, OPT]),
        ("an additional announced and missing", [1, 0, 0, 1], &[QUESTION]),
        ("two OPT", [1, 0, 0, 2], &[QUESTION, OPT, OPT]),
        ("OPT not at the root", [1, 0, 0, 1], &[QUESTION, OPT_WITH_OWNER]),
        ("OPT cut short", [1, 0, 0, 1], &[QUESTION, OPT_CUT]),
        ("a name that points at itself", [1, 0, 0, 0], &[b"\xc0\x0c\0\x10\0\x01"]),
        ("a label without its bytes", [1, 0, 0, 0], &[b"\x3fa"]),
    ];
    for (what, counts, sections) in malformed {
        assert_eq!(fault(&packet(*counts, sections)), Some(Fault::Malformed), "{what}");
    }
    // Every prefix of a good query is malformed, too.
    let whole = packet([1, 0, 0, 1], &[QUESTION, OPT]);
    for length in 12..whole.len() {
        assert_eq!(fault(&whole[..length]), Some(Fault::Malformed), "{length} bytes");
    }
}

#[test]
fn other_operations_and_versions_are_named_as_such() {
    for op_code in [1_u8, 2, 4, 5, 6, 15] {
        let mut packet = packet([1, 0, 0, 1], &[QUESTION, OPT]);
        packet[2] = op_code << 3;
        let request = decode(&packet).unwrap();
        assert_eq!(request.ask, Err(Fault::NotImplemented), "{op_code}");
        assert!(request.frame.query.is_some() && request.frame.edns.is_some(), "{op_code}");
        packet.truncate(14);
        assert_eq!(fault(&packet), Some(Fault::NotImplemented), "{op_code}");
    }
    let packet = packet([1, 0, 0, 1], &[QUESTION, OPT_VERSION_1]);
    assert_eq!(fault(&packet), Some(Fault::BadVersion));
}
