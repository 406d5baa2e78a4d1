//! `[api]`: the HTTP API.

use std::net::SocketAddr;

use np_control::app::limits::{Rate, Rates};
use np_domain::account::EmailAddress;
use serde::{Deserialize, Serialize};

use super::{
    error::Invalid,
    platform::Platform,
    value::{Email, Range, Span},
};

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
    /// How many calls a token or user may make within `calls_window`; 0: any number.
    pub(crate) calls_max: u64,
    /// Within how long.
    pub(crate) calls_window: Span,
    /// How many hostnames may be created in a zone within `creates_window`; 0: any number.
    pub(crate) creates_max: u64,
    /// Within how long.
    pub(crate) creates_window: Span,
    /// How long no more are created once there were so many.
    pub(crate) creates_pause: Span,
    /// How often credentials from one address may be wrong within `failures_window`; 0: any number of times.
    pub(crate) failures_max: u64,
    /// Within how long.
    pub(crate) failures_window: Span,
    /// How long tokens and zones that were read are used without asking the database again.
    pub(crate) known_age_max: Span,
    /// Proxies in front of the API, as addresses or ranges, whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<Range>,
    /// The address of the user who is made at the first start; `admin@<platform.domain>`.
    pub(crate) admin_email: Option<Email>,
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
            calls_max: 1200,
            calls_window: Span::seconds(300),
            creates_max: 600,
            creates_window: Span::seconds(60),
            creates_pause: Span::seconds(30),
            failures_max: 30,
            failures_window: Span::seconds(60),
            known_age_max: Span::seconds(2),
            trusted_proxies: Vec::new(),
            admin_email: None,
        }
    }
}

impl Api {
    /// How often callers may do what.
    pub(crate) fn rates(&self) -> Rates {
        let of = |count, window: Span, pause| {
            (count > 0).then_some(Rate { count, window: window.0, pause })
        };
        Rates {
            calls: of(self.calls_max, self.calls_window, None),
            creates: of(self.creates_max, self.creates_window, Some(self.creates_pause.0)),
            failures: of(self.failures_max, self.failures_window, None),
        }
    }

    /// The address of the user who is made at the first start.
    pub(crate) fn admin_email(&self, platform: &Platform) -> Option<EmailAddress> {
        let default = || format!("admin@{}", platform.domain.0.as_str()).parse().ok();
        self.admin_email.clone().map(|email| email.0).or_else(default)
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.body_bytes_max == 0 {
            let message = "0 would refuse every request: give at least 1024";
            return Err(Invalid::new("body_bytes_max", message));
        }
        let windows = [
            ("calls_window", self.calls_window),
            ("creates_window", self.creates_window),
            ("failures_window", self.failures_window),
        ];
        if let Some((key, _)) = windows.iter().find(|(_, window)| window.0.is_zero()) {
            return Err(Invalid::new(
                key,
                "0 counts nothing: set the number beside it to 0 instead",
            ));
        }
        match self.connections_max {
            0 => Err(Invalid::new("connections_max", "0 would answer nobody: give at least 1")),
            _ => Ok(()),
        }
    }
}
