//! The aggregate: a customer's name attached to a zone.

use std::collections::BTreeMap;

use crate::{
    Timestamp,
    certificate::Certificate,
    id::{HostnameId, ZoneId},
    name::Hostname,
    origin::CustomOrigin,
    ownership,
};

/// A customer's name attached to a zone. Its certificate is a value beside it, with a version of its own: the two
/// change independently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHostname {
    /// Its id.
    pub id: HostnameId,
    /// The zone that it is attached to.
    pub zone: ZoneId,
    /// The name. Never changes.
    pub name: Hostname,
    /// The token whose sight proves ownership. Never changes.
    pub token: OwnershipToken,
    /// Whether ownership is proven.
    pub ownership: ownership::State,
    /// Where its requests go, when not to the zone's fallback origin.
    pub origin: Option<CustomOrigin>,
    /// The provider's own words about it.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts the saves; a save names the version that it read.
    pub version: u64,
}

/// A hostname with its certificate, as stores hand them out. `certificate` is `None` when none was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostnameRecord {
    /// The hostname.
    pub hostname: CustomHostname,
    /// Its certificate.
    pub certificate: Option<Certificate>,
}

/// The token whose sight proves ownership: a UUID, drawn at random by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnershipToken(uuid::Uuid);

impl OwnershipToken {
    /// Wraps a random UUID.
    pub const fn from_uuid(id: uuid::Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> &uuid::Uuid {
        &self.0
    }

    /// Whether a TXT value or an HTTP body is this token; white space around it does not count (behaviour.md 2.1).
    pub fn matches(&self, value: &str) -> bool {
        value.trim().eq_ignore_ascii_case(&self.0.to_string())
    }
}

impl std::fmt::Display for OwnershipToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

/// The path of the ownership token under the hostname (behaviour.md 2.1).
pub const OWNERSHIP_PATH: &str = "/.well-known/cf-custom-hostname-challenge/";
/// The User-Agent of the look at [`OWNERSHIP_PATH`].
pub const OWNERSHIP_USER_AGENT: &str = "Cloudflare Custom Hostname Verification";

/// The provider's own keys and values: JSON values as text, the store and the API agree on the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(pub BTreeMap<Box<str>, Box<str>>);

/// The most bytes of keys and values together (behaviour.md 5).
pub const METADATA_BYTES_MAX: usize = 4096;

impl Metadata {
    /// Bytes of keys and values together.
    pub fn len_bytes(&self) -> usize {
        self.0.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}
