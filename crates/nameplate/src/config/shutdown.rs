//! `[shutdown]`: how the process ends.

use serde::{Deserialize, Serialize};

use super::value::Span;

/// The end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Shutdown {
    /// How long requests and work under way may go on after SIGTERM.
    pub(crate) drain_timeout: Span,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { drain_timeout: Span::seconds(20) }
    }
}
