//! A visitor who trusts one root: HTTPS by name, at an address of the test's choice.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context as _;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// `https://<hostname>/` at `edge`: status and body.
pub(crate) async fn visit(
    edge: SocketAddr,
    hostname: &str,
    root: &Path,
) -> anyhow::Result<(u16, String)> {
    Visitor::new(edge, root)?.get(hostname).await
}

/// A visitor of one edge.
#[derive(Clone)]
pub(crate) struct Visitor {
    edge: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Visitor {
    /// One that trusts this root.
    pub(crate) fn new(edge: SocketAddr, root: &Path) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { edge, config: Arc::new(config) })
    }

    /// One request on a connection of its own: status and body.
    pub(crate) async fn get(&self, hostname: &str) -> anyhow::Result<(u16, String)> {
        let mut connection = self.http1(hostname).await?;
        let (status, body, _) = read(connection.send_request(request(hostname)?).await?).await?;
        Ok((status, body))
    }

    /// A connection for HTTP/1.1.
    pub(crate) async fn http1(
        &self,
        hostname: &str,
    ) -> anyhow::Result<http1::SendRequest<Empty<Bytes>>> {
        let stream = self.tls(hostname, &[]).await.context("the handshake failed")?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A connection for HTTP/2.
    pub(crate) async fn http2(
        &self,
        hostname: &str,
    ) -> anyhow::Result<http2::SendRequest<Empty<Bytes>>> {
        let stream = self.tls(hostname, b"h2").await.context("the handshake failed")?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A WebSocket's connection.
    pub(crate) async fn tunnel(&self, hostname: &str) -> anyhow::Result<Tunnel> {
        let mut stream = self.tls(hostname, &[]).await?;
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {hostname}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        anyhow::ensure!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Ok(Tunnel(stream))
    }

    async fn tls(&self, hostname: &str, alpn: &[u8]) -> anyhow::Result<TlsStream<TcpStream>> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols =
            [alpn].into_iter().filter(|a| !a.is_empty()).map(Vec::from).collect();
        let name = ServerName::try_from(hostname.to_owned())?;
        let stream = TcpStream::connect(self.edge).await.context("the connection failed")?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }
}

/// A connection on which every byte comes back.
pub(crate) struct Tunnel(TlsStream<TcpStream>);

impl Tunnel {
    /// Sends these bytes, and has them back.
    pub(crate) async fn echo(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.0.write_all(bytes).await?;
        let mut back = vec![0; bytes.len()];
        self.0.read_exact(&mut back).await?;
        anyhow::ensure!(back == bytes, "{back:?}");
        Ok(())
    }
}

/// A request for `/`.
pub(crate) fn request(hostname: &str) -> anyhow::Result<Request<Empty<Bytes>>> {
    Ok(Request::get("/").header(header::HOST, hostname).body(Empty::new())?)
}

/// The same for HTTP/2.
pub(crate) fn request_by_uri(hostname: &str) -> anyhow::Result<Request<Empty<Bytes>>> {
    Ok(Request::get(format!("https://{hostname}/")).body(Empty::new())?)
}

/// Status and body, and whether the connection is to be closed after it.
pub(crate) async fn read(reply: http::Response<Incoming>) -> anyhow::Result<(u16, String, bool)> {
    let status = reply.status().as_u16();
    let closes = reply.headers().get(header::CONNECTION).is_some_and(|value| value == "close");
    let body = reply.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned(), closes))
}
