//! A visitor who trusts one root: HTTPS by name, at an address of the test's choice.

use std::{net::SocketAddr, path::Path, sync::Arc};

use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// `https://<hostname>/` at `edge`: status and body.
pub(crate) async fn visit(
    edge: SocketAddr,
    hostname: &str,
    root: &Path,
) -> anyhow::Result<(u16, String)> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(hostname.to_owned())?;
    let stream = TcpStream::connect(edge).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/").header(header::HOST, hostname).body(Empty::<Bytes>::new())?;
    let reply = sender.send_request(request).await?;
    let status = reply.status().as_u16();
    let body = reply.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
