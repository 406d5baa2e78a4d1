//! DNS as the deciding side sees it, through a recursive resolver.

use std::net::IpAddr;

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    caa::Caa,
    dns_record::{Content, RecordKind},
    name::DnsName,
    ownership::Seen,
    text::Explanation,
};

/// Why a look-up gave no records.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupFailure {
    /// NXDOMAIN.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists, but has no record of this type.
    #[error("the name has no such record")]
    NoRecords,
    /// SERVFAIL, which a validating resolver also gives for broken DNSSEC.
    #[error(
        "the name servers failed to answer (SERVFAIL); check the domain's name servers and DNSSEC"
    )]
    ServerFailure,
    /// The name's DNSSEC does not hold: the resolver's or our own check says so.
    #[error(
        "its DNSSEC does not validate ({0}); mend the signatures, or take the DS record out of the parent"
    )]
    Bogus(Explanation),
    /// The resolver could not reach the name's servers.
    #[error("the name servers cannot be reached ({0})")]
    Unreachable(Explanation),
    /// Several resolvers say different things, and none of it counts.
    #[error("the resolvers disagree: {0}")]
    Disagreement(Explanation),
    /// REFUSED.
    #[error("the name servers refused to answer")]
    Refused,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// Anything else, in words.
    #[error("{0}")]
    Other(Explanation),
}

impl LookupFailure {
    /// Whether this is trouble, as opposed to a plain "there is nothing".
    pub fn is_trouble(&self) -> bool {
        !matches!(self, Self::NoSuchName | Self::NoRecords)
    }
}

/// The TXT records of a name; CNAMEs were followed.
pub type TxtAnswer = Vec<Seen>;

/// Looks names up. Every look-up is bounded in time and asks afresh: an answer that the resolver adapter had cached is
/// not given again.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The TXT values at `name`, CNAMEs followed; never empty. The strings of one record are joined.
    async fn txt(&self, name: &DnsName) -> Result<TxtAnswer, LookupFailure>;

    /// The CNAME at `name` itself, not followed; `Ok(None)` when the name does not exist or has none.
    async fn cname(&self, name: &DnsName) -> Result<Option<DnsName>, LookupFailure>;

    /// The A and AAAA addresses of `name`, CNAMEs followed; never empty.
    async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure>;

    /// All A and AAAA addresses of `name`, CNAMEs followed; empty when there are none. A failure of either look-up is one of
    /// both: a part of the addresses says nothing about all.
    async fn all_addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure>;

    /// The CAA records of `name`, CNAMEs followed, each with where it stands; empty when there are none. Names above it are
    /// not asked about.
    async fn caa(&self, name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure>;

    /// What stands at `name` itself of this type, or the CNAME that stands there instead; never empty. What cannot be kept as
    /// a record of ours is left out. Who never scans a zone need not answer.
    async fn records(&self, _: &DnsName, _: RecordKind) -> Result<Vec<Content>, LookupFailure> {
        Err(LookupFailure::NoRecords)
    }

    /// The name servers of the zone `name`; never empty. CNAMEs are not followed.
    async fn name_servers(&self, name: &DnsName) -> Result<Vec<DnsName>, LookupFailure>;
}
