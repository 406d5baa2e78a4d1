//! The content of each type: as text, as parts and on the wire; what is refused, and why.

use super::*;
use crate::dns_record::name::RecordNameError;

fn parse(kind: &str, content: &str) -> Result<Content, ContentError> {
    let kind = kind.parse().expect("a type");
    Content::parse(kind, Given { content: Some(content), ..Given::default() })
}

fn from_data(kind: &str, parts: &[(&str, Part)]) -> Result<Content, ContentError> {
    let data: Parts = parts.iter().map(|(name, part)| ((*name).into(), part.clone())).collect();
    let kind = kind.parse().expect("a type");
    Content::parse(kind, Given { data: Some(&data), ..Given::default() })
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn number(number: impl Into<f64>) -> Part {
    Part::Number(number.into())
}

/// Type, content as given, content as shown, the value on the wire.
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("A", "192.0.2.1", "192.0.2.1", "c0000201"),
    ("AAAA", "2001:DB8:0::1", "2001:db8::1", "20010db8000000000000000000000001"),
    ("CAA", "0 issue \"ca.net\"", "0 issue \"ca.net\"", "0005697373756563612e6e6574"),
    (
        "CAA",
        "128 iodef mailto:a@b.net",
        "128 iodef \"mailto:a@b.net\"",
        "8005696f6465666d61696c746f3a6140622e6e6574",
    ),
    ("CERT", "1 2 8 AAEC", "1 2 8 AAEC", "0001000208000102"),
    ("CNAME", "WWW.a.net.", "www.a.net", "0377777701610 36e657400"),
    ("DNSKEY", "257 3 13 AAEC", "257 3 13 AAEC", "0101030d000102"),
    ("DS", "1 8 2 ABCD ef", "1 8 2 abcdef", "00010802abcdef"),
    (
        "HTTPS",
        "1 . alpn=\"h3,h2\" ipv4hint=192.0.2.1",
        "1 . alpn=\"h3,h2\" ipv4hint=192.0.2.1",
        "000100 0001 0006 026833026832 0004 0004 c0000201",
    ),
    ("HTTPS", "0 a.net", "0 a.net", "0000 0161036e657400"),
    (
        "LOC",
        "52 22 23 N 4 53 32 E -2m 0m 10000m 10m",
        "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m",
        "00001613 8b3cf018 810cbce0 009895b8",
    ),
    (
        "NAPTR",
        "100 50 \"s\" \"http\" \"\" _a.b.net",
        "100 50 \"s\" \"http\" \"\" _a.b.net",
        "00640032 0173 0468747470 00 025f610162036e657400",
    ),
    ("NS", "ns1.a.net", "ns1.a.net", "036e733101610 36e657400"),
    ("OPENPGPKEY", "AAEC", "AAEC", "000102"),
    ("PTR", "a.net", "a.net", "0161036e657400"),
    ("SMIMEA", "3 1 1 abcd", "3 1 1 abcd", "030101abcd"),
    ("SRV", "1 2 443 a.net", "1 2 443 a.net", "0001000201bb0161036e657400"),
    ("SSHFP", "4 2 abcd", "4 2 abcd", "0402abcd"),
    ("SVCB", "1 a.net port=853", "1 a.net port=853", "0001 0161036e657400 0003 0002 0355"),
    ("TLSA", "3 1 1 ABCD", "3 1 1 abcd", "030101abcd"),
    ("TXT", "v=1; a \"b\"", "v=1; a \"b\"", "0a763d313b20612022622 2"),
    ("TXT", "\"a b\" \"c\"", "\"a b\" \"c\"", "036120620163"),
    (
        "URI",
        "10 1 \"https://a.net/\"",
        "10 1 \"https://a.net/\"",
        "000a000168747470733a2f2f612e6e65742f",
    ),
];

