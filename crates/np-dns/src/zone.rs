//! Where answers come from: zones, and the sources that hold them. [`Zones`] is the list of sources; a further kind of
//! zone joins by implementing [`ZoneSource`].

use std::sync::Arc;

use hickory_proto::rr::{Name, RData, Record, RecordType};
use np_domain::name::DnsName;
use thiserror::Error;

/// The data could not be read. The only reason for SERVFAIL there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the local replica cannot be read")]
pub struct Unreadable;

/// One record at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datum {
    /// For how long it may be remembered, in seconds.
    pub(crate) ttl: u32,
    /// Type and content.
    pub(crate) data: RData,
}

impl Datum {
    pub(crate) fn kind(&self) -> RecordType {
        self.data.record_type()
    }

    pub(crate) fn at(&self, owner: Name) -> Record {
        Record::from_rdata(owner, self.ttl, self.data.clone())
    }
}

/// What a zone has at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// The name does not exist, and none below it.
    Absent,
    /// The name exists; without a record when only names below it have some.
    Present(Vec<Datum>),
}

/// A zone that we are authoritative for.
pub(crate) trait Zone: Send + Sync {
    /// The SOA record as it stands in the authority section of negative answers (RFC 2308 section 3).
    fn negative_soa(&self) -> Record;

    /// What is at `key`, a name within the zone.
    fn node(&self, key: &str) -> Result<Node, Unreadable>;
}

/// A zone that encloses a name.
pub(crate) struct Enclosing<'n> {
    /// The zone's own name: the end of the name asked for, or all of it.
    pub(crate) apex: &'n str,
    /// The zone.
    pub(crate) zone: Arc<dyn Zone>,
}

/// Something that holds zones.
pub(crate) trait ZoneSource: Send + Sync {
    /// Of the zones held, the one closest above `key`, or at it.
    fn enclosing<'n>(&self, key: &'n str) -> Option<Enclosing<'n>>;
}

/// Every zone that is answered for.
pub(crate) struct Zones(Vec<Box<dyn ZoneSource>>);

impl Zones {
    pub(crate) fn new(sources: Vec<Box<dyn ZoneSource>>) -> Self {
        Self(sources)
    }

    /// The zone closest above `key`, whichever source holds it.
    pub(crate) fn enclosing<'n>(&self, key: &'n str) -> Option<Enclosing<'n>> {
        let found = self.0.iter().filter_map(|source| source.enclosing(key));
        found.max_by_key(|enclosing| enclosing.apex.len())
    }
}

/// `name` as it travels; `None` when it is too long for that.
pub(crate) fn wire_name(name: &DnsName) -> Option<Name> {
    Name::from_labels(name.labels().map(str::as_bytes)).ok()
}
