//! The clock, which is moved from round to round, and what a worker adds to it while it waits for something in its patience.
//!
//! A worker that sleeps gets ahead of the others by what it slept, and nobody waits. That is sound as long as workers share
//! nothing that depends on seconds.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use np_domain::{Timestamp, ports::Clock};
use tokio::sync::Notify;

use super::chance::Chance;
use crate::reconcile::Timer;

tokio::task_local! {
    static WORKER: Arc<Worker>;
}

/// One worker: how far it is ahead of the clock, and its luck.
pub(super) struct Worker {
    ahead_us: AtomicU64,
    chance: Mutex<Chance>,
    crash_odds: u32,
    killed: Notify,
}

impl Worker {
    pub(super) fn new(chance: Chance, crash_odds: u32) -> Self {
        let (ahead_us, killed) = (AtomicU64::new(0), Notify::new());
        Self { ahead_us, chance: Mutex::new(chance), crash_odds, killed }
    }

    fn ahead(&self) -> Duration {
        Duration::from_micros(self.ahead_us.load(Ordering::Relaxed))
    }

    /// Does `work` as this worker; `false` when it was killed on the way, and `work` dropped where it stood.
    pub(super) async fn does(self: &Arc<Self>, work: impl Future<Output = ()>) -> bool {
        tokio::select! {
            () = WORKER.scope(self.clone(), work) => true,
            () = self.killed.notified() => false,
        }
    }
}

/// A throw of the worker's dice; `None` outside of any.
pub(super) fn throw<T>(throw: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    let worker = WORKER.try_with(Arc::clone).ok()?;
    let mut chance = worker.chance.lock().unwrap_or_else(PoisonError::into_inner);
    Some(throw(&mut chance))
}

/// The process may die here: then this never comes back.
pub(super) async fn may_die() {
    let Ok(worker) = WORKER.try_with(Arc::clone) else { return };
    if throw(|chance| chance.one_in(worker.crash_odds)).unwrap_or(false) {
        worker.killed.notify_one();
        std::future::pending::<()>().await;
    }
}

/// The simulation's clock. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct WorldClock(Arc<Mutex<Timestamp>>);

impl WorldClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves it.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let now = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now + WORKER.try_with(|worker| worker.ahead()).unwrap_or_default()
    }
}

/// Time within a step: a sleep is over at once, and the worker that much ahead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ahead;

#[async_trait]
impl Timer for Ahead {
    fn elapsed(&self) -> Duration {
        WORKER.try_with(|worker| worker.ahead()).unwrap_or_default()
    }

    async fn sleep(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let _: Result<u64, _> =
            WORKER.try_with(|worker| worker.ahead_us.fetch_add(micros, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;

    #[tokio::test]
    async fn a_worker_that_sleeps_is_ahead_and_nobody_else_is() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let clock = WorldClock::new(now);
        let worker = Arc::new(Worker::new(Chance::new(1, 1), 0));
        let work = async {
            Ahead.sleep(Duration::from_secs(3)).await;
            assert_eq!(clock.now(), now + Duration::from_secs(3));
        };
        assert!(worker.does(work).await);
        assert_eq!(clock.now(), now);
    }

    #[tokio::test]
    async fn a_worker_that_dies_goes_no_further() {
        let worker = Arc::new(Worker::new(Chance::new(1, 1), 1));
        let work = async {
            may_die().await;
            panic!("it went on");
        };
        assert!(!worker.does(work).await);
    }
}
