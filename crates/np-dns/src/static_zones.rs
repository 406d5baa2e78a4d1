//! Zones held in memory and changed by calls: the customer's name server of `nameplate demo` and of tests.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use hickory_proto::rr::{
    Name, RData, Record, RecordType,
    rdata::{A, AAAA, CAA, CNAME, NS},
};
use np_domain::name::DnsName;
use thiserror::Error;

use crate::{
    delegation::txt,
    nodes::Nodes,
    question::with_ancestors,
    soa::Authority,
    zone::{Datum, Enclosing, Node, Unreadable, Zone, ZoneSource, wire_name},
};

/// TTL of every record and of negative answers, in seconds: whoever changes a demonstration wants to see the change.
const TTL_SECONDS: u32 = 5;

/// The critical bit of a CAA record's flags (RFC 8659 section 4.1).
const CAA_CRITICAL: u8 = 0x80;

/// A record that can be put into a static zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaticRecord {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Which CA may issue.
    Caa {
        /// The flags; 128 is the critical bit.
        flags: u8,
        /// `issue`, `issuewild`, `iodef`.
        tag: String,
        /// For example `letsencrypt.org`.
        value: String,
    },
    /// The name is an alias of another.
    Cname(DnsName),
    /// A name server of the zone.
    Ns(DnsName),
    /// A text, in strings of at most 255 bytes.
    Txt(String),
}

/// Why a record cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PutError {
    /// A CNAME stands alone at its name (RFC 1034 section 3.6.2).
    #[error("{name} has other records, and a CNAME must stand alone: remove the others first")]
    CnameNotAlone {
        /// The name.
        name: DnsName,
    },
    /// NS records below the apex would refer to another server, which static zones do not.
    #[error("{name} is not the name of a zone: add it as a zone before it gets NS records")]
    NsBelowApex {
        /// The name.
        name: DnsName,
    },
    /// The name is longer than a message can carry.
    #[error("{name} is longer than a DNS name can be: shorten it")]
    NameTooLong {
        /// The name.
        name: DnsName,
    },
    /// No zone for the name.
    #[error("{name} is in none of the static zones: add its zone first")]
    NoZone {
        /// The name.
        name: DnsName,
    },
}

/// The static zones. Every change is seen by the next query.
#[derive(Default)]
pub struct StaticZones {
    zones: RwLock<HashMap<String, Arc<StaticZone>>>,
}

struct StaticZone {
    apex_key: String,
    authority: Authority,
    nodes: RwLock<Nodes>,
}

impl StaticZones {
    /// No zones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the zone `name` from now on, with a SOA record of its own. Nothing happens when it is held already.
    ///
    /// # Errors
    /// When the name is too long.
    pub fn add_zone(&self, name: &DnsName) -> Result<(), PutError> {
        let zone = StaticZone::new(name).ok_or_else(|| too_long(name))?;
        write(&self.zones).entry(zone.apex_key.clone()).or_insert_with(|| Arc::new(zone));
        Ok(())
    }

    /// Adds a record beside those of its type. An alias takes the place of the one before it, for a name has only one.
    ///
    /// # Errors
    /// When the record cannot stand there.
    pub fn put(&self, name: &DnsName, record: StaticRecord) -> Result<(), PutError> {
        let zone = self.zone_of(name)?;
        let data = rdata(record)?;
        let mut nodes = write(&zone.nodes);
        zone.check(&nodes, name, &data)?;
        if data.record_type() == RecordType::CNAME {
            nodes.remove(name.as_str(), RecordType::CNAME);
        }
        nodes.add(name.as_str(), Datum { ttl: TTL_SECONDS, data });
        Ok(())
    }

    /// Puts a record in place of those of its type. Between the two there is no moment without a record.
    ///
    /// # Errors
    /// When the record cannot stand there.
    pub fn set(&self, name: &DnsName, record: StaticRecord) -> Result<(), PutError> {
        let zone = self.zone_of(name)?;
        let data = rdata(record)?;
        let mut nodes = write(&zone.nodes);
        zone.check(&nodes, name, &data)?;
        nodes.remove(name.as_str(), data.record_type());
        nodes.add(name.as_str(), Datum { ttl: TTL_SECONDS, data });
        Ok(())
    }

    /// Takes the records of one type away; says whether there were any.
    pub fn remove(&self, name: &DnsName, kind: RecordType) -> bool {
        let removable = kind != RecordType::SOA;
        removable
            && self.zone_of(name).is_ok_and(|zone| write(&zone.nodes).remove(name.as_str(), kind))
    }

    fn zone_of(&self, name: &DnsName) -> Result<Arc<StaticZone>, PutError> {
        self.closest(name.as_str())
            .map(|(_, zone)| zone)
            .ok_or_else(|| PutError::NoZone { name: name.clone() })
    }

    fn closest<'n>(&self, key: &'n str) -> Option<(&'n str, Arc<StaticZone>)> {
        let zones = read(&self.zones);
        with_ancestors(key).find_map(|name| zones.get(name).map(|zone| (name, zone.clone())))
    }
}

impl StaticZone {
    fn new(name: &DnsName) -> Option<Self> {
        let apex = wire_name(name)?;
        let contact = apex.prepend_label("hostmaster").ok()?;
        let authority = Authority { name_server: apex.clone(), apex, contact };
        let mut nodes = Nodes::default();
        nodes.add(name.as_str(), Datum { ttl: TTL_SECONDS, data: authority.soa(TTL_SECONDS) });
        Some(Self { apex_key: name.as_str().to_owned(), authority, nodes: RwLock::new(nodes) })
    }

