//! Fetches a token from a customer's host over plain HTTP, as a CA would: IPv6 first, a few redirects, port 80.
//!
//! The name may lead anywhere, so every address is looked up here and judged by [`is_reserved`] before a connection is
//! made to exactly that address; a redirect is looked up and judged again. Redirects lead to `http` on the same port
//! only. No connection is kept, no proxy of the environment is used, nothing is decompressed.

mod trace;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use np_domain::{
    name::Hostname,
    ports::{
        BODY_BYTES_MAX, HttpProbe, LookupFailure, ProbeFailure, ProbeReply, ProbeRequest, Resolver,
    },
    text::Explanation,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use super::{network_words, reserved::is_reserved};

/// The most bytes of an answer's status line and headers that are read.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The most addresses of one host that are tried.
pub const ADDRESSES_TRIED_MAX: usize = 4;

/// How far a probe may go.
#[derive(Debug, Clone)]
pub struct ProbeSettings {
    /// The port that is connected to: 80, other than in tests.
    pub port: u16,
    /// Whether private, loopback and other reserved addresses may be reached: for private networks and tests.
    pub allow_reserved: bool,
    /// The most redirects that are followed.
    pub redirects_max: usize,
    /// How long one address may take to accept the connection, before the next is tried.
    pub connect_timeout: Duration,
    /// How long the whole may take.
    pub timeout: Duration,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            port: 80,
            allow_reserved: false,
            redirects_max: 3,
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Looks at customers' hosts.
#[derive(Clone)]
pub struct HttpTokenProbe {
    settings: ProbeSettings,
    resolver: Arc<dyn Resolver>,
}

/// One URL on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: Hostname,
    /// Path and query.
    path: String,
}

/// What one server said.
enum Answer {
    Reply(ProbeReply),
    Elsewhere(Target),
}

#[async_trait]
impl HttpProbe for HttpTokenProbe {
    async fn fetch(&self, request: &ProbeRequest) -> Result<ProbeReply, ProbeFailure> {
        let deadline = Instant::now() + self.settings.timeout;
        let mut seen: Vec<Target> = Vec::new();
        let mut target =
            Target { host: request.host.clone(), path: request.path.as_str().to_owned() };
        while seen.len() <= self.settings.redirects_max {
            match self.get(&target, request.user_agent, deadline).await? {
                Answer::Reply(reply) => return Ok(reply),
                Answer::Elsewhere(next) => seen.push(std::mem::replace(&mut target, next)),
            }
            if seen.contains(&target) {
                let words = format!("http://{}{} redirects in a circle", target.host, target.path);
                return Err(ProbeFailure::Redirect(Explanation::new(words)));
            }
        }
        let max = self.settings.redirects_max;
        let words = format!("more than {max} redirects; serve {} directly", request.path);
        Err(ProbeFailure::Redirect(Explanation::new(words)))
    }
}

impl HttpTokenProbe {
    /// A probe that goes as far as `settings` say and looks names up with `resolver`.
    pub fn new(settings: ProbeSettings, resolver: Arc<dyn Resolver>) -> Self {
        Self { settings, resolver }
    }

    async fn get(
        &self,
        target: &Target,
        user_agent: &'static str,
        deadline: Instant,
    ) -> Result<Answer, ProbeFailure> {
        let addresses = self.vetted_addresses(&target.host, deadline).await?;
        let (stream, from) = self.connect(&addresses, deadline).await?;
        let request = request(target, user_agent)?;
        let response = timeout_at(deadline, exchange(stream, request))
            .await
            .map_err(|_| ProbeFailure::TimedOut(from))?
            .map_err(|error| broken(from, &error))?;
        match response.inner.status() {
            StatusCode::OK => {
                let body = read_body(response.inner.into_body(), from);
                let body = timeout_at(deadline, body).await;
                body.map_err(|_| ProbeFailure::TimedOut(from))?.map(Answer::Reply)
            }
            status if is_redirect(status) => {
                let location = response.inner.headers().get(header::LOCATION);
                self.follow(target, location, from).map(Answer::Elsewhere)
            }
            status => Err(ProbeFailure::Status { from, status: status.as_u16() }),
        }
    }

