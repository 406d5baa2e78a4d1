//! The program itself: started with a configuration in a folder of its own, ended in every way there is, started again.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use np_testkit::ports::{self, loopback};
use np_testkit::program::{Ending, Program};
use np_testkit::wait;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::Api;
use crate::visitor;

/// How long a start may take. Generous: tests run beside compilers.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long requests and work may go on after SIGTERM, as configured here.
const DRAIN_SECONDS: u64 = 20;
/// How long the end may take at most: the drain, and what a loaded machine adds.
const ENDED_WITHIN: Duration = Duration::from_secs(DRAIN_SECONDS + 20);

/// Where one process listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) admin: u16,
    pub(crate) api: u16,
    pub(crate) dns: u16,
    pub(crate) feed: u16,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl Ports {
    /// Ports that are free now. Another process may take one before ours does, so starts are tried again.
    pub(crate) fn choose() -> anyhow::Result<Self> {
        Ok(Self {
            admin: ports::free_tcp()?,
            api: ports::free_tcp()?,
            dns: ports::free_tcp_and_udp()?,
            feed: ports::free_tcp()?,
            http: ports::free_tcp()?,
            https: ports::free_tcp()?,
        })
    }
}

/// A configuration with these ports, open for a world on loopback. A test adds what it is about.
pub(crate) fn configuration(ports: &Ports) -> Value {
    json!({
        "platform": { "domain": "nameplate-platform.net" },
        "api": { "listen": loopback(ports.api), "calls_max": 0, "creates_max": 0 },
        "admin": { "listen": loopback(ports.admin) },
        "edge": {
            "https_listen": loopback(ports.https),
            "http_listen": loopback(ports.http),
            "allow_private_origins": true,
        },
        "dns": { "listen": [loopback(ports.dns)] },
        "feed": { "listen": loopback(ports.feed) },
        "authorities": {},
        "checks": { "http_port": ports.http, "allow_private_addresses": true },
        "shutdown": { "drain_timeout": format!("{DRAIN_SECONDS}s") },
        "log": { "format": "json" },
    })
}

/// The program in one of its roles. Ends when dropped.
pub(crate) struct Nameplate {
    role: &'static str,
    pub(crate) ports: Ports,
    // Before the folder, so that it has ended when its files go.
    program: Option<Program>,
    folder: TempDir,
}

impl Nameplate {
    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(
        role: &'static str,
        ports: Ports,
        mut configuration: Value,
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix(format!("np-e2e-{role}-"))?;
        configuration["data"]["dir"] = json!(folder.path().join("data"));
        fs::write(folder.path().join("nameplate.toml"), toml::to_string(&configuration)?)?;
        let mut nameplate = Self { role, ports, program: None, folder };
        nameplate.start_again().await?;
        Ok(nameplate)
    }

    /// Starts it with the same folder, configuration and ports.
    pub(crate) async fn start_again(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nameplate"));
        command.arg(self.role).arg("--config").arg(self.folder.path().join("nameplate.toml"));
        let mut program = Program::start(&command, &self.log_path(), Ending::Terminate)?;
        program.listens_on(self.ports.admin).await?;
        let admin = self.ports.admin;
        let ready = wait::until("ready", READY_WITHIN, async || {
            let answer = visitor::http(admin, "localhost", "/readyz").await.ok()?;
            answer.status.is_success().then_some(())
        });
        ready.await.with_context(|| format!("{} said:\n{}", self.role, program.log_tail()))?;
        self.program = Some(program);
        Ok(())
    }

    /// Runs another command with the same configuration; what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nameplate"));
        command.args(arguments).arg("--config").arg(self.folder.path().join("nameplate.toml"));
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?} ended with {}: {said}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Asks it to end, and does not wait.
    pub(crate) fn terminate(&mut self) {
        self.program.as_mut().expect("it was started").ask_to_end();
    }

    /// Waits for the end that was asked for.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let mut program = self.program.take().context("it was started")?;
        program.ended(ENDED_WITHIN).await
    }

    /// Ends it in order.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        self.terminate();
        let status = self.ended().await?;
        ensure!(status.success(), "it ended with {status}:\n{}", self.log());
        Ok(())
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.program.take().expect("it was started").kill();
    }

    /// The API with the administrator's token.
    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        let token = fs::read_to_string(self.data("admin-token"))?;
        Ok(Api::new(self.ports.api, token.trim().to_owned()))
    }

    /// A file in its data folder.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// What it has logged about events of this kind, over all starts.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["event"] == kind).collect()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join(format!("nameplate-{}.log", self.role))
    }
}
