//! Where the time goes: the moments of each hostname's events, from the lines that Nameplate logs for them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::SystemTime,
};

use anyhow::Context as _;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    customer::{Wait, millis},
    figures::Figures,
};

/// The log line of an event.
const MESSAGE: &str = "hostname changed";

/// The way of a hostname: each phase ends with an event and begins where the one before ended.
const WAY: [(&str, &str); 4] = [
    ("certificate.ordered", "the API stores it; the order is placed"),
    ("certificate.control_seen", "the token reaches the edge; we see it; the CA is told"),
    ("certificate.issuance_requested", "the CA validates; the key is made"),
    ("certificate.issued", "the CA issues; the chain is fetched and judged"),
];

/// What happens beside it, each counted from the call.
const BESIDE: [(&str, &str); 2] = [
    ("ownership.proven", "from the call: ownership is proven"),
    ("certificate.deployed", "from the call: all edges have confirmed, and the API says active"),
];

/// How long each phase took.
pub(crate) struct Phases {
    rows: Vec<(&'static str, Figures)>,
}

type Moments = HashMap<String, BTreeMap<String, SystemTime>>;

impl Phases {
    /// The phases of the hostnames of `waits`, as told by `log`: one JSON object on each line.
    pub(crate) fn read(log: &str, waits: &[Wait]) -> anyhow::Result<Self> {
        let moments = moments(log)?;
        let none = BTreeMap::new();
        let of = |wait: &Wait| moments.get(&wait.hostname).unwrap_or(&none);
        let row = |what, between: &dyn Fn(&Wait) -> Option<f64>| {
            (what, Figures::of(waits.iter().filter_map(between)))
        };
        let mut rows = Vec::new();
        let mut before: Option<&str> = None;
        for (event, what) in WAY {
            rows.push(row(what, &|wait| {
                let start = before.map_or(Some(&wait.called), |before| of(wait).get(before))?;
                Some(millis(*start, *of(wait).get(event)?))
            }));
            before = Some(event);
        }
        rows.push(row("it reaches the edge; a visitor's next try succeeds", &|wait| {
            Some(millis(*of(wait).get(before?)?, wait.reached))
        }));
        for (event, what) in BESIDE {
            rows.push(row(what, &|wait| Some(millis(wait.called, *of(wait).get(event)?))));
        }
        rows.push(row("from the call: the create is answered", &|wait| {
            Some(millis(wait.called, wait.answered))
        }));
        Ok(Self { rows })
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| phase | p50 ms | p90 ms | max ms |\n|---|---|---|---|")?;
        for (what, figures) in &self.rows {
            let [p50, p90, max] = [50, 90, 100].map(|percent| figures.quantile(percent));
            writeln!(f, "| {what} | {p50:.0} | {p90:.0} | {max:.0} |")?;
        }
        Ok(())
    }
}

/// When each event of each hostname happened first.
fn moments(log: &str) -> anyhow::Result<Moments> {
    let mut moments = Moments::new();
    for line in log.lines().filter(|line| line.contains(MESSAGE)) {
        let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let text = |key: &str| line[key].as_str().with_context(|| format!("no {key}: {line}"));
        let at = SystemTime::from(OffsetDateTime::parse(text("timestamp")?, &Rfc3339)?);
        let events = moments.entry(text("hostname.name")?.to_owned()).or_default();
        events.entry(text("event")?.to_owned()).or_insert(at);
    }
    Ok(moments)
}
