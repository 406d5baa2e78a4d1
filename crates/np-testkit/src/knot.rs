//! Knot DNS as a customer's name server: real zones, changed as a customer changes them, by editing and reloading.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::ports;
use crate::program::{self, Ending, Program};
use crate::wait;

/// How long Knot may take to sign a zone.
const SIGNING_MAX: Duration = Duration::from_secs(20);

/// A zone: its name without the last dot, and its records as in a zone file, names relative to it. The SOA and NS records are
/// added.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Such as `customer.example`.
    pub origin: String,
    /// Such as `app CNAME edge.provider.example.`, one record a line.
    pub records: String,
}

impl Zone {
    /// A zone with these records.
    pub fn new(origin: impl Into<String>, records: impl Into<String>) -> Self {
        Self { origin: origin.into(), records: records.into() }
    }

    fn file_text(&self, serial: u32) -> String {
        format!(
            "$ORIGIN {}.\n$TTL 1\n@ SOA ns hostmaster {serial} 60 60 60 1\n@ NS ns\nns A 127.0.0.1\n{}\n",
            self.origin, self.records
        )
    }
}

/// A running Knot.
#[derive(Debug)]
pub struct Knot {
    port: u16,
    serial: u32,
    // Before the folder, so that it has ended when its files go.
    program: Program,
    folder: TempDir,
}

impl Knot {
    /// Starts one with these zones on a free port.
    ///
    /// # Errors
    /// When Knot is not installed or does not start.
    pub async fn start(zones: &[Zone]) -> anyhow::Result<Self> {
        program::on_free_ports(async || Self::start_on(ports::free_tcp_and_udp()?, zones).await)
            .await
    }

    /// The same with zones that it signs (ECDSA P-256), when [`Knot::ds`] says what their parents would.
    ///
    /// # Errors
    /// When Knot is not installed or does not start.
    pub async fn start_signed(zones: &[Zone]) -> anyhow::Result<Self> {
        let start = async || Self::start_with(ports::free_tcp_and_udp()?, zones, Signing::On).await;
        let knot = program::on_free_ports(start).await?;
        // Zones are signed after the port is open.
        for zone in zones {
            let signed = async || knot.ds(zone).await.ok();
            wait::until("a signed zone", SIGNING_MAX, signed).await?;
        }
        Ok(knot)
    }

    /// The DS record of a signed zone, such as `customer.test. DS 12345 13 2 ...`.
    ///
    /// # Errors
    /// When the zone has no key.
    pub async fn ds(&self, zone: &Zone) -> anyhow::Result<String> {
        let mut keymgr = tokio::process::Command::new(program::find("keymgr")?);
        let configuration = self.folder.path().join("knot.conf");
        keymgr.arg("--config").arg(configuration).args([zone.origin.as_str(), "ds"]);
        let output = keymgr.output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        // Digest type 2 is SHA-256.
        let ds = text.lines().find(|line| line.split_whitespace().nth(4) == Some("2"));
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(ds.with_context(|| format!("{} has no key: {text}{said}", zone.origin))?.to_owned())
    }

    /// Where it answers, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ports::loopback(self.port)
    }

    /// Replaces the records of a zone that it was started with. On return the new ones are being served.
    ///
    /// # Errors
    /// When Knot finds fault with the records.
    pub async fn change(&mut self, zone: &Zone) -> anyhow::Result<()> {
        self.serial += 1;
        fs::write(self.zone_file(zone), zone.file_text(self.serial))?;
        let mut knotc = tokio::process::Command::new(program::find("knotc")?);
        knotc.arg("--config").arg(self.folder.path().join("knot.conf")).args([
            "--blocking",
            "zone-reload",
            &zone.origin,
        ]);
        let output = knotc.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {said}\n{}", zone.origin, self.program.log_tail());
        Ok(())
    }

    async fn start_on(port: u16, zones: &[Zone]) -> anyhow::Result<Self> {
        Self::start_with(port, zones, Signing::Off).await
    }

    async fn start_with(port: u16, zones: &[Zone], signing: Signing) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-knot-")?;
        // Knot does not make it, and signs nothing without.
        fs::create_dir(folder.path().join(DATABASE))?;
        let configuration = folder.path().join("knot.conf");
        fs::write(&configuration, configuration_text(port, &folder, zones, signing))?;
        for zone in zones {
            fs::write(folder.path().join(file_name(zone)), zone.file_text(1))?;
        }
        let mut command = Command::new(program::find("knotd")?);
        command.arg("--config").arg(&configuration);
        let mut program =
            Program::start(&command, &folder.path().join("knot.log"), Ending::Terminate)?;
        program.listens_on(port).await?;
        Ok(Self { port, serial: 1, program, folder })
    }

    fn zone_file(&self, zone: &Zone) -> PathBuf {
        self.folder.path().join(file_name(zone))
    }
}

/// Where in its folder it keeps keys.
const DATABASE: &str = "database";

fn file_name(zone: &Zone) -> String {
    format!("{}.zone", zone.origin)
}

/// Whether zones are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signing {
    Off,
    On,
}

impl Signing {
    /// What it adds to the template of all zones, and before it.
    fn lines(self) -> (&'static str, &'static str) {
        match self {
            Self::Off => ("", ""),
            Self::On => (
                "policy:\n  - id: signed\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n",
                "    dnssec-signing: on\n    dnssec-policy: signed\n",
            ),
        }
    }
}

fn configuration_text(port: u16, folder: &TempDir, zones: &[Zone], signing: Signing) -> String {
    let (policy, signed) = signing.lines();
    let folder = folder.path().display();
    let zones: String = zones
        .iter()
        .map(|zone| format!("  - domain: {}\n    file: {}\n", zone.origin, file_name(zone)))
        .collect();
    format!(
        "server:
    rundir: {folder}
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
control:
    listen: {folder}/knot.sock
database:
    storage: {folder}/{DATABASE}
{policy}template:
  - id: default
    storage: {folder}
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
{signed}zone:
{zones}"
    )
}
