//! What the DNS server knows about each name, is to do wrong, and has seen. No sockets and no time here.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use hickory_proto::op::Query;
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordType};

use super::{Fault, TTL_SECONDS};

/// The longest piece of text in one string of a TXT record.
const TXT_STRING_BYTES_MAX: usize = 255;

/// What the server knows, does wrong, and has seen.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) records: BTreeMap<LowerName, BTreeMap<RecordType, Vec<RData>>>,
    pub(super) forwards: HashMap<LowerName, SocketAddr>,
    pub(super) faults: HashMap<LowerName, (Fault, u32)>,
    pub(super) counts: HashMap<(LowerName, RecordType), u32>,
}

/// What is known about one name and type.
pub(super) enum Known {
    Alias(Name),
    Elsewhere(SocketAddr),
    NoData,
    NoName,
    Records(Vec<RData>),
}

impl World {
    pub(super) fn count(&mut self, query: &Query) {
        *self.counts.entry((LowerName::new(query.name()), query.query_type())).or_default() += 1;
    }

    /// What is to go wrong with this answer.
    pub(super) fn take_fault(&mut self, name: &Name) -> Option<Fault> {
        let (fault, left) = self.faults.get_mut(&LowerName::new(name))?;
        let fault = *fault;
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.faults.remove(&LowerName::new(name));
        }
        Some(fault)
    }

    pub(super) fn look_up(&self, name: &Name, record_type: RecordType) -> Known {
        let name = LowerName::new(name);
        let closest = self
            .forwards
            .iter()
            .filter(|(suffix, _)| suffix.zone_of(&name))
            .max_by_key(|(suffix, _)| suffix.num_labels());
        if let Some((_, server)) = closest {
            return Known::Elsewhere(*server);
        }
        let Some(records) = self.records.get(&name) else {
            let holds_names = self.records.keys().any(|known| name.zone_of(known));
            return if holds_names { Known::NoData } else { Known::NoName };
        };
        match (
            records.get(&record_type),
            records.get(&RecordType::CNAME).and_then(|aliases| aliases.first()),
        ) {
            (Some(data), _) if !data.is_empty() => Known::Records(data.clone()),
            (_, Some(RData::CNAME(target))) => Known::Alias(target.0.clone()),
            _ => Known::NoData,
        }
    }

    /// The SOA record of the closest zone above the name: what a negative answer carries.
    pub(super) fn authority(&self, name: &Name) -> Option<Record> {
        let mut zone = LowerName::new(name);
        loop {
            if let Some(soa) =
                self.records.get(&zone).and_then(|records| records.get(&RecordType::SOA)?.first())
            {
                return Some(Record::from_rdata((&zone).into(), TTL_SECONDS, soa.clone()));
            }
            if zone.is_root() {
                return None;
            }
            zone = zone.base_name();
        }
    }
}

/// A record's data from its text.
pub(super) fn parse_data(record_type: RecordType, text: &str) -> anyhow::Result<RData> {
    if record_type == RecordType::TXT {
        return Ok(RData::TXT(TXT::from_bytes(
            text.as_bytes().chunks(TXT_STRING_BYTES_MAX).collect(),
        )));
    }
    let mut data = RData::try_from_str(record_type, text)?;
    if let RData::CNAME(target) = &mut data {
        target.0.set_fqdn(true);
    }
    Ok(data)
}

/// The name, absolute, in lower case.
pub(super) fn lower(name: &str) -> LowerName {
    let mut parsed = Name::from_utf8(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    parsed.set_fqdn(true);
    LowerName::new(&parsed)
}
