//! `[api]`: the HTTP API.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{error::Invalid, value::Span};

/// The HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Api {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// How long a create waits for the CA's tokens, so that its answer can show them.
    pub(crate) create_wait: Span,
    /// The most bytes of a request body.
    pub(crate) body_bytes_max: usize,
    /// The most connections at a time.
    pub(crate) connections_max: usize,
    /// How many hostnames a zone may have; 0: any number.
    pub(crate) hostnames_per_zone_max: u64,
    /// How many certificate packs a zone may have, besides its universal one.
    pub(crate) packs_per_zone_max: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            create_wait: Span::seconds(2),
            body_bytes_max: 1024 * 1024,
            connections_max: 1000,
            hostnames_per_zone_max: 0,
            packs_per_zone_max: 100,
        }
    }
}

impl Api {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.body_bytes_max == 0 {
            let message = "0 would refuse every request: give at least 1024";
            return Err(Invalid::new("body_bytes_max", message));
        }
        match self.connections_max {
            0 => Err(Invalid::new("connections_max", "0 would answer nobody: give at least 1")),
            _ => Ok(()),
        }
    }
}
