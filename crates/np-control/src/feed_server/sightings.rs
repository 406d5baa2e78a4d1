//! What nodes report of waiting hostnames that were asked for there: each is checked at once, within bounds.
//!
//! Whoever asks for names at a node decides what is reported. So a hostname is woken at most once in [`WAKE_PAUSE`], all of
//! them together at most [`WAKES_MAX`] times in [`WAKES_PERIOD`], and a look that comes early counts for nothing in the
//! schedule. What is over the bounds is dropped: it is looked for on its schedule.

use std::{collections::HashMap, time::Duration};

use np_domain::{id::HostnameId, ownership::Sighting};
use tokio::time::Instant;

/// A hostname is woken by what nodes report no more often than this.
pub(super) const WAKE_PAUSE: Duration = Duration::from_secs(60);
/// The most hostnames that this process wakes in [`WAKES_PERIOD`], whatever nodes report.
pub(super) const WAKES_MAX: usize = 64;
/// See [`WAKES_MAX`].
pub(super) const WAKES_PERIOD: Duration = Duration::from_secs(1);

/// Who was woken when. Never more than [`WAKES_MAX`] for each [`WAKES_PERIOD`] in [`WAKE_PAUSE`].
#[derive(Default)]
pub(super) struct Gate {
    woken: HashMap<HostnameId, Instant>,
    period: Option<Instant>,
    in_period: usize,
}

impl Gate {
    /// Those of the sightings that are to be heeded.
    pub(super) fn admit(&mut self, sightings: &[Sighting], now: Instant) -> Vec<HostnameId> {
        if self.period.is_none_or(|begun| now.duration_since(begun) >= WAKES_PERIOD) {
            self.woken.retain(|_, at| now.duration_since(*at) < WAKE_PAUSE);
            (self.period, self.in_period) = (Some(now), 0);
        }
        let mut admitted = Vec::new();
        for Sighting { hostname, .. } in sightings {
            let is_quiet = self.woken.get(hostname);
            let is_quiet = is_quiet.is_some_and(|at| now.duration_since(*at) < WAKE_PAUSE);
            if is_quiet || self.in_period >= WAKES_MAX {
                continue;
            }
            self.in_period += 1;
            self.woken.insert(*hostname, now);
            admitted.push(*hostname);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use np_domain::ownership::SightedBy;

    use super::*;

    fn seen(number: u32) -> Sighting {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Sighting { hostname: HostnameId::from_bytes(bytes), by: SightedBy::Sni }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hostname_is_woken_once_in_a_pause_whoever_reports_it() {
        let mut gate = Gate::default();
        assert_eq!(gate.admit(&[seen(1), seen(1)], Instant::now()).len(), 1);
        tokio::time::advance(WAKE_PAUSE - Duration::from_millis(1)).await;
        assert!(gate.admit(&[seen(1)], Instant::now()).is_empty());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(gate.admit(&[seen(1)], Instant::now()).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_wakes_a_bounded_number_and_is_remembered_in_bounded_memory() {
        let mut gate = Gate::default();
        let mut number = 0;
        for second in 0..300_usize {
            let flood: Vec<_> = (0..1000).map(|n| seen(number + n)).collect();
            number += 1000;
            assert_eq!(gate.admit(&flood, Instant::now()).len(), WAKES_MAX, "{second}");
            tokio::time::advance(WAKES_PERIOD).await;
        }
        let seconds = usize::try_from(WAKE_PAUSE.as_secs()).unwrap();
        assert!(gate.woken.len() <= WAKES_MAX * (seconds + 1), "{}", gate.woken.len());
    }
}
