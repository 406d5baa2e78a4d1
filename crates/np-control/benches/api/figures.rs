//! The measurements.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::Value;

use crate::{Options, client::Connection, cost::Used, serving::World};

/// The lists: what is shown of them, and their query.
const LISTS: [(&str, &str); 24] = [
    ("nothing", ""),
    ("`direction=desc`", "direction=desc"),
    ("`order=hostname`", "order=hostname"),
    ("`order=ssl`", "order=ssl"),
    ("`order=ssl_status`", "order=ssl_status"),
    ("`order=ssl_status&direction=desc`", "order=ssl_status&direction=desc"),
    ("`ssl=0`", "ssl=0"),
    ("`ssl=1`", "ssl=1"),
    ("`wildcard=true`", "wildcard=true"),
    ("`hostname_status=active`", "hostname_status=active"),
    ("`hostname_status=pending`", "hostname_status=pending"),
    ("`ssl_status=active`", "ssl_status=active"),
    ("`ssl_status=initializing`", "ssl_status=initializing"),
    ("`ssl_status=validation_timed_out`", "ssl_status=validation_timed_out"),
    (
        "`ssl_status=validation_timed_out&order=hostname`",
        "ssl_status=validation_timed_out&order=hostname",
    ),
    ("`ssl_status=active&order=hostname`", "ssl_status=active&order=hostname"),
    ("`ssl_status=expired`", "ssl_status=expired"),
    ("`certificate_authority=google`", "certificate_authority=google"),
    ("`custom_origin_server` (250 have it)", "custom_origin_server=origin40.provider.net"),
    ("`hostname.exact`", "hostname.exact=app.customer.com"),
    ("`hostname.startsWith=shop.1`", "hostname.startsWith=shop.1"),
    ("`hostname.startsWith=shop.1&order=hostname`", "hostname.startsWith=shop.1&order=hostname"),
    ("`hostname.contain=-4242` (few)", "hostname.contain=-4242"),
    ("`hostname.contain=customer42.` (1,000)", "hostname.contain=customer42."),
];
/// And those that do not fit there.
const MORE: [(&str, &str); 3] = [
    ("`hostname.contain=status` (a fifth)", "hostname.contain=status"),
    ("`hostname.contain=zzz` (none)", "hostname.contain=zzz"),
    (
        "`hostname.contain=status&ssl_status=active&wildcard=true` (none: a fifth, but never both)",
        "hostname.contain=status&ssl_status=active&wildcard=true",
    ),
];

/// Creates for a while; the ids.
pub(crate) async fn creates(world: &World, options: &Options) -> anyhow::Result<Vec<String>> {
    let path = format!("/zones/{}/custom_hostnames", world.small);
    let counter = Arc::new(AtomicU64::new(0));
    let run = busy(world, options, move |mut connection, until| {
        let (path, counter) = (path.clone(), counter.clone());
        async move {
            let (mut times, mut ids) = (Vec::new(), Vec::new());
            while Instant::now() < until {
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let body = format!(
                    "{{\"hostname\":\"app.customer{number}.com\",\"ssl\":{{\"type\":\"dv\",\"method\":\"txt\"}}}}"
                );
                let begin = Instant::now();
                let answer = connection.send("POST", &path, &body).await?;
                times.push(begin.elapsed());
                answer.expect(201)?;
                ids.push(id_of(answer.body)?);
            }
            Ok((times, ids))
        }
    });
    let (times, ids) = run.await?.print("durable creates");
    anyhow::ensure!(times == ids.len(), "an id for each create");
    Ok(ids)
}

/// Reads single hostnames for a while.
pub(crate) async fn reads(world: &World, options: &Options, ids: &[String]) -> anyhow::Result<()> {
    let ids = Arc::new(ids.to_vec());
    let path = format!("/zones/{}/custom_hostnames", world.small);
    let counter = Arc::new(AtomicU64::new(0));
    let run = busy(world, options, move |mut connection, until| {
        let (path, ids, counter) = (path.clone(), ids.clone(), counter.clone());
        async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let number =
                    counter.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let id = &ids[(number % ids.len() as u64) as usize];
                let begin = Instant::now();
                let answer = connection.send("GET", &format!("{path}/{id}"), "").await?;
                times.push(begin.elapsed());
                answer.expect(200)?;
            }
            Ok((times, Vec::new()))
        }
    });
    run.await?.print("reads of one");
    Ok(())
}

