//! A visitor of a customer's hostname: HTTPS with a browser's checks, trusting the local CA's root and nothing else.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context as _;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What a visitor saw.
pub(super) struct Visit {
    /// The status.
    pub(super) status: StatusCode,
    /// The body.
    pub(super) body: String,
    /// The version of TLS.
    pub(super) tls: String,
}

/// Asks the edge at `edge` for `https://<hostname>/`.
pub(super) async fn visit(edge: SocketAddr, hostname: &str, root: &Path) -> anyhow::Result<Visit> {
    let stream = TcpStream::connect(edge).await.context("the edge cannot be connected to")?;
    let name = ServerName::try_from(hostname.to_owned())?;
    let stream = TlsConnector::from(trusting(root)?).connect(name, stream).await;
    let stream = stream.context("the TLS handshake failed")?;
    let tls = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/").header(header::HOST, hostname).body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await.context("the edge did not answer")?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
    connection.abort();
    let body = String::from_utf8_lossy(&body).trim().to_owned();
    Ok(Visit { status, body, tls: tls.unwrap_or_default() })
}

fn trusting(root: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let pem = fs::read(root).with_context(|| format!("{} cannot be read", root.display()))?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
