//! The load: full TLS 1.3 handshakes by a client that resumes nothing and names scattered over all, and requests by
//! `h2load`. All servers are offered one group, one suite and one kind of signature, so that none does less than another.

use std::{
    cell::Cell,
    fs,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, process::Command, task::LocalSet};
use tokio_rustls::TlsConnector;

use crate::{certificates::name, servers::BODY_BYTES};

/// A handshake that takes longer has failed.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Shakes hands.
#[derive(Clone)]
pub(crate) struct Handshakes {
    connector: TlsConnector,
    server: SocketAddr,
    in_flight: usize,
    names: u32,
}

/// What a round did.
pub(crate) struct Done {
    pub(crate) count: usize,
    pub(crate) took: Duration,
    times: Vec<Duration>,
}

impl Done {
    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        let place = (self.times.len() as f64 * percent / 100.0) as usize;
        self.times.get(place.min(self.times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

impl Handshakes {
    pub(crate) fn new(server: SocketAddr, in_flight: usize, names: u32) -> Self {
        Self { connector: client(&[]).into(), server, in_flight, names }
    }

    /// One handshake for the name with this number.
    pub(crate) async fn one(&self, number: u32) -> anyhow::Result<Duration> {
        let name = ServerName::try_from(name(number))?;
        let begin = Instant::now();
        let shake = async {
            let tcp = TcpStream::connect(self.server).await?;
            tcp.set_nodelay(true)?;
            self.connector.connect(name, tcp).await
        };
        let mut stream = tokio::time::timeout(HANDSHAKE_MAX, shake).await??;
        let took = begin.elapsed();
        // Whether the server has gone already says nothing of the handshake.
        let _ = stream.shutdown().await;
        Ok(took)
    }

    /// As many as the server makes within `length`. One that fails ends the run.
    pub(crate) async fn run(&self, length: Duration) -> anyhow::Result<Done> {
        let begin = Instant::now();
        let next = Rc::new(Cell::new(rand::random::<u32>()));
        let local = LocalSet::new();
        let mut tasks = Vec::new();
        for _ in 0..self.in_flight {
            let (load, next) = (self.clone(), Rc::clone(&next));
            tasks.push(local.spawn_local(async move {
                let mut times = Vec::new();
                while begin.elapsed() < length {
                    next.set(next.get().wrapping_add(1));
                    times.push(load.one(scattered(next.get(), load.names)).await?);
                }
                Ok::<_, anyhow::Error>(times)
            }));
        }
        let all = async {
            let mut times = Vec::new();
            for task in tasks {
                times.extend(task.await??);
            }
            Ok::<_, anyhow::Error>(times)
        };
        let mut times = local.run_until(all).await?;
        let took = begin.elapsed();
        times.sort_unstable();
        Ok(Done { count: times.len(), took, times })
    }
}

/// A client that speaks TLS 1.3, resumes nothing and checks the name only.
pub(crate) fn client(alpn: &[&[u8]]) -> Arc<ClientConfig> {
    let mut provider = ring::default_provider();
    provider.kx_groups = vec![ring::kx_group::X25519];
    provider.cipher_suites = vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256];
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]);
    let builder = builder.expect("ring's provider speaks TLS 1.3");
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OfTheName))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// A number below `names`: neighbours are far apart.
fn scattered(number: u32, names: u32) -> u32 {
    let mixed = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((mixed >> 32) % u64::from(names.max(1))) as u32
}

/// Checks that the certificate has the name, and nothing else: the load must cost less than what it loads.
#[derive(Debug)]
struct OfTheName;

impl ServerCertVerifier for OfTheName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = server_name.to_str();
        let is_of_it = end_entity.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        match is_of_it {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::General(format!("another certificate than that of {name}"))),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// How requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Http {
    /// 64 connections.
    One,
    /// 16 connections of 8 streams.
    Two,
}

/// Proxied requests over connections that are kept. Every one must be answered, with a body of the right length.
pub(crate) async fn requests(
    server: SocketAddr,
    http: Http,
    length: Duration,
    folder: &Path,
) -> anyhow::Result<Done> {
    let log = folder.join("h2load.log");
    // It adds to what is there.
    fs::remove_file(&log).ok();
    let mut command = Command::new("h2load");
    match http {
        Http::One => command.args(["--h1", "--clients=64"]),
        Http::Two => command.args(["--clients=16", "--max-concurrent-streams=8"]),
    };
    command.args(["--groups=X25519", "--tls13-ciphers=TLS_AES_128_GCM_SHA256"]);
    command.arg(format!("--duration={}", length.as_secs()));
    command.arg(format!("--connect-to={server}"));
    command.arg(format!("--log-file={}", log.display()));
    command.arg(format!("https://{}:{}/", name(0), server.port()));
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).output().await.context("h2load")?;
    let took = begin.elapsed();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "h2load: {text}");
    let times = times(&fs::read_to_string(&log)?).with_context(|| text.clone())?;
    check(&text, http, times.len()).with_context(|| text.clone())?;
    Ok(Done { count: times.len(), took, times })
}

/// Of each request how long it took. Each line of the log has start, status and microseconds.
fn times(log: &str) -> anyhow::Result<Vec<Duration>> {
    let time = |line: &str| {
        let mut fields = line.split('\t').skip(1);
        ensure!(fields.next() == Some("200"), "a request was not answered with 200: {line}");
        let us = fields.next().context("no time")?.parse()?;
        Ok(Duration::from_micros(us))
    };
    let mut times = log.lines().map(time).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    ensure!(!times.is_empty(), "no request was answered");
    Ok(times)
}

/// Whether what h2load says fits with what is measured.
fn check(said: &str, http: Http, count: usize) -> anyhow::Result<()> {
    let protocol = match http {
        Http::One => "http/1.1",
        Http::Two => "h2",
    };
    for expected in [
        "TLS Protocol: TLSv1.3",
        "Cipher: TLS_AES_128_GCM_SHA256",
        "Server Temp Key: X25519",
        &format!("Application protocol: {protocol}"),
        " 0 3xx, 0 4xx, 0 5xx",
    ] {
        ensure!(said.contains(expected), "h2load does not say {expected:?}");
    }
    let data = said.lines().find_map(|line| line.strip_prefix("traffic: "));
    let data = data.and_then(|line| line.strip_suffix(") data")?.rsplit_once('('));
    let (_, data) = data.context("h2load does not say how much it got")?;
    let data: usize = data.parse()?;
    ensure!(data >= count * BODY_BYTES, "{count} answers have only {data} bytes");
    Ok(())
}
