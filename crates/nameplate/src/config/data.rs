//! `[data]`: where this installation keeps its files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Files of this installation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Data {
    /// The folder of everything below; made at the first start, for its owner only.
    pub(crate) dir: PathBuf,
    /// The key that seals private keys and CA accounts in the database; `<dir>/master.key`.
    pub(crate) master_key_file: Option<PathBuf>,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "nameplate-data".into(), master_key_file: None }
    }
}

impl Data {
    /// Where the master key is.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.dir.join("master.key"))
    }

    /// Where the administrator's first token is kept.
    pub(crate) fn admin_token(&self) -> PathBuf {
        self.dir.join("admin-token")
    }

    /// Where the first user's key is kept.
    pub(crate) fn admin_key(&self) -> PathBuf {
        self.dir.join("admin-key")
    }

    /// Where this node's name is kept.
    pub(crate) fn node_id(&self) -> PathBuf {
        self.dir.join("node-id")
    }

    /// Where the root of the CA in this program is written, for those who are to trust it.
    pub(crate) fn local_root(&self) -> PathBuf {
        self.dir.join("local-ca.pem")
    }

    /// Where the local copy of the feed is kept for a role.
    pub(crate) fn replica(&self, role: &str) -> PathBuf {
        self.dir.join("replica").join(role)
    }
}
