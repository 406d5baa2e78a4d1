//! Processor time: who of those that share the machine took how much, from `/proc`.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

/// Linux tells times to programs in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `stat` after the name: the parent, and the time in the program and in the kernel for it.
const PARENT: usize = 1;
const USER_AND_SYSTEM: [usize; 2] = [11, 12];

/// What was used until some moment, by kind of thread of this process, and by the database's own processes together.
pub(crate) struct Used(BTreeMap<String, Duration>);

impl Used {
    /// Until now. `database` is the process that the database's others descend from.
    pub(crate) fn now(database: Option<u32>) -> Self {
        let mut used = BTreeMap::new();
        for (name, stat) in stats("/proc/self/task") {
            // `api-0` and `api-1` are of one kind.
            let kind = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
            *used.entry(kind).or_default() += time(&stat);
        }
        if let Some(database) = database {
            let of_it = |stat: &[u64]| stat.get(PARENT) == Some(&u64::from(database));
            let all = stats("/proc").filter(|(_, stat)| of_it(stat));
            used.insert("PostgreSQL".into(), all.map(|(_, stat)| time(&stat)).sum());
        }
        Self(used)
    }

    /// What was used since, in processors on average over `took`, and in µs for each of `count`.
    pub(crate) fn since(&self, database: Option<u32>, took: Duration, count: usize) -> String {
        let now = Self::now(database);
        let parts = now.0.into_iter().filter_map(|(kind, used)| {
            let used = used.saturating_sub(self.0.get(&kind).copied().unwrap_or_default());
            let processors = used.as_secs_f64() / took.as_secs_f64();
            let each = used.as_secs_f64() * 1e6 / count.max(1) as f64;
            (processors >= 0.005).then(|| format!("{kind} {processors:.2} ({each:.0} µs each)"))
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// The name and the fields of each task in `folder`. One that ended meanwhile has none.
fn stats(folder: &str) -> impl Iterator<Item = (String, Vec<u64>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| stat(&entry.path().join("stat")))
}

fn stat(path: &Path) -> Option<(String, Vec<u64>)> {
    let text = fs::read_to_string(path).ok()?;
    // The name is in parentheses and may itself have some.
    let (start, fields) = text.rsplit_once(')')?;
    let (_, name) = start.split_once('(')?;
    // The state is a letter, and some fields are below zero: none of those is looked at.
    let fields = fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    Some((name.to_owned(), fields))
}

fn time(stat: &[u64]) -> Duration {
    let ticks: u64 = USER_AND_SYSTEM.iter().filter_map(|index| stat.get(*index)).sum();
    TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}
