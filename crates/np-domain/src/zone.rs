//! A zone: the provider's domain, under which custom hostnames are kept.

use crate::{
    Timestamp,
    delegation::DelegationId,
    id::{AccountId, ZoneId},
    name::{DnsName, Hostname},
    origin::FallbackOrigin,
};

/// The provider's domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// Who owns it.
    pub account: AccountId,
    /// Its name, such as `saasprovider.com`.
    pub name: Hostname,
    /// Who answers its DNS.
    pub kind: ZoneKind,
    /// The zone's part of delegation targets.
    pub delegation: DelegationId,
    /// Where requests for hostnames without an origin of their own go; `None` until it is set.
    pub fallback: Option<FallbackOrigin>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it, or its fallback origin, was last changed.
    pub modified_at: Timestamp,
    /// Counts the saves; a save names the version that it read.
    pub version: u64,
}

/// Who answers the zone's DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZoneKind {
    /// We are its name servers.
    Full,
    /// Its DNS is elsewhere.
    Partial,
}

/// Where a CNAME chain must end to prove ownership (behaviour.md 2.1, methods 3 and 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CnameTarget {
    /// Full set-up: a name within the zone.
    pub zone: Hostname,
    /// Partial set-up: `<zone>.<our CDN domain>`, or a name below it.
    pub partial: Option<DnsName>,
}

impl CnameTarget {
    /// Whether a chain that ends in `last` points at the zone.
    pub fn accepts(&self, last: &DnsName) -> bool {
        last.is_within(self.zone.as_str())
            || self.partial.as_ref().is_some_and(|name| last.is_within(name.as_str()))
    }
}
