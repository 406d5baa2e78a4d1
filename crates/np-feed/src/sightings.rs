//! Waiting hostnames that were asked for at this node, on their way to the control side with the next pull.
//!
//! Anybody can ask for anything, so that everything here is bounded: a name that the copy does not have as waiting never
//! comes here, one that was noticed is not noticed again for [`QUIET`], and what finds no room is dropped. A sighting
//! that is lost costs time and nothing else: the control side looks on its schedule anyway.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use np_domain::{
    id::HostnameId,
    ownership::{SightedBy, Sighting},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::message::SIGHTINGS_MAX;

/// A hostname that was noticed is not noticed again for this long.
pub const QUIET: Duration = Duration::from_secs(60);
/// The most hostnames remembered as noticed. A flood of more names than these costs no more memory, and no more reports.
pub const REMEMBERED_MAX: usize = 4096;
/// A report of sightings interrupts a waiting pull no more often than this.
pub const REPORT_PAUSE: Duration = Duration::from_secs(1);

/// What was noticed and not reported yet. Cheap to clone: clones notice together.
#[derive(Clone, Default)]
pub struct Sightings(Arc<Shared>);

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    noticed: Notify,
}

#[derive(Default)]
struct Kept {
    /// When each was noticed last.
    remembered: HashMap<HostnameId, Instant>,
    /// Not reported yet; at most [`SIGHTINGS_MAX`].
    waiting: Vec<Sighting>,
    /// When something was reported last.
    reported_at: Option<Instant>,
}

impl Sightings {
    /// Somebody asked for a waiting hostname. Does not wait: when somebody else notices at this very moment, nothing is
    /// noticed.
    pub fn notice(&self, hostname: HostnameId, by: SightedBy) {
        let Ok(mut kept) = self.0.kept.try_lock() else { return };
        if kept.notice(Sighting { hostname, by }, Instant::now()) {
            self.0.noticed.notify_one();
        }
    }

    /// What is to be reported now; it counts as reported.
    pub fn take(&self) -> Vec<Sighting> {
        let mut kept = self.kept();
        if !kept.waiting.is_empty() {
            kept.reported_at = Some(Instant::now());
        }
        std::mem::take(&mut kept.waiting)
    }

    /// Waits until there is something to report, and [`REPORT_PAUSE`] since the last report.
    pub async fn due(&self) {
        loop {
            let noticed = self.0.noticed.notified();
            let (is_waiting, reported_at) = {
                let kept = self.kept();
                (!kept.waiting.is_empty(), kept.reported_at)
            };
            if !is_waiting {
                noticed.await;
                continue;
            }
            if let Some(at) = reported_at {
                sleep_until(at + REPORT_PAUSE).await;
            }
            return;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether it is news, and has found room.
    fn notice(&mut self, sighting: Sighting, now: Instant) -> bool {
        let is_quiet = |at: &Instant| now.duration_since(*at) < QUIET;
        if self.waiting.len() >= SIGHTINGS_MAX
            || self.remembered.get(&sighting.hostname).is_some_and(is_quiet)
        {
            return false;
        }
        if self.remembered.len() >= REMEMBERED_MAX {
            self.remembered.retain(|_, at| is_quiet(at));
        }
        if self.remembered.len() >= REMEMBERED_MAX {
            return false;
        }
        self.remembered.insert(sighting.hostname, now);
        self.waiting.push(sighting);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> HostnameId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        HostnameId::from_bytes(bytes)
    }

    #[tokio::test(start_paused = true)]
    async fn a_hostname_is_reported_once_until_the_quiet_is_over() {
        let sightings = Sightings::default();
        for _ in 0..1000 {
            sightings.notice(id(1), SightedBy::Sni);
        }
        assert_eq!(sightings.take(), [Sighting { hostname: id(1), by: SightedBy::Sni }]);
        sightings.notice(id(1), SightedBy::Http);
        assert!(sightings.take().is_empty());
        tokio::time::advance(QUIET).await;
        sightings.notice(id(1), SightedBy::Http);
        assert_eq!(sightings.take(), [Sighting { hostname: id(1), by: SightedBy::Http }]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_names_costs_a_bounded_amount() {
        let sightings = Sightings::default();
        let mut reported = 0;
        for number in 0..100_000 {
            sightings.notice(id(number), SightedBy::Sni);
            if number % 100 == 0 {
                let taken = sightings.take();
                assert!(taken.len() <= SIGHTINGS_MAX);
                reported += taken.len();
            }
        }
        assert!(reported <= REMEMBERED_MAX, "{reported}");
        assert_eq!(sightings.kept().remembered.len(), REMEMBERED_MAX);
        tokio::time::advance(QUIET).await;
        sightings.take();
        sightings.notice(id(7), SightedBy::Sni);
        assert_eq!(sightings.kept().remembered.len(), 1, "what is over is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn reports_keep_a_pause_between_them() {
        let sightings = Sightings::default();
        let start = Instant::now();
        sightings.notice(id(1), SightedBy::Sni);
        sightings.due().await;
        assert_eq!(start.elapsed(), Duration::ZERO, "the first is reported at once");
        sightings.take();
        sightings.notice(id(2), SightedBy::Sni);
        sightings.due().await;
        assert_eq!(start.elapsed(), REPORT_PAUSE);
    }
}
