//! Starts `nameplate` as a process of its own, with a configuration of the test's, in a folder that goes with the test.

pub(crate) mod process;
pub(crate) mod visitor;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use np_testkit::{
    ports::{self, loopback},
    wait,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::UnixDatagram, process::Command};

use self::process::{Ended, Process};

/// The executable under test.
pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_nameplate");
/// How long a process may take to be ready. Generous: tests run beside compilers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a hostname may take to become active.
pub(crate) const ACTIVE_WITHIN: Duration = Duration::from_secs(30);
/// How long a process may take to end when asked.
pub(crate) const END_WITHIN: Duration = Duration::from_secs(30);

/// Where a process listens; the same after a restart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) api: u16,
    pub(crate) feed: u16,
    pub(crate) admin: u16,
    pub(crate) https: u16,
    pub(crate) http: u16,
    pub(crate) dns: u16,
}

impl Ports {
    /// Ports that are free now.
    pub(crate) fn free() -> anyhow::Result<Self> {
        let tcp = ports::free_tcp;
        Ok(Self {
            api: tcp()?,
            feed: tcp()?,
            admin: tcp()?,
            https: tcp()?,
            http: tcp()?,
            dns: ports::free_tcp_and_udp()?,
        })
    }
}

/// A process of `nameplate`, and how to start it again.
pub(crate) struct Nameplate {
    /// What it does.
    pub(crate) role: &'static str,
    settings: BTreeMap<String, String>,
    folder: Arc<TempDir>,
    client: Client<HttpConnector, Full<Bytes>>,
    process: Option<Process>,
    /// What it is started as.
    program: PathBuf,
    /// Where it tells a service manager how it is.
    manager: Option<UnixDatagram>,
    /// Where it listens.
    pub(crate) ports: Ports,
}

impl Nameplate {
    /// A process that plays `role`, on free ports of loopback and with private addresses allowed; not started yet.
    pub(crate) fn new(role: &'static str) -> anyhow::Result<Self> {
        let folder = Arc::new(TempDir::with_prefix("nameplate-e2e-")?);
        let ports = Ports::free()?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let settings = BTreeMap::new();
        let (program, manager) = (PathBuf::from(EXECUTABLE), None);
        let mut this =
            Self { role, settings, folder, client, process: None, program, manager, ports };
        let listen = |port: u16| format!("\"{}\"", loopback(port));
        let dir = this.data();
        for (key, value) in [
            ("data.dir", format!("{dir:?}")),
            ("api.listen", listen(ports.api)),
            ("api.calls_max", "0".to_owned()),
            ("feed.listen", listen(ports.feed)),
            ("admin.listen", listen(ports.admin)),
            ("edge.https_listen", listen(ports.https)),
            ("edge.http_listen", listen(ports.http)),
            ("edge.allow_private_origins", "true".to_owned()),
            ("dns.listen", format!("[{}]", listen(ports.dns))),
            ("checks.http_port", ports.http.to_string()),
            ("checks.allow_private_addresses", "true".to_owned()),
        ] {
            this.settings.insert(key.to_owned(), value);
        }
        Ok(this)
    }

