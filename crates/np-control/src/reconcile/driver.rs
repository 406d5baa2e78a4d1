//! The loop that all reconcilers run in: claim what is due, work on each item in a task of its own, wait, again.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use np_domain::ports::StoreError;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::wake::Bell;

/// A reconciler, as the driver sees it.
#[async_trait]
pub trait Reconcile: Send + Sync + 'static {
    /// One claimed row.
    type Item: Send + 'static;

    /// Its name in logs.
    const NAME: &'static str;

    /// Claims at most `limit` rows that are due.
    async fn claim(&self, limit: u32) -> Result<Vec<Self::Item>, StoreError>;

    /// Works on one row as far as it goes now. Stops early once `stop` is cancelled.
    async fn work(&self, item: Self::Item, stop: &CancellationToken);
}

/// How the driver paces a reconciler.
pub struct Pace {
    /// Rings when something is due.
    pub bell: Bell,
    /// A pass comes at least this often.
    pub period: Duration,
    /// How many rows are worked on at a time.
    pub in_flight_max: usize,
}

/// Runs `reconciler` until `stop` is cancelled, then waits for the work in flight. A panic in one row's work ends that
/// work only; the row is claimed again when its lease is over.
pub async fn run<R: Reconcile>(reconciler: Arc<R>, pace: Pace, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(pace.in_flight_max));
    let works = TaskTracker::new();
    while !stop.is_cancelled() {
        let claimed_all = claim_and_start(&reconciler, &slots, &works, &stop).await;
        if !claimed_all {
            // There may be more than there were free slots for: go on as soon as one is free.
            tokio::select! {
                () = stop.cancelled() => break,
                _ = slots.acquire() => continue,
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = pace.bell.heard() => {}
            () = tokio::time::sleep(pace.period) => {}
        }
    }
    works.close();
    works.wait().await;
}

/// Whether everything that is due was claimed.
async fn claim_and_start<R: Reconcile>(
    reconciler: &Arc<R>,
    slots: &Arc<Semaphore>,
    works: &TaskTracker,
    stop: &CancellationToken,
) -> bool {
    let free = slots.available_permits();
    if free == 0 {
        return false;
    }
    let items = match reconciler.claim(u32::try_from(free).unwrap_or(u32::MAX)).await {
        Ok(items) => items,
        Err(error) => {
            tracing::error!(
                reconciler = R::NAME,
                error = &error as &dyn std::error::Error,
                "cannot claim work"
            );
            return true;
        }
    };
    let claimed_all = items.len() < free;
    for item in items {
        let Ok(slot) = slots.clone().acquire_owned().await else { return true };
        let (reconciler, stop) = (reconciler.clone(), stop.clone());
        works.spawn(async move {
            reconciler.work(item, &stop).await;
            drop(slot);
        });
    }
    claimed_all
}
