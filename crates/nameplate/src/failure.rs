//! How the program ends when it cannot go on, and with which exit code.

use std::{fmt, process::ExitCode};

use crate::config::error::ConfigError;

/// Why the program ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration cannot be used: exit code 2.
    Config(ConfigError),
    /// What was examined is not as it should be, and that was said already: exit code 3.
    Found,
    /// Anything else: exit code 1.
    Other(anyhow::Error),
}

impl From<ConfigError> for Failure {
    fn from(why: ConfigError) -> Self {
        Self::Config(why)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(why: anyhow::Error) -> Self {
        Self::Other(why)
    }
}

impl From<std::io::Error> for Failure {
    fn from(why: std::io::Error) -> Self {
        Self::Other(why.into())
    }
}

impl Failure {
    /// The code for whoever started us.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) => ExitCode::from(2),
            Self::Found => ExitCode::from(3),
            Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(why) => write!(f, "{why}"),
            Self::Found => f.write_str("problems were found"),
            Self::Other(why) => write!(f, "{why:#}"),
        }
    }
}
