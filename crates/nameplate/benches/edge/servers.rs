//! The servers, each in its best known configuration for many names, alone on its core; the origin is on the load's.

use std::{
    fmt,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    str::FromStr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use np_testkit::{
    dns::{DnsServer, RecordType},
    ports::{free_tcp, loopback},
};
use tokio::process::{Child, Command};

use crate::certificates::{NODE_SECRET, Names, name};

/// The provider's origin; its port is fixed, because copies name it and are kept.
pub(crate) const ORIGIN: &str = "origin.bench-provider.com:18080";
const ORIGIN_PORT: u16 = 18080;
/// The longest that a server may take to load its names.
const START_MAX: Duration = Duration::from_secs(400);
/// Bytes of an answer.
pub(crate) const BODY_BYTES: usize = 1024;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Caddy,
    Nameplate,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Nginx, Self::Haproxy, Self::Caddy, Self::Nameplate];

    /// What it calls its version.
    pub(crate) fn version(self) -> anyhow::Result<String> {
        let (program, argument) = match self {
            Self::Nginx => ("nginx", "-v"),
            Self::Haproxy => ("haproxy", "-v"),
            Self::Caddy => ("caddy", "version"),
            Self::Nameplate => (env!("CARGO_BIN_EXE_nameplate"), "--version"),
        };
        let output = std::process::Command::new(program).arg(argument).output();
        let output = output.with_context(|| program.to_owned())?;
        // nginx says it on standard error.
        let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said.split_whitespace().find_map(|word| {
            let word = word.rsplit('/').next()?;
            word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
        });
        version.with_context(|| format!("{program} does not say its version: {said}"))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
            Self::Nameplate => "nameplate",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("unknown server {text:?}"))
    }
}

/// What all servers are measured with.
pub(crate) struct Site {
    folder: PathBuf,
    core: usize,
    dns: DnsServer,
    _origin: Child,
}

impl Site {
    pub(crate) async fn start(folder: &Path, core: usize) -> anyhow::Result<Self> {
        let dns = DnsServer::start().await?;
        dns.set("origin.bench-provider.com", RecordType::A, &["127.0.0.1"]);
        let at = folder.join("origin");
        fs::create_dir_all(&at)?;
        let body = "x".repeat(BODY_BYTES);
        let site = format!(
            "server {{ listen 127.0.0.1:{ORIGIN_PORT}; location / {{ return 200 \"{body}\"; }} }}"
        );
        fs::write(at.join("nginx.conf"), nginx_frame(&site))?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&at).args(["-c", "nginx.conf", "-e", "stderr"]);
        let origin = spawn(&mut command, &at.join("log"))?;
        Ok(Self { folder: folder.to_owned(), core, dns, _origin: origin })
    }
}

