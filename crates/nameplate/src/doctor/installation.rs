//! Whether this installation is well: files, disk, database, clock, ports, name servers, CAs.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use np_control::adapters::clock::SystemClock;
use np_domain::{Timestamp, ports::Clock as _};
use np_store::{FileVault, Store};
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    compose::{authorities, control},
    config::Loaded,
};

/// Less than this on the disk of the data folder is a problem, and less than the other a notice.
const DISK_MIN: u64 = 200 * 1024 * 1024;
/// See [`DISK_MIN`].
const DISK_LOW: u64 = 2 * 1024 * 1024 * 1024;
/// How long a local port may take to answer.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(3);
/// No clock that is right shows less.
const CLOCK_MIN: Timestamp = datetime!(2026-11-01 0:00 UTC);

/// Every check, in one report.
pub(super) async fn examine(loaded: &Loaded) -> Value {
    let process = process(loaded).await;
    let runs = process.verdict == "good";
    let mut findings = vec![process, data_folder(loaded), disk(loaded), master_key(loaded)];
    findings.push(database(loaded).await);
    findings.push(clock());
    findings.push(resolvers(loaded).await);
    findings.push(delegation(loaded).await);
    findings.extend(ports(loaded, runs).await);
    findings.extend(cas(loaded).await);
    findings.extend(held_off(loaded).await);
    let problems = findings.iter().filter(|finding| finding.verdict == "problem").count();
    let findings: Vec<_> = findings.into_iter().map(Finding::into_json).collect();
    json!({"installation": loaded.config.platform.domain.0.as_str(), "problems": problems, "findings": findings})
}

struct Finding {
    check: &'static str,
    verdict: &'static str,
    message: String,
}

impl Finding {
    fn good(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: "good", message: message.into() }
    }

    fn notice(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: "notice", message: message.into() }
    }

    fn problem(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: "problem", message: message.into() }
    }

    fn into_json(self) -> Value {
        json!({"check": self.check, "verdict": self.verdict, "message": self.message})
    }
}

/// Whether Nameplate runs here and is ready, by its admin port.
async fn process(loaded: &Loaded) -> Finding {
    let admin = here(loaded.config.admin.listen);
    match get(admin, "/readyz").await {
        Some(reply) if reply.starts_with("HTTP/1.1 200") => Finding::good(
            "process",
            format!("Nameplate runs, and is ready (http://{admin}/readyz)"),
        ),
        Some(reply) => {
            let body = reply.split("\r\n\r\n").nth(1).unwrap_or_default();
            Finding::problem("process", format!("Nameplate runs, and is not ready: {body}"))
        }
        None => Finding::notice(
            "process",
            format!(
                "nobody answers at {admin}: Nameplate does not run here, or with another configuration"
            ),
        ),
    }
}

fn data_folder(loaded: &Loaded) -> Finding {
    let dir = &loaded.config.data.dir;
    match fs::metadata(dir) {
        Ok(meta) if meta.is_dir() && !meta.permissions().readonly() => {
            Finding::good("data", format!("{} is there", dir.display()))
        }
        Ok(_) => Finding::problem(
            "data",
            format!("{} is no folder that may be written: mend its rights", dir.display()),
        ),
        Err(why) => Finding::notice(
            "data",
            format!("{} cannot be read ({why}): the first start makes it", dir.display()),
        ),
    }
}

fn disk(loaded: &Loaded) -> Finding {
    let dir = &loaded.config.data.dir;
    let asked = if dir.exists() { dir.as_path() } else { std::path::Path::new(".") };
    let free = match rustix::fs::statvfs(asked) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(why) => return Finding::notice("disk", format!("free space is not known: {why}")),
    };
    let words = format!("{} MB are free on the disk of {}", free >> 20, dir.display());
    match () {
        () if free < DISK_MIN => Finding::problem("disk", format!("only {words}: make room")),
        () if free < DISK_LOW => Finding::notice("disk", format!("only {words}")),
        () => Finding::good("disk", words),
    }
}