    /// The addresses that may be reached, IPv6 first as CAs prefer it.
    async fn vetted_addresses(
        &self,
        host: &Hostname,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, ProbeFailure> {
        let looked = timeout_at(deadline, self.resolver.addresses(host.as_dns())).await;
        let found = match looked.unwrap_or(Err(LookupFailure::TimedOut)) {
            Ok(found) => found,
            Err(failure) if failure.is_trouble() => return Err(ProbeFailure::Lookup(failure)),
            Err(_) => return Err(ProbeFailure::NoAddress),
        };
        let may_reach = |address: &&IpAddr| self.settings.allow_reserved || !is_reserved(**address);
        let mut vetted: Vec<IpAddr> = found.iter().filter(may_reach).copied().collect();
        vetted.sort_by_key(IpAddr::is_ipv4);
        vetted.truncate(ADDRESSES_TRIED_MAX);
        match found.first() {
            None => Err(ProbeFailure::NoAddress),
            Some(first) if vetted.is_empty() => Err(ProbeFailure::ReservedAddress(*first)),
            Some(_) => {
                Ok(vetted.iter().map(|ip| SocketAddr::new(*ip, self.settings.port)).collect())
            }
        }
    }

    /// Connects to the first address that accepts.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        deadline: Instant,
    ) -> Result<(TcpStream, SocketAddr), ProbeFailure> {
        let mut failure = ProbeFailure::NoAddress;
        for &from in addresses {
            let until = deadline.min(Instant::now() + self.settings.connect_timeout);
            failure = match timeout_at(until, TcpStream::connect(from)).await {
                Ok(Ok(stream)) => return Ok((stream, from)),
                Ok(Err(error)) => {
                    ProbeFailure::Connect { from, why: network_words::describe(&error) }
                }
                Err(_) => ProbeFailure::TimedOut(from),
            };
        }
        Err(failure)
    }

    /// Where a redirect leads, if it may be followed.
    fn follow(
        &self,
        from_target: &Target,
        location: Option<&HeaderValue>,
        from: SocketAddr,
    ) -> Result<Target, ProbeFailure> {
        self.leads_to(from_target, location).map_err(|why| {
            let shown = location.map(|l| String::from_utf8_lossy(l.as_bytes()).into_owned());
            let shown = shown.unwrap_or_else(|| "nowhere".to_owned());
            let words = format!("{from} redirects to {shown}: {why}");
            ProbeFailure::Redirect(Explanation::new(words))
        })
    }

    /// Where a `Location` leads, or why it is not followed.
    fn leads_to(
        &self,
        from_target: &Target,
        location: Option<&HeaderValue>,
    ) -> Result<Target, &'static str> {
        let text = location.and_then(|location| location.to_str().ok());
        let uri = text.and_then(|text| text.parse::<Uri>().ok());
        let uri = uri.ok_or("the Location header is missing or not a URL")?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let Some(host) = uri.host() else {
            let host = from_target.host.clone();
            return Ok(Target { host, path });
        };
        if uri.scheme_str() != Some("http") {
            return Err("only http is followed; exempt this path from the redirect");
        }
        if uri.port_u16().is_some_and(|port| port != self.settings.port) {
            return Err("another port is not followed");
        }
        let host = Hostname::parse(host).map_err(|_| "that is not a hostname")?;
        Ok(Target { host, path })
    }
}

/// A response with the task that reads its connection, which ends with it.
struct Exchange {
    inner: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

async fn exchange(
    stream: TcpStream,
    request: Request<Empty<Bytes>>,
) -> Result<Exchange, hyper::Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // Its error reaches the request's own future too, where it is told.
        let _ = connection.await;
    }));
    Ok(Exchange { inner: sender.send_request(request).await?, _connection: connection })
}

fn request(
    target: &Target,
    user_agent: &'static str,
) -> Result<Request<Empty<Bytes>>, ProbeFailure> {
    Request::get(&target.path)
        .header(header::HOST, target.host.as_str())
        .header(header::USER_AGENT, user_agent)
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| ProbeFailure::Other(Explanation::new(error.to_string())))
}

async fn read_body(body: Incoming, from: SocketAddr) -> Result<ProbeReply, ProbeFailure> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => {
            let body = Explanation::new(String::from_utf8_lossy(&body.to_bytes()));
            Ok(ProbeReply { body, from })
        }
        Err(error) if error.is::<LengthLimitError>() => Err(ProbeFailure::TooLong(from)),
        Err(error) => Err(broken(from, error.as_ref())),
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn broken(from: SocketAddr, error: &(dyn std::error::Error + 'static)) -> ProbeFailure {
    let why = network_words::describe(error);
    ProbeFailure::Other(Explanation::new(format!("{from} gave no usable answer: {why}")))
}

#[cfg(test)]
mod tests;
