//! Processor time and memory of a server, and how busy its core is, from `/proc`.

use std::{fs, time::Duration};

use anyhow::Context as _;

/// Linux tells times to programs in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What a process weighs, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Its share of all pages.
    pub(crate) pss: u64,
    /// What of that is its own and no file's: pages of a mapped file are given back when somebody needs memory.
    pub(crate) anonymous: u64,
}

/// What the process uses now.
pub(crate) fn memory(id: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{id}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let bytes = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.map(|kib| kib * 1024).with_context(|| format!("{path} has no {key}"))
    };
    Ok(Memory { pss: bytes("Pss:")?, anonymous: bytes("Pss_Anon:")? })
}

/// For how long the core has had nothing to do since the machine started.
pub(crate) fn idle(core: usize) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    let name = format!("cpu{core} ");
    let fields = stat.lines().find_map(|line| line.strip_prefix(&name));
    let fields = fields.with_context(|| format!("there is no core {core}"))?;
    // After the times of programs, of those that were nice, and of the kernel.
    let ticks = fields.split_whitespace().nth(3).context("no idle time")?.parse::<u32>()?;
    Ok(TICK * ticks)
}

/// Processor time used since its start, in the program and in the kernel for it.
pub(crate) fn cpu(id: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{id}/stat");
    let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name is in parentheses and may itself have spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')').with_context(|| path.clone())?;
    let mut ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let (user, system) = (ticks.next().context("no time")??, ticks.next().context("no time")??);
    Ok(TICK * (user + system))
}
