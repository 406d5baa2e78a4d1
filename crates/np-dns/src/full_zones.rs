//! Accounts' zones whose DNS is ours: SOA and NS from the configuration, everything else from the replica's DNS records.
//!
//! A proxied record is answered with the edges' addresses and never with its content, unless its zone is paused. What a CA
//! looks for in TXT while a certificate of the zone is ordered stands beside the records. An alias at the apex that is not
//! proxied is not answered: it cannot stand beside SOA (RFC 1034 section 3.6.2), and is not flattened.

use std::{net::IpAddr, sync::Arc};

use hickory_proto::{
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, NS, NULL},
    },
    serialize::binary::BinDecodable,
};
use np_domain::{
    entry::{ProxiedAddresses, RecordEntry, ZoneDns, ZoneEntry},
    id::ZoneId,
    name::DnsName,
    text::Explanation,
};
use np_feed::replica::{RecordsAnswer, Replica};
use tracing::debug;

use crate::{
    delegation::{DelegationData, DelegationDeps, Held, txt, wire},
    question::with_ancestors,
    server::StartError,
    settings::DnsSettings,
    sighting,
    soa::Authority,
    zone::{Cut, Datum, Enclosing, Node, Unreadable, Zone, ZoneSource, wire_name},
};

/// Below these labels a CA looks for its TXT values: dns-01 (RFC 8555 section 8.4), and records that stay.
const CHALLENGES: [&str; 2] = ["_acme-challenge.", "_validation-persist."];
/// For how long resolvers may keep the edges' addresses, in seconds: the original's TTL of proxied records.
const PROXIED_TTL_SECONDS: u32 = 300;

/// A zone that answers for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweringZone {
    /// The zone.
    pub zone: ZoneId,
    /// Its name.
    pub name: DnsName,
    /// How it answers.
    pub dns: ZoneDns,
}

impl From<ZoneEntry> for AnsweringZone {
    fn from(entry: ZoneEntry) -> Self {
        Self { zone: entry.zone, name: entry.name.into(), dns: entry.dns }
    }
}

/// What the replica has at a name of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldRecords {
    /// Nothing, and nothing below it.
    NoSuchName,
    /// Nothing, but something below it.
    Empty,
    /// These; never empty.
    Records(Vec<RecordEntry>),
}

/// Where zones and their records are read: the node's replica. Names come as for [`DelegationData::lookup`].
pub trait ZoneData: DelegationData {
    /// The zone that answers for `name`, if any does.
    ///
    /// # Errors
    /// When the replica cannot be read.
    fn zone(&self, name: &str) -> Result<Option<AnsweringZone>, Unreadable>;

    /// What a zone has at `name`; a wildcard is a name like any other.
    ///
    /// # Errors
    /// When the replica cannot be read.
    fn records(&self, zone: ZoneId, name: &str) -> Result<HeldRecords, Unreadable>;

    /// The values that a CA looks for while a custom hostname of this zone has an open order. Only its own zone's DNS
    /// answers with them: another account's zone of the name must not prove it for whoever adds it.
    ///
    /// # Errors
    /// When the replica cannot be read.
    fn hostname_challenge(
        &self,
        _zone: ZoneId,
        _host: &str,
    ) -> Result<Vec<Explanation>, Unreadable> {
        Ok(Vec::new())
    }

    /// Somebody asked for `target`, a name of the zone without the zone's own.
    fn asked(&self, _zone: ZoneId, _target: &str) {}
}

impl ZoneData for Replica {
    fn zone(&self, name: &str) -> Result<Option<AnsweringZone>, Unreadable> {
        match self.answering_zone(name) {
            Ok(zone) => Ok(zone.map(Into::into)),
            Err(error) => {
                debug!(%error, name, "dns.replica.unreadable");
                Err(Unreadable)
            }
        }
    }

