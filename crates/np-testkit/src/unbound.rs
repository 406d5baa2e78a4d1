//! Unbound as a recursive resolver that knows where the zones of the test are. Every other name does not exist for it, so no
//! question leaves this machine.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::ports;
use crate::program::{self, Ending, Program};

/// A running Unbound, which remembers no answer for longer than its question takes.
#[derive(Debug)]
pub struct Unbound {
    port: u16,
    // Before the folder, so that it has ended when its files go.
    _program: Program,
    _folder: TempDir,
}

impl Unbound {
    /// Starts one on a free port, which asks the given server about each zone and what is below it.
    ///
    /// # Errors
    /// When Unbound is not installed or does not start.
    pub async fn start(zones: &[(&str, SocketAddr)]) -> anyhow::Result<Self> {
        Self::start_validating(zones, &[]).await
    }

    /// The same, with trust anchors (such as `customer.test. DS ...`): names below them must be signed, or are SERVFAIL.
    ///
    /// # Errors
    /// When Unbound is not installed or does not start.
    pub async fn start_validating(
        zones: &[(&str, SocketAddr)],
        trust_anchors: &[&str],
    ) -> anyhow::Result<Self> {
        let start = async || Self::start_on(ports::free_tcp_and_udp()?, zones, trust_anchors).await;
        program::on_free_ports(start).await
    }

    /// Where it answers, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ports::loopback(self.port)
    }

    async fn start_on(
        port: u16,
        zones: &[(&str, SocketAddr)],
        trust_anchors: &[&str],
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-unbound-")?;
        let configuration = folder.path().join("unbound.conf");
        fs::write(&configuration, configuration_text(port, &folder, zones, trust_anchors))?;
        let mut command = Command::new(program::find("unbound")?);
        command.args(["-d", "-p", "-c"]).arg(&configuration);
        let mut program =
            Program::start(&command, &folder.path().join("unbound.log"), Ending::Terminate)?;
        program.listens_on(port).await?;
        Ok(Self { port, _program: program, _folder: folder })
    }
}

fn configuration_text(
    port: u16,
    folder: &TempDir,
    zones: &[(&str, SocketAddr)],
    trust_anchors: &[&str],
) -> String {
    let modules = if trust_anchors.is_empty() { "iterator" } else { "validator iterator" };
    let mut text = format!(
        r#"server:
    directory: "{}"
    chroot: ""
    username: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    num-threads: 1
    interface: 127.0.0.1@{port}
    do-ip6: no
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    module-config: "{modules}"
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    infra-host-ttl: 1
    local-zone: "." static
    ede: yes
"#,
        folder.path().display()
    );
    for anchor in trust_anchors {
        writeln!(text, "    trust-anchor: \"{anchor}\"").ok();
    }
    for (zone, _) in zones {
        writeln!(text, "    local-zone: \"{zone}.\" transparent").ok();
    }
    for (zone, server) in zones {
        writeln!(
            text,
            "stub-zone:\n    name: \"{zone}\"\n    stub-addr: {}@{}",
            server.ip(),
            server.port()
        )
        .ok();
    }
    text.push_str("remote-control:\n    control-enable: no\n");
    text
}
