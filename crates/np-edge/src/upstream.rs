//! Connections to origins: opening them, keeping unused ones, sending a request over one. One [`Upstream`] for each
//! thread, so that nothing here is locked or moved between cores.
//!
//! Which origin a request goes to is not decided here (`proxy/origin.rs`).

pub(crate) mod connection;
mod http2;
mod pool;
pub(crate) mod tls;

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderValue, Request, Uri, Version, header::HOST, uri::PathAndQuery};
use thiserror::Error;
use tokio::net::TcpStream;

use crate::{
    proxy::request_body::RequestBody,
    settings::{OriginScheme, OriginSettings},
    stream::Stream,
    upstream::{
        connection::{Answer, AnswerBody, Connection, SendError},
        pool::Pool,
        tls::OriginTls,
    },
    watch::Clock,
};

/// For how long an address that took no connection is tried after the others.
const ADDRESS_RESTS: Duration = Duration::from_secs(10);
/// The most addresses that are remembered for having taken none.
const RESTING_ADDRESSES_MAX: usize = 10_000;

/// Why an origin did not answer.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// It takes no connection.
    #[error("{address} takes no connection: {why}")]
    Unreachable { address: SocketAddr, why: io::Error },
    /// No connection came about in time.
    #[error("{0} did not take the connection in time")]
    ConnectTimeout(SocketAddr),
    /// TLS was not agreed on.
    #[error("TLS with {address} failed: {why}")]
    Tls { address: SocketAddr, why: String },
    /// The answer broke off, or is no HTTP.
    #[error("the connection to the origin broke: {0}")]
    Broken(String),
    /// It was silent for too long.
    #[error("the origin was silent for too long")]
    Silent,
    /// The client's part of the exchange broke off.
    #[error("the client's request broke off")]
    Client,
    /// The client was silent for too long.
    #[error("the client was silent for too long")]
    ClientSilent,
}

/// Where connections go, and how: what differs in one of these shares no connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) scheme: OriginScheme,
    /// The name that TLS is spoken under; empty without TLS.
    pub(crate) sni: Box<str>,
}

/// What a request needs of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// HTTP/1.1 will do.
    Any,
    /// HTTP/2, where the origin speaks it.
    Http2,
}

/// The connections of one thread.
pub(crate) struct Upstream {
    settings: OriginSettings,
    tls: Arc<OriginTls>,
    pool: Rc<Pool>,
    http2: http2::Shared,
    resting: RefCell<HashMap<SocketAddr, Instant>>,
}

/// What a request is sent with.
pub(crate) struct Attempt<'a> {
    pub(crate) addresses: &'a [SocketAddr],
    pub(crate) scheme: OriginScheme,
    pub(crate) sni: &'a str,
    pub(crate) need: Need,
    pub(crate) clock: &'a Rc<Clock>,
    /// Says which address it was sent to.
    pub(crate) upstream: &'a mut Option<SocketAddr>,
}

impl Upstream {
    pub(crate) fn new(settings: OriginSettings, tls: Arc<OriginTls>) -> Self {
        let pool = Rc::new(Pool::new(&settings));
        let http2 = http2::Shared::default();
        Self { settings, tls, pool, http2, resting: RefCell::default() }
    }

    /// Sends a request to the first of the addresses that takes it, over a connection that is there already where one is.
    ///
    /// A request is sent again only where the origin cannot have acted on it: it was not sent at all, or it may be
    /// repeated (RFC 9110 section 9.2.2), has no body, and the connection was an old one that was closed before a byte of
    /// an answer.
    ///
    /// # Errors
    /// When no origin answered.
    pub(crate) async fn send(
        &self,
        mut request: Request<RequestBody>,
        attempt: Attempt<'_>,
    ) -> Result<Answer, Fault> {
        let Attempt { addresses, scheme, sni, need, clock, upstream } = attempt;
        let addresses = self.by_health(addresses);
        let mut addresses = addresses.iter().copied().cycle().take(self.settings.attempts_max);
        let mut address = addresses.next();
        let mut last = None;
        while let Some(current) = address {
            let place = Place { address: current, scheme, sni: sni_of(scheme, sni) };
            let (connection, reused) = match self.find(&place, need) {
                Some(connection) => (connection, true),
                None => match self.connect(&place, need).await {
                    Ok(connection) => (connection, false),
                    Err(fault) => {
                        last = Some(fault);
                        address = addresses.next();
                        continue;
                    }
                },
            };
            *upstream = Some(current);
            let again = (reused && may_be_repeated(&request)).then(|| copy_of(&request));
            let sent = match connection {
                Way::Http1(connection) => connection.send(request, clock, &self.pool, place).await,
                Way::Http2(sender) => {
                    let answered = http2::send(sender, for_http2(request, scheme), clock).await;
                    answered.map(|answer| answer.map(|body| AnswerBody::detached(body, clock)))
                }
            };
            match sent {
                Ok(answer) => return Ok(answer),
                Err(SendError { fault, unsent }) => {
                    let lost = matches!(fault, Fault::Broken(_));
                    match (unsent, again) {
                        (Some(unsent), _) if lost => request = for_http1(unsent),
                        (None, Some(copy)) if lost => request = copy,
                        _ => return Err(fault),
                    }
                    // An old connection says nothing about the address.
                    if !reused {
                        address = addresses.next();
                    }
                    last = Some(fault);
                }
            }
        }
        Err(last.unwrap_or(Fault::Silent))
    }

