//! What is wrong with a configuration, on one line: where it stands, the key, the value, and what to do.

use std::{fmt, path::PathBuf};

/// A configuration that cannot be used. Its text is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// Where the value was given.
    pub(crate) origin: Origin,
    /// The key with its section, such as `dns.listen`; empty when the whole file is meant.
    pub(crate) key: String,
    /// What is wrong, and the remedy.
    pub(crate) message: String,
}

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In no place: it is a default.
    Default,
    /// In a variable of the environment.
    Environment(String),
    /// In a file.
    File(PathBuf),
}

/// A value that a section refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The key within its section.
    pub(crate) key: &'static str,
    /// What is wrong with the value, and the remedy.
    pub(crate) message: String,
}

impl Invalid {
    /// Says what is wrong with `key`.
    pub(crate) fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self { key, message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => {}
            Origin::Environment(variable) => write!(f, "environment {variable}: ")?,
            Origin::File(path) => write!(f, "{}: ", path.display())?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        // Parsers of others explain themselves on several lines; ours is one.
        let message: Vec<&str> = self.message.split_whitespace().collect();
        f.write_str(&message.join(" "))
    }
}

impl std::error::Error for ConfigError {}