    /// Whether `data` may stand at `name` beside what is in `nodes`.
    fn check(&self, nodes: &Nodes, name: &DnsName, data: &RData) -> Result<(), PutError> {
        if data.record_type() == RecordType::NS && name.as_str() != self.apex_key {
            return Err(PutError::NsBelowApex { name: name.clone() });
        }
        let is_alias = |kind: RecordType| kind == RecordType::CNAME;
        let alone = |there: &Datum| is_alias(there.kind()) == is_alias(data.record_type());
        match nodes.at(name.as_str()).iter().all(alone) {
            true => Ok(()),
            false => Err(PutError::CnameNotAlone { name: name.clone() }),
        }
    }
}

impl Zone for StaticZone {
    fn negative_soa(&self) -> Record {
        self.authority.negative_soa(TTL_SECONDS)
    }

    fn node(&self, key: &str) -> Result<Node, Unreadable> {
        Ok(read(&self.nodes).node(key))
    }
}

impl ZoneSource for Arc<StaticZones> {
    fn enclosing<'n>(&self, key: &'n str) -> Result<Option<Enclosing<'n>>, Unreadable> {
        Ok(self.closest(key).map(|(apex, zone)| Enclosing { apex, zone: zone as Arc<dyn Zone> }))
    }
}

fn rdata(record: StaticRecord) -> Result<RData, PutError> {
    Ok(match record {
        StaticRecord::A(address) => RData::A(A(address)),
        StaticRecord::Aaaa(address) => RData::AAAA(AAAA(address)),
        StaticRecord::Caa { flags, tag, value } => {
            let mut caa = CAA::new_issue(flags & CAA_CRITICAL != 0, None, Vec::new());
            caa.reserved_flags = flags & !CAA_CRITICAL;
            caa.tag = tag;
            caa.value = value.into_bytes();
            RData::CAA(caa)
        }
        StaticRecord::Cname(target) => RData::CNAME(CNAME(wire(&target)?)),
        StaticRecord::Ns(server) => RData::NS(NS(wire(&server)?)),
        StaticRecord::Txt(text) => txt(&text),
    })
}

fn wire(name: &DnsName) -> Result<Name, PutError> {
    wire_name(name).ok_or_else(|| too_long(name))
}

fn too_long(name: &DnsName) -> PutError {
    PutError::NameTooLong { name: name.clone() }
}

/// A map is whole after every step of a change, so a panic elsewhere leaves nothing half done.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        text.parse().unwrap()
    }

    fn zones() -> StaticZones {
        let zones = StaticZones::new();
        zones.add_zone(&name("customer.com")).unwrap();
        zones
    }

    fn address(last: u8) -> StaticRecord {
        StaticRecord::A(Ipv4Addr::new(192, 0, 2, last))
    }

    fn count(zones: &StaticZones, key: &str) -> usize {
        read(&zones.zone_of(&name(key)).unwrap().nodes).at(key).len()
    }

    #[test]
    fn put_adds_set_replaces_and_remove_takes_all_of_a_type() {
        let zones = zones();
        let app = name("app.customer.com");
        zones.put(&app, address(1)).unwrap();
        zones.put(&app, address(2)).unwrap();
        zones.put(&app, StaticRecord::Txt("kept".to_owned())).unwrap();
        assert_eq!(count(&zones, "app.customer.com"), 3);
        zones.set(&app, address(3)).unwrap();
        assert_eq!(count(&zones, "app.customer.com"), 2);
        assert!(zones.remove(&app, RecordType::A) && !zones.remove(&app, RecordType::A));
        assert_eq!(count(&zones, "app.customer.com"), 1);
    }

    #[test]
    fn a_name_has_one_alias_the_last_put() {
        let zones = zones();
        let app = name("app.customer.com");
        for target in ["one.net", "two.net"] {
            zones.put(&app, StaticRecord::Cname(name(target))).unwrap();
        }
        assert_eq!(count(&zones, "app.customer.com"), 1);
    }

    #[test]
    fn a_zone_keeps_its_soa() {
        let zones = zones();
        assert!(!zones.remove(&name("customer.com"), RecordType::SOA));
        zones.add_zone(&name("customer.com")).unwrap();
        assert_eq!(count(&zones, "customer.com"), 1);
    }

    #[test]
    fn a_record_that_cannot_stand_there_is_refused_with_the_reason() {
        let zones = zones();
        let (apex, app) = (name("customer.com"), name("app.customer.com"));
        let alias = StaticRecord::Cname(name("edge.provider.net"));
        zones.put(&app, address(1)).unwrap();
        for (at, record, expected) in [
            (&apex, alias.clone(), PutError::CnameNotAlone { name: apex.clone() }),
            (&app, alias, PutError::CnameNotAlone { name: app.clone() }),
            (&app, StaticRecord::Ns(apex.clone()), PutError::NsBelowApex { name: app.clone() }),
        ] {
            assert_eq!(zones.put(at, record.clone()), Err(expected.clone()));
            assert_eq!(zones.set(at, record), Err(expected));
        }
        let elsewhere = name("app.other.com");
        let expected = PutError::NoZone { name: elsewhere.clone() };
        assert_eq!(zones.put(&elsewhere, address(1)), Err(expected));
    }
}
