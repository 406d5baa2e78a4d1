//! Pebble, the test certificate authority of Let's Encrypt's makers: real ACME, real validation, and awkward on purpose.
//!
//! It is 2.10 or later, from `scripts/install-pebble`: older ones know neither renewal information (ARI) nor profiles.
//!
//! It keeps nothing on disk. A Pebble that was stopped and started again is a CA that has forgotten every account, order and
//! root; for an outage that ends with nothing lost, put a [`Gate`](crate::gate::Gate) before it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::installed;
use crate::ports;
use crate::program::{self, Ending, Program};

/// The profile that there is always.
pub const DEFAULT_PROFILE: &str = "default";

/// How this CA behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who is asked about names: for `dns-01`, and for the addresses of `http-01` and `tls-alpn-01`.
    pub dns_server: SocketAddr,
    /// The port that `http-01` connects to, in place of 80.
    pub http_port: u16,
    /// The port that `tls-alpn-01` connects to, in place of 443.
    pub tls_port: u16,
    /// How many of a hundred good nonces are refused as bad. Pebble's own choice is 5.
    pub nonce_reject_percent: u8,
    /// How many of a hundred times a valid authorization is used again for a new order. Pebble's own choice is 50.
    pub authorization_reuse_percent: u8,
    /// The longest random wait before a validation; `None` for none. Pebble's own choice is 5 seconds.
    pub validation_sleep_max: Option<Duration>,
    /// For how long a certificate of the profile [`DEFAULT_PROFILE`] is valid.
    pub validity: Duration,
    /// More profiles, with how long their certificates are valid. Pebble draws one for an order that names none.
    pub profiles: BTreeMap<String, Duration>,
    /// The names by which CAA records and `dns-persist-01` know it.
    pub issuer_domains: Vec<String>,
    /// The accounts that may register, as key id and base64url key. When empty, anybody may.
    pub external_accounts: BTreeMap<String, String>,
    /// Names that are refused with `rejectedIdentifier`, and those below them.
    pub blocked_domains: Vec<String>,
}

impl Options {
    /// A CA that is quick and predictable, and asks `dns_server`.
    #[must_use]
    pub fn new(dns_server: SocketAddr) -> Self {
        Self {
            dns_server,
            http_port: 80,
            tls_port: 443,
            nonce_reject_percent: 0,
            authorization_reuse_percent: 0,
            validation_sleep_max: None,
            validity: Duration::from_secs(90 * 24 * 60 * 60),
            profiles: BTreeMap::new(),
            issuer_domains: vec!["pebble.letsencrypt.org".to_owned()],
            external_accounts: BTreeMap::new(),
            blocked_domains: Vec::new(),
        }
    }
}

/// A running Pebble.
#[derive(Debug)]
pub struct Pebble {
    options: Options,
    port: u16,
    management_port: u16,
    // Before the folder, so that it has ended when its files go.
    program: Option<Program>,
    folder: TempDir,
}