    /// Opens a connection that is used once, such as for another protocol than HTTP.
    ///
    /// # Errors
    /// When no address takes one.
    pub(crate) async fn open(
        &self,
        addresses: &[SocketAddr],
        scheme: OriginScheme,
        sni: &str,
        upstream: &mut Option<SocketAddr>,
    ) -> Result<Connection, Fault> {
        let mut last = Fault::Silent;
        for address in self.by_health(addresses).into_iter().take(self.settings.attempts_max) {
            *upstream = Some(address);
            let place = Place { address, scheme, sni: sni_of(scheme, sni) };
            match self.connect(&place, Need::Any).await {
                Ok(Way::Http1(connection)) => return Ok(connection),
                Ok(Way::Http2(_)) => last = Fault::Broken("HTTP/2 without asking".to_owned()),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// Closes what has been unused for too long, for ever.
    pub(crate) async fn sweep(&self) {
        self.pool.sweep().await;
    }

    fn find(&self, place: &Place, need: Need) -> Option<Way> {
        match need {
            Need::Any => self.pool.take(place).map(Way::Http1),
            Need::Http2 => self.http2.find(place).map(Way::Http2),
        }
    }

    async fn connect(&self, place: &Place, need: Need) -> Result<Way, Fault> {
        let opening = self.open_stream(place, need);
        let opened = tokio::time::timeout(self.settings.connect_timeout, opening).await;
        let connection = match opened.unwrap_or(Err(Fault::ConnectTimeout(place.address))) {
            Ok(stream) if need == Need::Http2 && speaks_http2(&stream, place.scheme) => {
                self.http2.over(stream, place).await.map(Way::Http2)
            }
            Ok(stream) => Connection::over(stream).await.map(Way::Http1),
            Err(fault) => Err(fault),
        };
        if connection.is_err() {
            self.rest(place.address);
        }
        connection
    }

    async fn open_stream(&self, place: &Place, need: Need) -> Result<Stream, Fault> {
        let address = place.address;
        let unreachable = |why| Fault::Unreachable { address, why };
        let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let failed = |why: String| Fault::Tls { address, why };
        let ssl = match place.scheme {
            OriginScheme::Plain => return Ok(Stream::plain(tcp)),
            OriginScheme::TlsUnverified => self.tls.unverified(&place.sni, need),
            OriginScheme::Tls => self.tls.verified(&place.sni, need),
        };
        let ssl = ssl.map_err(|why| failed(why.to_string()))?;
        Stream::connect(ssl, tcp).await.map_err(|why| failed(why.to_string()))
    }

    /// The addresses in their order, those that took no connection lately last.
    fn by_health(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let resting = self.resting.borrow();
        let mut ordered = addresses.to_vec();
        if !resting.is_empty() {
            let now = Instant::now();
            ordered.sort_by_key(|address| resting.get(address).is_some_and(|until| *until > now));
        }
        ordered
    }

    fn rest(&self, address: SocketAddr) {
        let mut resting = self.resting.borrow_mut();
        let now = Instant::now();
        if resting.len() >= RESTING_ADDRESSES_MAX {
            resting.retain(|_, until| *until > now);
        }
        if resting.len() < RESTING_ADDRESSES_MAX {
            resting.insert(address, now + ADDRESS_RESTS);
        }
    }
}

/// A connection that a request can be sent over.
enum Way {
    Http1(Connection),
    Http2(hyper::client::conn::http2::SendRequest<RequestBody>),
}

fn sni_of(scheme: OriginScheme, sni: &str) -> Box<str> {
    match scheme {
        OriginScheme::Plain => Box::default(),
        OriginScheme::TlsUnverified | OriginScheme::Tls => sni.into(),
    }
}

fn speaks_http2(stream: &Stream, scheme: OriginScheme) -> bool {
    match stream.ssl() {
        Some(ssl) => ssl.selected_alpn_protocol() == Some(b"h2"),
        None => scheme == OriginScheme::Plain,
    }
}

/// HTTP/2 has the host in the target.
fn for_http2(mut request: Request<RequestBody>, scheme: OriginScheme) -> Request<RequestBody> {
    let host = request.headers_mut().remove(HOST);
    let scheme = match scheme {
        OriginScheme::Plain => "http",
        OriginScheme::TlsUnverified | OriginScheme::Tls => "https",
    };
    let path = request.uri().path_and_query().cloned();
    let target = Uri::builder()
        .scheme(scheme)
        .authority(host.as_ref().map_or(&b""[..], HeaderValue::as_bytes))
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    // A host that is none was refused long before.
    if let Ok(target) = target.build() {
        *request.uri_mut() = target;
    }
    *request.version_mut() = Version::HTTP_2;
    request
}

/// What [`for_http2`] did, undone.
fn for_http1(mut request: Request<RequestBody>) -> Request<RequestBody> {
    let parts = request.uri().clone().into_parts();
    if let Some(authority) = parts.authority
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = parts.path_and_query.map_or_else(Uri::default, Uri::from);
        *request.version_mut() = Version::HTTP_11;
    }
    request
}

fn may_be_repeated(request: &Request<RequestBody>) -> bool {
    request.method().is_idempotent() && request.body().is_empty()
}

fn copy_of(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}
