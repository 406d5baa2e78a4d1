//! The provider who adds hostnames over the API, and the visitor who tries each of them until it answers.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, ensure};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::{ORIGIN, World, ZONE};

/// Between two tries of a visitor. Part of what is measured: a try that comes too early costs half of it on average.
const TRY_PERIOD: Duration = Duration::from_millis(10);
/// How long one hostname may take.
const HOSTNAME_DEADLINE: Duration = Duration::from_secs(60);

/// Who adds hostnames and visits them.
pub(crate) struct Customer {
    http: Client<HttpConnector, Full<Bytes>>,
    hostnames_url: String,
    token: String,
    edge: SocketAddr,
    tls: TlsConnector,
}

/// The moments of one hostname that are seen from outside, by the clock that dates Nameplate's log.
pub(crate) struct Wait {
    /// Its name.
    pub(crate) hostname: String,
    /// The create was sent.
    pub(crate) called: SystemTime,
    /// The create was answered.
    pub(crate) answered: SystemTime,
    /// The answer to HTTPS was 200.
    pub(crate) reached: SystemTime,
}

impl Wait {
    /// From the call to the 200, in milliseconds.
    pub(crate) fn total_ms(&self) -> f64 {
        millis(self.called, self.reached)
    }
}

/// From one moment to another, in milliseconds; negative when it was before.
pub(crate) fn millis(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(after) => after.as_secs_f64() * 1e3,
        Err(before) => -before.duration().as_secs_f64() * 1e3,
    }
}

impl Customer {
    /// Adds the zone and its fallback origin.
    pub(crate) async fn new(world: &World) -> anyhow::Result<Self> {
        let mut customer = Self {
            http: Client::builder(TokioExecutor::new()).build_http(),
            hostnames_url: String::new(),
            token: world.token()?,
            edge: world.https,
            tls: trusting(&world.issuer_root_pem().await?)?,
        };
        let zones = format!("http://{}/client/v4/zones", world.api);
        let zone = customer.call(Method::POST, &zones, &json!({ "name": ZONE })).await?;
        let zone = zone["id"].as_str().context("a zone has an id")?;
        customer.hostnames_url = format!("{zones}/{zone}/custom_hostnames");
        let origin = json!({ "origin": format!("{ORIGIN}:{}", world.origin().port()) });
        let fallback = format!("{}/fallback_origin", customer.hostnames_url);
        customer.call(Method::PUT, &fallback, &origin).await?;
        Ok(customer)
    }

    /// Adds the hostname and visits it until it answers 200.
    pub(crate) async fn add(&self, hostname: String) -> anyhow::Result<Wait> {
        let body = json!({ "hostname": hostname, "ssl": { "type": "dv", "method": "http" } });
        let called = now();
        self.call(Method::POST, &self.hostnames_url, &body).await?;
        let answered = now();
        let reach = async {
            while self.visit(&hostname).await.ok() != Some(StatusCode::OK) {
                tokio::time::sleep(TRY_PERIOD).await;
            }
        };
        let reached = tokio::time::timeout(HOSTNAME_DEADLINE, reach).await;
        reached.with_context(|| format!("{hostname} is not served after {HOSTNAME_DEADLINE:?}"))?;
        Ok(Wait { hostname, called, answered, reached: now() })
    }

    /// `result` of the reply.
    async fn call(&self, method: Method, url: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))?;
        let reply = self.http.request(request).await.with_context(|| url.to_owned())?;
        let status = reply.status();
        let mut reply: Value =
            serde_json::from_slice(&reply.into_body().collect().await?.to_bytes())?;
        ensure!(status.is_success(), "{url} was answered with {status}: {}", reply["errors"]);
        Ok(reply["result"].take())
    }

    /// One request over a connection of its own, with the checks of a browser.
    async fn visit(&self, hostname: &str) -> anyhow::Result<StatusCode> {
        let stream = TcpStream::connect(self.edge).await?;
        let stream = self.tls.connect(ServerName::try_from(hostname.to_owned())?, stream).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request =
            Request::get("/").header(header::HOST, hostname).body(Empty::<Bytes>::new())?;
        let status = sender.send_request(request).await.map(|answer| answer.status());
        connection.abort();
        Ok(status?)
    }
}

#[expect(clippy::disallowed_methods, reason = "compared with the times in Nameplate's log")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn trusting(root_pem: &str) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
