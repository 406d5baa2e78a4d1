//! SOA records: nobody transfers our zones, so only the name, the name server and the negative TTL mean something.

use hickory_proto::rr::{Name, RData, Record, rdata::SOA};

/// Never changes: a serial number tells secondaries when to transfer, and there are none.
const SERIAL: u32 = 1;
/// For secondaries alone, in seconds: the values that RIPE-203 recommends.
const REFRESH: i32 = 86_400;
const RETRY: i32 = 7_200;
const EXPIRE: i32 = 3_600_000;

/// Who answers for a zone.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    /// The zone's own name.
    pub(crate) apex: Name,
    /// The first name server.
    pub(crate) name_server: Name,
    /// Whom to write to, with a dot for the `@`.
    pub(crate) contact: Name,
}

impl Authority {
    /// The data of the SOA record.
    pub(crate) fn soa(&self, negative_ttl: u32) -> RData {
        let (name_server, contact) = (self.name_server.clone(), self.contact.clone());
        RData::SOA(SOA::new(name_server, contact, SERIAL, REFRESH, RETRY, EXPIRE, negative_ttl))
    }

    /// The record for negative answers: it may be remembered no longer than the answer itself (RFC 2308 section 3).
    pub(crate) fn negative_soa(&self, negative_ttl: u32) -> Record {
        Record::from_rdata(self.apex.clone(), negative_ttl, self.soa(negative_ttl))
    }
}
