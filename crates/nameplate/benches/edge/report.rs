//! Figures in words and in tables. Rows are kept, so that one table may come of several runs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use np_control::adapters::clock::SystemClock;
use np_domain::ports::Clock as _;

use crate::{process::Memory, servers::Kind};

/// Around what this benchmark writes into a file of results.
const BEGIN: &str = "<!-- bench/edge begins -->";
const END: &str = "<!-- bench/edge ends -->";

const NAMES_HEAD: &str = "\
| server | names | rounds | start s | loaded | after | handshakes/s | CPU us each | core busy % | p50 ms | p99 ms |
|---|---|---|---|---|---|---|---|---|---|---|";
const REQUESTS_HEAD: &str = "\
| server | names | rounds | HTTP/1.1 requests/s | CPU us each | core busy % | p50 ms | p99 ms \
| HTTP/2 requests/s | CPU us each | core busy % | p50 ms | p99 ms |
|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// A figure taken several times.
#[derive(Debug, Default)]
struct Spread(Vec<f64>);

impl Spread {
    /// Median, then the least and the most; `-` for what was not taken.
    fn words(&self, digits: usize) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match (sorted.get(sorted.len() / 2), sorted.first(), sorted.last()) {
            (Some(median), Some(least), Some(most)) => {
                format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
            }
            _ => "-".to_owned(),
        }
    }
}

/// What a server did under one kind of load.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    rate: Spread,
    cpu_us: Spread,
    busy: Spread,
    p50_ms: Spread,
    p99_ms: Spread,
}

/// The figures of one round.
pub(crate) struct Round {
    pub(crate) count: usize,
    pub(crate) took: Duration,
    /// Processor time of the server.
    pub(crate) cpu: Duration,
    /// For how long its core had nothing to do.
    pub(crate) idle: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Figures {
    pub(crate) fn add(&mut self, round: &Round) {
        let took = round.took.as_secs_f64();
        self.rate.0.push(round.count as f64 / took);
        self.cpu_us.0.push(round.cpu.as_secs_f64() * 1e6 / round.count.max(1) as f64);
        self.busy.0.push(100.0 * (1.0 - round.idle.as_secs_f64() / took).max(0.0));
        self.p50_ms.0.push(round.p50.as_secs_f64() * 1e3);
        self.p99_ms.0.push(round.p99.as_secs_f64() * 1e3);
    }

    fn cells(&self) -> String {
        let cells = [
            self.rate.words(0),
            self.cpu_us.words(1),
            self.busy.words(0),
            self.p50_ms.words(2),
            self.p99_ms.words(2),
        ];
        cells.join(" | ")
    }
}

/// All figures of one server with one number of names.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) names: u32,
    /// How many of them were asked for.
    pub(crate) asked: u32,
    pub(crate) rounds: String,
    pub(crate) start: Duration,
    pub(crate) pss_loaded: Memory,
    pub(crate) pss_after: Memory,
    pub(crate) handshakes: Figures,
    /// Over HTTP/1.1 and over HTTP/2, if they were measured.
    pub(crate) requests: Option<[Figures; 2]>,
}

impl Row {
    fn names(&self) -> String {
        match self.asked {
            asked if asked == self.names => self.names.to_string(),
            asked => format!("{} ({asked} hot)", self.names),
        }
    }

    /// A line of the first table, and one of the second where there were requests.
    fn lines(&self) -> String {
        let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
        let memory = |m: Memory| format!("{:.0} ({:.0})", mib(m.pss), mib(m.anonymous));
        let begin = format!("| {} | {} | {}", self.kind, self.names(), self.rounds);
        let (start, handshakes) = (self.start.as_secs_f64(), self.handshakes.cells());
        let (loaded, after) = (memory(self.pss_loaded), memory(self.pss_after));
        let mut lines = format!("{begin} | {start:.2} | {loaded} | {after} | {handshakes} |\n");
        if let Some([http1, http2]) = &self.requests {
            lines.push_str(&format!("{begin} | {} | {} |\n", http1.cells(), http2.cells()));
        }
        lines
    }

    /// Keeps the row in `folder`, in place of an earlier one of the same server and names.
    pub(crate) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        let rows = rows_folder(folder);
        fs::create_dir_all(&rows)?;
        let place = format!("{:08}-{:08}-{}", self.names, self.asked, self.kind as u8);
        let lines = self.lines();
        print!("{lines}");
        Ok(fs::write(rows.join(place), lines)?)
    }
}

fn rows_folder(folder: &Path) -> PathBuf {
    folder.join("rows")
}

/// All rows kept in `folder`, with what the columns are, where and of whom.
pub(crate) fn tables(folder: &Path) -> anyhow::Result<String> {
    let places = fs::read_dir(rows_folder(folder))?.map(|entry| Ok(entry?.path()));
    let mut places = places.collect::<anyhow::Result<Vec<_>>>()?;
    places.sort();
    let (mut names, mut requests) = (NAMES_HEAD.to_owned(), REQUESTS_HEAD.to_owned());
    for place in places {
        let lines = fs::read_to_string(&place)?;
        let mut lines = lines.lines();
        for table in [&mut names, &mut requests] {
            lines.next().into_iter().for_each(|line| table.extend(["\n", line]));
        }
    }
    Ok(format!(
        "{}\n\nMedian (least-most) of the rounds. Memory: PSS in MiB (of that anonymous).\n\n{names}\n\n{requests}\n",
        circumstances()?
    ))
}

/// The machine, the day and the versions.
fn circumstances() -> anyhow::Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let mut models =
        cpus.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = models.next().map_or("an unknown processor", |(_, model)| model);
    let cores = 1 + models.count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let versions = Kind::ALL.map(|kind| kind.version().map(|version| format!("{kind} {version}")));
    let versions = versions.into_iter().collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    let (day, kernel) = (SystemClock.now().date(), kernel.trim());
    Ok(format!("{day}, {cores} cores of {model}, Linux {kernel}; {versions}."))
}

/// Puts the tables between the marks of `path`.
pub(crate) fn write(path: &Path, tables: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let marks = text.split_once(BEGIN).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(END)?;
        Some((head, tail))
    });
    let (head, tail) = marks.with_context(|| format!("{} lacks {BEGIN}", path.display()))?;
    Ok(fs::write(path, format!("{head}{BEGIN}\n{tables}{END}{tail}"))?)
}
