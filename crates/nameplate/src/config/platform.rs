//! `[platform]`: the operator's own domain, under which everything that customers point at stands.

use np_domain::name::DnsName;
use serde::{Deserialize, Serialize};

use super::value::Name;

/// The platform's names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Platform {
    /// The operator's domain.
    pub(crate) domain: Name,
    /// What CNAMEs of a partial zone's hostnames lead to: `<hostname>.<this>`; `cdn.<domain>`.
    pub(crate) cdn_domain: Option<Name>,
}

/// The domain that stands for "not configured yet"; `.example` is reserved (RFC 2606), so nobody owns it.
const PLACEHOLDER: &str = "nameplate.example";

impl Default for Platform {
    fn default() -> Self {
        Self { domain: Name(placeholder()), cdn_domain: None }
    }
}

impl Platform {
    /// Whether the domain is still the placeholder, under which no customer can point at anything.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.domain.0 == placeholder()
    }

    /// What CNAMEs of a partial zone's hostnames lead to.
    pub(crate) fn cdn_domain(&self) -> Option<DnsName> {
        self.cdn_domain.clone().map(|name| name.0).or_else(|| self.child("cdn"))
    }

    /// `label` under the platform's domain.
    pub(crate) fn child(&self, label: &str) -> Option<DnsName> {
        self.domain.0.child(label).ok()
    }
}

fn placeholder() -> DnsName {
    PLACEHOLDER.parse().expect("a domain name")
}