impl Pebble {
    /// Starts one on free ports.
    ///
    /// # Errors
    /// When Pebble is not installed or does not start.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-pebble-")?;
        write_listener_certificate(folder.path())?;
        let mut pebble = Self { folder, options, port: 0, management_port: 0, program: None };
        program::on_free_ports(async || {
            (pebble.port, pebble.management_port) = (ports::free_tcp()?, ports::free_tcp()?);
            pebble.start_again().await
        })
        .await?;
        Ok(pebble)
    }

    /// Ends the program; its ports refuse connections from now on.
    pub fn stop(&mut self) {
        self.program = None;
    }

    /// Starts it after [`stop`](Self::stop) on the same ports, with everything forgotten and a new issuer.
    ///
    /// # Errors
    /// When Pebble does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        fs::write(self.folder.path().join("pebble.json"), self.configuration().to_string())?;
        let mut program = Program::start(
            &self.command()?,
            &self.folder.path().join("pebble.log"),
            Ending::Terminate,
        )?;
        program.listens_on(self.port).await?;
        program.listens_on(self.management_port).await?;
        self.program = Some(program);
        Ok(())
    }

    /// Where an ACME client begins.
    #[must_use]
    pub fn directory_url(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// The address of its ACME listener, for a [`Gate`](crate::gate::Gate).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ports::loopback(self.port)
    }

    /// The process that it is, for those who measure it; `None` while it is stopped.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.program.as_ref().map(Program::id)
    }

    /// A PEM file with the root to trust for Pebble's own HTTPS. It has nothing to do with what Pebble issues.
    #[must_use]
    pub fn root_pem_path(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// What is in the file at [`root_pem_path`](Self::root_pem_path).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tls_root_pem(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.root_pem_path())?)
    }

    /// The root of the certificates that it issues, as PEM. A new one after every start.
    ///
    /// # Errors
    /// When Pebble does not answer.
    pub async fn issuer_root_pem(&self) -> anyhow::Result<String> {
        self.management("roots/0", &[]).await
    }

    /// Lets the CA say `window` of the certificate, a PEM with the leaf first, when it is asked when to renew it (RFC 9773).
    ///
    /// # Errors
    /// When Pebble did not issue the certificate, or does not answer.
    pub async fn suggest_renewal(
        &self,
        certificate_pem: &str,
        window: Range<SystemTime>,
    ) -> anyhow::Result<()> {
        let [start, end] = [window.start, window.end].map(OffsetDateTime::from);
        let window = json!({"start": start.format(&Rfc3339)?, "end": end.format(&Rfc3339)?});
        let said = json!({"suggestedWindow": window}).to_string();
        let order = json!({"certificate": certificate_pem, "ariResponse": said}).to_string();
        self.management("set-renewal-info/", &["--data-binary", &order]).await.map(|_| ())
    }

    /// The end of what Pebble has printed: which validations it made, and what it thought of them.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.program.as_ref().map(Program::log_tail).unwrap_or_default()
    }

    async fn management(&self, path: &str, more: &[&str]) -> anyhow::Result<String> {
        let url = format!("https://127.0.0.1:{}/{path}", self.management_port);
        let mut curl = tokio::process::Command::new(program::find("curl")?);
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "10", "--cacert"])
            .arg(self.root_pem_path());
        let output = curl.args(more).arg(&url).output().await?;
        ensure!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).context("Pebble sent something that is not text")
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(executable()?);
        command.arg("-config").arg(self.folder.path().join("pebble.json"));
        command.arg("-dnsserver").arg(self.options.dns_server.to_string()).arg("-strict");
        command.env("PEBBLE_WFE_NONCEREJECT", self.options.nonce_reject_percent.to_string());
        command.env("PEBBLE_AUTHZREUSE", self.options.authorization_reuse_percent.to_string());
        match self.options.validation_sleep_max {
            Some(sleep) => command.env("PEBBLE_VA_SLEEPTIME", sleep.as_secs().max(1).to_string()),
            None => command.env("PEBBLE_VA_NOSLEEP", "1"),
        };
        Ok(command)
    }

    fn configuration(&self) -> serde_json::Value {
        let options = &self.options;
        json!({"pebble": {
            "listenAddress": ports::loopback(self.port).to_string(),
            "managementListenAddress": ports::loopback(self.management_port).to_string(),
            "certificate": self.folder.path().join("listener.pem"),
            "privateKey": self.folder.path().join("listener.key"),
            "httpPort": options.http_port,
            "tlsPort": options.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": !options.external_accounts.is_empty(),
            "externalAccountMACKeys": options.external_accounts,
            "domainBlocklist": options.blocked_domains,
            "caaIdentities": options.issuer_domains,
            "profiles": self.profiles(),
        }})
    }

    fn profiles(&self) -> serde_json::Value {
        let profile = |(name, validity): (&str, &Duration)| {
            let is = json!({"description": name, "validityPeriod": validity.as_secs()});
            (name.to_owned(), is)
        };
        let more = self.options.profiles.iter().map(|(name, validity)| (name.as_str(), validity));
        let all = [(DEFAULT_PROFILE, &self.options.validity)].into_iter().chain(more);
        serde_json::Value::Object(all.map(profile).collect())
    }
}

/// The one that was installed for tests. The one on PATH may be too old, and is not looked for.
fn executable() -> anyhow::Result<PathBuf> {
    let places: Vec<_> = installed::build_folders()
        .into_iter()
        .map(|folder| folder.join("pebble/usr/bin/pebble"))
        .collect();
    let found = places.iter().find(|file| file.is_file()).cloned();
    found.with_context(|| format!("{} (looked for {places:?})", program::missing("pebble 2.10")))
}

/// Makes the certificate of Pebble's own listener, and the root that vouches for it.
fn write_listener_certificate(folder: &Path) -> anyhow::Result<()> {
    let root_key = KeyPair::generate()?;
    let mut root = CertificateParams::default();
    root.distinguished_name.push(DnType::CommonName, "Root of a test's Pebble listener");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(folder.join("root.pem"), root.self_signed(&root_key)?.pem())?;

    let key = KeyPair::generate()?;
    let mut certificate = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    certificate.distinguished_name.push(DnType::CommonName, "A test's Pebble listener");
    fs::write(
        folder.join("listener.pem"),
        certificate.signed_by(&key, &Issuer::new(root, root_key))?.pem(),
    )?;
    fs::write(folder.join("listener.key"), key.serialize_pem())?;
    Ok(())
}
