//! Whether values of the copy were found to be damaged: then all of it is pulled again, over what is there.
//!
//! A damaged value hides no other, so there is no hurry; and a disk that goes on damaging must not have a node pull all the
//! time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::frame::DAMAGED;

/// A copy is pulled again for damage no more often than this.
pub(super) const REPAIR_PAUSE: Duration = Duration::from_secs(600);

/// What was found.
#[derive(Default)]
pub(super) struct Damage(Mutex<Found>);

#[derive(Default)]
struct Found {
    is_damaged: bool,
    repaired_at: Option<Instant>,
}

impl Damage {
    /// Notes it, if `why` is that a checksum does not fit; gives `why` back. What a newer program has written is not damaged.
    pub(super) fn noted(&self, why: impl Into<String>) -> String {
        let why = why.into();
        if why == DAMAGED {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).is_damaged = true;
        }
        why
    }

    /// Whether everything is to be pulled again now. It is taken to be done then.
    pub(super) fn wants_repair(&self) -> bool {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = found.repaired_at.is_none_or(|at| at.elapsed() >= REPAIR_PAUSE);
        if !(found.is_damaged && is_due) {
            return false;
        }
        *found = Found { is_damaged: false, repaired_at: Some(Instant::now()) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn damage_is_repaired_once_in_a_while_and_nothing_else_is() {
        let damage = Damage::default();
        damage.noted("it is about another name");
        assert!(!damage.wants_repair());
        damage.noted(DAMAGED);
        assert!(damage.wants_repair() && !damage.wants_repair());
        damage.noted(DAMAGED);
        assert!(!damage.wants_repair());
        tokio::time::advance(REPAIR_PAUSE).await;
        assert!(damage.wants_repair() && !damage.wants_repair());
    }
}
