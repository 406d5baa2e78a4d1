//! The delegation domain, `dcv.<our domain>`: its own records from the configuration, TXT values from the replica.

use std::{net::IpAddr, sync::Arc};

use hickory_proto::rr::{
    Name, RData, Record,
    rdata::{A, AAAA, NS, TXT},
};
use np_domain::{delegation::DelegationDomain, name::DnsName, text::Explanation};
use np_feed::replica::{DelegationAnswer, Replica};
use tracing::debug;

use crate::{
    limits::TXT_STRING_BYTES_MAX,
    nodes::Nodes,
    question::with_ancestors,
    server::StartError,
    settings::DnsSettings,
    soa::Authority,
    zone::{Datum, Enclosing, Node, Unreadable, Zone, ZoneSource, wire_name},
};

/// What the replica holds at a name below the delegation domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing, and nothing below it.
    NoSuchName,
    /// No value now, but the name exists: no order is open, or only names below it have values.
    NoData,
    /// The values of the open order.
    Txt(Vec<Explanation>),
}

/// Where the delegation domain's TXT values are read: the node's replica.
pub trait DelegationData: Send + Sync {
    /// What is held at `name`: lower case, without the final dot, within the delegation domain. Any text may come, as it
    /// comes from the network; the call neither waits nor reaches past this machine.
    ///
    /// # Errors
    /// When the replica cannot be read.
    fn lookup(&self, name: &str) -> Result<Held, Unreadable>;
}

impl DelegationData for Replica {
    fn lookup(&self, name: &str) -> Result<Held, Unreadable> {
        match self.delegation(name) {
            Ok(DelegationAnswer::NoSuchName) => Ok(Held::NoSuchName),
            Ok(DelegationAnswer::NoData) => Ok(Held::NoData),
            Ok(DelegationAnswer::Txt(values)) => Ok(Held::Txt(values)),
            Err(error) => {
                // Anybody can ask again and again: the count of SERVFAIL is the alarm, and this is for whoever heeds it.
                debug!(%error, name, "dns.replica.unreadable");
                Err(Unreadable)
            }
        }
    }
}

/// A name server of the delegation domain, as the domain above names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// Its name.
    pub name: DnsName,
    /// Its addresses; needed where the name is within the delegation domain, for nobody else can tell them then.
    pub addresses: Vec<IpAddr>,
}

/// What the delegation domain is made of.
#[derive(Clone)]
pub struct DelegationDeps {
    /// The domain.
    pub domain: DelegationDomain,
    /// Its name servers, the first of them named in the SOA record.
    pub name_servers: Vec<NameServer>,
    /// Whom to write to about it, with a dot for the `@`; `hostmaster` at the domain when `None`.
    pub contact: Option<DnsName>,
    /// Where the values are.
    pub data: Arc<dyn DelegationData>,
}

/// The delegation domain as a zone.
pub(crate) struct DelegationZone {
    apex_key: String,
    authority: Authority,
    /// SOA, NS and the addresses of name servers.
    fixed: Nodes,
    data: Arc<dyn DelegationData>,
    txt_ttl: u32,
    negative_ttl: u32,
}

impl DelegationZone {
    pub(crate) fn new(deps: DelegationDeps, settings: &DnsSettings) -> Result<Self, StartError> {
        let apex = deps.domain.as_dns();
        let first = deps.name_servers.first().ok_or(StartError::NoNameServer)?;
        let contact = match &deps.contact {
            Some(contact) => wire(contact)?,
            None => wire(apex)?.prepend_label("hostmaster").map_err(|_| too_long(apex))?,
        };
        let authority = Authority { apex: wire(apex)?, name_server: wire(&first.name)?, contact };
        let ttl = settings.authority_ttl_seconds;
        let mut fixed = Nodes::default();
        let soa = authority.soa(settings.negative_ttl_seconds);
        fixed.add(apex.as_str(), Datum { ttl, data: soa });
        for server in &deps.name_servers {
            let name = wire(&server.name)?;
            fixed.add(apex.as_str(), Datum { ttl, data: RData::NS(NS(name)) });
            add_addresses(&mut fixed, server, apex, ttl)?;
        }
        Ok(Self {
            apex_key: apex.as_str().to_owned(),
            authority,
            fixed,
            data: deps.data,
            txt_ttl: settings.txt_ttl_seconds,
            negative_ttl: settings.negative_ttl_seconds,
        })
    }
}

fn add_addresses(
    fixed: &mut Nodes,
    server: &NameServer,
    apex: &DnsName,
    ttl: u32,
) -> Result<(), StartError> {
    if !server.name.is_within(apex.as_str()) {
        return Ok(());
    }
    if server.addresses.is_empty() {
        return Err(StartError::NameServerWithoutAddress { name: server.name.clone() });
    }
    for address in &server.addresses {
        let data = match address {
            IpAddr::V4(address) => RData::A(A(*address)),
            IpAddr::V6(address) => RData::AAAA(AAAA(*address)),
        };
        fixed.add(server.name.as_str(), Datum { ttl, data });
    }
    Ok(())
}

pub(crate) fn wire(name: &DnsName) -> Result<Name, StartError> {
    wire_name(name).ok_or_else(|| too_long(name))
}

fn too_long(name: &DnsName) -> StartError {
    StartError::NameTooLong { name: name.clone() }
}

impl Zone for DelegationZone {
    fn negative_soa(&self) -> Record {
        self.authority.negative_soa(self.negative_ttl)
    }

    fn node(&self, key: &str) -> Result<Node, Unreadable> {
        let fixed = self.fixed.node(key);
        if matches!(&fixed, Node::Present(data) if !data.is_empty()) {
            return Ok(fixed);
        }
        Ok(match self.data.lookup(key)? {
            Held::NoSuchName => fixed,
            Held::NoData => Node::Present(Vec::new()),
            Held::Txt(values) => Node::Present(values.iter().map(|v| self.txt(v)).collect()),
        })
    }
}

impl DelegationZone {
    fn txt(&self, value: &Explanation) -> Datum {
        Datum { ttl: self.txt_ttl, data: txt(value.as_str()) }
    }
}

/// A text as one TXT record.
pub(crate) fn txt(text: &str) -> RData {
    let strings = match text {
        "" => vec![&b""[..]],
        text => text.as_bytes().chunks(TXT_STRING_BYTES_MAX).collect(),
    };
    RData::TXT(TXT::from_bytes(strings))
}

impl ZoneSource for Arc<DelegationZone> {
    fn enclosing<'n>(&self, key: &'n str) -> Result<Option<Enclosing<'n>>, Unreadable> {
        let apex = with_ancestors(key).find(|name| *name == self.apex_key);
        Ok(apex.map(|apex| Enclosing { apex, zone: self.clone() }))
    }
}