/// A server at work. Ends when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it; it may not answer yet.
    pub(crate) fn start(site: &Site, kind: Kind, names: &Names) -> anyhow::Result<Self> {
        let port = free_tcp()?;
        let at = site.folder.join(kind.as_str());
        fs::create_dir_all(&at)?;
        let mut command = Command::new("taskset");
        command.arg("--cpu-list").arg(site.core.to_string());
        match kind {
            Kind::Nginx => {
                fs::write(at.join("nginx.conf"), nginx_frame(&nginx(port, names)))?;
                command.arg("nginx").arg("-p").arg(&at).args(["-c", "nginx.conf", "-e", "stderr"]);
            }
            Kind::Haproxy => {
                fs::write(at.join("list"), crt_list(names))?;
                fs::write(at.join("haproxy.cfg"), haproxy(port, &at))?;
                command.args(["haproxy", "-db", "-f"]).arg(at.join("haproxy.cfg"));
            }
            Kind::Caddy => {
                fs::write(at.join("caddy.json"), caddy(port, names).to_string())?;
                command.args(["caddy", "run", "--config"]).arg(at.join("caddy.json"));
                command.env("GOMAXPROCS", "1").env("HOME", &at);
            }
            Kind::Nameplate => {
                fs::write(names.folder.join("feed.key"), hex(&NODE_SECRET))?;
                fs::write(at.join("nameplate.toml"), nameplate(port, site, names)?)?;
                command.arg(env!("CARGO_BIN_EXE_nameplate")).args(["edge", "--config"]);
                command.arg(at.join("nameplate.toml"));
            }
        }
        let log = at.join("log");
        Ok(Self { address: loopback(port), child: spawn(&mut command, &log)?, log })
    }

    /// Its process: what pins it replaces itself by it.
    pub(crate) fn id(&self) -> anyhow::Result<u32> {
        self.child.id().with_context(|| self.said())
    }

    /// Returns once `ready` succeeds.
    pub(crate) async fn until<T>(
        &mut self,
        mut ready: impl AsyncFnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        loop {
            let why = match ready().await {
                Ok(_) => return Ok(()),
                Err(why) => why,
            };
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended ({status}) and said: {}", self.said());
            }
            if begin.elapsed() > START_MAX {
                bail!("it does not answer ({why:#}) and said: {}", self.said());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn said(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        said.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }
}

fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Child> {
    let log = File::create(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    let program = format!("{:?}", command.as_std().get_program());
    command.spawn().with_context(|| format!("{program} cannot be started"))
}

fn nginx_frame(servers: &str) -> String {
    format!(
        r"
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr crit;
        events {{ worker_connections 4096; }}
        http {{
            access_log off;
            keepalive_requests 1000000000;
            server_names_hash_max_size 1048576;
            server_names_hash_bucket_size 128;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            {servers}
        }}
        "
    )
}

/// A server block for each name: with certificates by variable nginx reads files in every handshake.
fn nginx(port: u16, names: &Names) -> String {
    let mut text = format!(
        "ssl_protocols TLSv1.2 TLSv1.3;\n\
         upstream origin {{ server 127.0.0.1:{ORIGIN_PORT}; keepalive 256; keepalive_requests 1000000000; }}\n\
         proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_set_header Host $host;\n"
    );
    let folder = names.folder.display();
    for number in 0..names.count {
        let name = name(number);
        text.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl http2; server_name {name}; \
             ssl_certificate {folder}/{number}.crt; ssl_certificate_key {folder}/{number}.key; \
             location / {{ proxy_pass http://origin; }} }}\n"
        ));
    }
    text
}

fn crt_list(names: &Names) -> String {
    let folder = names.folder.display();
    let lines = (0..names.count).map(|number| format!("{folder}/{number}.pem {}\n", name(number)));
    lines.collect()
}

fn haproxy(port: u16, at: &Path) -> String {
    let list = at.join("list");
    format!(
        "global\n  nbthread 1\n  maxconn 4000\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n\
         defaults\n  mode http\n  http-reuse always\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
         frontend edge\n  bind 127.0.0.1:{port} ssl crt-list {list} alpn h2,http/1.1\n  default_backend origin\n\
         backend origin\n  server origin 127.0.0.1:{ORIGIN_PORT}\n",
        list = list.display()
    )
}

fn caddy(port: u16, names: &Names) -> serde_json::Value {
    let file = |number: u32, ending: &str| format!("{}/{number}.{ending}", names.folder.display());
    let files = (0..names.count).map(|number| {
        serde_json::json!({"certificate": file(number, "crt"), "key": file(number, "key")})
    });
    let proxy = serde_json::json!({
        "handler": "reverse_proxy",
        "upstreams": [{"dial": format!("127.0.0.1:{ORIGIN_PORT}")}],
        "transport": {
            "protocol": "http",
            "keep_alive": {"enabled": true, "max_idle_conns_per_host": 256},
        },
    });
    serde_json::json!({
        "admin": {"disabled": true},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "http": {"servers": {"edge": {
                "listen": [format!("127.0.0.1:{port}")],
                "protocols": ["h1", "h2"],
                "automatic_https": {"disable": true},
                "tls_connection_policies": [{}],
                "routes": [{"handle": [proxy]}],
            }}},
            "tls": {"certificates": {"load_files": files.collect::<Vec<_>>()}},
        },
    })
}

fn nameplate(port: u16, site: &Site, names: &Names) -> anyhow::Result<String> {
    let data = names.folder.display();
    let (http, admin, resolver) = (free_tcp()?, free_tcp()?, site.dns.address());
    // Nobody is at the feed's URL: the control side is away for the whole run.
    Ok(format!(
        r#"
        [data]
        dir = "{data}"
        [admin]
        listen = "127.0.0.1:{admin}"
        [feed]
        url = "http://127.0.0.1:1"
        key_file = "{data}/feed.key"
        [edge]
        https_listen = "127.0.0.1:{port}"
        http_listen = "127.0.0.1:{http}"
        resolvers = ["{resolver}"]
        allow_private_origins = true
        handshakes_per_source_max = 0
        "#
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
