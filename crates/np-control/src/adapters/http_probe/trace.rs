//! A look that tells the way and not only the end: one address, every redirect, and who answered. The rules are the probe's own.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Uri, header};
use np_domain::{
    diagnosis::{
        proxies::HEADERS_KEPT,
        sight::{Hop, WebAnswer, WebEnd, WebOutcome},
    },
    name::Hostname,
    ports::ProbeFailure,
    text::Explanation,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{Exchange, HttpTokenProbe, Target, broken, exchange, is_redirect, read_body, request};
use crate::adapters::reserved::is_reserved;

impl HttpTokenProbe {
    /// The port that is connected to.
    pub fn port(&self) -> u16 {
        self.settings.port
    }

    /// Fetches `http://<host><path>` from that address, and follows redirects as a fetch does.
    pub async fn trace(
        &self,
        host: &Hostname,
        path: &Explanation,
        user_agent: &'static str,
        address: IpAddr,
    ) -> WebOutcome {
        if is_reserved(address) && !self.settings.allow_reserved {
            return WebOutcome::Reserved;
        }
        let deadline = Instant::now() + self.settings.timeout;
        let first = SocketAddr::new(address, self.settings.port);
        let target = Target { host: host.clone(), path: path.as_str().to_owned() };
        let opened = match self.connect(&[first], deadline).await {
            Ok((stream, from)) => open(&target, user_agent, (stream, from), deadline).await,
            Err(failure) => Err(failure),
        };
        match opened {
            Ok(exchange) => {
                let headers = telling(exchange.inner.headers());
                let mut hops = Vec::new();
                let way = Way { probe: self, user_agent, deadline };
                let end = way.follow(target, exchange, first, &mut hops).await;
                WebOutcome::Answered(WebAnswer { hops, end, headers })
            }
            Err(ProbeFailure::TimedOut(_)) => WebOutcome::TimedOut,
            Err(ProbeFailure::Connect { why, .. }) => WebOutcome::NotConnected(why),
            Err(other) => WebOutcome::Broken(Explanation::new(other.to_string())),
        }
    }
}

/// What stays the same on the way.
struct Way<'a> {
    probe: &'a HttpTokenProbe,
    user_agent: &'static str,
    deadline: Instant,
}

impl Way<'_> {
    /// Goes on from the first answer to the end.
    async fn follow(
        &self,
        mut target: Target,
        mut answer: Exchange,
        mut from: SocketAddr,
        hops: &mut Vec<Hop>,
    ) -> WebEnd {
        let mut seen: Vec<Target> = Vec::new();
        loop {
            let status = answer.inner.status();
            hops.push(hop(&target, from, status.as_u16()));
            if !is_redirect(status) {
                return self.body(answer, from).await;
            }
            let location = answer.inner.headers().get(header::LOCATION);
            let next = match self.probe.leads_to(&target, location) {
                Ok(next) => next,
                Err(why) => return not_followed(answer.inner.headers(), why),
            };
            seen.push(std::mem::replace(&mut target, next));
            if seen.contains(&target) {
                return WebEnd::Circle;
            }
            if seen.len() > self.probe.settings.redirects_max {
                return WebEnd::TooManyRedirects;
            }
            (answer, from) = match self.next(&target).await {
                Ok(next) => next,
                Err(failure) => return WebEnd::Lost(Explanation::new(failure.to_string())),
            };
        }
    }

    async fn next(&self, target: &Target) -> Result<(Exchange, SocketAddr), ProbeFailure> {
        let addresses = self.probe.vetted_addresses(&target.host, self.deadline).await?;
        let (stream, from) = self.probe.connect(&addresses, self.deadline).await?;
        let answer = open(target, self.user_agent, (stream, from), self.deadline).await?;
        Ok((answer, from))
    }

    async fn body(&self, answer: Exchange, from: SocketAddr) -> WebEnd {
        match timeout_at(self.deadline, read_body(answer.inner.into_body(), from)).await {
            Ok(Ok(reply)) => WebEnd::Body(reply.body),
            Ok(Err(failure)) => WebEnd::Lost(Explanation::new(failure.to_string())),
            Err(_) => WebEnd::Lost(Explanation::new("the answer did not end in time")),
        }
    }
}

async fn open(
    target: &Target,
    user_agent: &'static str,
    (stream, from): (TcpStream, SocketAddr),
    deadline: Instant,
) -> Result<Exchange, ProbeFailure> {
    let answered = timeout_at(deadline, exchange(stream, request(target, user_agent)?)).await;
    answered.map_err(|_| ProbeFailure::TimedOut(from))?.map_err(|error| broken(from, &error))
}

fn hop(target: &Target, from: SocketAddr, status: u16) -> Hop {
    Hop {
        host: Explanation::new(target.host.as_str()),
        url: Explanation::new(format!("http://{}{}", target.host, target.path)),
        from,
        status,
    }
}

fn not_followed(headers: &HeaderMap, why: &'static str) -> WebEnd {
    let location = headers.get(header::LOCATION);
    let text = location.map(|l| String::from_utf8_lossy(l.as_bytes()).into_owned());
    let text = text.unwrap_or_else(|| "nowhere".to_owned());
    let host = text.parse::<Uri>().ok().and_then(|uri| uri.host().map(Explanation::new));
    WebEnd::NotFollowed { location: Explanation::new(text), host, why: Explanation::new(why) }
}

/// The headers that tell who answered.
fn telling(headers: &HeaderMap) -> Vec<(Box<str>, Explanation)> {
    let value = |name: &'static str| {
        let value = headers.get(name)?;
        Some((name.into(), Explanation::new(String::from_utf8_lossy(value.as_bytes()))))
    };
    HEADERS_KEPT.into_iter().filter_map(value).collect()
}
