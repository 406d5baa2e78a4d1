//! A task that panics is started again: a defect in one thing must not end another.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The pause before a task is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Runs `start`'s work until it ends by itself; after a panic it is started again, unless `stop` is cancelled.
pub(crate) async fn supervised<F, Fut>(name: &'static str, start: F, stop: CancellationToken)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    while let Err(why) = tokio::spawn(start()).await {
        tracing::error!(task = name, error = %why, "task ended by a panic: starting it again");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RESTART_PAUSE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panicked_is_started_again() {
        let starts = Arc::new(AtomicU32::new(0));
        let counted = starts.clone();
        let start = move || {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(number > 0, "the first start panics") }
        };
        supervised("test", start, CancellationToken::new()).await;
        assert_eq!(starts.load(Ordering::Relaxed), 2);
    }
}
