//! Requests: the steps that Pingora calls, each forwarding to a pure function. Nothing is decided here.
//!
//! What becomes known of a request stands in its [`Exchange`], each fact set once. Every answer of the edge's own goes
//! through [`Failure`], every request leaves one line in the access log (target `np_edge::access`).

mod failure;
mod headers;
mod origin;
mod route;

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use async_trait::async_trait;
use boring::x509::X509;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use pingora::{
    Error, ErrorType, Result,
    http::{RequestHeader, ResponseHeader},
    protocols::{ALPN, Digest},
    proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session},
    upstreams::peer::HttpPeer,
};

use crate::{
    challenge,
    metrics::{Metrics, RequestOutcome},
    origin_resolver::OriginResolver,
    plaintext::{self, Plaintext},
    proxy::{
        failure::{Failure, Format},
        headers::{Forwarding, X_REQUEST_ID},
        origin::Target,
    },
    settings::{EdgeSettings, OriginScheme},
    table::{Destination, Found, Prefer, Table},
    tls::accept::TlsClient,
};

/// Random bytes of a request id made here.
const REQUEST_ID_BYTES: usize = 16;

/// The port that a request came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Https,
    Http,
}

impl Port {
    fn proto(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// The edge's part in proxying, for one port.
pub(crate) struct Proxy {
    pub(crate) port: Port,
    pub(crate) table: Arc<Table>,
    pub(crate) resolver: Arc<dyn OriginResolver>,
    pub(crate) settings: Arc<EdgeSettings>,
    /// The parsed `trusted_roots`.
    pub(crate) origin_roots: Option<Arc<Box<[X509]>>>,
    pub(crate) metrics: Metrics,
}

/// What is known of one request.
pub(crate) struct Exchange {
    start: Instant,
    outcome: RequestOutcome,
    request_id: String,
    host: String,
    found: Option<Found>,
    target: Option<Target>,
    /// The origin's addresses, and how many of them refused a connection.
    addresses: Vec<SocketAddr>,
    refused: usize,
    /// The address that the request was sent to.
    upstream: Option<SocketAddr>,
    failure: Option<Failure>,
    /// What Pingora said about it, for the log.
    detail: Option<String>,
}

impl Exchange {
    fn fail(&mut self, failure: Failure) -> Box<Error> {
        self.failure = Some(failure);
        Error::new(ErrorType::HTTPStatus(failure.status().as_u16()))
    }
}

/// What is done with a request once its host is known.
enum Step {
    Token(Bytes),
    Proxy(Found),
}

impl Proxy {
    fn admit(&self, session: &Session, exchange: &mut Exchange) -> Result<Step, Failure> {
        let request = session.req_header();
        if headers::wire_bytes(request) > self.settings.limits.header_bytes_max {
            return Err(Failure::HeadersTooLarge);
        }
        if headers::is_in_a_loop(&request.headers) {
            return Err(Failure::Loop);
        }
        let host = route::host(&request.uri, &request.headers)?;
        exchange.host = host.into_owned();
        match self.port {
            Port::Https => self.admit_https(session, &exchange.host).map(Step::Proxy),
            Port::Http => self.admit_http(request, &exchange.host),
        }
    }

    fn admit_https(&self, session: &Session, host: &str) -> Result<Found, Failure> {
        let tls = session.digest().and_then(|digest| digest.ssl_digest.as_ref());
        let client = tls.and_then(|tls| tls.extension.get::<TlsClient>());
        let client = client.ok_or(Failure::Internal)?;
        let found = self.table.find(host, Prefer::Certificate).map_err(|_| Failure::Internal)?;
        route::over_tls(client, host, found)
    }

    fn admit_http(&self, request: &RequestHeader, host: &str) -> Result<Step, Failure> {
        let pack = self.table.pack_site(host).map_err(|_| Failure::Internal)?;
        let token =
            pack.as_ref().and_then(|pack| challenge::body(&pack.tokens, request.uri.path()));
        if let Some(body) = token {
            return Ok(Step::Token(Bytes::copy_from_slice(body.as_bytes())));
        }
        let site = self.table.site(host).map_err(|_| Failure::Internal)?;
        let found = self.table.find(host, Prefer::Proof).map_err(|_| Failure::Internal)?;
        match plaintext::decide(site.as_deref(), found, request.uri.path()) {
            Plaintext::Token(body) => Ok(Step::Token(Bytes::copy_from_slice(body.as_bytes()))),
            Plaintext::Proxy(found) => Ok(Step::Proxy(found)),
            Plaintext::NotActive => Err(Failure::NotActive),
        }
    }

    /// Finds the origin and its addresses, once for all attempts.
    async fn locate(&self, exchange: &mut Exchange) -> Result<(), Failure> {
        let found = exchange.found.as_ref().ok_or(Failure::Internal)?;
        let served = found.served().ok_or(Failure::Internal)?;
        let settings = &self.settings.origin;
        let (target, known) = match &served.destination {
            Destination::Origin(custom) => {
                let zone = self.table.zone(served.zone).map_err(|_| Failure::Internal)?;
                let (custom, zone) = (custom.as_ref(), zone.as_deref());
                (origin::target(custom, zone, found.side, &exchange.host, settings)?, None)
            }
            Destination::Records => {
                let proxied = self.table.proxied(served.zone, &exchange.host);
                let proxied = proxied.map_err(|_| Failure::Internal)?.ok_or(Failure::NotActive)?;
                origin::of_record(proxied, &exchange.host, settings)?
            }
        };
        let addresses = match known {
            Some(addresses) => addresses,
            None => self.resolver.addresses(&target.host).await.map_err(|error| {
                exchange.detail = Some(error.to_string());
                Failure::OriginUnresolved
            })?,
        };
        let allowed = origin::allowed(addresses, settings)?;
        exchange.addresses =
            allowed.into_iter().map(|address| SocketAddr::new(address, target.port)).collect();
        exchange.target = Some(target);
        Ok(())
    }

    fn peer(&self, address: SocketAddr, target: &Target) -> HttpPeer {
        let settings = &self.settings.origin;
        let tls = settings.scheme != OriginScheme::Plain;
        let verified = settings.scheme == OriginScheme::Tls;
        let mut peer = HttpPeer::new(address, tls, target.sni.clone());
        let options = &mut peer.options;
        options.alpn = ALPN::H1;
        options.verify_cert = verified;
        options.verify_hostname = verified;
        options.ca = self.origin_roots.clone();
        options.connection_timeout = Some(settings.connect_timeout);
        options.total_connection_timeout = Some(settings.connect_timeout);
        options.read_timeout = Some(settings.response_timeout);
        options.write_timeout = Some(settings.send_timeout);
        options.idle_timeout = Some(settings.idle_timeout);
        peer
    }

    /// Answers with the edge's own page.
    async fn refuse(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        failure: Failure,
    ) -> Result<()> {
        exchange.failure = Some(failure);
        exchange.outcome = RequestOutcome::Refused;
        let accept = session.get_header(header::ACCEPT).and_then(|value| value.to_str().ok());
        let page = failure.page(Format::accepted(accept), &exchange.request_id);
        let answer = Answer { status: failure.status(), content_type: page.content_type };
        respond(session, answer, &exchange.request_id, page.body.into()).await
    }
}

/// The head of an answer of the edge's own.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
}

async fn respond(
    session: &mut Session,
    answer: Answer,
    request_id: &str,
    body: Bytes,
) -> Result<()> {
    let mut response = ResponseHeader::build(answer.status, Some(5))?;
    response.insert_header(header::CONTENT_TYPE, answer.content_type)?;
    response.insert_header(header::CONTENT_LENGTH, body.len())?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    response.insert_header(X_REQUEST_ID, request_id)?;
    let headless = session.req_header().method == Method::HEAD;
    session.write_response_header(Box::new(response), headless).await?;
    if headless { Ok(()) } else { session.write_response_body(Some(body), true).await }
}

/// A new id; without randomness, which BoringSSL does not run out of, it is all zeros.
fn new_request_id() -> String {
    let mut bytes = [0; REQUEST_ID_BYTES];
    let _ = boring::rand::rand_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(2 * REQUEST_ID_BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn client_ip(session: &Session) -> Option<IpAddr> {
    session.client_addr().and_then(|address| address.as_inet()).map(SocketAddr::ip)
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange {
            start: Instant::now(),
            outcome: RequestOutcome::Proxied,
            request_id: String::new(),
            host: String::new(),
            found: None,
            target: None,
            addresses: Vec::new(),
            refused: 0,
            upstream: None,
            failure: None,
            detail: None,
        }
    }

    async fn early_request_filter(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let limits = &self.settings.limits;
        // A client that wants its connection closed has said so by now.
        if session.get_keepalive().is_some() {
            session.set_keepalive(Some(limits.client_idle_timeout.as_secs()));
        }
        session.set_read_timeout(Some(limits.client_io_timeout));
        session.set_write_timeout(Some(limits.client_io_timeout));
        session.set_total_drain_timeout(Some(limits.client_io_timeout));
        let sent = headers::request_id(&session.req_header().headers).map(str::to_owned);
        exchange.request_id = sent.unwrap_or_else(new_request_id);
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        match self.admit(session, exchange) {
            Ok(Step::Proxy(found)) => {
                let early_hints = found.served().is_some_and(|served| served.early_hints);
                session.set_ignore_info_resp(!early_hints);
                exchange.found = Some(found);
                Ok(false)
            }
            Ok(Step::Token(body)) => {
                exchange.outcome = RequestOutcome::Token;
                let answer = Answer { status: StatusCode::OK, content_type: "text/plain" };
                respond(session, answer, &exchange.request_id, body).await?;
                Ok(true)
            }
            Err(failure) => {
                self.refuse(session, exchange, failure).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Box<HttpPeer>> {
        if exchange.target.is_none()
            && let Err(failure) = self.locate(exchange).await
        {
            return Err(exchange.fail(failure));
        }
        let address = exchange.addresses.get(exchange.refused);
        match (address, &exchange.target) {
            (Some(address), Some(target)) => Ok(Box::new(self.peer(*address, target))),
            _ => Err(exchange.fail(Failure::OriginUnreachable)),
        }
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing was sent yet, so the next address may be tried whatever the method.
        exchange.refused += 1;
        error.set_retry(exchange.refused < exchange.addresses.len());
        error
    }

    async fn connected_to_upstream(
        &self,
        _session: &mut Session,
        _reused: bool,
        _peer: &HttpPeer,
        _fd: std::os::fd::RawFd,
        _digest: Option<&Digest>,
        exchange: &mut Exchange,
    ) -> Result<()> {
        exchange.upstream = exchange.addresses.get(exchange.refused).copied();
        Ok(())
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let facts = Forwarding {
            client: client_ip(session),
            proto: self.port.proto(),
            host: &exchange.host,
            request_id: &exchange.request_id,
            trusted: self.settings.origin.trust_forwarded_for,
        };
        headers::forward(request, facts)
    }

    async fn response_filter(
        &self,
        _session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        response.insert_header(X_REQUEST_ID, &exchange.request_id)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        exchange: &mut Exchange,
    ) -> FailToProxy {
        exchange.detail.get_or_insert_with(|| error.to_string());
        let failure = exchange.failure.or_else(|| Failure::of(error));
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        let error_code = match failure {
            Some(failure) if !begun => {
                let sent = self.refuse(session, exchange, failure).await;
                if sent.is_ok() { failure.status().as_u16() } else { 0 }
            }
            failure => {
                exchange.failure = failure;
                exchange.outcome = RequestOutcome::Aborted;
                0
            }
        };
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    // The access log says it all, once.
    fn suppress_error_log(&self, _session: &Session, _: &Exchange, _error: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _session: &Session,
        _: &Exchange,
        _error: &Error,
        _context: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    async fn logging(
        &self,
        session: &mut Session,
        _error: Option<&Error>,
        exchange: &mut Exchange,
    ) {
        let status = session.response_written().map_or(0, |response| response.status.as_u16());
        self.metrics.request(exchange.outcome, status);
        if tracing::enabled!(target: "np_edge::access", tracing::Level::INFO) {
            log_access(self.port, session, exchange, status);
        }
    }
}

/// One line for a request. Queries are left out: they carry secrets of people who did not ask us to keep them.
fn log_access(port: Port, session: &Session, exchange: &Exchange, status: u16) {
    let request = session.req_header();
    let served = exchange.found.as_ref().and_then(Found::served);
    let tls = session.digest().and_then(|digest| digest.ssl_digest.as_ref());
    let user_agent = request.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    tracing::info!(
        target: "np_edge::access",
        request_id = exchange.request_id,
        client = client_ip(session).map(tracing::field::display),
        scheme = port.proto(),
        host = exchange.host,
        owner = served.map(|served| tracing::field::display(served.owner)),
        zone = served.map(|served| tracing::field::display(served.zone)),
        method = %request.method,
        path = request.uri.path(),
        version = ?request.version,
        tls = tls.map(|tls| tracing::field::display(&tls.version)),
        status,
        outcome = exchange.outcome.as_str(),
        failure = exchange.failure.map(Failure::name),
        detail = exchange.detail,
        upstream = exchange.upstream.map(tracing::field::display),
        sent_bytes = session.body_bytes_sent(),
        duration_us = u64::try_from(exchange.start.elapsed().as_micros()).unwrap_or(u64::MAX),
        user_agent = user_agent.map(String::from_utf8_lossy).as_deref(),
        "request"
    );
}
