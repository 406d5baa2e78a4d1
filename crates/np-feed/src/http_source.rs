//! The feed over HTTP: `POST {control}/feed/v1/pull`, CBOR both ways, the node key's credential as bearer token.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use thiserror::Error;

use crate::{
    NodeKey, PullError, Source,
    client::LONG_POLL,
    message::{BATCH_BYTES_MAX, Batch, CONTENT_TYPE, PULL_PATH, Pull},
};

/// How long an answer may take beyond the long poll: the transfer of a full batch over a slow line.
const TRANSFER_MAX: Duration = Duration::from_secs(30);
/// How long a connection attempt may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The most bytes of a refusal that are read and shown.
const REFUSAL_BYTES_MAX: usize = 1024;

/// Pulls from a control side over HTTP or HTTPS. Connections are kept and shared by clones.
#[derive(Clone)]
pub struct HttpSource {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    node_key: NodeKey,
}

/// Why a source cannot be made.
#[derive(Debug, Error)]
pub enum HttpSourceError {
    /// The URL is none.
    #[error("the control URL {url:?} is not an http:// or https:// URL")]
    Url {
        /// What was configured.
        url: String,
    },
    /// The system's root certificates cannot be read.
    #[error("the system's root certificates cannot be read")]
    Roots(#[source] std::io::Error),
}

impl HttpSource {
    /// Prepares to pull from the control side at `url` (`https://control.provider.com:8080`, a path is kept). For HTTPS
    /// the system's roots count (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
    ///
    /// # Errors
    /// When `url` is none, or the roots cannot be read.
    pub fn new(url: &str, node_key: NodeKey) -> Result<Self, HttpSourceError> {
        let not_a_url = || HttpSourceError::Url { url: url.to_owned() };
        let uri: Uri =
            format!("{}{PULL_PATH}", url.trim_end_matches('/')).parse().map_err(|_| not_a_url())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(not_a_url());
        }
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_MAX));
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(HttpSourceError::Roots)?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(http);
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Ok(Self { client, uri, node_key })
    }

    fn request(&self, pull: &Pull) -> Result<Request<Full<Bytes>>, PullError> {
        Request::post(self.uri.clone())
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.node_key.credential()))
            .body(Full::new(pull.encode().into()))
            .map_err(|error| PullError::Refused { why: error.to_string() })
    }
}

#[async_trait]
impl Source for HttpSource {
    async fn pull(&self, pull: &Pull) -> Result<Batch, PullError> {
        let request = self.request(pull)?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(unreachable)?;
            read(response).await
        };
        let wait = Duration::from_millis(pull.wait_ms.into()).min(LONG_POLL);
        tokio::time::timeout(wait + TRANSFER_MAX, exchange)
            .await
            .map_err(|_| PullError::Unreachable { why: "it does not answer in time".into() })?
    }
}

async fn read(response: Response<Incoming>) -> Result<Batch, PullError> {
    match response.status() {
        StatusCode::OK => {
            let body = collect(response, BATCH_BYTES_MAX).await?;
            Batch::decode(&body).map_err(|error| PullError::Malformed { why: error.to_string() })
        }
        StatusCode::UNAUTHORIZED => Err(PullError::Unauthorized),
        status => {
            let text = collect(response, REFUSAL_BYTES_MAX).await.unwrap_or_default();
            let why = format!("{status}: {}", String::from_utf8_lossy(&text));
            Err(match status.is_server_error() {
                true => PullError::Unreachable { why },
                false => PullError::Refused { why },
            })
        }
    }
}

async fn collect(response: Response<Incoming>, limit: usize) -> Result<Bytes, PullError> {
    let body = Limited::new(response.into_body(), limit).collect().await;
    body.map(|body| body.to_bytes())
        .map_err(|error| PullError::Malformed { why: error.to_string() })
}

/// The innermost reason says most: "connection refused" and not "client error (Connect)".
fn unreachable(error: hyper_util::client::legacy::Error) -> PullError {
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    PullError::Unreachable { why: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_are_taken_and_a_path_is_kept() {
        let key = NodeKey::from_secret(&[1; 32]);
        for (url, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/feed/v1/pull"),
            ("https://control.provider.com/", "https://control.provider.com/feed/v1/pull"),
            ("https://provider.com/nameplate", "https://provider.com/nameplate/feed/v1/pull"),
        ] {
            assert_eq!(HttpSource::new(url, key.clone()).unwrap().uri, expected);
        }
        for url in ["", "control.provider.com", "/feed", "ftp://provider.com", "http://"] {
            assert!(HttpSource::new(url, key.clone()).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_control_side_that_is_away_is_named_unreachable_with_the_reason() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let source = HttpSource::new(&url, NodeKey::from_secret(&[1; 32])).unwrap();
        let pull = Pull {
            format: crate::message::FORMAT,
            node: "n".into(),
            role: np_domain::ports::NodeRole::Edge,
            after: Default::default(),
            applied: Default::default(),
            feed: None,
            wait_ms: 0,
            sightings: Vec::new(),
        };
        let Err(PullError::Unreachable { why }) = source.pull(&pull).await else { panic!() };
        assert!(why.contains("refused"), "{why}");
    }
}
