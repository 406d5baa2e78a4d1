//! Where `scripts/install-test-deps` put the SDKs and the tools for the OpenAPI document.

use std::path::PathBuf;

use anyhow::Context;

use crate::{installed, program};

/// The folder with the Python SDK.
const PYTHON: &str = "sdk-venv";

/// Something that is installed in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// certbot with its Cloudflare plugin.
    Certbot,
    /// `aiosmtpd`, a mail server.
    Mail,
    /// Node.js modules: the TypeScript SDK and the compiler.
    Node,
    /// `schemathesis` and `openapi-spec-validator`.
    OpenApi,
    /// The Python SDK.
    Python,
    /// The Python SDK of the line before, 4.x.
    Python4,
}

impl Environment {
    /// A file of it.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn file(self, path: &str) -> anyhow::Result<PathBuf> {
        let (folder, what) = match self {
            Self::Certbot => ("certbot-venv", "certbot"),
            Self::Mail => ("mail-venv", "aiosmtpd"),
            Self::Node => ("sdk-node", "The TypeScript SDK"),
            Self::OpenApi => ("openapi-venv", "schemathesis"),
            Self::Python => (PYTHON, "The Python SDK"),
            Self::Python4 => ("sdk-venv-4", "The Python SDK 4.x"),
        };
        let folders: Vec<_> =
            installed::sdk_homes().into_iter().map(|home| home.join(folder)).collect();
        let found = folders.iter().map(|folder| folder.join(path)).find(|file| file.exists());
        found.with_context(|| format!("{} (looked in {folders:?})", program::missing(what)))
    }
}