    fn records(&self, zone: ZoneId, name: &str) -> Result<HeldRecords, Unreadable> {
        match Self::records(self, zone, name) {
            Ok(RecordsAnswer::NoSuchName) => Ok(HeldRecords::NoSuchName),
            Ok(RecordsAnswer::Empty) => Ok(HeldRecords::Empty),
            Ok(RecordsAnswer::Records(records)) => Ok(HeldRecords::Records(records)),
            Err(error) => {
                debug!(%error, name, "dns.replica.unreadable");
                Err(Unreadable)
            }
        }
    }

    fn hostname_challenge(&self, zone: ZoneId, host: &str) -> Result<Vec<Explanation>, Unreadable> {
        let found = self.hosts(host).map_err(|error| {
            debug!(%error, host, "dns.replica.unreadable");
            Unreadable
        })?;
        let own = found.into_iter().filter(|stored| stored.entry.zone == zone);
        Ok(own.filter_map(|stored| stored.entry.delegation).flat_map(|d| d.txt).collect())
    }

    fn asked(&self, zone: ZoneId, target: &str) {
        sighting::notice(self, zone, target);
    }
}

/// What full zones are made of, besides the name servers of the delegation domain.
#[derive(Clone)]
pub struct FullZonesDeps {
    /// Where zones and records are.
    pub data: Arc<dyn ZoneData>,
    /// Where visitors of proxied names find the edges; empty: proxied names have no address.
    pub edge_addresses: Vec<IpAddr>,
}

/// All full zones.
pub(crate) struct FullZones(Arc<Shared>);

struct Shared {
    data: Arc<dyn ZoneData>,
    edge_addresses: Vec<IpAddr>,
    /// Never empty.
    name_servers: Vec<Name>,
    contact: Option<Name>,
    authority_ttl: u32,
    negative_ttl: u32,
    challenge_ttl: u32,
}

impl FullZones {
    pub(crate) fn new(
        deps: FullZonesDeps,
        own: &DelegationDeps,
        settings: &DnsSettings,
    ) -> Result<Self, StartError> {
        let name_servers: Result<Vec<_>, _> =
            own.name_servers.iter().map(|server| wire(&server.name)).collect();
        Ok(Self(Arc::new(Shared {
            data: deps.data,
            edge_addresses: deps.edge_addresses,
            name_servers: name_servers?,
            contact: own.contact.as_ref().map(wire).transpose()?,
            authority_ttl: settings.authority_ttl_seconds,
            negative_ttl: settings.negative_ttl_seconds,
            challenge_ttl: settings.txt_ttl_seconds,
        })))
    }
}

impl ZoneSource for FullZones {
    fn enclosing<'n>(&self, key: &'n str) -> Result<Option<Enclosing<'n>>, Unreadable> {
        let Some(zone) = self.0.data.zone(key)? else { return Ok(None) };
        let apex = with_ancestors(key).find(|name| *name == zone.name.as_str());
        let (Some(apex), Some(wire)) = (apex, wire_name(&zone.name)) else { return Ok(None) };
        let zone = Arc::new(FullZone { shared: self.0.clone(), zone, apex: wire });
        Ok(Some(Enclosing { apex, zone }))
    }
}

/// One zone, for one question.
struct FullZone {
    shared: Arc<Shared>,
    zone: AnsweringZone,
    apex: Name,
}

impl Zone for FullZone {
    fn negative_soa(&self) -> Record {
        self.authority().negative_soa(self.shared.negative_ttl)
    }

    /// Walks down from the apex: the first name with other name servers ends the zone, the last one that exists may have a
    /// wildcard below it (RFC 4592 section 3.3.1).
    fn node(&self, key: &str) -> Result<Node, Unreadable> {
        let apex = self.zone.name.as_str();
        if !matches!(self.zone.dns, ZoneDns::Records { .. }) {
            return Ok(match key == apex {
                true => Node::Present(self.authority_data()),
                false => Node::Unanswered,
            });
        }
        if key == apex {
            return self.apex_node();
        }
        let target = key.strip_suffix(apex).and_then(|key| key.strip_suffix('.'));
        target.into_iter().for_each(|target| self.shared.data.asked(self.zone.zone, target));
        let below: Vec<&str> =
            with_ancestors(key).take_while(|name| name.len() > apex.len()).collect();
        let mut encloser = apex;
        for name in below.into_iter().rev() {
            match self.held(name)? {
                HeldRecords::NoSuchName => return self.unknown(key, encloser),
                HeldRecords::Empty => {}
                HeldRecords::Records(records) => {
                    if let Some(cut) = self.cut(name, &records) {
                        return Ok(Node::Delegated(cut));
                    }
                    if name == key {
                        return self.with_challenge(key, self.data(&records));
                    }
                }
            }
            encloser = name;
        }
        self.with_challenge(key, Vec::new())
    }

