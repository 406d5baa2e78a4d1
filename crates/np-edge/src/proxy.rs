//! Requests: from what a client asks to what it is answered. What is decided is decided in pure functions (`route`,
//! `headers`, `origin`, `failure`, `plaintext`); this file leads from one to the next.
//!
//! What becomes known of a request stands in its [`Exchange`]. Every answer of the edge's own goes through [`Failure`],
//! every request ends in one count, and in one line of the access log where there is one.

pub(crate) mod client;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod headers;
mod origin;
pub(crate) mod reply;
pub(crate) mod request_body;
mod route;
mod trace;
mod tunnel;
mod zone_headers;

use std::{net::SocketAddr, rc::Rc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header, request};
use hyper::upgrade::OnUpgrade;

use crate::{
    challenge,
    hints::PageKey,
    interim::{self, Interim},
    metrics::RequestOutcome,
    plaintext::{self, Plaintext},
    proxy::{
        client::Client,
        exchange::Exchange,
        failure::{Failure, Format},
        headers::{Forwarding, X_REQUEST_ID},
        origin::Target,
        reply::Reply,
        request_body::RequestBody,
    },
    table::{Destination, Found, Prefer},
    upstream::{Attempt, Fault, Need, connection::AnswerBody},
    worker::Worker,
};

/// The port that a request came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Https,
    Http,
}

