//! A feed that changes all the time: the control side as an edge sees it, with as many changes a second as one likes.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use np_domain::entry::{Entry, Generation};
use np_feed::{
    NodeKey,
    message::{Batch, FORMAT, FeedId, Item, Pull},
};
use tokio::net::TcpListener;

use crate::{
    certificates::{Authority, NODE_SECRET},
    floods::aside,
    visitors::{Seen, Visitors},
};

/// Where the edge's configuration looks for the control side (`bench/flood` sets it).
const LISTEN: &str = "127.0.0.1:18090";
/// How many names change, again and again.
const CHANGING: u32 = 500;
/// The most changes in a batch, as the control side has it.
const BATCH_MAX: u64 = 1_000;
/// Between two looks whether a change is due.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Single changes whose application is timed.
const SINGLE: u32 = 10;

/// The control side.
pub(crate) struct Feed(Arc<Shared>);

struct Shared {
    entries: Vec<Entry>,
    state: Mutex<State>,
}

struct State {
    /// Where the edge is.
    applied: u64,
    /// What there is when no change is made.
    base: u64,
    /// Since when there are so many changes a second; none: none.
    pace: Option<(Instant, u32)>,
    /// When a batch with changes left.
    sent: Option<Instant>,
    /// How long such batches took to be applied.
    took: Vec<Duration>,
}

impl State {
    fn head(&self) -> u64 {
        let made = |(since, rate): (Instant, u32)| since.elapsed().as_secs_f64() * f64::from(rate);
        self.base + self.pace.map_or(0, |pace| made(pace) as u64)
    }
}

impl Feed {
    /// Listens; the edge's copy holds so many names, and its zone.
    pub(crate) fn start(names: u32) -> anyhow::Result<Self> {
        let (authority, key) = (Authority::new()?, NodeKey::from_secret(&NODE_SECRET));
        let entries = (0..CHANGING.min(names)).map(|number| authority.entry(number, &key));
        let base = u64::from(names) + 1;
        let state = State { applied: base, base, pace: None, sent: None, took: Vec::new() };
        let shared = Shared { entries: entries.collect::<Result<_, _>>()?, state: state.into() };
        let shared = Arc::new(shared);
        let listener = std::net::TcpListener::bind(LISTEN).context(LISTEN)?;
        listener.set_nonblocking(true)?;
        let served = shared.clone();
        // Its work is the control side's, which is elsewhere; it lasts as long as the benchmark.
        aside(async move {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (tcp, _) = listener.accept().await?;
                let shared = served.clone();
                let answer = service_fn(move |request| shared.clone().answer(request));
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new());
                tokio::spawn(builder.serve_connection(TokioIo::new(tcp), answer));
            }
        });
        Ok(Self(shared))
    }

    fn pace(&self, rate: u32) {
        let mut state = self.0.state();
        (state.base, state.pace) = (state.head(), Some((Instant::now(), rate)));
        state.took.clear();
    }

    fn stop(&self) -> u64 {
        let mut state = self.0.state();
        (state.base, state.pace) = (state.head(), None);
        state.base
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let body = request.into_body().collect().await.map(|body| body.to_bytes());
        let Some(pull) = body.ok().and_then(|body| Pull::decode(&body).ok()) else {
            return Ok(Response::new(Full::default()));
        };
        {
            let mut state = self.state();
            state.applied = pull.applied.0;
            // A copy of an earlier run is further on.
            if state.pace.is_none() {
                state.base = state.base.max(pull.after.0);
            }
            if let Some(sent) = state.sent.take() {
                state.took.push(sent.elapsed());
            }
        }
        let deadline = Instant::now() + Duration::from_millis(pull.wait_ms.into());
        while self.state().head() <= pull.after.0 && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let head = self.state().head().max(pull.after.0);
        let to = head.min(pull.after.0 + BATCH_MAX);
        let item = |generation: u64| {
            let entry = &self.entries[generation as usize % self.entries.len()];
            Item::hostname(Generation(generation), entry)
        };
        let items: Vec<_> = (pull.after.0 + 1..=to).map(item).collect();
        let is_news = !items.is_empty();
        let (from, to, head) = (pull.after, Generation(to), Generation(head));
        let (format, feed, reset, ticket_keys) = (FORMAT, FeedId([9; 16]), false, None);
        let batch = Batch { format, feed, from, to, head, reset, items, ticket_keys }.encode();
        if is_news {
            self.state().sent = Some(Instant::now());
        }
        Ok(Response::new(Full::from(batch)))
    }
}

/// Visits an edge whose feed has so many changes a second, then times single ones.
pub(crate) async fn measure(
    rate: u32,
    length: Duration,
    feed: &Feed,
    visitors: &Visitors,
    calm: Seen,
) -> anyhow::Result<()> {
    feed.pace(rate);
    let begin = Instant::now();
    let seen = visitors.watch(length).await.context("beside changes")?;
    let (head, took) = (feed.stop(), begin.elapsed());
    let caught_up = Instant::now();
    while feed.0.state().applied < head {
        ensure!(caught_up.elapsed() < Duration::from_secs(60), "the edge does not catch up");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let lag = caught_up.elapsed().as_secs_f64() * 1e3;
    let made = f64::from(rate) * took.as_secs_f64();
    println!(
        "| {rate} changes a second of the feed | {} | {made:.0} changes, the last applied {lag:.0} ms after it was made |",
        seen.against(calm)
    );
    feed.pace(SINGLE);
    visitors.watch(length * 2).await.context("beside single changes")?;
    feed.stop();
    let mut times = std::mem::take(&mut feed.0.state().took);
    times.sort_unstable();
    ensure!(!times.is_empty(), "no change was applied");
    let ms = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    println!(
        "\none change, from the control side's answer to the edge's next pull, which says that it serves it ({} of them): p50 \
         {:.2} ms, p99 {:.2} ms",
        times.len(),
        ms(50),
        ms(99)
    );
    Ok(())
}