fn hex_of(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn every_type_is_read_shown_and_written() {
    for (kind, given, shown, rdata) in GOOD {
        let content = parse(kind, given).unwrap_or_else(|error| panic!("{kind} {given}: {error}"));
        assert_eq!(content.text(), *shown, "{kind}");
        assert_eq!(hex::encode(content.rdata()), hex_of(rdata), "{kind} {given}");
    }
    let mx = Given { content: Some("mail.a.net"), priority: Some(10), ..Given::default() };
    let mx = Content::parse(RecordKind::Mx, mx).expect("an MX");
    assert_eq!((mx.text(), mx.priority()), ("mail.a.net".into(), Some(10)));
    assert_eq!(hex::encode(mx.rdata()), "000a046d61696c0161036e657400");
    let tested =
        GOOD.iter().map(|(kind, ..)| kind.parse().expect("a type")).chain([RecordKind::Mx]);
    let tested: std::collections::BTreeSet<RecordKind> = tested.collect();
    assert_eq!(tested.len(), RecordKind::ALL.len());
}

#[test]
fn what_is_shown_is_read_back_as_text_as_parts_and_as_presentation() {
    for (kind, given, ..) in GOOD {
        let content = parse(kind, given).expect(given);
        let kind = content.kind();
        let shown = content.text();
        let again = Given { content: Some(&shown), priority: content.priority(), data: None };
        assert_eq!(Content::parse(kind, again).as_ref(), Ok(&content));
        let presentation = content.presentation();
        let again = Content::read(kind, &mut Tokens::absolute(&presentation)).expect(&presentation);
        assert!(again.is_same(&content), "{presentation}");
        let Some(data) = content.data() else { continue };
        let data: Parts = data.into_iter().map(|(name, part)| (name.into(), part)).collect();
        let again = Given { data: Some(&data), priority: content.priority(), content: None };
        let again = Content::parse(kind, again).unwrap_or_else(|error| panic!("{data:?}: {error}"));
        assert_eq!(again.rdata(), content.rdata(), "{kind} {data:?}");
    }
}

#[test]
fn a_fault_names_its_field() {
    let at = |result: Result<Content, ContentError>| {
        result.map_err(|error| (error.at, error.field, error.why))
    };
    let content = |why| Err((At::Content, "content", why));
    assert_eq!(at(parse("A", "192.0.2.256")), content(Fault::Ipv4));
    assert_eq!(at(parse("A", "2001:db8::1")), content(Fault::Ipv4));
    assert_eq!(at(parse("AAAA", "192.0.2.1")), content(Fault::Ipv6));
    assert_eq!(at(parse("A", "192.0.2.1 x")), content(Fault::Leftover("x".into())));
    assert_eq!(at(parse("CNAME", "*.a.net")), content(Fault::Name(RecordNameError::Wildcard)));
    assert_eq!(at(parse("CNAME", ".")), content(Fault::Root));
    assert_eq!(at(parse("TXT", "")), content(Fault::Missing));
    assert_eq!(at(parse("TXT", "\"a")), content(Fault::Quoting(super::super::tokens::BadQuoting)));
    assert_eq!(at(parse("TXT", &"a".repeat(5000))), content(Fault::TooLong { max: 4096 }));
    assert_eq!(at(parse("MX", "mail.a.net")), Err((At::Priority, "priority", Fault::Missing)));
    assert_eq!(at(parse("OPENPGPKEY", "%")), content(Fault::Base64));
    assert_eq!(at(parse("DS", "1 8 2 abc")), Err((At::Content, "digest", Fault::Hex)));
    assert_eq!(
        at(parse("SRV", "1 2 70000 a.net")),
        Err((At::Content, "port", Fault::Number { max: 65535 }))
    );
    assert!(parse("HTTPS", "1 . nonsense=1").is_err());
    assert!(parse("HTTPS", "0 a.net port=1").is_err());
    assert!(parse("HTTPS", "1 . mandatory=alpn").is_err());
    assert!(parse("HTTPS", "1 . port=1 port=2").is_err());
    assert!(parse("DNSKEY", "257 2 13 AAEC").is_err());
    assert!(parse("LOC", "91 N 0 E 0m").is_err());
    assert!(parse("LOC", "90 1 N 0 E 0m").is_err());
    let caa = [("flags", number(256)), ("tag", text("issue")), ("value", text("a"))];
    assert_eq!(
        at(from_data("CAA", &caa)),
        Err((At::Data("flags"), "flags", Fault::Number { max: 255 }))
    );
    let caa = [("flags", number(0)), ("tag", number(1)), ("value", text("a"))];
    assert_eq!(at(from_data("CAA", &caa)), Err((At::Data("tag"), "tag", Fault::NotText)));
    assert_eq!(
        at(from_data("TLSA", &[("usage", number(3))])),
        Err((At::Data("selector"), "selector", Fault::Missing))
    );
}

#[test]
fn a_long_text_is_cut_into_strings_and_found_by_what_it_says() {
    let long = "x".repeat(300);
    let content = parse("TXT", &long).expect("a text");
    assert_eq!(content.rdata().len(), 302);
    assert!(content.is_same(&parse("TXT", &format!("\"{long}\"")).expect("a text")));
    assert_eq!(parse("TXT", "\"A\" \"b\"").expect("a text").sought(), "ab");
    assert_eq!(txt::unquoted("\"A\" \"b\""), Some("Ab".into()));
    assert_eq!(txt::unquoted("plain"), None);
}

#[test]
fn names_in_a_zone_file_are_relative_to_its_origin() {
    let origin: RecordName = "provider.com".parse().expect("a name");
    let read = |kind, text| {
        Content::read(kind, &mut Tokens::relative(text, &origin)).map(|c| c.presentation())
    };
    assert_eq!(read(RecordKind::Cname, "www"), Ok("www.provider.com".into()));
    assert_eq!(read(RecordKind::Cname, "@"), Ok("provider.com".into()));
    assert_eq!(read(RecordKind::Mx, "10 mail.a.net."), Ok("10 mail.a.net".into()));
}