impl Port {
    pub(crate) fn proto(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// What is done with a request once its host is known.
enum Step {
    Token(Bytes),
    /// Send the client to this place instead.
    Redirect(String),
    Proxy,
}

/// Where a request goes.
struct Located {
    target: Target,
    addresses: Vec<SocketAddr>,
}

/// Answers one request.
pub(crate) async fn answer(
    worker: &Rc<Worker>,
    client: Rc<Client>,
    request: Request<RequestBody>,
    interim: Interim,
) -> Response<Reply> {
    client.works();
    let (mut head, body) = request.into_parts();
    let request_id = match headers::request_id(&head.headers) {
        Some(sent) => sent.clone(),
        None => worker.request_id(),
    };
    let mut exchange = Exchange::new(worker, client, &head, request_id);
    let page = Page::of(&head);
    let failure = match admit(worker, &head, &mut exchange) {
        Ok(Step::Token(body)) => return token(exchange, page, body),
        Ok(Step::Redirect(to)) => return redirect(exchange, page, &head.method, &to),
        Ok(Step::Proxy) => {
            let hinted = hint(worker, &head, &exchange, &interim);
            match forward(worker, &mut head, body, &mut exchange, interim).await {
                Ok(answer) => {
                    if let Some(page) = hinted {
                        worker.hints.learn(page, answer.status(), answer.headers());
                    }
                    return pass_on(answer, exchange);
                }
                Err(failure) => failure,
            }
        }
        Err(failure) => failure,
    };
    refuse(worker, exchange, page, failure)
}

/// Sends the hints that are remembered of the page asked for; `None` where none are to be learned either.
fn hint(
    worker: &Worker,
    head: &request::Parts,
    exchange: &Exchange,
    interim: &Interim,
) -> Option<PageKey> {
    let served = exchange.found.as_ref()?.served()?;
    let page = if served.early_hints {
        worker.hints.page(served.owner, &exchange.host, head)?
    } else {
        return None;
    };
    if let Some(hints) = worker.hints.of(page) {
        interim.send(StatusCode::EARLY_HINTS, &hints);
    }
    Some(page)
}

fn admit(worker: &Worker, head: &request::Parts, exchange: &mut Exchange) -> Result<Step, Failure> {
    let limits = &worker.shared.settings.limits;
    if headers::wire_bytes(&head.uri, &head.headers) > limits.header_bytes_max {
        return Err(Failure::HeadersTooLarge);
    }
    // Tunnels to anywhere are what forward proxies give.
    if head.method == Method::CONNECT {
        return Err(Failure::BadRequest);
    }
    if headers::is_in_a_loop(&head.headers) {
        return Err(Failure::Loop);
    }
    exchange.host = route::host(head.version, &head.uri, &head.headers)?.into_owned();
    let found = match exchange.client.port {
        Port::Https => admit_https(worker, exchange)?,
        Port::Http => match admit_http(worker, &exchange.host, head.uri.path())? {
            Plain::Token(body) => return Ok(Step::Token(body)),
            Plain::Proxy(found) => found,
        },
    };
    let zone = match found.served() {
        Some(served) => worker.shared.table.zone(served.zone).map_err(|_| Failure::Internal)?,
        None => None,
    };
    let redirect = zone.as_deref().and_then(|zone| {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let (port, secured) = (exchange.client.port, found.credentials().is_some());
        zone_headers::redirect(&zone.serving, port, secured, &exchange.host, path)
    });
    exchange.zone = zone;
    exchange.found = Some(found);
    Ok(redirect.map_or(Step::Proxy, Step::Redirect))
}

/// What is done with a request that came without TLS.
enum Plain {
    Token(Bytes),
    Proxy(Found),
}

fn admit_https(worker: &Worker, exchange: &Exchange) -> Result<Found, Failure> {
    let handshake = exchange.client.tls.as_ref().ok_or(Failure::Internal)?;
    let found = worker.shared.table.find(&exchange.host, Prefer::Certificate);
    let found = found.map_err(|_| Failure::Internal)?;
    route::over_tls(&handshake.client, &exchange.host, found)
}

fn admit_http(worker: &Worker, host: &str, path: &str) -> Result<Plain, Failure> {
    let table = &worker.shared.table;
    let pack = table.pack_site(host).map_err(|_| Failure::Internal)?;
    if let Some(body) = pack.as_ref().and_then(|pack| challenge::body(&pack.tokens, path)) {
        return Ok(Plain::Token(Bytes::copy_from_slice(body.as_bytes())));
    }
    let site = table.site(host).map_err(|_| Failure::Internal)?;
    let found = table.find(host, Prefer::Proof).map_err(|_| Failure::Internal)?;
    match plaintext::decide(site.as_deref(), found, path) {
        Plaintext::Token(body) => Ok(Plain::Token(Bytes::copy_from_slice(body.as_bytes()))),
        Plaintext::Proxy(found) => Ok(Plain::Proxy(found)),
        Plaintext::NotActive => Err(Failure::NotActive),
    }
}

/// Sends the request to its origin.
async fn forward(
    worker: &Rc<Worker>,
    head: &mut request::Parts,
    body: RequestBody,
    exchange: &mut Exchange,
    interim: Interim,
) -> Result<Response<AnswerBody>, Failure> {
    let Located { target, addresses } = locate(worker, exchange).await?;
    let upgrade = take_upgrade(head);
    let need = if headers::is_grpc(&head.headers) { Need::Http2 } else { Need::Any };
    let mut request = outgoing(worker, head, body, exchange)?;
    listen(&mut request, exchange, interim);
    let (scheme, sni, addresses) = (target.scheme, target.sni.as_str(), &addresses[..]);
    let clock = exchange.clock.share();
    let answered = match upgrade {
        Some(upgrade) => {
            upgrade.ask(request.headers_mut());
            let upstream = &mut exchange.upstream;
            match worker.upstream.open(addresses, scheme, sni, upstream).await {
                Ok(connection) => upgrade.through(worker, exchange, connection, request).await,
                Err(fault) => Err(fault),
            }
        }
        None => {
            let upstream = &mut exchange.upstream;
            let attempt = Attempt { addresses, scheme, sni, need, clock: &clock, upstream };
            worker.upstream.send(request, attempt).await
        }
    };
    answered.map_err(|fault| fail(exchange, &fault))
}

fn fail(exchange: &mut Exchange, fault: &Fault) -> Failure {
    exchange.detail = Some(fault.to_string());
    Failure::of(fault).unwrap_or(Failure::BadRequest)
}

/// Passes the origin's 1xx answers on.
fn listen(request: &mut Request<RequestBody>, exchange: &Exchange, interim: Interim) {
    if matches!(interim, Interim::Nowhere) {
        return;
    }
    let served = exchange.found.as_ref().and_then(Found::served);
    let early_hints = served.is_some_and(|served| served.early_hints);
    hyper::ext::on_informational(request, move |answer| {
        if interim::is_passed_on(answer.status(), early_hints) {
            interim.send(answer.status(), answer.headers());
        }
    });
}

/// A client's wish to go on in another protocol over the same connection.
fn take_upgrade(head: &mut request::Parts) -> Option<tunnel::Upgrade> {
    let client = head.extensions.remove::<OnUpgrade>()?;
    if !headers::asks_for_upgrade(&head.headers) {
        return None;
    }
    let protocol = head.headers.get(header::UPGRADE)?.clone();
    Some(tunnel::Upgrade { client, protocol })
}

/// The request as the origin gets it.
fn outgoing(
    worker: &Worker,
    head: &mut request::Parts,
    body: RequestBody,
    exchange: &Exchange,
) -> Result<Request<RequestBody>, Failure> {
    let mut headers = std::mem::take(&mut head.headers);
    let host = match head.uri.authority() {
        Some(authority) => {
            HeaderValue::from_str(authority.as_str()).map_err(|_| Failure::BadHost)?
        }
        None => headers.get(header::HOST).cloned().ok_or(Failure::BadHost)?,
    };
    headers::strip_hop_by_hop(&mut headers);
    // Whoever reads the body asks the client for it: the edge, once it has a connection to the origin.
    headers.remove(header::EXPECT);
    if head.version == Version::HTTP_2 {
        headers::join_cookies(&mut headers);
    }
    let served = exchange.found.as_ref().and_then(Found::served);
    headers::describe(&mut headers, served.and_then(|served| served.metadata.as_ref()));
    trace::pass_on(&mut headers, exchange.request_id.as_bytes());
    let settings = &worker.shared.settings.origin;
    headers::forward(
        &mut headers,
        Forwarding {
            client: &exchange.client.forwarded_for,
            proto: exchange.client.port.proto(),
            host: &HeaderValue::from_str(&exchange.host).map_err(|_| Failure::BadHost)?,
            request_id: &exchange.request_id,
            trusted: settings.trust_forwarded_for || exchange.client.is_trusted,
        },
    );
    headers.insert(header::HOST, host);
    let mut request = Request::new(body.timed(exchange.clock.share()));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = origin_form(&mut head.uri);
    *request.headers_mut() = headers;
    Ok(request)
}

/// The target without scheme and authority. `OPTIONS *` has neither path nor query, and stays.
fn origin_form(uri: &mut Uri) -> Uri {
    let uri = std::mem::take(uri);
    if uri.authority().is_none() && uri.scheme().is_none() {
        return uri;
    }
    let path = uri.into_parts().path_and_query;
    path.map_or_else(Uri::default, Uri::from)
}

/// Finds the origin and its addresses.
async fn locate(worker: &Worker, exchange: &mut Exchange) -> Result<Located, Failure> {
    let found = exchange.found.as_ref().ok_or(Failure::Internal)?;
    let served = found.served().ok_or(Failure::Internal)?;
    let settings = &worker.shared.settings.origin;
    let table = &worker.shared.table;
    let (target, known) = match &served.destination {
        Destination::Origin(custom) => {
            let (custom, zone) = (custom.as_ref(), exchange.zone.as_deref());
            (origin::target(custom, zone, found.side, &exchange.host, settings)?, None)
        }
        Destination::Records => {
            let proxied = table.proxied(served.zone, &exchange.host);
            let proxied = proxied.map_err(|_| Failure::Internal)?.ok_or(Failure::NotActive)?;
            origin::of_record(proxied, exchange.zone.as_deref(), &exchange.host, settings)?
        }
    };
    let addresses = match known {
        Some(addresses) => addresses,
        None => worker.addresses.of(&target.host).await.map_err(|error| {
            exchange.detail = Some(error);
            Failure::OriginUnresolved
        })?,
    };
    let allowed = origin::allowed(addresses, settings)?;
    let addresses =
        allowed.into_iter().map(|address| SocketAddr::new(address, target.port)).collect();
    Ok(Located { target, addresses })
}

/// The origin's answer as the client gets it.
fn pass_on(answer: Response<AnswerBody>, mut exchange: Exchange) -> Response<Reply> {
    let (mut head, body) = answer.into_parts();
    let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
    if !switches {
        headers::strip_hop_by_hop(&mut head.headers);
    }
    if let Some(zone) = &exchange.zone {
        zone_headers::tell(&mut head.headers, &zone.serving.security_header, exchange.client.port);
    }
    head.headers.insert(X_REQUEST_ID, exchange.request_id.clone());
    head.version = Version::HTTP_11;
    exchange.status = head.status.as_u16();
    Response::from_parts(head, Reply::origin(body, exchange))
}

/// What an answer of the edge's own depends on.
#[derive(Clone, Copy)]
struct Page {
    format: Format,
    headless: bool,
}

impl Page {
    fn of(head: &request::Parts) -> Self {
        let accept = head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Self { format: Format::accepted(accept), headless: head.method == Method::HEAD }
    }
}

fn token(mut exchange: Exchange, page: Page, body: Bytes) -> Response<Reply> {
    exchange.status = StatusCode::OK.as_u16();
    own(exchange, page, StatusCode::OK, "text/plain", body, RequestOutcome::Token)
}

/// Sends the client to the same place over TLS.
fn redirect(mut exchange: Exchange, page: Page, method: &Method, to: &str) -> Response<Reply> {
    let status = zone_headers::redirect_status(method);
    exchange.status = status.as_u16();
    let outcome = RequestOutcome::Redirected;
    let mut response = own(exchange, page, status, "text/plain", Bytes::new(), outcome);
    // A target that could not stand in a header did not get here in one.
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// Answers with the edge's own page.
fn refuse(
    worker: &Worker,
    mut exchange: Exchange,
    page: Page,
    failure: Failure,
) -> Response<Reply> {
    exchange.failure = Some(failure);
    exchange.status = failure.status().as_u16();
    let request_id = exchange.request_id.to_str().unwrap_or_default();
    let text = worker.shared.pages.page(failure, page.format, request_id);
    let body = Bytes::from(text.body);
    own(exchange, page, failure.status(), text.content_type, body, RequestOutcome::Refused)
}

fn own(
    exchange: Exchange,
    page: Page,
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
    outcome: RequestOutcome,
) -> Response<Reply> {
    let length = HeaderValue::from(body.len());
    let request_id = exchange.request_id.clone();
    let body = if page.headless { Bytes::new() } else { body };
    let mut response = Response::new(Reply::whole(body, exchange, outcome));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_REQUEST_ID, request_id);
    response
}
