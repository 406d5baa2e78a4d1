//! How much processor time each program has used, from `/proc`.

use std::{fs, time::Duration};

use anyhow::Context as _;

use crate::world::World;

/// Linux tells times to programs in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/PID/stat` after the program's name: time in the program, and in the kernel for it.
const USER_AND_SYSTEM: [usize; 2] = [11, 12];

/// The processor time of everybody who took part.
pub(crate) struct CpuTime {
    nameplate: Duration,
    pebble: Duration,
    /// This program: the name server, the origin, and both ends of the customers.
    ourselves: Duration,
}

impl CpuTime {
    /// All that was used until now.
    pub(crate) fn now(world: &World) -> anyhow::Result<Self> {
        Ok(Self {
            nameplate: used(world.nameplate_id()?)?,
            pebble: used(world.pebble_id()?)?,
            ourselves: used(std::process::id())?,
        })
    }

    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            nameplate: self.nameplate - earlier.nameplate,
            pebble: self.pebble - earlier.pebble,
            ourselves: self.ourselves - earlier.ourselves,
        }
    }

    /// In words, for a run of that length with that many hostnames.
    pub(crate) fn over(&self, took: Duration, hostnames: usize) -> String {
        let words = |name: &str, used: Duration| {
            let each = used.as_secs_f64() * 1e3 / hostnames as f64;
            let cores = used.as_secs_f64() / took.as_secs_f64();
            format!("{name} {each:.1} ms per hostname ({cores:.2} cores)")
        };
        [
            words("nameplate", self.nameplate),
            words("pebble", self.pebble),
            words("customers, name server and origin", self.ourselves),
        ]
        .join(", ")
    }
}

fn used(id: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{id}/stat");
    let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name is in parentheses and may itself have spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')').with_context(|| path.clone())?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = USER_AND_SYSTEM.iter().map(|field| {
        fields.get(*field).and_then(|ticks| ticks.parse::<u32>().ok()).context(path.clone())
    });
    Ok(TICK * ticks.sum::<anyhow::Result<u32>>()?)
}