fn master_key(loaded: &Loaded) -> Finding {
    let path = loaded.config.data.master_key();
    match (path.exists(), FileVault::load(&path)) {
        (false, _) => Finding::notice(
            "master_key",
            format!("{} is not there: the first start makes it", path.display()),
        ),
        (true, Ok(_)) => Finding::good("master_key", format!("{} can be used", path.display())),
        (true, Err(why)) => {
            Finding::problem("master_key", format!("{:#}", anyhow::Error::new(why)))
        }
    }
}

async fn database(loaded: &Loaded) -> Finding {
    let config = &loaded.config;
    match Store::reach(&config.store.url(&config.data), &config.store.options()).await {
        Ok(()) => Finding::good("database", "the database can be reached"),
        Err(why) => {
            Finding::problem("database", control::database_refused(loaded, why).to_string())
        }
    }
}

/// What can be said without asking others: a machine whose clock was never set is in the past.
fn clock() -> Finding {
    let now = SystemClock.now();
    match now < CLOCK_MIN {
        true => Finding::problem(
            "clock",
            format!(
                "it is {now} here, which is before this program was made: set the clock, and keep it set by NTP"
            ),
        ),
        false => Finding::good("clock", format!("it is {now} here; compare it with another clock")),
    }
}

async fn resolvers(loaded: &Loaded) -> Finding {
    let resolver = match control::resolver(loaded) {
        Ok(resolver) => resolver,
        Err(why) => return Finding::problem("resolvers", why.to_string()),
    };
    let Ok(name) = "com".parse() else { return Finding::notice("resolvers", "not asked") };
    match resolver.name_servers(&name).await {
        Ok(servers) => {
            let words = format!("the resolvers answer ({} name servers of com)", servers.len());
            Finding::good("resolvers", words)
        }
        Err(why) => Finding::problem(
            "resolvers",
            format!("asking for the name servers of com failed: {why}: see checks.resolvers"),
        ),
    }
}

/// Whether the delegation domain is delegated to our name servers.
async fn delegation(loaded: &Loaded) -> Finding {
    const CHECK: &str = "delegation";
    let config = &loaded.config;
    if config.platform.is_placeholder() {
        let words = "platform.domain is not set, so that no customer can delegate to it: set it to a domain of yours";
        return Finding::problem(CHECK, words);
    }
    let domain = match config.dns.domain(&config.platform) {
        Ok(domain) => domain,
        Err(why) => return Finding::problem(CHECK, loaded.blame("dns", why).to_string()),
    };
    let domain = domain.as_dns();
    let ours: Vec<_> =
        config.dns.servers(&config.platform).into_iter().map(|server| server.name).collect();
    let wanted = ours.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let seen = match control::resolver(loaded) {
        Ok(resolver) => resolver.name_servers(domain).await,
        Err(why) => return Finding::problem(CHECK, why.to_string()),
    };
    match seen {
        Ok(seen) if seen.iter().all(|server| ours.contains(server)) => {
            Finding::good(CHECK, format!("{domain} is delegated to our name servers ({wanted})"))
        }
        Ok(seen) => {
            let seen = seen.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Finding::problem(
                CHECK,
                format!("{domain} has the name servers {seen}: set NS at its parent to {wanted}"),
            )
        }
        Err(why) => Finding::problem(
            CHECK,
            format!(
                "the name servers of {domain} cannot be looked up ({why}): set NS at its parent to {wanted}, and run the name \
                 server"
            ),
        ),
    }
}

/// The ports that customers and CAs need.
async fn ports(loaded: &Loaded, runs: bool) -> Vec<Finding> {
    let config = &loaded.config;
    let dns = config.dns.listen.first().copied();
    let wanted = [
        ("port.https", Some(config.edge.https_listen), 443),
        ("port.http", Some(config.edge.http_listen), 80),
        ("port.dns", dns, 53),
    ];
    let mut findings = Vec::new();
    for (check, listen, public) in wanted {
        let Some(listen) = listen else { continue };
        let answers = connects(here(listen)).await;
        findings.push(match (answers, runs) {
            (true, true) => port(check, listen, public),
            (true, false) => Finding::problem(
                check,
                format!("somebody else listens at {listen}: end it, or listen elsewhere"),
            ),
            (false, true) => Finding::notice(
                check,
                format!("nobody listens at {listen}: this process does not have that role"),
            ),
            (false, false) => Finding::notice(check, format!("nobody listens at {listen} yet")),
        });
    }
    findings
}

