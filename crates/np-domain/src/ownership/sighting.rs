//! A hostname whose ownership is not proven was asked for at a serving node: the customer may just have pointed it here.

use crate::id::HostnameId;

/// Somebody asked for a waiting hostname. It proves nothing; it is a reason to look at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sighting {
    /// The hostname.
    pub hostname: HostnameId,
    /// How it was asked for.
    pub by: SightedBy,
}

/// How a hostname was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SightedBy {
    /// A DNS question for the name in our zone that the hostname is to point at.
    Dns,
    /// A request on port 80.
    Http,
    /// The name in a TLS handshake.
    Sni,
}

impl SightedBy {
    /// Its name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Http => "http",
            Self::Sni => "sni",
        }
    }
}
