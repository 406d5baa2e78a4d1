//! Waiting for a condition, with a deadline. The deadline is in real time even when the test has paused tokio's clock, since
//! what is waited for is mostly another process.

use std::time::{Duration, Instant};

use anyhow::bail;

/// Between two looks. Short, because it is what a test waits too long on average, doubled.
const PERIOD: Duration = Duration::from_millis(10);

/// Calls `probe` until it yields a value, which is returned.
///
/// # Errors
/// When `within` has passed; the error names `what`.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return Ok(value);
        }
        if started.elapsed() > within {
            bail!("waited {within:?} in vain: {what}");
        }
        tokio::time::sleep(PERIOD).await;
    }
}
