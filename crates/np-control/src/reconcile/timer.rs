//! Time that passes while a worker stays with what it has claimed: what moves between two looks of one step.
//!
//! The wall clock says when something is due; this says how long to wait for it here. The lifetime simulation has one of its
//! own, so that three years pass without anybody waiting.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

/// Passes time.
#[async_trait]
pub trait Timer: Send + Sync {
    /// The time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Comes back after `wait`.
    async fn sleep(&self, wait: Duration);
}

/// The runtime's own time.
#[derive(Debug, Clone, Copy)]
pub struct TokioTimer(Instant);

impl Default for TokioTimer {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Timer for TokioTimer {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}
