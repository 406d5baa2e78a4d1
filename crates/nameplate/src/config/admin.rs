//! `[admin]`: what operators look at: `/metrics`, `/healthz`, `/readyz`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The admin port. It has no authentication: keep it off public addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Admin {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 9080).into() }
    }
}
