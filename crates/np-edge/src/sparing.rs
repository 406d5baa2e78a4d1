//! A limit on how often something is logged: whoever can cause a line must not be able to cause a flood.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// Allows so many lines in each second. Lock-free; under contention a line more may pass.
#[derive(Debug)]
pub(crate) struct Sparing {
    per_second: u32,
    start: Instant,
    /// The second in the upper half, the lines allowed in it in the lower.
    state: AtomicU64,
}

impl Sparing {
    pub(crate) fn per_second(per_second: u32) -> Self {
        Self { per_second, start: Instant::now(), state: AtomicU64::new(0) }
    }

    pub(crate) fn allows(&self) -> bool {
        self.allows_at(self.start.elapsed().as_secs())
    }

    fn allows_at(&self, second: u64) -> bool {
        let state = self.state.load(Ordering::Relaxed);
        let count = if state >> 32 == second { state & u64::from(u32::MAX) } else { 0 };
        if count >= u64::from(self.per_second) {
            return false;
        }
        self.state.store(second << 32 | (count + 1), Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_allowance() {
        let sparing = Sparing::per_second(2);
        let allowed = [7, 7, 7, 8, 8, 8].map(|second| sparing.allows_at(second));
        assert_eq!(allowed, [true, true, false, true, true, false]);
    }
}
