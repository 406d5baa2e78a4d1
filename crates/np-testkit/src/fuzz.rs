//! Inputs that are almost right: good ones with bytes changed, cut out, doubled, spliced and added, others in each run.
//!
//! Each parser of bytes that strangers send has a test named `fuzz::…` that feeds it these for a moment in every run of the
//! tests, and for as long as one likes with `make fuzz FUZZ_SECONDS=600`. The seed is printed; when the test fails, so is the input.
//! There is no measure of coverage: what guides is the corpus, which has an example of each kind.

use std::{
    env,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

/// How many seconds each target runs.
pub const SECONDS_VARIABLE: &str = "NAMEPLATE_FUZZ_SECONDS";
/// The seed to begin with.
pub const SEED_VARIABLE: &str = "NAMEPLATE_FUZZ_SEED";
/// How long each target runs when nobody says how long.
const MOMENT: Duration = Duration::from_millis(400);
/// The least inputs, however slow the machine is.
const INPUTS_MIN: u64 = 50;
/// The most changes to one input.
const CHANGES_MAX: u32 = 6;
/// Values at which lengths and counters go wrong.
const EDGES: [u8; 8] = [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff];

/// Broken inputs until the time is over.
pub struct Inputs {
    corpus: Vec<Vec<u8>>,
    rng: StdRng,
    seed: u64,
    ends: Instant,
    made: u64,
    last: Vec<u8>,
}

/// Broken inputs made from these good ones.
///
/// # Panics
/// When there are no good ones, or a variable of the environment is no number.
#[must_use]
pub fn inputs(corpus: impl IntoIterator<Item = Vec<u8>>) -> Inputs {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let seed = number(SEED_VARIABLE).unwrap_or_else(rand::random);
    println!("{SEED_VARIABLE}={seed}");
    let corpus: Vec<_> = corpus.into_iter().collect();
    assert!(!corpus.is_empty(), "there is something to break");
    let time = number(SECONDS_VARIABLE).map_or(MOMENT, Duration::from_secs);
    let (rng, ends) = (StdRng::seed_from_u64(seed), Instant::now() + time);
    Inputs { corpus, rng, seed, ends, made: 0, last: Vec::new() }
}

impl Iterator for Inputs {
    type Item = Vec<u8>;

    /// The good ones first, as they are.
    fn next(&mut self) -> Option<Vec<u8>> {
        let good = usize::try_from(self.made).ok().and_then(|made| self.corpus.get(made));
        self.last = match good {
            Some(good) => good.clone(),
            None if self.made >= INPUTS_MIN && Instant::now() >= self.ends => {
                println!("{} inputs", self.made);
                return None;
            }
            None => self.broken(),
        };
        self.made += 1;
        Some(self.last.clone())
    }
}

impl Inputs {
    fn broken(&mut self) -> Vec<u8> {
        let mut bytes = self.one();
        for _ in 0..self.rng.random_range(1..=CHANGES_MAX) {
            if bytes.is_empty() {
                bytes.push(self.rng.random());
            }
            let at = self.rng.random_range(0..bytes.len());
            let to = (at + self.rng.random_range(1..40)).min(bytes.len());
            match self.rng.random_range(0..9) {
                0 => bytes[at] ^= 1 << self.rng.random_range(0..8),
                1 => bytes[at] = self.rng.random(),
                2 => bytes[at] = *EDGES.choose(&mut self.rng).expect("there are some"),
                3 => drop(bytes.drain(at..to)),
                4 => bytes.insert(at, self.rng.random()),
                5 => bytes.truncate(at),
                6 => {
                    let doubled = bytes[at..to].to_vec();
                    drop(bytes.splice(at..at, doubled));
                }
                7 => {
                    let other = self.one();
                    let from = self.rng.random_range(0..=other.len());
                    drop(bytes.splice(at.., other[from..].iter().copied()));
                }
                _ => bytes[at..to].fill(*EDGES.choose(&mut self.rng).expect("there are some")),
            }
        }
        bytes
    }

    fn one(&mut self) -> Vec<u8> {
        self.corpus.choose(&mut self.rng).expect("there are some").clone()
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let hex: String = self.last.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("{SEED_VARIABLE}={} input {}: {hex}", self.seed, self.made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_inputs_come_first_and_broken_ones_follow() {
        let corpus = [b"one".to_vec(), b"two".to_vec()];
        let made: Vec<_> = inputs(corpus.clone()).collect();
        assert_eq!(made[..2], corpus);
        assert!(made.len() as u64 >= INPUTS_MIN);
        assert!(made[2..].iter().any(|input| !corpus.contains(input)));
    }
}
