//! What a record may be, given its zone and the other records of its name.
//!
//! The store asks these questions inside the transaction that makes a change, of the state after it: two creates at
//! once cannot both pass, and a batch may pass through states that could not stay.

use thiserror::Error;

use super::{
    Content, DnsRecord, RECORDS_PER_NAME_MAX, RECORDS_PER_ZONE_MAX, RecordKind, RecordName,
};
use crate::{id::DnsRecordId, zone::Zone};

/// Why a record cannot be what it shall be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Conflict {
    /// A CNAME where other records are.
    #[error(
        "the name has {other} records already, beside which a CNAME cannot stand; remove them first"
    )]
    CnameBesideOthers {
        /// The type of one of them.
        other: RecordKind,
    },
    /// A record where a CNAME is.
    #[error("the name has a CNAME, which must stand alone; remove it first")]
    BesideCname,
    /// The zone's own name as an alias that our edges do not stand in for.
    #[error(
        "the zone's own name can be a CNAME only when proxied; set proxied, or use A and AAAA records"
    )]
    CnameAtApex,
    /// A CNAME to its own name.
    #[error("a CNAME cannot point to its own name; give it another target")]
    CnameToItself,
    /// A DS at the zone's own name.
    #[error(
        "DS records of the zone's own name belong into the zone above it; give them to the registrar"
    )]
    DsAtApex,
    /// The record that the zone's fallback origin needs would go.
    #[error(
        "it is the record of the zone's fallback origin; set another fallback origin, or remove it, first"
    )]
    FallbackOrigin,
    /// The same type and content, and the same in all else.
    #[error("record {existing} is the same; change that one")]
    Identical {
        /// The other one.
        existing: DnsRecordId,
    },
    /// Name servers of the zone's own name.
    #[error(
        "name servers of the zone's own name are given by the platform; NS records stand at names below it"
    )]
    NsAtApex,
    /// Our edges can only stand in for addresses and aliases.
    #[error("{kind} records cannot be proxied; only A, AAAA and CNAME can")]
    NotProxiable {
        /// The type.
        kind: RecordKind,
    },
    /// The same type and content, with another TTL or the like.
    #[error("record {existing} has the same type and content; change that one")]
    SameContent {
        /// The other one.
        existing: DnsRecordId,
    },
    /// The name has as many as it can have.
    #[error("a name has at most {RECORDS_PER_NAME_MAX} records")]
    TooManyAtName,
    /// The zone has as many as it can have.
    #[error("a zone has at most {RECORDS_PER_ZONE_MAX} records")]
    TooManyInZone,
}

/// Judges a record by itself.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_alone(record: &DnsRecord, zone: &RecordName) -> Result<(), Conflict> {
    let kind = record.kind();
    let is_apex = record.name == *zone;
    if record.proxy.is_on() && !kind.is_proxiable() {
        return Err(Conflict::NotProxiable { kind });
    }
    match &record.content {
        Content::Cname(cname) if cname.target.0 == record.name => Err(Conflict::CnameToItself),
        Content::Cname(_) if is_apex && !record.proxy.is_on() => Err(Conflict::CnameAtApex),
        Content::Ns(_) if is_apex => Err(Conflict::NsAtApex),
        Content::Ds(_) if is_apex => Err(Conflict::DsAtApex),
        _ => Ok(()),
    }
}

/// Judges a record that is new or changed against the other records of its name.
///
/// # Errors
/// The first rule that they break together.
pub fn check_beside<'a>(
    record: &DnsRecord,
    others: impl IntoIterator<Item = &'a DnsRecord>,
) -> Result<(), Conflict> {
    let mut count = 1;
    for other in others.into_iter().filter(|other| other.id != record.id) {
        count += 1;
        if other.content.is_same(&record.content) {
            return Err(same(record, other));
        }
        if excludes(record, other) {
            return Err(Conflict::CnameBesideOthers { other: other.kind() });
        }
        if excludes(other, record) {
            return Err(Conflict::BesideCname);
        }
    }
    if count > RECORDS_PER_NAME_MAX { Err(Conflict::TooManyAtName) } else { Ok(()) }
}

/// Whether `record` is an alias beside which `other` cannot stand. A proxied one is answered with our edges' addresses, so
/// that only what would contradict those is excluded.
fn excludes(record: &DnsRecord, other: &DnsRecord) -> bool {
    let is_alias = record.kind() == RecordKind::Cname;
    is_alias
        && (!record.proxy.is_on() || other.kind().is_proxiable() || other.kind() == RecordKind::Ns)
}

fn same(record: &DnsRecord, other: &DnsRecord) -> Conflict {
    let existing = other.id;
    let is_identical = other.ttl == record.ttl && other.proxy == record.proxy;
    if is_identical { Conflict::Identical { existing } } else { Conflict::SameContent { existing } }
}

