//! Where `scripts/install-test-deps` put the SDKs and the tools for the OpenAPI document.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::program;

/// Names the folder with the Python SDK, when it is not at `sdk-venv` in the build folder. The others stand beside it.
const VARIABLE: &str = "NAMEPLATE_SDK_VENV";
const PYTHON: &str = "sdk-venv";

/// Something that is installed in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
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
            Self::Node => ("sdk-node", "The TypeScript SDK"),
            Self::OpenApi => ("openapi-venv", "schemathesis"),
            Self::Python => (PYTHON, "The Python SDK"),
            Self::Python4 => ("sdk-venv-4", "The Python SDK 4.x"),
        };
        let folders: Vec<_> = homes().into_iter().map(|home| home.join(folder)).collect();
        let found = folders.iter().map(|folder| folder.join(path)).find(|file| file.exists());
        found.with_context(|| format!("{} (looked in {folders:?})", program::missing(what)))
    }
}

/// Where the folders may be.
fn homes() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return Path::new(&folder).parent().map(Path::to_path_buf).into_iter().collect();
    }
    // Relative to the root of the workspace, which is not where cargo runs a test.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let build = std::env::var_os("CARGO_TARGET_DIR").map(|folder| workspace.join(folder));
    build.into_iter().chain([workspace.join("target")]).collect()
}