    fn glue(&self, key: &str) -> Result<Vec<Datum>, Unreadable> {
        Ok(match self.held(key)? {
            HeldRecords::Records(records) => self.data(&records),
            HeldRecords::NoSuchName | HeldRecords::Empty => Vec::new(),
        })
    }
}

impl FullZone {
    fn held(&self, name: &str) -> Result<HeldRecords, Unreadable> {
        self.shared.data.records(self.zone.zone, name)
    }

    fn authority(&self) -> Authority {
        // The one of the configuration, or hostmaster at the zone; a zone too long for that names itself.
        let own = || self.apex.clone().prepend_label("hostmaster").ok();
        let contact = self.shared.contact.clone().or_else(own);
        Authority {
            apex: self.apex.clone(),
            name_server: self.shared.name_servers.first().unwrap_or(&self.apex).clone(),
            contact: contact.unwrap_or_else(|| self.apex.clone()),
        }
    }

    /// SOA and NS.
    fn authority_data(&self) -> Vec<Datum> {
        let ttl = self.shared.authority_ttl;
        let soa = self.authority().soa(self.shared.negative_ttl);
        let servers = self.shared.name_servers.iter();
        let servers = servers.map(|server| Datum { ttl, data: RData::NS(NS(server.clone())) });
        std::iter::once(Datum { ttl, data: soa }).chain(servers).collect()
    }

    /// The apex has our SOA and NS, whatever the records say, and no alias.
    fn apex_node(&self) -> Result<Node, Unreadable> {
        let mut data = self.authority_data();
        if let HeldRecords::Records(records) = self.held(self.zone.name.as_str())? {
            let stays =
                |kind| !matches!(kind, RecordType::SOA | RecordType::NS | RecordType::CNAME);
            data.extend(self.data(&records).into_iter().filter(|datum| stays(datum.kind())));
        }
        Ok(Node::Present(data))
    }

    /// What a name has that has no record and none below it.
    fn unknown(&self, key: &str, encloser: &str) -> Result<Node, Unreadable> {
        let challenge = self.shared.data.lookup(key)?;
        if matches!(challenge, Held::Txt(_)) || !self.challenge(key)?.is_empty() {
            return self.with_challenge(key, Vec::new());
        }
        Ok(match self.held(&format!("*.{encloser}"))? {
            HeldRecords::Records(records) => {
                let data = self.data(&records).into_iter();
                Node::Present(data.filter(|datum| datum.kind() != RecordType::NS).collect())
            }
            HeldRecords::Empty => Node::Present(Vec::new()),
            // Above a value for a CA. It hides no wildcard, which must go on answering while a certificate is ordered.
            HeldRecords::NoSuchName if challenge == Held::NoData => Node::Present(Vec::new()),
            HeldRecords::NoSuchName => Node::Absent,
        })
    }

    /// Adds what a CA looks for at the name. It needs it more than an alias that stands there.
    fn with_challenge(&self, key: &str, mut data: Vec<Datum>) -> Result<Node, Unreadable> {
        let values = self.challenge(key)?;
        if !values.is_empty() {
            let ttl = self.shared.challenge_ttl;
            data.retain(|datum| datum.kind() != RecordType::CNAME);
            data.extend(values.iter().map(|value| Datum { ttl, data: txt(value.as_str()) }));
        }
        Ok(Node::Present(data))
    }

