//! `[checks]`: how we look for customers' records and tokens, before the CA does.

use std::net::SocketAddr;

use np_control::adapters::{
    http_probe::ProbeSettings,
    inspector::InspectorSettings,
    resolver::{self, ResolverError, ResolverSettings},
};
use np_domain::quorum::Rule;
use serde::{Deserialize, Serialize};

use super::{error::Invalid, value::Span};

/// Our own looks at customers' names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Checks {
    /// Recursive resolvers to ask; empty: those of `/etc/resolv.conf`.
    pub(crate) resolvers: Vec<SocketAddr>,
    /// How long one resolver may take for one answer.
    pub(crate) resolver_timeout: Span,
    /// How often a resolver is asked anew after no answer.
    pub(crate) resolver_attempts: usize,
    /// Whether DNSSEC signatures are checked here; otherwise the resolvers' own check counts.
    pub(crate) validate_dnssec: bool,
    /// How many of the resolvers must show a record.
    pub(crate) resolver_rule: ResolverRule,
    /// The port on which customers' HTTP tokens are looked for: 80, other than in tests.
    pub(crate) http_port: u16,
    /// The port on which customers' name servers are asked for diagnoses: 53, other than in tests.
    pub(crate) dns_port: u16,
    /// Whether customers' names may lead to private, loopback and other reserved addresses.
    pub(crate) allow_private_addresses: bool,
    /// The most redirects that are followed.
    pub(crate) redirects_max: usize,
    /// How long one address may take to accept a connection.
    pub(crate) connect_timeout: Span,
    /// How long one look over HTTP may take.
    pub(crate) http_timeout: Span,
}

/// How many of several resolvers must show a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResolverRule {
    /// One.
    Any,
    /// More than half of those that answer.
    #[default]
    Majority,
}

impl From<ResolverRule> for Rule {
    fn from(rule: ResolverRule) -> Self {
        match rule {
            ResolverRule::Any => Self::Any,
            ResolverRule::Majority => Self::Majority,
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            resolver_timeout: Span::seconds(3),
            resolver_attempts: 1,
            validate_dnssec: false,
            resolver_rule: ResolverRule::default(),
            http_port: 80,
            dns_port: 53,
            allow_private_addresses: false,
            redirects_max: 3,
            connect_timeout: Span::seconds(3),
            http_timeout: Span::seconds(10),
        }
    }
}

impl Checks {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        match (self.http_port, self.dns_port) {
            (0, _) => Err(Invalid::new("http_port", "0 is no port to connect to: CAs look at 80")),
            (_, 0) => Err(Invalid::new("dns_port", "0 is no port to ask: name servers have 53")),
            _ => Ok(()),
        }
    }

    /// Whom to ask.
    pub(crate) fn resolver(&self) -> ResolverSettings {
        ResolverSettings {
            servers: self.resolvers.clone(),
            timeout: self.resolver_timeout.0,
            attempts: self.resolver_attempts,
            validate_dnssec: self.validate_dnssec,
            rule: self.resolver_rule.into(),
        }
    }

    /// Whom a diagnosis asks.
    pub(crate) fn inspector(&self) -> Result<InspectorSettings, ResolverError> {
        let resolvers = resolver::resolvers(&self.resolvers)?;
        Ok(InspectorSettings {
            authority_port: self.dns_port,
            allow_reserved: self.allow_private_addresses,
            ..InspectorSettings::new(resolvers)
        })
    }

    /// How far a look over HTTP may go.
    pub(crate) fn probe(&self) -> ProbeSettings {
        ProbeSettings {
            port: self.http_port,
            allow_reserved: self.allow_private_addresses,
            redirects_max: self.redirects_max,
            connect_timeout: self.connect_timeout.0,
            timeout: self.http_timeout.0,
        }
    }
}
