//! What takes part: Nameplate as one process, Pebble, a name server in which everything already leads here, an origin.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use np_testkit::{
    dns::{DnsServer, RecordType},
    origin::Origin,
    pebble::{Options, Pebble},
    ports::{free_tcp, free_tcp_and_udp, loopback},
    postgres::Postgres,
    wait,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, Command},
};

/// The provider's zone.
pub(crate) const ZONE: &str = "saasprovider.com";
/// The provider's own origin.
pub(crate) const ORIGIN: &str = "origin.saasprovider.com";
/// What customers point at.
const TARGET: &str = "customers.saasprovider.com";
/// Where everything is.
const ADDRESS: &str = "127.0.0.1";
/// How long Nameplate may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Where Nameplate keeps its state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Database {
    /// A file, synchronized to the disk at each commit.
    Sqlite,
    /// A cluster of its own, without `fsync`.
    Postgres,
}

/// Everything that runs. Ends when dropped.
pub(crate) struct World {
    /// Where the API is.
    pub(crate) api: SocketAddr,
    /// Where visitors connect.
    pub(crate) https: SocketAddr,
    nameplate: Child,
    dns: DnsServer,
    pebble: Pebble,
    origin: Origin,
    _postgres: Option<Postgres>,
    folder: TempDir,
}

/// Where Nameplate listens.
struct Ports {
    api: u16,
    admin: u16,
    feed: u16,
    https: u16,
    http: u16,
    dns: u16,
}

impl Ports {
    fn free() -> anyhow::Result<Self> {
        Ok(Self {
            api: free_tcp()?,
            admin: free_tcp()?,
            feed: free_tcp()?,
            https: free_tcp()?,
            http: free_tcp()?,
            dns: free_tcp_and_udp()?,
        })
    }
}

impl World {
    /// Starts everything, and returns once Nameplate says that it is ready.
    pub(crate) async fn start(database: Database) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-bench-")?;
        let dns = DnsServer::start().await?;
        dns.set(TARGET, RecordType::A, &[ADDRESS]);
        dns.set(ORIGIN, RecordType::A, &[ADDRESS]);
        let ports = Ports::free()?;
        let options = Options { http_port: ports.http, ..Options::new(dns.address()) };
        let pebble = Pebble::start(options).await?;
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Postgres::start().await?),
        };
        let url = postgres.as_ref().map(Postgres::fresh_database).transpose()?;
        let configuration = configuration(folder.path(), &ports, &dns, &pebble, url.as_deref());
        fs::write(folder.path().join("nameplate.toml"), configuration)?;
        let world = Self {
            api: loopback(ports.api),
            https: loopback(ports.https),
            nameplate: serve(folder.path())?,
            dns,
            pebble,
            origin: Origin::start().await?,
            _postgres: postgres,
            folder,
        };
        let ready =
            async || (status_of(loopback(ports.admin), "/readyz").await? == "200").then_some(());
        let ready = wait::until("nameplate is ready", READY_WITHIN, ready).await;
        ready.with_context(|| world.log().unwrap_or_default())?;
        Ok(world)
    }

    /// Makes the hostname lead here, as its owner would.
    pub(crate) fn point_here(&self, hostname: &str) {
        self.dns.set(hostname, RecordType::CNAME, &[TARGET]);
    }

    /// The administrator's token.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        let path = self.folder.path().join("data/admin-token");
        let token = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(token.trim().to_owned())
    }

    /// The root of the certificates that are issued.
    pub(crate) async fn issuer_root_pem(&self) -> anyhow::Result<String> {
        self.pebble.issuer_root_pem().await
    }

    /// Where requests end.
    pub(crate) fn origin(&self) -> SocketAddr {
        self.origin.address()
    }

    /// What Nameplate has logged.
    pub(crate) fn log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(log_file(self.folder.path()))?)
    }

    /// Nameplate's process.
    pub(crate) fn nameplate_id(&self) -> anyhow::Result<u32> {
        self.nameplate.id().context("nameplate has ended")
    }

    /// Pebble's process.
    pub(crate) fn pebble_id(&self) -> anyhow::Result<u32> {
        self.pebble.process_id().context("pebble has ended")
    }

    /// Leaves the folder for people to look at.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("nameplate.log")
}

/// Starts `nameplate serve`; cargo has built it beside us, with the same profile.
fn serve(folder: &Path) -> anyhow::Result<Child> {
    let log = File::create(log_file(folder))?;
    Command::new(env!("CARGO_BIN_EXE_nameplate"))
        .args(["serve", "--config"])
        .arg(folder.join("nameplate.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("nameplate cannot be started")
}

fn configuration(
    folder: &Path,
    ports: &Ports,
    dns: &DnsServer,
    pebble: &Pebble,
    database_url: Option<&str>,
) -> String {
    let Ports { api, admin, feed, https, http, dns: dns_port } = ports;
    let (data, resolver) = (folder.join("data"), dns.address());
    let (directory, root) = (pebble.directory_url(), pebble.root_pem_path());
    let store = database_url.map(|url| format!("[store]\nurl = \"{url}\"\n")).unwrap_or_default();
    format!(
        r#"
        {store}
        [data]
        dir = "{data}"
        [platform]
        domain = "saasplatform.com"
        [api]
        listen = "{ADDRESS}:{api}"
        calls_max = 0
        creates_max = 0
        [admin]
        listen = "{ADDRESS}:{admin}"
        [feed]
        listen = "{ADDRESS}:{feed}"
        [dns]
        listen = ["{ADDRESS}:{dns_port}"]
        [edge]
        https_listen = "{ADDRESS}:{https}"
        http_listen = "{ADDRESS}:{http}"
        resolvers = ["{resolver}"]
        allow_private_origins = true
        [checks]
        resolvers = ["{resolver}"]
        http_port = {http}
        allow_private_addresses = true
        [authorities.lets_encrypt]
        driver = "acme"
        directory_url = "{directory}"
        root_pem_file = "{root}"
        [log]
        format = "json"
        "#,
        data = data.display(),
        root = root.display(),
    )
}

/// The status of a plain HTTP GET; `None` when nobody answers.
async fn status_of(server: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.ok()?;
    reply.split(' ').nth(1).map(str::to_owned)
}
