//! `[log]`: what is logged to standard error, and how.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::error::Invalid;

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// A level, or a filter such as `info,np_edge=debug`.
    pub(crate) level: String,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl Log {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        self.filter().map(drop)
    }

    /// Which lines are written.
    pub(crate) fn filter(&self) -> Result<EnvFilter, Invalid> {
        EnvFilter::try_new(&self.level).map_err(|why| {
            let remedy =
                "write error, warn, info, debug or trace, or a filter such as info,np_edge=debug";
            Invalid::new("level", format!("{:?} is no level ({why}): {remedy}", self.level))
        })
    }
}
