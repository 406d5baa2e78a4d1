//! nginx as an origin that a provider might run. It answers 200 and says what the edge told it; for anything cleverer there
//! is [`Origin`](crate::origin::Origin).

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::ports;
use crate::program::{self, Ending, Program};

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    // Before the folder, so that it has ended when its files go.
    _program: Program,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one on a free port. Every request is answered with lines of the form `name=value`: `host`, `uri`, and the
    /// request's `x-forwarded-for`, `x-forwarded-proto` and `x-forwarded-host`.
    ///
    /// # Errors
    /// When nginx is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        program::on_free_ports(async || Self::start_on(ports::free_tcp()?).await).await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ports::loopback(self.port)
    }

    async fn start_on(port: u16) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("np-nginx-")?;
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, configuration_text(port))?;
        let mut command = Command::new(program::find("nginx")?);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&configuration).args(["-e", "stderr"]);
        let mut program =
            Program::start(&command, &folder.path().join("nginx.log"), Ending::Terminate)?;
        program.listens_on(port).await?;
        Ok(Self { port, _program: program, _folder: folder })
    }
}

fn configuration_text(port: u16) -> String {
    let told = r"host=$http_host\nuri=$request_uri\nx-forwarded-for=$http_x_forwarded_for\nx-forwarded-proto=$http_x_forwarded_proto\nx-forwarded-host=$http_x_forwarded_host\n";
    format!(
        r#"
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr;
        events {{ worker_connections 4096; }}
        http {{
            access_log off;
            keepalive_requests 1000000;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            server {{
                listen 127.0.0.1:{port};
                default_type text/plain;
                location / {{ return 200 "{told}"; }}
            }}
        }}
        "#
    )
}
