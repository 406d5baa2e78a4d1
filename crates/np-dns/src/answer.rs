//! What a question is answered with. Pure and total: every question has exactly one [`Answer`], and the only failure
//! is data that cannot be read.
//!
//! Names outside our zones, other classes and transfers are refused. CNAMEs are followed through every zone that we
//! hold; where they lead elsewhere, the resolver goes on by itself.

use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, rdata::HINFO};

use crate::{
    limits::CNAME_DEPTH_MAX,
    question::{Question, key},
    zone::{Cut, Datum, Node, Unreadable, Zones},
};

/// For how long the answer to ANY may be remembered, in seconds. It says nothing about the zone, so this is no
/// promise (RFC 8482 section 4.2).
const ANY_TTL_SECONDS: u32 = 3600;

/// What a question is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// NOERROR with records: the CNAMEs followed, then those asked for, if we hold them.
    Records {
        /// For the answer section.
        answers: Vec<Record>,
        /// Addresses of name servers, which may be left out where there is no room.
        additionals: Vec<Record>,
    },
    /// NOERROR without records of the type: the name exists.
    NoData {
        /// The CNAMEs followed.
        chain: Vec<Record>,
        /// For the authority section.
        soa: Record,
    },
    /// NXDOMAIN: the name does not exist, nor any below it.
    NoSuchName {
        /// The CNAMEs followed.
        chain: Vec<Record>,
        /// For the authority section.
        soa: Record,
    },
    /// NOERROR with the name servers of a part of our zone that is others'.
    Referral {
        /// The CNAMEs followed.
        chain: Vec<Record>,
        /// For the authority section.
        servers: Vec<Record>,
        /// Addresses of the name servers, for the additional section.
        glue: Vec<Record>,
    },
    /// REFUSED: not ours to answer.
    Refused,
    /// SERVFAIL: our data cannot be read.
    Unreadable,
}

/// Decides.
pub(crate) fn answer(zones: &Zones, question: &Question) -> Answer {
    match question.kind {
        _ if question.class != DNSClass::IN => Answer::Refused,
        RecordType::AXFR | RecordType::IXFR => Answer::Refused,
        kind => resolve(zones, question, kind).unwrap_or(Answer::Unreadable),
    }
}

fn resolve(zones: &Zones, question: &Question, kind: RecordType) -> Result<Answer, Unreadable> {
    let mut chain: Vec<Record> = Vec::new();
    let (mut owner, mut owner_key) = (question.name.clone(), question.key.clone());
    loop {
        let zone = match zones.enclosing(&owner_key)? {
            Some(enclosing) => enclosing.zone,
            None if chain.is_empty() => return Ok(Answer::Refused),
            None => return Ok(Answer::Records { answers: chain, additionals: Vec::new() }),
        };
        let data = match zone.node(&owner_key)? {
            Node::Absent => return Ok(Answer::NoSuchName { chain, soa: zone.negative_soa() }),
            Node::Present(data) => data,
            // What signs a part that is others' is said on this side (RFC 4035 section 3.1.4.1).
            Node::Delegated(cut) if kind == RecordType::DS && cut.key == owner_key => cut.signers,
            Node::Delegated(cut) => return referral(zones, chain, &cut),
            Node::Unanswered if chain.is_empty() => return Ok(Answer::Refused),
            Node::Unanswered => {
                return Ok(Answer::Records { answers: chain, additionals: Vec::new() });
            }
        };
        if let Some((alias, target)) = alias(&data, kind) {
            chain.push(alias.at(owner));
            if chain.len() == CNAME_DEPTH_MAX || chain.iter().any(|link| link.name == *target) {
                return Ok(Answer::Records { answers: chain, additionals: Vec::new() });
            }
            (owner, owner_key) = (target.clone(), key(target));
            continue;
        }
        let found = records(&data, kind, &owner);
        if found.is_empty() {
            return Ok(Answer::NoData { chain, soa: zone.negative_soa() });
        }
        chain.extend(found);
        let additionals = addresses_of_name_servers(zones, &chain)?;
        return Ok(Answer::Records { answers: chain, additionals });
    }
}

fn referral(zones: &Zones, chain: Vec<Record>, cut: &Cut) -> Result<Answer, Unreadable> {
    let servers: Vec<_> = cut.servers.iter().map(|datum| datum.at(cut.owner.clone())).collect();
    let glue = addresses_of_name_servers(zones, &servers)?;
    Ok(Answer::Referral { chain, servers, glue })
}

/// The CNAME to follow: none when the question is for the CNAME itself, or for whatever there is.
fn alias(data: &[Datum], kind: RecordType) -> Option<(&Datum, &Name)> {
    if matches!(kind, RecordType::CNAME | RecordType::ANY) {
        return None;
    }
    data.iter().find_map(|datum| match &datum.data {
        RData::CNAME(target) => Some((datum, &target.0)),
        _ => None,
    })
}

fn records(data: &[Datum], kind: RecordType, owner: &Name) -> Vec<Record> {
    if kind == RecordType::ANY {
        return any(data, owner);
    }
    data.iter().filter(|datum| datum.kind() == kind).map(|datum| datum.at(owner.clone())).collect()
}

/// ANY is asked by those who want much traffic for little; it gets one small record (RFC 8482): the CNAME where the
/// name is an alias, and otherwise a HINFO that names the RFC.
fn any(data: &[Datum], owner: &Name) -> Vec<Record> {
    let cname = data.iter().find(|datum| datum.kind() == RecordType::CNAME);
    match (cname, data) {
        (_, []) => Vec::new(),
        (Some(cname), _) => vec![cname.at(owner.clone())],
        (None, _) => {
            let hinfo = RData::HINFO(HINFO::new("RFC8482".to_owned(), String::new()));
            vec![Record::from_rdata(owner.clone(), ANY_TTL_SECONDS, hinfo)]
        }
    }
}

/// The addresses that we know of the name servers among `answers`.
fn addresses_of_name_servers(zones: &Zones, answers: &[Record]) -> Result<Vec<Record>, Unreadable> {
    let mut addresses = Vec::new();
    for record in answers {
        let RData::NS(server) = &record.data else { continue };
        let server_key = key(&server.0);
        let Some(enclosing) = zones.enclosing(&server_key)? else { continue };
        let data = enclosing.zone.glue(&server_key)?;
        addresses.extend(records(&data, RecordType::A, &server.0));
        addresses.extend(records(&data, RecordType::AAAA, &server.0));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests;
