//! `[store]`: the database.

use std::num::NonZeroU32;

use np_store::StoreOptions;
use serde::{Deserialize, Serialize};

use super::{data::Data, error::Invalid, value::Span};

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`; SQLite in the data folder.
    pub(crate) url: Option<String>,
    /// The most connections at a time.
    pub(crate) connections_max: NonZeroU32,
    /// How long a call waits for a connection, or for a lock on an SQLite file.
    pub(crate) wait_max: Span,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: None,
            connections_max: NonZeroU32::new(16).unwrap_or(NonZeroU32::MIN),
            wait_max: Span::seconds(5),
        }
    }
}

impl Store {
    /// The URL to open.
    pub(crate) fn url(&self, data: &Data) -> String {
        let embedded = || format!("sqlite:{}", data.dir.join("nameplate.db").display());
        self.url.clone().unwrap_or_else(embedded)
    }

    /// How to open it.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions {
            connections_max: self.connections_max.get(),
            wait_max: self.wait_max.0,
            ..StoreOptions::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        let known = |url: &String| {
            ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme))
        };
        match &self.url {
            Some(url) if !known(url) => Err(Invalid::new(
                "url",
                "the database is neither sqlite: nor postgres: ; write sqlite:FILE or postgres://USER@HOST/DATABASE",
            )),
            _ => Ok(()),
        }
    }
}
