//! `[zones]`: how the provider's domains become active.

use np_domain::zone::activation::Policy;
use serde::{Deserialize, Serialize};

/// The zones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Zones {
    /// Whether a new zone is active at once or must be proven.
    pub(crate) activation: Activation,
}

/// How a zone becomes active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activation {
    /// By being added, unless another account has the name: for accounts that trust each other.
    #[default]
    Automatic,
    /// By a TXT record, or by its delegation to our name servers.
    Verified,
}

impl From<Activation> for Policy {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Automatic => Self::Automatic,
            Activation::Verified => Self::Verified,
        }
    }
}
