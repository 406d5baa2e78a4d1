//! A visitor of a customer's hostname: HTTPS with a browser's checks against some roots, or plain HTTP.

use std::sync::Arc;

use anyhow::Context as _;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use np_testkit::ports::loopback;
use np_testkit::wait;
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::parse_x509_certificate;

use crate::world::WITHIN;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An answer over HTTPS, with what the handshake showed.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) answer: Answer,
    /// The leaf's serial number, in hexadecimal.
    pub(crate) serial: String,
    leaf: Vec<u8>,
    /// The protocol that was agreed on.
    pub(crate) alpn: Option<String>,
}

impl Visit {
    /// The leaf, as PEM.
    pub(crate) fn leaf_pem(&self) -> String {
        let text = BASE64_STANDARD.encode(&self.leaf);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }
}

/// Someone who trusts some roots and connects to one edge.
#[derive(Clone)]
pub(crate) struct Visitor {
    https: u16,
    http: u16,
    tls: Arc<ClientConfig>,
}

impl Visitor {
    pub(crate) fn new(https: u16, http: u16, root_pem: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(root_pem.as_bytes()) {
            roots.add(root?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A resumed session shows the certificate of the first handshake.
        tls.resumption = Resumption::disabled();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { https, http, tls: Arc::new(tls) })
    }

    /// `https://<host><path>`
    pub(crate) async fn https(&self, host: &str, path: &str) -> anyhow::Result<Visit> {
        let stream = TcpStream::connect(loopback(self.https)).await?;
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let stream = stream.context("the handshake failed")?;
        let session = stream.get_ref().1;
        let leaf = session.peer_certificates().and_then(<[_]>::first).context("no certificate")?;
        let serial = parse_x509_certificate(leaf)?.1.tbs_certificate.raw_serial_as_string();
        let alpn = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let leaf = leaf.to_vec();
        Ok(Visit { answer: ask(stream, host, path).await?, serial, leaf, alpn })
    }

    /// `http://<host><path>`
    pub(crate) async fn http(&self, host: &str, path: &str) -> anyhow::Result<Answer> {
        http(self.http, host, path).await
    }

    /// Whether the edge ends the handshake for this name with an alert.
    pub(crate) async fn is_refused(&self, host: &str) -> bool {
        let Err(why) = self.https(host, "/").await else { return false };
        let why = why.downcast_ref::<std::io::Error>().and_then(|why| why.get_ref());
        let why = why.and_then(|why| why.downcast_ref::<rustls::Error>());
        matches!(why, Some(rustls::Error::AlertReceived(_)))
    }
}

/// Waits until the edge answers 200 for the host, and returns that visit.
pub(crate) async fn served(visitor: &Visitor, host: &str) -> Visit {
    let mut last = None;
    let visit = wait::until("served", WITHIN, async || {
        let seen = visitor.https(host, "/").await;
        let is_served = seen.as_ref().is_ok_and(|visit| visit.answer.status == StatusCode::OK);
        last = Some(seen);
        is_served.then_some(())
    });
    let waited = visit.await;
    match (waited, last) {
        (Ok(()), Some(Ok(visit))) => visit,
        (_, last) => panic!("{host} is not served: {last:?}"),
    }
}

/// `http://<host><path>` from a port of this machine.
pub(crate) async fn http(port: u16, host: &str, path: &str) -> anyhow::Result<Answer> {
    request(port, Method::GET, host, path).await
}

/// The same with another method, and nothing in the body.
pub(crate) async fn request(
    port: u16,
    method: Method,
    host: &str,
    path: &str,
) -> anyhow::Result<Answer> {
    send(TcpStream::connect(loopback(port)).await?, method, host, path).await
}

async fn ask<S>(stream: S, host: &str, path: &str) -> anyhow::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    send(stream, Method::GET, host, path).await
}

async fn send<S>(stream: S, method: Method, host: &str, path: &str) -> anyhow::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder().method(method).uri(path).header(header::HOST, host);
    let request = request.body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await.context("no answer")?.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: head.status, headers: head.headers, body })
}
