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
    /// The name is, or is below, one whose name servers are others.
    Delegated(Cut),
    /// The zone says nothing about the name.
    Unanswered,
}

/// Where a zone ends because the names from here on are others' (RFC 1034 section 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The name.
    pub(crate) key: String,
    /// The same as it travels.
    pub(crate) owner: Name,
    /// NS records; never empty.
    pub(crate) servers: Vec<Datum>,
    /// DS records, which belong to this side (RFC 4034 section 5).
    pub(crate) signers: Vec<Datum>,
}

/// A zone that we are authoritative for.
pub(crate) trait Zone: Send + Sync {
    /// The SOA record as it stands in the authority section of negative answers (RFC 2308 section 3).
    fn negative_soa(&self) -> Record;

    /// What is at `key`, a name within the zone.
    fn node(&self, key: &str) -> Result<Node, Unreadable>;

    /// The addresses known of a name server at `key`, also where the name is others'.
    fn glue(&self, key: &str) -> Result<Vec<Datum>, Unreadable> {
        Ok(match self.node(key)? {
            Node::Present(data) => data,
            Node::Absent | Node::Delegated(_) | Node::Unanswered => Vec::new(),
        })
    }
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
    ///
    /// # Errors
    /// When they cannot be read.
    fn enclosing<'n>(&self, key: &'n str) -> Result<Option<Enclosing<'n>>, Unreadable>;
}

/// Every zone that is answered for.
pub(crate) struct Zones {
    own: Vec<Box<dyn ZoneSource>>,
    accounts: Option<Box<dyn ZoneSource>>,
}

impl Zones {
    /// Zones of this node's own configuration.
    pub(crate) fn new(own: Vec<Box<dyn ZoneSource>>) -> Self {
        Self { own, accounts: None }
    }

    /// And those of accounts: asked only for names that are in none of our own, so that nobody's zone can take one.
    pub(crate) fn with_accounts(self, source: Box<dyn ZoneSource>) -> Self {
        Self { accounts: Some(source), ..self }
    }

    /// The zone closest above `key`.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub(crate) fn enclosing<'n>(&self, key: &'n str) -> Result<Option<Enclosing<'n>>, Unreadable> {
        let mut closest: Option<Enclosing<'n>> = None;
        for source in &self.own {
            let found = source.enclosing(key)?;
            let length = closest.as_ref().map_or(0, |closest| closest.apex.len());
            closest = found.filter(|found| found.apex.len() > length).or(closest);
        }
        match (&closest, &self.accounts) {
            (None, Some(accounts)) => accounts.enclosing(key),
            _ => Ok(closest),
        }
    }
}

/// `name` as it travels; `None` when it is too long for that.
pub(crate) fn wire_name(name: &DnsName) -> Option<Name> {
    Name::from_labels(name.labels().map(str::as_bytes)).ok()
}
