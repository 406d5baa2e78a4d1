//! Figures in words and in a table.

use std::{fmt, fs, path::Path, time::Duration};

use anyhow::Context as _;

use crate::{process::Memory, servers::Kind};

/// Around what this benchmark writes into a file of results.
const BEGIN: &str = "<!-- bench/edge begins -->";
const END: &str = "<!-- bench/edge ends -->";

/// A figure taken several times.
#[derive(Debug, Clone)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn of(mut taken: Vec<f64>) -> Self {
        taken.sort_by(f64::total_cmp);
        Self(taken)
    }

    fn median(&self) -> Option<f64> {
        self.0.get(self.0.len() / 2).copied()
    }

    /// Median, then the least and the most; `-` for what was not taken.
    fn words(&self, digits: usize) -> String {
        match (self.median(), self.0.first(), self.0.last()) {
            (Some(median), Some(least), Some(most)) => {
                format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
            }
            _ => "-".to_owned(),
        }
    }
}

/// All figures of one server with one number of names.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) names: u32,
    pub(crate) start: Duration,
    pub(crate) pss_loaded: Memory,
    pub(crate) pss_after: Memory,
    pub(crate) handshakes: Spread,
    pub(crate) cpu_us: Spread,
    pub(crate) p50_ms: Spread,
    pub(crate) p99_ms: Spread,
    pub(crate) http1: Spread,
    pub(crate) http2: Spread,
}

impl Row {
    fn cells(&self) -> [String; 11] {
        let memory = |memory: Memory| {
            let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
            format!("{:.0} ({:.0})", mib(memory.pss), mib(memory.anonymous))
        };
        [
            self.kind.to_string(),
            self.names.to_string(),
            format!("{:.2}", self.start.as_secs_f64()),
            memory(self.pss_loaded),
            memory(self.pss_after),
            self.handshakes.words(0),
            self.cpu_us.words(0),
            self.p50_ms.words(2),
            self.p99_ms.words(2),
            self.http1.words(0),
            self.http2.words(0),
        ]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} |", self.cells().join(" | "))
    }
}

/// All rows, with what the columns are.
pub(crate) fn table(rows: &[Row], rounds: usize, seconds: u64) -> String {
    let mut text = format!(
        "{rounds} rounds of {seconds} s each: median (least-most). Memory: PSS in MiB (of that anonymous).\n\n\
         | server | names | start s | loaded | after | handshakes/s | CPU us each | p50 ms | p99 ms | HTTP/1.1 requests/s | HTTP/2 requests/s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for row in rows {
        text.push_str(&format!("{row}\n"));
    }
    text
}

/// Puts the table between the marks of `path`.
pub(crate) fn write(path: &Path, table: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let marks = text.split_once(BEGIN).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(END)?;
        Some((head, tail))
    });
    let (head, tail) = marks.with_context(|| format!("{} lacks {BEGIN}", path.display()))?;
    Ok(fs::write(path, format!("{head}{BEGIN}\n{table}{END}{tail}"))?)
}
