//! Visitors who come at a steady pace, whatever else happens: some on connections of their own, some on one that is kept.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpSocket;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{certificates::name, load};

/// Between two visits of one kind.
const EVERY: Duration = Duration::from_millis(10);
/// A visit that takes longer has failed.
const VISIT_MAX: Duration = Duration::from_secs(10);

/// The visitors of an edge.
#[derive(Clone)]
pub(crate) struct Visitors {
    edge: SocketAddr,
    names: u32,
    tls: Arc<ClientConfig>,
}

/// How long visits took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    fresh: [Duration; 2],
    kept: [Duration; 2],
}

impl Seen {
    /// The median of each figure.
    pub(crate) fn median(rounds: Vec<Self>) -> Self {
        let of = |figure: &dyn Fn(&Self) -> Duration| {
            let mut all: Vec<_> = rounds.iter().map(figure).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        Self {
            fresh: [of(&|seen| seen.fresh[0]), of(&|seen| seen.fresh[1])],
            kept: [of(&|seen| seen.kept[0]), of(&|seen| seen.kept[1])],
        }
    }

    /// Columns of a table.
    pub(crate) fn against(self, calm: Self) -> String {
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        let times = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        let worst = times(self.fresh[1], calm.fresh[1]).max(times(self.kept[1], calm.kept[1]));
        let [fresh, kept] = [self.fresh, self.kept].map(|both| both.map(ms).join(" | "));
        format!("{fresh} | {kept} | {worst:.1} times")
    }
}

impl Visitors {
    pub(crate) fn new(edge: SocketAddr, names: u32) -> Self {
        Self { edge, names, tls: load::client(&[]) }
    }

    /// One request on a connection of its own, the handshake included.
    pub(crate) async fn fresh(&self, number: u32) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let visit = async {
            let host = name(number % self.names);
            let mut connection = self.connect(&host).await?;
            ask(&mut connection, &host).await
        };
        tokio::time::timeout(VISIT_MAX, visit).await.context("a fresh visit")??;
        Ok(begin.elapsed())
    }

    /// Visits for so long. One that fails ends it.
    pub(crate) async fn watch(&self, length: Duration) -> anyhow::Result<Seen> {
        let fresh = async {
            let (begin, mut times, mut number) = (Instant::now(), Vec::new(), 0);
            while begin.elapsed() < length {
                number += 7919;
                times.push(self.fresh(number).await?);
                tokio::time::sleep(EVERY).await;
            }
            Ok::<_, anyhow::Error>(times)
        };
        let kept = async {
            let host = name(0);
            let mut connection = self.connect(&host).await?;
            let (begin, mut times) = (Instant::now(), Vec::new());
            while begin.elapsed() < length {
                let asked = Instant::now();
                let answer = tokio::time::timeout(VISIT_MAX, ask(&mut connection, &host));
                answer.await.context("a visit on a kept connection")??;
                times.push(asked.elapsed());
                tokio::time::sleep(EVERY).await;
            }
            Ok::<_, anyhow::Error>(times)
        };
        let (fresh, kept) = tokio::try_join!(fresh, kept)?;
        Ok(Seen { fresh: percentiles(fresh), kept: percentiles(kept) })
    }

    async fn connect(&self, host: &str) -> anyhow::Result<http1::SendRequest<Empty<Bytes>>> {
        let stream = connect(&self.tls, self.edge, [127, 0, 0, 1], host).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// A TLS connection from this address.
pub(crate) async fn connect(
    tls: &Arc<ClientConfig>,
    edge: SocketAddr,
    from: [u8; 4],
    host: &str,
) -> anyhow::Result<TlsStream<tokio::net::TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let tcp = socket.connect(edge).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(host.to_owned())?;
    Ok(TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await?)
}

async fn ask(connection: &mut http1::SendRequest<Empty<Bytes>>, host: &str) -> anyhow::Result<()> {
    let request = http::Request::get("/").header("host", host).body(Empty::new())?;
    let answer = connection.send_request(request).await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    answer.into_body().collect().await?;
    Ok(())
}

/// The median, and the slowest but one in a hundred.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    [at(50), at(99)]
}
