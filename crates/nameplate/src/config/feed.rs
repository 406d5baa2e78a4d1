//! `[feed]`: how serving nodes hear what to serve.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{data::Data, error::Invalid};

/// The feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Feed {
    /// Where `serve` and `control` hand it out to nodes on other machines.
    pub(crate) listen: SocketAddr,
    /// Where `edge` and `dns` pull it from: the control side's `feed.listen`, as a URL.
    pub(crate) url: Option<String>,
    /// The secret that control and nodes share; `<data.dir>/feed.key`. `serve` and `control` make it at the first start.
    pub(crate) key_file: Option<PathBuf>,
    /// What this node calls itself; a name that is drawn at the first start.
    pub(crate) node_name: Option<String>,
}

impl Default for Feed {
    fn default() -> Self {
        let listen = ([127, 0, 0, 1], 8081).into();
        Self { listen, url: None, key_file: None, node_name: None }
    }
}

/// The longest name of a node.
const NODE_NAME_LENGTH_MAX: usize = 64;

impl Feed {
    /// Where the shared secret is.
    pub(crate) fn key(&self, data: &Data) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| data.dir.join("feed.key"))
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        if let Some(url) = &self.url {
            let uri = url.parse::<http::Uri>().ok();
            let scheme = uri.as_ref().and_then(|uri| uri.scheme_str());
            if !matches!(scheme, Some("http" | "https")) {
                let message = format!(
                    "{url:?} is no HTTP URL: write http://CONTROL:8081 or https://CONTROL:8081"
                );
                return Err(Invalid::new("url", message));
            }
        }
        match &self.node_name {
            Some(name) if name.is_empty() || name.len() > NODE_NAME_LENGTH_MAX => {
                let message =
                    format!("{name:?} does not have 1 to {NODE_NAME_LENGTH_MAX} bytes: shorten it");
                Err(Invalid::new("node_name", message))
            }
            _ => Ok(()),
        }
    }
}
