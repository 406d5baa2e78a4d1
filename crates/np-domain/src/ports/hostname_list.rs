//! Lists of a zone's hostnames: which, in what order, from where on.

use super::Direction;
use crate::{
    Timestamp,
    certificate::{AuthorityName, Standing},
    custom_hostname::HostnameRecord,
    id::HostnameId,
    ownership,
    text::Explanation,
};

/// Which hostnames of a zone: those of which all conditions hold. A set that is empty lets none through, `None` all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostnameFilter {
    /// By name.
    pub name: Option<NameFilter>,
    /// By id.
    pub id: Option<HostnameId>,
    /// By whether a certificate was asked for.
    pub with_certificate: Option<bool>,
    /// By whether it covers a wildcard.
    pub wildcard: Option<bool>,
    /// By the state of ownership.
    pub ownership: Option<Vec<ownership::Kind>>,
    /// By where the certificate stands.
    pub standings: Option<Vec<Standing>>,
    /// Those whose uploaded certificate waits for a proof of ownership, or all others.
    pub held: Option<bool>,
    /// By the CA that was asked for; `None` within: no particular one.
    pub authorities: Option<Vec<Option<AuthorityName>>>,
    /// By the custom origin, as it is printed.
    pub origin: Option<Explanation>,
}

/// Which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFilter {
    /// Just this one.
    Exact(Explanation),
    /// Those that contain this text.
    Contains(Explanation),
    /// Those that start with this text.
    StartsWith(Explanation),
}

/// What decides the place in a list. The moment of creation decides between equals, then the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The moment of creation.
    #[default]
    Created,
    /// The name.
    Name,
    /// Whether a certificate was asked for: those without first.
    Certificate,
    /// Where the certificate stands, in the order of [`Standing`].
    Standing,
}

/// A place in a list, between two hostnames. Those that were there before and after stay before and after, whatever is
/// added or removed; by [`Order::Certificate`] and [`Order::Standing`] a hostname whose certificate moves on may pass it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// By creation.
    Created(Timestamp, HostnameId),
    /// By name.
    Name(Box<str>),
    /// By certificate or standing: the group, then by creation within it.
    Group(Standing, Timestamp, HostnameId),
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At a page of this number, from 1, all of them as long as this one.
    Page(u32),
    /// At the beginning, as pages after a place do.
    Begin,
    /// After a place.
    After(Position),
}

/// A page of a list that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostnameList {
    /// Which.
    pub filter: HostnameFilter,
    /// In what order.
    pub order: Order,
    /// From which end.
    pub direction: Direction,
    /// From where on.
    pub start: Start,
    /// At most so many.
    pub size: u32,
    /// The time, by which certificates are over.
    pub now: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostnamePage {
    /// The hostnames. From a [`Start::Begin`] or a [`Start::After`] they may be fewer than asked for, and even none, before the end.
    pub records: Vec<HostnameRecord>,
    /// How many match in all.
    pub total: Total,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

/// How many match in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Exactly so many.
    Exact(u64),
    /// About so many: they were not all counted. At least as many as were seen.
    Estimate(u64),
}

impl Total {
    /// The number.
    pub fn count(self) -> u64 {
        match self {
            Self::Exact(count) | Self::Estimate(count) => count,
        }
    }
}