    /// Sets a key (`section.key`) to a value in TOML.
    pub(crate) fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }

    /// Asks `resolver` for all names, origins' too.
    pub(crate) fn resolving_by(self, resolver: SocketAddr) -> Self {
        let list = format!("[\"{resolver}\"]");
        self.set("checks.resolvers", list.clone()).set("edge.resolvers", list)
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where its output goes.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("stdout")
    }

    /// Where its log goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("stderr")
    }

    /// Runs `nameplate <arguments>` with this configuration, to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        let output = self.command(arguments)?.kill_on_drop(true).output();
        Ok(tokio::time::timeout(READY_WITHIN, output).await.context("it does not end")??)
    }

    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        let mut command = self.command(&[self.role])?;
        command.stdout(File::create(self.output())?).stderr(File::create(self.log())?);
        let mut child =
            command.kill_on_drop(true).spawn().context("nameplate cannot be started")?;
        let ready =
            wait::until("nameplate is ready", READY_WITHIN, async || match child.try_wait() {
                Ok(None) => self.is_ready().await.then_some(Ok(())),
                ended => Some(Err(format!("it ended: {ended:?}"))),
            });
        let ready = ready.await.and_then(|ready| ready.map_err(anyhow::Error::msg));
        self.process = Some(Process::Child(child));
        ready.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<Ended> {
        let mut process = self.process.take().context("it does not run")?;
        process.signal(Signal::TERM)?;
        process.end_within(END_WITHIN).await
    }

    /// Starts it by another name than its own: a link that a test may turn elsewhere.
    pub(crate) fn started_as(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Has it tell a service manager how it is.
    pub(crate) fn managed(mut self) -> anyhow::Result<Self> {
        self.manager = Some(UnixDatagram::bind(self.manager_path())?);
        Ok(self)
    }

    /// The next thing that it tells the service manager.
    pub(crate) async fn tells(&self) -> anyhow::Result<String> {
        let manager = self.manager.as_ref().context("there is a service manager")?;
        let mut message = vec![0; 1024];
        let received = tokio::time::timeout(READY_WITHIN, manager.recv(&mut message));
        let length = received.await.context("it tells nothing")??;
        Ok(String::from_utf8_lossy(&message[..length]).into_owned())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process.as_ref().context("it does not run")?.signal(signal)
    }

    /// Waits for word that another process serves in its place, which is this from then on; the old one.
    pub(crate) async fn succeeded(&mut self) -> anyhow::Result<Process> {
        process::adopt_orphans()?;
        let told = self.tells().await?;
        let pid = told.strip_prefix("MAINPID=").and_then(|told| told.strip_suffix("\nREADY=1\n"));
        let log = || fs::read_to_string(self.log()).unwrap_or_default();
        let pid = pid.with_context(|| format!("{told}\n{}", log()))?;
        let new = Process::adopted(pid.parse()?)?;
        self.process.replace(new).context("it does not run")
    }

    /// Has it replaced (SIGHUP), and waits for the end of the old process: how that ended. What it told the service manager
    /// before must have been read.
    pub(crate) async fn replace(&mut self) -> anyhow::Result<Ended> {
        self.signal(Signal::HUP)?;
        anyhow::ensure!(self.tells().await? == "RELOADING=1\n");
        self.succeeded().await?.end_within(END_WITHIN).await
    }

    fn manager_path(&self) -> PathBuf {
        self.folder.path().join("notify")
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its settings as variables of the environment.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (String, &str)> {
        let name = |key: &str| format!("NAMEPLATE_{}", key.to_uppercase().replace('.', "__"));
        self.settings.iter().map(move |(key, value)| (name(key), value.as_str()))
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill9(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("it does not run")?;
        process.signal(Signal::KILL)?;
        process.end_within(END_WITHIN).await.map(drop)
    }

    /// The administrator's token.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.data().join("admin-token"))?.trim().to_owned())
    }

    /// The root of the CA in the program.
    pub(crate) fn local_root(&self) -> PathBuf {
        self.data().join("local-ca.pem")
    }

    /// The base URL for SDKs.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/client/v4", loopback(self.ports.api))
    }

    /// Calls the API; `result`, or an error with the whole reply.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> anyhow::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()?))
            .body(Full::new(Bytes::from(body)))?;
        let reply = self.client.request(request).await?.into_body().collect().await?.to_bytes();
        let mut reply: Value = serde_json::from_slice(&reply)?;
        match reply["success"].as_bool() {
            Some(true) => Ok(reply["result"].take()),
            _ => bail!("{path}: {reply}"),
        }
    }

    /// Looks at a path of the admin port: status and body.
    pub(crate) async fn admin(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let uri = format!("http://{}{path}", loopback(self.ports.admin)).parse()?;
        let reply = self.client.get(uri).await?;
        let status = reply.status().as_u16();
        let body = reply.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// Adds a zone with a fallback origin; its id.
    pub(crate) async fn zone(&self, name: &str, origin: &str) -> anyhow::Result<String> {
        let zone = self.call(Method::POST, "/zones", json!({ "name": name })).await?;
        let id = zone["id"].as_str().context("a zone has an id")?.to_owned();
        let path = format!("/zones/{id}/custom_hostnames/fallback_origin");
        self.call(Method::PUT, &path, json!({ "origin": origin })).await?;
        Ok(id)
    }

    /// Adds a hostname; its path.
    pub(crate) async fn hostname(
        &self,
        zone: &str,
        name: &str,
        method: &str,
    ) -> anyhow::Result<String> {
        let path = format!("/zones/{zone}/custom_hostnames");
        let body = json!({ "hostname": name, "ssl": { "type": "dv", "method": method } });
        let created = self.call(Method::POST, &path, body).await?;
        let id = created["id"].as_str().context("a hostname has an id")?;
        Ok(format!("{path}/{id}"))
    }

    /// Waits until the hostname at `path` and its certificate are active.
    pub(crate) async fn active(&self, path: &str) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        let waited = wait::until("the hostname is active", ACTIVE_WITHIN, async || {
            last = self.call(Method::GET, path, Value::Null).await.unwrap_or_default();
            let active = last["status"] == "active" && last["ssl"]["status"] == "active";
            active.then(|| last.clone())
        });
        let waited = waited.await;
        waited.with_context(|| {
            format!("{last}\n{}", fs::read_to_string(self.log()).unwrap_or_default())
        })
    }

    async fn is_ready(&self) -> bool {
        self.admin("/readyz").await.is_ok_and(|(status, _)| status == 200)
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.program);
        // Started where no nameplate.toml is.
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.envs(self.environment());
        if self.manager.is_some() {
            command.env("NOTIFY_SOCKET", self.manager_path());
        }
        Ok(command)
    }
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
