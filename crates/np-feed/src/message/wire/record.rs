//! A DNS record as an item's value.

use std::borrow::Cow;

use minicbor::{Decode, Encode, bytes::ByteSlice};
use np_domain::{
    entry::{ProxiedAddresses, RecordEntry},
    id::{DnsRecordId, ZoneId},
};

use super::{Text, bytes, parse};

#[derive(Encode, Decode)]
pub(in crate::message) struct Record<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    record: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    zone: [u8; 16],
    #[b(2)]
    name: Text<'a>,
    #[n(3)]
    type_code: u16,
    #[b(4)]
    rdata: Cow<'a, ByteSlice>,
    #[n(5)]
    ttl_seconds: u32,
    /// [`ALL`], [`IPV4`] or [`IPV6`]; a number that is not known means all.
    #[n(6)]
    proxied: Option<u8>,
}

const ALL: u8 = 0;
const IPV4: u8 = 4;
const IPV6: u8 = 6;

impl<'a> From<&'a RecordEntry> for Record<'a> {
    fn from(entry: &'a RecordEntry) -> Self {
        Self {
            record: *entry.record.as_bytes(),
            zone: *entry.zone.as_bytes(),
            name: entry.name.as_str().into(),
            type_code: entry.type_code,
            rdata: bytes(&entry.rdata),
            ttl_seconds: entry.ttl_seconds,
            proxied: entry.proxied.map(|addresses| match addresses {
                ProxiedAddresses::All => ALL,
                ProxiedAddresses::Ipv4 => IPV4,
                ProxiedAddresses::Ipv6 => IPV6,
            }),
        }
    }
}

impl TryFrom<Record<'_>> for RecordEntry {
    type Error = String;

    fn try_from(record: Record<'_>) -> Result<Self, String> {
        Ok(Self {
            record: DnsRecordId::from_bytes(record.record),
            zone: ZoneId::from_bytes(record.zone),
            name: parse("the record's name", &record.name)?,
            type_code: record.type_code,
            rdata: Box::from(&**record.rdata),
            ttl_seconds: record.ttl_seconds,
            proxied: record.proxied.map(|number| match number {
                IPV4 => ProxiedAddresses::Ipv4,
                IPV6 => ProxiedAddresses::Ipv6,
                _ => ProxiedAddresses::All,
            }),
        })
    }
}