/// The id of a result, which comes first in it. Reading the whole of it would cost the server's time.
fn id_of(body: &[u8]) -> anyhow::Result<String> {
    let text = std::str::from_utf8(body)?;
    let id = text.split_once("\"result\":{\"id\":\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(id.context("an id")?.0.to_owned())
}

/// Keeps all connections busy.
async fn busy<F, W>(world: &World, options: &Options, work: F) -> anyhow::Result<Busy>
where
    F: Fn(Connection, Instant) -> W,
    W: Future<Output = anyhow::Result<(Vec<Duration>, Vec<String>)>> + Send + 'static,
{
    let (begin, used) = (Instant::now(), Used::now(world.database_process));
    let mut tasks = Vec::new();
    for _ in 0..options.connections {
        tasks.push(tokio::spawn(work(world.connect().await?, begin + options.seconds)));
    }
    let (mut times, mut ids) = (Vec::new(), Vec::new());
    for task in tasks {
        let (some_times, some_ids) = task.await??;
        times.extend(some_times);
        ids.extend(some_ids);
    }
    let took = begin.elapsed();
    let cost = used.since(world.database_process, took, times.len());
    Ok(Busy { times, ids, took, cost })
}

/// What came of keeping all connections busy.
struct Busy {
    times: Vec<Duration>,
    ids: Vec<String>,
    took: Duration,
    cost: String,
}

impl Busy {
    /// Prints a line; how many there were, and the ids.
    fn print(self, what: &str) -> (usize, Vec<String>) {
        let count = self.times.len();
        let rate = count as f64 / self.took.as_secs_f64();
        let [p50, p99, max] = quantiles(self.times);
        println!("| {what} | {rate:.0} | {p50} | {p99} | {max} | {} |", self.cost);
        (count, self.ids)
    }
}

/// Reads pages by each filter, one after the other along the cursor, and from the beginning again at the end.
pub(crate) async fn lists(world: &World, options: &Options) -> anyhow::Result<()> {
    let mut connection = world.connect().await?;
    for (shown, query) in LISTS.into_iter().chain(MORE) {
        let path = format!("/zones/{}/custom_hostnames?per_page=50&{query}", world.large);
        let (mut first, mut times, mut total, mut cursor) =
            (Vec::new(), Vec::new(), String::new(), None);
        // Prepares the statements, as any server that has run for a moment has.
        for _ in 0..3 {
            connection.send("GET", &format!("{path}&cursor="), "").await?;
        }
        while times.len() < options.pages {
            let page = match &cursor {
                None => format!("{path}&cursor="),
                Some(after) => format!("{path}&cursor={after}"),
            };
            let begin = Instant::now();
            let answer = connection.send("GET", &page, "").await?;
            let took = begin.elapsed();
            answer.expect(200)?;
            times.push(took);
            let body: Value = serde_json::from_slice(answer.body)?;
            let info = &body["result_info"];
            if cursor.is_none() {
                first.push(took);
                let about = if info["total_count_is_estimate"] == true { "about " } else { "" };
                total = format!("{about}{}", info["total_count"]);
            }
            cursor = info["cursors"]["after"].as_str().map(str::to_owned);
        }
        let [p50, p99, max] = quantiles(times);
        let [first, ..] = quantiles(first);
        println!("| {shown} | {total} | {first} | {p50} | {p99} | {max} |");
    }
    Ok(())
}

/// p50, p99 and maximum in ms.
fn quantiles(mut times: Vec<Duration>) -> [String; 3] {
    times.sort();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        let time = times.get(index).copied().unwrap_or_default();
        format!("{:.1}", time.as_secs_f64() * 1000.0)
    };
    [at(0.5), at(0.99), at(1.0)]
}
