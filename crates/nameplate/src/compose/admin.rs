//! The admin port: `/metrics` (Prometheus), `/healthz` (the process is up), `/readyz` (it can do its work), each for
//! programs that watch.

use std::{convert::Infallible, sync::Arc};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use np_feed::client::Status;
use np_store::Store;
use prometheus_client::{encoding::text::encode, registry::Registry};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The media type of metrics (OpenMetrics 1.0).
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the admin port tells about.
pub(crate) struct Admin {
    /// Every metric.
    pub(crate) registry: Registry,
    /// The database, where control is in this process.
    pub(crate) store: Option<Store>,
    /// The copies of the feed in this process, by role.
    pub(crate) copies: Vec<(&'static str, watch::Receiver<Status>)>,
    /// Cancelled once the process is to end.
    pub(crate) stop: CancellationToken,
}

/// Whether the process can do its work.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

/// One reason.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

impl Admin {
    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "only GET"));
        }
        Ok(match request.uri().path() {
            "/metrics" => self.metrics(),
            "/healthz" => text(StatusCode::OK, "ok"),
            "/readyz" => self.readiness().await,
            _ => text(StatusCode::NOT_FOUND, "/metrics, /healthz and /readyz are here"),
        })
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut body = String::new();
        match encode(&mut body, &self.registry) {
            Ok(()) => reply(StatusCode::OK, METRICS_TYPE, body),
            Err(why) => text(StatusCode::INTERNAL_SERVER_ERROR, &why.to_string()),
        }
    }

    async fn readiness(&self) -> Response<Full<Bytes>> {
        let mut checks = vec![self.running()];
        if let Some(store) = &self.store {
            checks.push(of_store(store).await);
        }
        checks.extend(self.copies.iter().map(|(role, status)| of_copy(role, &status.borrow())));
        let ready = checks.iter().all(|check| check.ok);
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_string(&Readiness { ready, checks }).unwrap_or_default();
        reply(status, "application/json", body)
    }

    fn running(&self) -> Check {
        match self.stop.is_cancelled() {
            false => Check { name: "process", ok: true, detail: "sockets are bound".to_owned() },
            true => Check { name: "process", ok: false, detail: "is ending".to_owned() },
        }
    }
}

async fn of_store(store: &Store) -> Check {
    match store.ping().await {
        Ok(()) => Check { name: "store", ok: true, detail: "the database answers".to_owned() },
        Err(why) => Check { name: "store", ok: false, detail: why.to_string() },
    }
}

/// A node serves as soon as it has something to serve from: a copy, even an old one, or word that there is nothing.
fn of_copy(role: &'static str, status: &Status) -> Check {
    let ok = status.last_contact.is_some() || status.generation.0 > 0;
    let contact = match (status.last_contact, &status.last_error) {
        (_, Some(why)) => format!("control is away: {why}"),
        (Some(_), None) => format!("control is at {}", status.head),
        (None, None) => "no word from control yet".to_owned(),
    };
    Check { name: role, ok, detail: format!("serves generation {}; {contact}", status.generation) }
}

fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    reply(status, "text/plain; charset=utf-8", format!("{body}\n"))
}

fn reply(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use np_domain::{entry::Generation, text::Explanation};

    use super::*;

    #[test]
    fn an_edge_with_an_old_copy_is_ready_and_one_without_any_is_not() {
        let away = || Some(Explanation::new("refused"));
        let old = Status { generation: Generation(7), last_error: away(), ..Status::default() };
        assert!(of_copy("edge", &old).ok);
        assert!(!of_copy("edge", &Status { last_error: away(), ..Status::default() }).ok);
        assert!(!of_copy("edge", &Status::default()).ok);
        let empty = Status { last_contact: Some(tokio::time::Instant::now()), ..Status::default() };
        assert!(of_copy("edge", &empty).ok);
    }
}
