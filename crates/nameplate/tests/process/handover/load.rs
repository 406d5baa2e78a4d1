//! Visitors who come without a pause, and what became of their requests.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use http_body_util::Empty;
use hyper::{
    body::Bytes,
    client::conn::{http1, http2},
};
use np_testkit::wait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world::visitor::{Visitor, read, request, request_by_uri};

/// How long some requests may take. Generous: tests run beside compilers.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);
/// How many failures are kept.
const FAILURES_MAX: usize = 20;

/// How a visitor connects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Anew for each request.
    Fresh,
    /// With HTTP/1.1, and again when the edge has closed the connection.
    Kept,
    /// With HTTP/2, and again when the edge wants no more requests on the connection.
    Http2,
}

/// Visitors at work.
pub(crate) struct Load {
    visitors: JoinSet<()>,
    seen: Arc<Seen>,
    stop: CancellationToken,
    ways: usize,
}

#[derive(Default)]
struct Seen {
    /// Answers, by visitor.
    answers: Mutex<Vec<u64>>,
    /// Connections that the edge closed between two requests.
    closed: AtomicU64,
    failures: Mutex<Vec<String>>,
}

/// What became of it all.
#[derive(Debug)]
pub(crate) struct Report {
    /// What a person in front of a browser would have seen.
    pub(crate) failures: Vec<String>,
    #[expect(dead_code, reason = "shown when a test fails")]
    answers: Vec<u64>,
    #[expect(dead_code, reason = "shown when a test fails")]
    closed: u64,
}

impl Load {
    /// Sends visitors, one for each way.
    pub(crate) fn start(visitor: &Visitor, host: &'static str, ways: &[Way]) -> Self {
        let seen = Arc::new(Seen::default());
        seen.answers.lock().unwrap().resize(ways.len(), 0);
        let (mut visitors, stop) = (JoinSet::new(), CancellationToken::new());
        for (number, way) in ways.iter().copied().enumerate() {
            let (visitor, seen, stop) = (visitor.clone(), seen.clone(), stop.clone());
            visitors.spawn(async move {
                let mut one = One { visitor, host, seen, http1: None, http2: None };
                while !stop.is_cancelled() {
                    match one.ask(way).await {
                        Ok(()) => one.seen.answers.lock().unwrap()[number] += 1,
                        Err(why) => {
                            let mut failures = one.seen.failures.lock().unwrap();
                            if failures.len() < FAILURES_MAX {
                                failures.push(format!("{way:?}: {why:#}"));
                            }
                        }
                    }
                }
            });
        }
        Self { visitors, seen, stop, ways: ways.len() }
    }

    /// Waits until every visitor has had so many answers more.
    pub(crate) async fn has_done(&self, more: u64) {
        let before = self.seen.answers.lock().unwrap().clone();
        let done = wait::until("every visitor has had answers", WITHIN, async || {
            let now = self.seen.answers.lock().unwrap();
            (0..self.ways).all(|n| now[n] >= before[n] + more).then_some(())
        });
        done.await.unwrap_or_else(|why| panic!("{why}: {:?}", self.seen.failures.lock().unwrap()));
    }

    /// Sends nobody any more.
    pub(crate) async fn end(mut self) -> Report {
        self.stop.cancel();
        while let Some(ended) = self.visitors.join_next().await {
            ended.unwrap();
        }
        Report {
            failures: self.seen.failures.lock().unwrap().clone(),
            answers: self.seen.answers.lock().unwrap().clone(),
            closed: self.seen.closed.load(Ordering::Relaxed),
        }
    }
}

/// One visitor.
struct One {
    visitor: Visitor,
    host: &'static str,
    seen: Arc<Seen>,
    http1: Option<http1::SendRequest<Empty<Bytes>>>,
    http2: Option<http2::SendRequest<Empty<Bytes>>>,
}

impl One {
    async fn ask(&mut self, way: Way) -> anyhow::Result<()> {
        match way {
            Way::Fresh => {
                let (status, body) = self.visitor.get(self.host).await?;
                ensure!(status == 200, "{status}: {body}");
                Ok(())
            }
            Way::Kept => self.ask_http1().await,
            Way::Http2 => self.ask_http2().await,
        }
    }

    /// A client sends a request again, on a new connection, when the old one was closed before any of the answer came (RFC 9112,
    /// section 9.3.1): the edge may close a connection while the request is on its way.
    async fn ask_http1(&mut self) -> anyhow::Result<()> {
        if let Some(mut kept) = self.http1.take() {
            let answer = async {
                kept.ready().await?;
                kept.send_request(request(self.host).expect("a request")).await
            };
            match answer.await {
                Ok(reply) => {
                    let (status, body, closes) = read(reply).await?;
                    ensure!(status == 200, "{status}: {body}");
                    self.http1 = (!closes).then_some(kept);
                    return Ok(());
                }
                Err(why) if why.is_incomplete_message() || why.is_canceled() || why.is_closed() => {
                    self.seen.closed.fetch_add(1, Ordering::Relaxed);
                }
                Err(why) => return Err(why.into()),
            }
        }
        let mut fresh = self.visitor.http1(self.host).await?;
        let (status, body, closes) = read(fresh.send_request(request(self.host)?).await?).await?;
        ensure!(status == 200, "{status}: {body}");
        self.http1 = (!closes).then_some(fresh);
        Ok(())
    }

    /// A client sends a request again that the edge says it has not looked at (RFC 9113, section 8.7): hyper gives it back.
    async fn ask_http2(&mut self) -> anyhow::Result<()> {
        if let Some(mut kept) = self.http2.take() {
            if kept.ready().await.is_ok() {
                match kept.try_send_request(request_by_uri(self.host)?).await {
                    Ok(reply) => {
                        let (status, body, _) = read(reply).await?;
                        ensure!(status == 200, "{status}: {body}");
                        self.http2 = Some(kept);
                        return Ok(());
                    }
                    Err(mut unsent) => {
                        if unsent.take_message().is_none() {
                            return Err(unsent.into_error().into());
                        }
                    }
                }
            }
            self.seen.closed.fetch_add(1, Ordering::Relaxed);
        }
        let mut fresh = self.visitor.http2(self.host).await?;
        let reply = fresh.send_request(request_by_uri(self.host)?).await?;
        let (status, body, _) = read(reply).await?;
        ensure!(status == 200, "{status}: {body}");
        self.http2 = Some(fresh);
        Ok(())
    }
}
