//! What serving nodes are told of DNS records.

use std::net::IpAddr;

use crate::{
    dns_record::{DnsRecord, RecordKind, RecordName, Settings},
    id::{DnsRecordId, ZoneId},
};

/// What serving nodes know of a DNS record: what DNS nodes answer with, and where edges fetch from for a proxied one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordEntry {
    /// The record.
    pub record: DnsRecordId,
    /// Its zone.
    pub zone: ZoneId,
    /// Where it stands.
    pub name: RecordName,
    /// The number of its type: one that this program does not know can still be answered with.
    pub type_code: u16,
    /// Its value as it travels (RDATA), without compressed names.
    pub rdata: Box<[u8]>,
    /// For how long resolvers may keep it.
    pub ttl_seconds: u32,
    /// How our edges stand in for it; `None` when they do not.
    pub proxied: Option<ProxiedAddresses>,
}

/// Which addresses of our edges a proxied name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxiedAddresses {
    /// Both families.
    #[default]
    All,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

/// What an address record or an alias leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordTarget {
    /// An address.
    Address(IpAddr),
    /// Another name.
    Name(RecordName),
}

impl RecordEntry {
    /// Its type; `None` for one that this program does not know.
    pub fn kind(&self) -> Option<RecordKind> {
        RecordKind::from_code(self.type_code)
    }

    /// Where an A, AAAA or CNAME leads; `None` for other types, and for a value that is not of its type.
    pub fn target(&self) -> Option<RecordTarget> {
        match self.kind()? {
            RecordKind::A => {
                let octets: [u8; 4] = (*self.rdata).try_into().ok()?;
                Some(RecordTarget::Address(octets.into()))
            }
            RecordKind::Aaaa => {
                let octets: [u8; 16] = (*self.rdata).try_into().ok()?;
                Some(RecordTarget::Address(octets.into()))
            }
            RecordKind::Cname => RecordName::from_wire(&self.rdata).map(RecordTarget::Name),
            _ => None,
        }
    }
}

impl From<&DnsRecord> for RecordEntry {
    fn from(record: &DnsRecord) -> Self {
        let addresses = match record.settings {
            Settings { ipv4_only: true, .. } => ProxiedAddresses::Ipv4,
            Settings { ipv6_only: true, .. } => ProxiedAddresses::Ipv6,
            _ => ProxiedAddresses::All,
        };
        Self {
            record: record.id,
            zone: record.zone,
            name: record.name.clone(),
            type_code: record.kind().code(),
            rdata: record.content.rdata().into(),
            ttl_seconds: record.ttl.seconds(),
            proxied: record.proxy.is_on().then_some(addresses),
        }
    }
}