/// Judges the loss of `lost`, after which its name has `left`. A fallback origin that never was a record of the zone
/// loses nothing (docs/divergences.md).
///
/// # Errors
/// When it was the last address or alias of the zone's fallback origin.
pub fn check_loss(zone: &Zone, lost: &DnsRecord, left: &[DnsRecord]) -> Result<(), Conflict> {
    let fallback = zone.fallback.as_ref().map(|fallback| fallback.origin.host.as_str());
    let is_fallback = fallback == Some(lost.name.as_str()) && lost.kind().is_proxiable();
    if is_fallback && !left.iter().any(|record| record.kind().is_proxiable()) {
        return Err(Conflict::FallbackOrigin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dns_record::{Given, Proxy, Tags, Ttl},
        id::{DnsRecordId, ZoneId},
    };

    fn record(id: u8, name: &str, kind: &str, content: &str, proxy: Proxy) -> DnsRecord {
        let given = Given { content: Some(content), priority: Some(1), ..Given::default() };
        DnsRecord {
            id: DnsRecordId::from_bytes([id; 16]),
            zone: ZoneId::from_bytes([9; 16]),
            name: name.parse().unwrap(),
            content: Content::parse(kind.parse().unwrap(), given).unwrap(),
            ttl: Ttl::Automatic,
            proxy,
            comment: None,
            tags: Tags::default(),
            settings: Default::default(),
            created_at: crate::Timestamp::UNIX_EPOCH,
            modified_at: crate::Timestamp::UNIX_EPOCH,
            comment_modified_at: None,
            tags_modified_at: None,
            version: 0,
        }
    }

    /// What happens when `new` is added beside `old` at one name.
    fn beside(new: (&str, &str, Proxy), old: (&str, &str, Proxy)) -> Result<(), Conflict> {
        let new = record(1, "www.provider.com", new.0, new.1, new.2);
        check_beside(&new, [&record(2, "www.provider.com", old.0, old.1, old.2)])
    }

    #[test]
    fn an_alias_stands_alone_unless_it_is_proxied() {
        use Proxy::{Off, On};
        let cname = ("CNAME", "a.net", Off);
        let proxied = ("CNAME", "a.net", On);
        let a = ("A", "192.0.2.1", Off);
        let txt = ("TXT", "text", Off);
        let clash = |other| Err(Conflict::CnameBesideOthers { other });
        assert_eq!(beside(cname, a), clash(RecordKind::A));
        assert_eq!(beside(cname, txt), clash(RecordKind::Txt));
        assert_eq!(beside(cname, ("CNAME", "b.net", Off)), clash(RecordKind::Cname));
        assert_eq!(beside(a, cname), Err(Conflict::BesideCname));
        assert_eq!(beside(txt, cname), Err(Conflict::BesideCname));
        assert_eq!(beside(txt, proxied), Ok(()));
        assert_eq!(beside(proxied, txt), Ok(()));
        assert_eq!(beside(proxied, a), clash(RecordKind::A));
        assert_eq!(beside(a, proxied), Err(Conflict::BesideCname));
        assert_eq!(beside(a, ("A", "192.0.2.2", On)), Ok(()));
    }

    #[test]
    fn the_same_content_twice_is_refused_however_it_is_written() {
        use Proxy::{Off, On};
        let existing = DnsRecordId::from_bytes([2; 16]);
        let identical = Err(Conflict::Identical { existing });
        assert_eq!(beside(("TXT", "text", Off), ("TXT", "\"te\" \"xt\"", Off)), identical);
        assert_eq!(beside(("CNAME", "A.net.", Off), ("CNAME", "a.net", Off)), identical);
        let same = Err(Conflict::SameContent { existing });
        assert_eq!(beside(("A", "192.0.2.1", On), ("A", "192.0.2.1", Off)), same);
        assert_eq!(beside(("TXT", "text", Off), ("TXT", "Text", Off)), Ok(()));
    }

    #[test]
    fn the_zones_own_name_has_rules_of_its_own() {
        let zone: RecordName = "provider.com".parse().unwrap();
        let check =
            |name, kind, content, proxy| check_alone(&record(1, name, kind, content, proxy), &zone);
        let apex = "provider.com";
        assert_eq!(check(apex, "NS", "ns.a.net", Proxy::Off), Err(Conflict::NsAtApex));
        assert_eq!(check("a.provider.com", "NS", "ns.a.net", Proxy::Off), Ok(()));
        assert_eq!(check(apex, "CNAME", "a.net", Proxy::Off), Err(Conflict::CnameAtApex));
        assert_eq!(check(apex, "CNAME", "a.net", Proxy::On), Ok(()));
        assert_eq!(check(apex, "CNAME", apex, Proxy::On), Err(Conflict::CnameToItself));
        assert_eq!(check(apex, "DS", "1 8 2 abcd", Proxy::Off), Err(Conflict::DsAtApex));
        let refused = Err(Conflict::NotProxiable { kind: RecordKind::Mx });
        assert_eq!(check(apex, "MX", "mail.a.net", Proxy::On), refused);
    }

    #[test]
    fn a_name_has_a_bounded_number_of_records() {
        let txt =
            |n: usize| record(n as u8, "www.provider.com", "TXT", &format!("{n}"), Proxy::Off);
        let full: Vec<DnsRecord> = (1..=RECORDS_PER_NAME_MAX).map(txt).collect();
        assert_eq!(check_beside(&full[0], &full), Ok(()));
        assert_eq!(check_beside(&txt(0), &full), Err(Conflict::TooManyAtName));
    }
}
