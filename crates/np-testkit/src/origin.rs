//! An origin in the test's own process. It says what it was asked, as JSON, and counts; it speaks HTTP/1.1, HTTP/2 without TLS,
//! and whatever follows an upgrade.
//!
//! An upgrade is accepted without looking at it (so there is no `Sec-WebSocket-Accept`), and every byte after it comes back.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::ports::loopback;

/// Below this path, the rest of the path is the status of the answer: `/status/503`.
const STATUS_PATH: &str = "/status/";

/// The origin, on a free port. Ends when dropped.
///
/// Its answer is `{"method", "path", "version", "headers", "body"}`: the path with its query, `version` as in `HTTP/1.1`,
/// `headers` with a list of values for each name, and the body as text.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Origin {
    /// Starts one.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(loopback(0)).await?;
        let address = listener.local_addr()?;
        let requests = Arc::<AtomicU64>::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&requests)));
        Ok(Self { address, requests, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests it has seen.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, requests: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let requests = Arc::clone(&requests);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                requests.fetch_add(1, Ordering::SeqCst);
                answer(request)
            });
            // An error is a client that went away, and that is the client's affair.
            auto::Builder::new(TokioExecutor::new())
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.version() == Version::HTTP_11 && request.headers().contains_key(UPGRADE) {
        return Ok(upgraded(request));
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let seen = json!({
        "method": head.method.as_str(),
        "path": head.uri.path_and_query().map_or("/", |path| path.as_str()),
        "version": format!("{:?}", head.version),
        "headers": headers(&head.headers),
        "body": String::from_utf8_lossy(&body),
    });
    let mut response = Response::new(Full::from(seen.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    *response.status_mut() = status(head.uri.path());
    Ok(response)
}

fn status(path: &str) -> StatusCode {
    path.strip_prefix(STATUS_PATH).and_then(|status| status.parse().ok()).unwrap_or(StatusCode::OK)
}

fn headers(headers: &HeaderMap) -> Value {
    let text = |name| {
        headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.keys().map(|name| (name.to_string(), text(name).collect::<Value>())).collect()
}

/// Accepts the upgrade and echoes what comes over it.
fn upgraded(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let protocol = request.headers().get(UPGRADE).cloned();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(stream) = upgrade.await {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(stream));
            tokio::io::copy(&mut reader, &mut writer).await.ok();
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, http::HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        response.headers_mut().insert(UPGRADE, protocol);
    }
    response
}
