//! Saves that others may win: how a change goes on when somebody else changed the same thing since it was read.
//!
//! The loser reads what won and decides again. Until then it pauses: what won may not be visible to readers for as long
//! as the disk takes, and whoever asks again at once only loses again.

use std::time::Duration;

use np_domain::ports::StoreError;
use tokio::time::{Instant, sleep};

use super::draws::Draws;

/// How long a change goes on losing before it gives up.
const LOSING_MAX: Duration = Duration::from_secs(5);
/// The longest pause after the first loss. It doubles at each loss up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(2);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// One change's race against others.
pub(super) struct Race {
    until: Instant,
    pause: Duration,
}

impl Race {
    /// Begins.
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + LOSING_MAX, pause: PAUSE_MIN }
    }

    /// Pauses after a loss, for a time that differs between those who lost together.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when this has gone on for [`LOSING_MAX`].
    pub(super) async fn lost(&mut self, draws: &dyn Draws) -> Result<(), StoreError> {
        if Instant::now() >= self.until {
            return Err(StoreError::Stale);
        }
        let half = self.pause / 2;
        sleep(half + half.mul_f64(draws.fraction())).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::draws::RandomDraws;

    #[tokio::test(start_paused = true)]
    async fn a_change_that_always_loses_gives_up_in_time() {
        let (began, mut race, mut losses) = (Instant::now(), Race::new(), 0);
        while race.lost(&RandomDraws).await.is_ok() {
            losses += 1;
        }
        assert!(began.elapsed() <= LOSING_MAX + PAUSE_MAX);
        assert!((50..=150).contains(&losses), "{losses} losses");
    }
}
