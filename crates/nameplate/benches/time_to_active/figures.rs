//! Quantiles of what was measured, by the nearest rank, so that each is a value that really occurred.

use std::fmt;

/// The quantiles of some durations, in milliseconds.
pub(crate) struct Figures {
    sorted: Vec<f64>,
}

impl Figures {
    /// The quantiles of `values`.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The value that `percent` of all do not exceed; not a number when there is none.
    pub(crate) fn quantile(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p90, p99, max] = [50, 90, 99, 100].map(|percent| self.quantile(percent));
        write!(f, "p50 {p50:.0} ms, p90 {p90:.0} ms, p99 {p99:.0} ms, max {max:.0} ms")
    }
}
