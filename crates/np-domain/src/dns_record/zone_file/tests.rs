//! Zone files as people and other programs write them: what is read, and which line is at fault.

use time::macros::datetime;

use super::*;
use crate::dns_record::{Given, Settings};
use crate::id::{DnsRecordId, ZoneId};

fn zone() -> RecordName {
    "provider.com".parse().unwrap()
}

/// `name ttl type content` of each record.
fn shown(file: &str) -> Result<Vec<String>, ZoneFileError> {
    let show = |record: FileRecord| {
        let (name, ttl, kind) = (&record.name, record.ttl.number(), record.content.kind());
        format!("{name} {ttl} {kind} {}", record.content.presentation())
    };
    Ok(read(file, &zone())?.into_iter().map(show).collect())
}

#[test]
fn a_file_of_bind_is_read() {
    let file = r#"
$TTL 1h
@   IN SOA ns1 hostmaster (
        1 ; serial
        2 3 4 5 )
@        NS  ns1.other.net.
         300 MX 10 mail
www      IN 1 A 192.0.2.1
         2w AAAA 2001:db8::1 ; the same name
$ORIGIN sub.provider.com.
a        CNAME @
@        IN TXT ( "a;b" "c(d"
                  "e" )
x.provider.com. CAA 0 issue "ca.net"
"#;
    let expected = [
        "provider.com 300 MX 10 mail.provider.com",
        "www.provider.com 1 A 192.0.2.1",
        "www.provider.com 86400 AAAA 2001:db8::1",
        "a.sub.provider.com 3600 CNAME sub.provider.com",
        "sub.provider.com 3600 TXT \"a;b\" \"c(d\" \"e\"",
        "x.provider.com 3600 CAA 0 issue \"ca.net\"",
    ];
    assert_eq!(shown(file).unwrap(), expected);
}

#[test]
fn a_fault_names_its_line() {
    for (file, line, why) in [
        ("\n$INCLUDE other", 2, FileFault::Directive),
        ("$TTL x", 1, FileFault::DirectiveValue),
        ("a A 192.0.2.1\n(\nb", 2, FileFault::Unclosed),
        ("a TXT \"b", 1, FileFault::Unclosed),
        ("a TXT b)", 1, FileFault::Unclosed),
        (" A 192.0.2.1", 1, FileFault::NoName),
        ("a CH TXT b", 1, FileFault::Class),
        ("a NONE b", 1, FileFault::Kind),
        ("a", 1, FileFault::Kind),
        ("a.other.net. A 192.0.2.1", 1, RecordNameError::Outside { zone: zone() }.into()),
    ] {
        assert_eq!(shown(file), Err(ZoneFileError { line, why }), "{file}");
    }
    assert!(matches!(shown("a A b"), Err(ZoneFileError { line: 1, why: FileFault::Content(_) })));
}

#[test]
fn what_is_written_is_read_back() {
    let record =
        |name: &str, kind: &str, content: &str, proxy, comment: &str, tags: &[&str]| DnsRecord {
            id: DnsRecordId::from_bytes([1; 16]),
            zone: ZoneId::from_bytes([2; 16]),
            name: name.parse().unwrap(),
            content: Content::parse(
                kind.parse().unwrap(),
                Given { content: Some(content), priority: Some(10), data: None },
            )
            .unwrap(),
            ttl: Ttl::Automatic,
            proxy,
            comment: Comment::parse(comment).unwrap(),
            tags: Tags::parse(tags.iter().copied()).unwrap(),
            settings: Settings::default(),
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            comment_modified_at: None,
            tags_modified_at: None,
            version: 0,
        };
    let records = [
        record(
            "www.provider.com",
            "CNAME",
            "a.net",
            Proxy::On,
            "main; site",
            &["team:web", "live"],
        ),
        record("provider.com", "MX", "mail.provider.com", Proxy::Off, "", &[]),
        record("provider.com", "TXT", "say \"hi\"; \\", Proxy::Off, "", &[]),
        record("*.provider.com", "A", "192.0.2.1", Proxy::Off, "a note", &[]),
        record("_s._tcp.provider.com", "SRV", "1 2 443 a.net", Proxy::Off, "", &["a:b"]),
    ];
    let servers = ["ns1.platform.net".parse().unwrap()];
    let file = write(&zone(), &servers, &records, datetime!(2026-11-22 12:00 UTC));
    let again = read(&file, &zone()).unwrap();
    assert_eq!(again.len(), records.len(), "{file}");
    for (record, again) in records.iter().zip(again) {
        assert!(again.content.is_same(&record.content), "{file}");
        let expected = (&record.name, record.ttl, &record.comment, &record.tags);
        assert_eq!((&again.name, again.ttl, &again.comment, &again.tags), expected);
        assert_eq!(again.proxy, record.kind().is_proxiable().then_some(record.proxy));
    }
}