    /// What a CA looks for at the name: for packs of the zone, and for its custom hostnames.
    fn challenge(&self, key: &str) -> Result<Vec<Explanation>, Unreadable> {
        let Some(host) = challenged(key) else { return Ok(Vec::new()) };
        let mut values = match self.shared.data.lookup(key)? {
            Held::Txt(values) => values,
            Held::NoData | Held::NoSuchName => Vec::new(),
        };
        for value in self.shared.data.hostname_challenge(self.zone.zone, host)? {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(values)
    }

    /// The end of the zone at `name`, if its records name other name servers.
    fn cut(&self, name: &str, records: &[RecordEntry]) -> Option<Cut> {
        let of = |kind: RecordType| {
            let records = records.iter().filter(move |r| RecordType::from(r.type_code) == kind);
            records.filter_map(plain).collect::<Vec<_>>()
        };
        let servers = of(RecordType::NS);
        // A wildcard delegates nothing (RFC 4592 section 4.2).
        if servers.is_empty() || name.starts_with("*.") {
            return None;
        }
        let owner = Name::from_labels(name.split('.').map(str::as_bytes)).ok()?;
        Some(Cut { key: name.to_owned(), owner, servers, signers: of(RecordType::DS) })
    }

    /// Records as they are answered.
    fn data(&self, records: &[RecordEntry]) -> Vec<Datum> {
        let mut data: Vec<Datum> = Vec::with_capacity(records.len());
        for record in records {
            match record.proxied.filter(|_| !self.is_paused()) {
                Some(families) => {
                    let addresses = self.edges(families);
                    let new: Vec<_> = addresses.filter(|datum| !data.contains(datum)).collect();
                    data.extend(new);
                }
                None => data.extend(plain(record)),
            }
        }
        data
    }

    fn is_paused(&self) -> bool {
        matches!(self.zone.dns, ZoneDns::Records { paused: true, .. })
    }

    fn edges(&self, families: ProxiedAddresses) -> impl Iterator<Item = Datum> {
        let is_wanted = move |address: &&IpAddr| match families {
            ProxiedAddresses::All => true,
            ProxiedAddresses::Ipv4 => address.is_ipv4(),
            ProxiedAddresses::Ipv6 => address.is_ipv6(),
        };
        self.shared.edge_addresses.iter().filter(is_wanted).map(|address| {
            let data = match address {
                IpAddr::V4(address) => RData::A(A(*address)),
                IpAddr::V6(address) => RData::AAAA(AAAA(*address)),
            };
            Datum { ttl: PROXIED_TTL_SECONDS, data }
        })
    }
}

/// The name that TXT values at `key` are about, if it is a place for such.
fn challenged(key: &str) -> Option<&str> {
    let plain = CHALLENGES.iter().find_map(|label| key.strip_prefix(label));
    // With an account's label before it (draft-ietf-acme-dns-account-label).
    let of_account = || key.strip_prefix('_')?.split_once('.')?.1.strip_prefix(CHALLENGES[0]);
    plain.or_else(of_account)
}

/// A record with its own content. Only what is looked into is read; everything else is passed on as bytes (RFC 3597).
/// `None` for a name or an address that is none, which the store does not take.
fn plain(record: &RecordEntry) -> Option<Datum> {
    let code = RecordType::from(record.type_code);
    let name = || Name::from_bytes(&record.rdata).ok();
    let data = match code {
        RecordType::A => RData::A(A(<[u8; 4]>::try_from(&*record.rdata).ok()?.into())),
        RecordType::AAAA => RData::AAAA(AAAA(<[u8; 16]>::try_from(&*record.rdata).ok()?.into())),
        RecordType::CNAME => RData::CNAME(CNAME(name()?)),
        RecordType::NS => RData::NS(NS(name()?)),
        _ => RData::Unknown { code, rdata: NULL::with(record.rdata.to_vec()) },
    };
    Some(Datum { ttl: record.ttl_seconds, data })
}

#[cfg(test)]
mod tests;
