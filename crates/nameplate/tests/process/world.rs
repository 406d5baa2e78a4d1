//! Starts `nameplate` as a process of its own, with a configuration of the test's, in a folder that goes with the test.

pub(crate) mod visitor;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
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
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The executable under test.
pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_nameplate");
/// How long a process may take to be ready. Generous: tests run beside compilers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a hostname may take to become active.
pub(crate) const ACTIVE_WITHIN: Duration = Duration::from_secs(30);
/// How long a process may take to end when asked.
const END_WITHIN: Duration = Duration::from_secs(30);

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
    child: Option<Child>,
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
        let mut this = Self { role, settings, folder, client, child: None, ports };
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
        self.child = Some(child);
        ready.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let mut child = self.child.take().context("it does not run")?;
        let pid = child.id().context("it has ended already")?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("a pid is not 0")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(tokio::time::timeout(END_WITHIN, child.wait()).await.context("it does not end")??)
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill9(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        Ok(child.kill().await?)
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
        let mut command = Command::new(EXECUTABLE);
        // Started where no nameplate.toml is.
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (key, value) in &self.settings {
            command.env(format!("NAMEPLATE_{}", key.to_uppercase().replace('.', "__")), value);
        }
        Ok(command)
    }
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
