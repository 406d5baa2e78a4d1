//! The access log: one JSON object on a line for each request, or for one of so many.
//!
//! A thread of its own writes. A worker hands lines over and never waits: when the disk is slow, lines are left out and
//! counted.

use std::{
    fmt::Write as _,
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use prometheus_client::metrics::counter::Counter;

/// The most lines that wait to be written.
const LINES_MAX: usize = 8192;

/// Where and how much is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogSettings {
    /// The file that lines are added to; `None`: standard output.
    pub file: Option<PathBuf>,
    /// One request of so many is logged. Those that the edge refused are logged in any case.
    pub one_of: NonZeroU32,
}

/// The log.
pub(crate) struct AccessLog {
    lines: SyncSender<String>,
    one_of: NonZeroU32,
    count: AtomicU32,
    left_out: Counter,
}

impl AccessLog {
    /// Opens it.
    ///
    /// # Errors
    /// When the file cannot be written, or there is no thread to be had.
    pub(crate) fn open(settings: &AccessLogSettings, left_out: Counter) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match &settings.file {
            Some(path) => Box::new(append(path)?),
            None => Box::new(io::stdout()),
        };
        let (lines, waiting) = sync_channel(LINES_MAX);
        let writer = std::thread::Builder::new().name("access-log".to_owned());
        writer.spawn(move || write(BufWriter::new(out), &waiting))?;
        Ok(Self { lines, one_of: settings.one_of, count: AtomicU32::new(0), left_out })
    }

    /// Whether the request that begins now is one of those that are logged.
    pub(crate) fn draws(&self) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed) % self.one_of == 0
    }

    /// Logs a line.
    pub(crate) fn add(&self, line: Line) {
        if self.lines.try_send(line.end()).is_err() {
            self.left_out.inc();
        }
    }
}

fn append(path: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn write(mut out: impl Write, waiting: &Receiver<String>) {
    // Ends with the last worker. What cannot be written is lost: a log must not end the serving.
    while let Ok(line) = waiting.recv() {
        let _ = out.write_all(line.as_bytes());
        while let Ok(line) = waiting.try_recv() {
            let _ = out.write_all(line.as_bytes());
        }
        let _ = out.flush();
    }
}

/// A line that is being written.
#[derive(Debug)]
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(512))
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                control if control.is_control() => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(control));
                }
                plain => self.0.push(plain),
            }
        }
        self.0.push('"');
    }

    /// Adds a text, if there is one.
    pub(crate) fn text_if(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.text(name, text.as_ref());
        }
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        let _ = write!(self.0, "{number}");
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        let _ = write!(self.0, "\"{name}\":");
    }

    fn end(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object_whatever_clients_send() {
        let mut line = Line::new();
        line.text("agent", "a\"b\\c\nd\u{1f600}\u{7f}");
        line.text_if("absent", None::<&str>);
        line.number("status", 200);
        let line = line.end();
        assert_eq!(line.matches('\n').count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, serde_json::json!({"agent": "a\"b\\c\nd\u{1f600}\u{7f}", "status": 200}));
    }

    #[test]
    fn a_full_queue_leaves_lines_out_and_counts_them() {
        let (lines, waiting) = sync_channel(1);
        let one_of = NonZeroU32::new(2).unwrap();
        let left_out = Counter::default();
        let log = AccessLog { lines, one_of, count: AtomicU32::new(0), left_out: left_out.clone() };
        assert_eq!([log.draws(), log.draws(), log.draws()], [true, false, true]);
        log.add(Line::new());
        log.add(Line::new());
        assert_eq!(left_out.get(), 1);
        drop(waiting);
    }
}