fn port(check: &'static str, listen: SocketAddr, public: u16) -> Finding {
    match listen.port() == public {
        true => Finding::good(check, format!("{listen} answers")),
        false => Finding::notice(
            check,
            format!("{listen} answers; CAs and visitors come to port {public}: it must lead there"),
        ),
    }
}

async fn cas(loaded: &Loaded) -> Vec<Finding> {
    const CHECK: &str = "authority";
    let settings = match authorities::settings(loaded) {
        Ok(settings) => settings,
        Err(why) => return vec![Finding::problem(CHECK, why.to_string())],
    };
    let missing = authorities::unreachable(loaded, &settings).await;
    match missing.is_empty() {
        true => vec![Finding::good(
            CHECK,
            format!("all {} certificate authorities answer", settings.len()),
        )],
        false => missing.iter().map(|why| Finding::problem(CHECK, why.to_string())).collect(),
    }
}

/// What the process that runs here says of CAs that it leaves alone, and of orders that wait for their turn.
async fn held_off(loaded: &Loaded) -> Vec<Finding> {
    let metrics = get(here(loaded.config.admin.listen), "/metrics").await.unwrap_or_default();
    let left_alone = measured(&metrics, "nameplate_authority_breaker").into_iter().map(|(name, _)| {
        Finding::problem(
            "authority.held_off",
            format!(
                "{name} fails or asks for patience, and is left alone for a while; {}",
                match loaded.config.certificates.fallback_authorities.is_empty() {
                    true => "no other CA is asked in its place: see certificates.fallback_authorities",
                    false => "the next one is asked in its place",
                }
            ),
        )
    });
    let waits = measured(&metrics, "nameplate_authority_queue_seconds");
    let waiting = measured(&metrics, "nameplate_authority_queue").into_iter().map(|(name, number)| {
        let seconds = waits.iter().find(|(of, _)| *of == name).map_or(0, |(_, seconds)| *seconds);
        Finding::notice(
            "authority.queue",
            format!(
                "{number} certificates wait for their turn within the limits of {name}; the last is due in {} minutes",
                seconds.div_ceil(60)
            ),
        )
    });
    left_alone.chain(waiting).collect()
}

/// The CAs for which a metric is more than 0.
fn measured<'m>(metrics: &'m str, name: &str) -> Vec<(&'m str, u64)> {
    let value = |line: &'m str| {
        let rest = line.strip_prefix(name)?.strip_prefix("{authority=\"")?;
        let (authority, value) = rest.split_once("\"} ")?;
        Some((authority, value.trim().parse().ok()?))
    };
    metrics.lines().filter_map(value).filter(|(_, value)| *value > 0).collect()
}

/// An address of this machine for one that is listened on.
fn here(listen: SocketAddr) -> SocketAddr {
    match listen.ip().is_unspecified() {
        true => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port()),
        false => listen,
    }
}

async fn connects(address: SocketAddr) -> bool {
    matches!(tokio::time::timeout(LOCAL_TIMEOUT, TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// The reply to a plain GET; `None` when nobody answers in time.
async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let reply = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut reply = Vec::new();
        stream.take(64 * 1024).read_to_end(&mut reply).await.ok()?;
        Some(String::from_utf8_lossy(&reply).into_owned())
    };
    tokio::time::timeout(LOCAL_TIMEOUT, reply).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_of_cas_is_read_from_metrics() {
        let metrics = "# TYPE nameplate_authority_queue gauge\n\
                       nameplate_authority_queue{authority=\"google\"} 0\n\
                       nameplate_authority_queue{authority=\"lets_encrypt\"} 7\n\
                       nameplate_authority_queue_seconds{authority=\"lets_encrypt\"} 90\n";
        assert_eq!(measured(metrics, "nameplate_authority_queue"), [("lets_encrypt", 7)]);
        assert_eq!(measured(metrics, "nameplate_authority_queue_seconds"), [("lets_encrypt", 90)]);
    }
}
