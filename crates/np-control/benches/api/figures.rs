//! The measurements.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Options, client::Connection, serving::World};

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
                anyhow::ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
                let body: Value = serde_json::from_slice(&answer.body)?;
                ids.push(body["result"]["id"].as_str().unwrap_or_default().to_owned());
            }
            Ok((times, ids))
        }
    });
    let (times, ids, took) = run.await?;
    print_rate("durable creates", times, took);
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
                anyhow::ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
            }
            Ok((times, Vec::new()))
        }
    });
    let (times, _, took) = run.await?;
    print_rate("reads of one", times, took);
    Ok(())
}

/// Keeps all connections busy.
async fn busy<F, W>(
    world: &World,
    options: &Options,
    work: F,
) -> anyhow::Result<(Vec<Duration>, Vec<String>, Duration)>
where
    F: Fn(Connection, Instant) -> W,
    W: Future<Output = anyhow::Result<(Vec<Duration>, Vec<String>)>> + Send + 'static,
{
    let begin = Instant::now();
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
    Ok((times, ids, begin.elapsed()))
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
            anyhow::ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
            times.push(took);
            let body: Value = serde_json::from_slice(&answer.body)?;
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

fn print_rate(what: &str, times: Vec<Duration>, took: Duration) {
    let rate = times.len() as f64 / took.as_secs_f64();
    let [p50, p99, max] = quantiles(times);
    println!("| {what} | {rate:.0} | {p50} | {p99} | {max} |");
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
