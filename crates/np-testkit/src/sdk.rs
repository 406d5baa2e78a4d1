//! The official SDKs, as customers of the API have them: scripts of a test run against a server of the test.
//!
//! Python scripts print what they saw as JSON ([`Sdk`]); TypeScript is compiled first, and what the API answered is compiled
//! too, against the SDK's types ([`typescript`]).

mod environment;
pub mod typescript;

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use serde_json::Value;
use tokio::process::Command;

pub use environment::Environment;

/// The Python SDK, set up for one server and one token.
#[derive(Debug)]
pub struct Sdk {
    python: PathBuf,
    base_url: String,
    token: String,
}

impl Sdk {
    /// The current SDK (5.x) for the API at `base_url` (with its `/client/v4`), authorized by `token`.
    ///
    /// # Errors
    /// When the SDK is not installed.
    pub fn new(base_url: impl Into<String>, token: impl Into<String>) -> anyhow::Result<Self> {
        let python = Environment::Python.file("bin/python")?;
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
        Ok(printed(python).await?.0)
    }
}

/// Runs a Python script, which may import others of its folder, with one of the Python SDKs. Which server to call is for its
/// arguments to say. Returns what it prints as JSON, and what it complains about.
///
/// # Errors
/// When the SDK is not installed, and like [`Sdk::run`].
pub async fn run_python(
    environment: Environment,
    script: &Path,
    arguments: &[String],
) -> anyhow::Result<(Value, String)> {
    // What Python would write beside the scripts has no place there.
    let mut python = Command::new(environment.file("bin/python")?);
    python.arg("-B").arg(script).args(arguments).kill_on_drop(true);
    printed(python).await
}

/// Runs a script of an SDK and reads what it prints, besides what it complains about.
async fn printed(mut script: Command) -> anyhow::Result<(Value, String)> {
    let output = script.output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the script failed: {said}");
    let printed = String::from_utf8(output.stdout)?;
    match serde_json::from_str(&printed) {
        Ok(value) => Ok((value, said.into_owned())),
        Err(error) => bail!("the script printed something that is not JSON ({error}): {printed}"),
    }
}
