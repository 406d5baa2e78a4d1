//! The dice: the same seed throws the same numbers.

/// A stream of random numbers (SplitMix64): fast, small, and good enough to choose faults with.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream of `seed` for `what`: another `what` is another stream.
    pub fn new(seed: u64, what: u64) -> Self {
        let mut chance = Self(seed ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Neighbouring seeds begin far apart.
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True once in `odds` times; never when that is 0.
    pub fn one_in(&mut self, odds: u32) -> bool {
        odds > 0 && self.below(odds.into()) == 0
    }

    /// A duration between the two, short ones as likely as long ones: evenly on a logarithmic scale.
    pub fn between(&mut self, least: time::Duration, most: time::Duration) -> time::Duration {
        let (least, most) = (least.as_seconds_f64().max(1.0), most.as_seconds_f64().max(1.0));
        let part = self.below(1 << 20) as f64 / f64::from(1 << 20);
        time::Duration::seconds_f64((least.ln() + part * (most.ln() - least.ln())).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_throws_the_same_numbers_and_another_other_ones() {
        let throw = |seed, what| {
            let mut chance = Chance::new(seed, what);
            [chance.below(1000), chance.below(1000), chance.below(1000)]
        };
        assert_eq!(throw(1, 2), throw(1, 2));
        assert_ne!(throw(1, 2), throw(2, 2));
        assert_ne!(throw(1, 2), throw(1, 3));
    }

    #[test]
    fn what_happens_once_in_ten_times_happens_in_about_a_tenth_of_them() {
        let mut chance = Chance::new(7, 7);
        let times = (0..10_000).filter(|_| chance.one_in(10)).count();
        assert!((800..1200).contains(&times), "{times}");
        assert!(!(0..1000).any(|_| chance.one_in(0)));
    }
}
