//! A mail server (aiosmtpd) that takes messages and keeps them for the test to read.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use crate::ca::Leaf;
use crate::ports;
use crate::program::{self, Ending, Program};
use crate::sdk::Environment;
use crate::wait;

/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who may send when the server asks for a login.
pub const LOGIN: (&str, &str) = ("nameplate", "correct horse");

/// A running mail server.
#[derive(Debug)]
pub struct MailSink {
    port: u16,
    log: PathBuf,
    // Before the folder, so that it has ended when its files go.
    _program: Program,
    _folder: TempDir,
}

/// A message that it took.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Mail {
    /// Who sent it, by the envelope.
    pub from: String,
    /// To whom, by the envelope.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its headers, names in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Its text, decoded.
    pub text: String,
    /// Whether it came over TLS.
    pub tls: bool,
}

impl MailSink {
    /// One that takes everything in the clear, but for the mailboxes `refused`.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn start(refused: &[&str]) -> anyhow::Result<Self> {
        program::on_free_ports(async || Self::on(ports::free_tcp()?, refused, None).await).await
    }

    /// One that wants STARTTLS, with this certificate, and then [`LOGIN`].
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn guarded(leaf: &Leaf) -> anyhow::Result<Self> {
        program::on_free_ports(async || Self::on(ports::free_tcp()?, &[], Some(leaf)).await).await
    }

    async fn on(port: u16, refused: &[&str], leaf: Option<&Leaf>) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-mail-")?;
        let log = folder.path().join("mail.log");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/mail_sink.py");
        let mut command = Command::new(Environment::Mail.file("bin/python")?);
        command.arg("-B").arg(script).arg(port.to_string()).env("REFUSED", refused.join(","));
        if let Some(leaf) = leaf {
            for (name, text) in [("certificate.pem", &leaf.pem), ("key.pem", &leaf.key)] {
                fs::write(folder.path().join(name), text)?;
                command.arg(folder.path().join(name));
            }
        }
        let mut program = Program::start(&command, &log, Ending::Terminate)?;
        program.listens_on(port).await?;
        Ok(Self { port, log, _program: program, _folder: folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ports::loopback(self.port)
    }

    /// What it has taken so far, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The first `count` mails, as soon as there are so many.
    ///
    /// # Errors
    /// When they do not come in time.
    pub async fn first(&self, count: usize) -> anyhow::Result<Vec<Mail>> {
        let what = format!("{count} mails");
        wait::until(&what, PATIENCE, async || {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}
