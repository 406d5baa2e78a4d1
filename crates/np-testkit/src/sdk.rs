//! The official Python SDK, as a customer of the API has it: a script of the test runs against a server of the test, and prints
//! what it saw as JSON.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::program;

/// Names the folder of the Python environment with the SDK, when it is not at `sdk-venv` in the build folder.
const ENVIRONMENT_VARIABLE: &str = "NAMEPLATE_SDK_VENV";

/// The SDK, set up for one server and one token.
#[derive(Debug)]
pub struct Sdk {
    python: PathBuf,
    base_url: String,
    token: String,
}

impl Sdk {
    /// The SDK for the API at `base_url` (with its `/client/v4`), authorized by `token`.
    ///
    /// # Errors
    /// When the SDK is not installed.
    pub fn new(base_url: impl Into<String>, token: impl Into<String>) -> anyhow::Result<Self> {
        let folders = folders();
        let python =
            folders.iter().map(|folder| folder.join("bin/python")).find(|python| python.is_file());
        let python = python.with_context(|| {
            format!("{} (looked in {folders:?})", program::missing("The Python SDK"))
        })?;
        Ok(Self { python, base_url: base_url.into(), token: token.into() })
    }

    /// Runs a script, in which `Cloudflare()` is a client of the server, and returns the JSON that it prints.
    ///
    /// # Errors
    /// When the script fails, with what it said, or prints something else.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        let mut python = Command::new(&self.python);
        python.args(["-c", script]).kill_on_drop(true);
        python.env("CLOUDFLARE_BASE_URL", &self.base_url).env("CLOUDFLARE_API_TOKEN", &self.token);
        let output = python.output().await?;
        ensure!(
            output.status.success(),
            "the script failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let printed = String::from_utf8(output.stdout)?;
        match serde_json::from_str(&printed) {
            Ok(value) => Ok(value),
            Err(error) => {
                bail!("the script printed something that is not JSON ({error}): {printed}")
            }
        }
    }
}

/// Where the environment may be.
fn folders() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os(ENVIRONMENT_VARIABLE) {
        return vec![folder.into()];
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Relative to the root of the workspace, which is not where cargo runs a test.
    let build =
        std::env::var_os("CARGO_TARGET_DIR").map(|folder| workspace.join(folder).join("sdk-venv"));
    build.into_iter().chain([workspace.join("target/sdk-venv")]).collect()
}
