//! A zone's own hosts: served with the certificates of its packs, to what its proxied DNS records say.
//!
//! A pack without a certificate serves nothing, on neither port; its tokens are answered all the same. Nodes get the
//! certificates of active zones only (np-domain `entry::pack`). A host without a proxied record has nowhere to go, not
//! even to the zone's fallback origin, which is for customers' names; who serves the fallback's own name through the
//! edge gives it a proxied record.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, atomic::Ordering},
};

use np_domain::{
    entry::{HttpToken, PackEntry, RecordEntry},
    id::ZoneId,
    name::DnsName,
    tls_policy::Switch,
};
use np_feed::replica::ReadError;

use super::{Destination, Found, Owner, Served, Side, Site, Table};

/// The most proxied records that lead from one to the next before the last is resolved, or refused.
const CNAME_DEPTH_MAX: usize = 8;

/// The types of records that requests can follow (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;

/// Where a proxied record leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proxied {
    /// To these addresses.
    Addresses(Vec<IpAddr>),
    /// To whatever this name has.
    Name(DnsName),
}

impl Table {
    /// The pack that serves exactly `name`, else the one that serves what is one level below its parent.
    pub(super) fn find_in_packs(&self, name: &str) -> Result<Option<Found>, ReadError> {
        let exact = self.pack_site(name)?;
        if let Some(found) = exact.and_then(|site| Found::new(&site, Side::Exact)) {
            return Ok(Some(found));
        }
        let Some((_, parent)) = name.split_once('.') else { return Ok(None) };
        let wildcard = self.pack_site(&format!("*.{parent}"))?;
        Ok(wildcard.and_then(|site| Found::new(&site, Side::Below)))
    }

    /// What the packs with exactly this host make of it: a name, or one with `*.` before it.
    ///
    /// # Errors
    /// When the local copy cannot be read.
    pub(crate) fn pack_site(&self, host: &str) -> Result<Option<Arc<Site>>, ReadError> {
        if let Some(site) = self.packs.get(host) {
            return Ok(Some(site));
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        let packs = self.replica.packs(host).inspect_err(|error| self.log_unreadable(error))?;
        if packs.is_empty() {
            return Ok(None);
        }
        let entries = packs.into_iter().map(|stored| stored.entry).collect();
        let site = Arc::new(self.prepare_packs(host, entries));
        self.packs.insert(host.into(), Arc::clone(&site));
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.packs.remove(host);
        }
        Ok(Some(site))
    }

    /// Of several packs with one host the advanced one is served before the universal one, and then the one ordered last
    /// (behaviour.md 4.7); one without a usable certificate gives way to the next.
    fn prepare_packs(&self, host: &str, mut packs: Vec<PackEntry>) -> Site {
        let tokens = packs.iter().flat_map(|pack| &pack.tokens);
        let tokens = tokens
            .filter(|token| token.host.as_str() == host)
            .map(|token| HttpToken { path: token.path.clone(), body: token.body.clone() });
        let tokens = tokens.collect();
        packs.sort_by_key(|pack| (pack.kind, std::cmp::Reverse(pack.ordered_at)));
        let side = if host.starts_with("*.") { Side::Below } else { Side::Exact };
        let served = packs.iter().find_map(|pack| self.served_by_pack(pack, side));
        Site { tokens, served, waiting: Vec::new() }
    }

    fn served_by_pack(&self, pack: &PackEntry, side: Side) -> Option<Served> {
        let owner = Owner::Pack(pack.pack);
        let policy = self.zone_tls(pack.zone);
        let credentials = Some(self.credentials(owner, &policy, &pack.certificates)?);
        Some(Served {
            owner,
            zone: pack.zone,
            destination: Destination::Records,
            early_hints: policy.early_hints == Some(Switch::On),
            metadata: None,
            wildcard: side == Side::Below,
            credentials,
        })
    }

    /// Where the zone's proxied record for `name` leads: that of the name itself, else the wildcard one level above.
    /// `None` where there is none, or they lead in a circle.
    ///
    /// # Errors
    /// When the local copy cannot be read.
    pub(crate) fn proxied(&self, zone: ZoneId, name: &str) -> Result<Option<Proxied>, ReadError> {
        let Some(mut leads) = self.proxied_at(zone, name)? else { return Ok(None) };
        for _ in 0..CNAME_DEPTH_MAX {
            let Proxied::Name(next) = &leads else { return Ok(Some(leads)) };
            match self.proxied_at(zone, next.as_str())? {
                Some(further) => leads = further,
                None => return Ok(Some(leads)),
            }
        }
        Ok(None)
    }

    fn proxied_at(&self, zone: ZoneId, name: &str) -> Result<Option<Proxied>, ReadError> {
        let read = |name: &str| {
            let records = self.replica.proxied_records(name);
            records.inspect_err(|error| self.log_unreadable(error))
        };
        if let Some(leads) = leads(zone, &read(name)?) {
            return Ok(Some(leads));
        }
        match name.split_once('.') {
            Some((_, parent)) => Ok(leads(zone, &read(&format!("*.{parent}"))?)),
            None => Ok(None),
        }
    }
}

/// Where the records of one name lead that are of this zone.
fn leads(zone: ZoneId, records: &[RecordEntry]) -> Option<Proxied> {
    let own = || records.iter().filter(|record| record.zone == zone);
    let cname = own().find(|record| record.type_code == TYPE_CNAME);
    if let Some(name) = cname.and_then(|record| wire_name(&record.rdata)) {
        return Some(Proxied::Name(name));
    }
    let addresses: Vec<_> = own().filter_map(address).collect();
    (!addresses.is_empty()).then_some(Proxied::Addresses(addresses))
}

fn address(record: &RecordEntry) -> Option<IpAddr> {
    let rdata = &*record.rdata;
    match record.type_code {
        TYPE_A => <[u8; 4]>::try_from(rdata).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        TYPE_AAAA => <[u8; 16]>::try_from(rdata).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// A name as it travels, uncompressed (RFC 1035 section 3.1).
fn wire_name(mut rdata: &[u8]) -> Option<DnsName> {
    let mut text = String::new();
    loop {
        let (length, rest) = rdata.split_first()?;
        if *length == 0 {
            return text.parse().ok();
        }
        let (label, rest) = rest.split_at_checked((*length).into())?;
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(std::str::from_utf8(label).ok()?);
        rdata = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_on_the_wire_is_read_and_a_broken_one_is_none() {
        let read = |bytes: &[u8]| wire_name(bytes).map(|name| name.as_str().to_owned());
        assert_eq!(read(b"\x06origin\x03net\x00"), Some("origin.net".into()));
        for broken in [&b""[..], b"\x00", b"\x06origin", b"\x06origin\x03net", b"\xc0\x0c"] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
    }
}
