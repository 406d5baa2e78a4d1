//! How often: counts of what callers do, each within a stretch of time, in this process only.
//!
//! All counts are bounded: those of the longest ago are forgotten first. Several control processes count each for itself, so
//! that a caller who reaches them all may do as many times as much.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use np_domain::{Timestamp, id::ZoneId, network, token::Identity};

/// Callers, zones or addresses that are counted at a time; each takes about 100 bytes.
pub const TRACKED_MAX: usize = 100_000;

/// So many times within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many times; at least 1.
    pub count: u64,
    /// Within how long.
    pub window: Duration,
    /// How long nothing more is allowed once it was too often; `None`: until the window ends.
    pub pause: Option<Duration>,
}

/// What is counted; `None`: that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Calls of one token or user.
    pub calls: Option<Rate>,
    /// Custom hostnames that were created in one zone.
    pub creates: Option<Rate>,
    /// Calls with wrong credentials from one address.
    pub failures: Option<Rate>,
}

impl Rates {
    /// No limits.
    pub const OFF: Self = Self { calls: None, creates: None, failures: None };
}

impl Default for Rates {
    /// Calls as the original (behaviour.md 6). Creates are not bound to 15 a minute, because no contract with a CA is
    /// protected here: 600 are more than one token can make by single calls.
    fn default() -> Self {
        let of = |count, seconds| Rate { count, window: Duration::from_secs(seconds), pause: None };
        Self {
            calls: Some(of(1200, 300)),
            creates: Some(Rate { pause: Some(Duration::from_secs(30)), ..of(600, 60) }),
            failures: Some(of(30, 60)),
        }
    }
}

/// Where a caller stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The rate.
    pub rate: Rate,
    /// How many more times.
    pub remaining: u64,
    /// When it begins anew, from now.
    pub reset: Duration,
}

/// All counts of this process.
pub struct Limits {
    calls: Option<Counts<Identity>>,
    creates: Option<Counts<ZoneId>>,
    failures: Option<Counts<IpAddr>>,
}

impl Limits {
    /// Nothing counted yet.
    pub fn new(rates: Rates) -> Self {
        Self {
            calls: rates.calls.map(Counts::new),
            creates: rates.creates.map(Counts::new),
            failures: rates.failures.map(Counts::new),
        }
    }

    /// Counts a call; `Ok(None)` when calls are not counted.
    ///
    /// # Errors
    /// When it is one too many.
    pub fn call(&self, who: Identity, now: Timestamp) -> Result<Option<Allowance>, Allowance> {
        self.calls.as_ref().map(|calls| calls.take(who, now)).transpose()
    }

    /// Takes so many creates in the zone before they are made, so that neither calls at the same time nor callers who hang up
    /// get past the count. The last that are taken may be more than are left.
    ///
    /// # Errors
    /// When there were enough.
    pub fn take_creates(&self, zone: ZoneId, count: u64, now: Timestamp) -> Result<(), Allowance> {
        self.creates.as_ref().map_or(Ok(()), |creates| creates.take_some(zone, count, now))
    }

    /// Gives those back that came to nothing.
    pub fn give_creates_back(&self, zone: ZoneId, count: u64) {
        if let Some(creates) = &self.creates {
            creates.give_back(zone, count);
        }
    }

    /// Whether credentials from this address are looked at.
    ///
    /// # Errors
    /// When too many were wrong.
    pub fn may_try(&self, from: IpAddr, now: Timestamp) -> Result<(), Allowance> {
        let from = network::one_source(from);
        self.failures.as_ref().map_or(Ok(()), |failures| failures.look(from, now))
    }

    /// Counts wrong credentials from this address.
    pub fn failed(&self, from: IpAddr, now: Timestamp) {
        if let Some(failures) = &self.failures {
            failures.add(network::one_source(from), now);
        }
    }
}

/// Counts of one kind.
struct Counts<K> {
    rate: Rate,
    windows: Mutex<Windows<K>>,
}

/// Windows by whom they are of, and in the order in which they began.
struct Windows<K> {
    of: HashMap<K, Window>,
    begun: VecDeque<(Timestamp, K)>,
}

#[derive(Clone, Copy)]
struct Window {
    began: Timestamp,
    ends: Timestamp,
    used: u64,
}

impl<K: Copy + Eq + Hash> Counts<K> {
    fn new(rate: Rate) -> Self {
        let windows = Windows { of: HashMap::new(), begun: VecDeque::new() };
        Self { rate, windows: Mutex::new(windows) }
    }

    /// Counts one, unless there were enough.
    fn take(&self, key: K, now: Timestamp) -> Result<Allowance, Allowance> {
        let mut windows = self.lock();
        let window = windows.of(key, now, self.rate.window);
        if window.used >= self.rate.count {
            return Err(self.allowance(*window, now));
        }
        window.used += 1;
        Ok(self.allowance(*window, now))
    }

    /// Whether there were enough.
    fn look(&self, key: K, now: Timestamp) -> Result<(), Allowance> {
        match self.lock().of.get(&key) {
            Some(window) if window.ends > now && window.used >= self.rate.count => {
                Err(self.allowance(*window, now))
            }
            _ => Ok(()),
        }
    }

    /// Counts some, unless there were enough before them.
    fn take_some(&self, key: K, count: u64, now: Timestamp) -> Result<(), Allowance> {
        let mut windows = self.lock();
        let window = windows.of(key, now, self.rate.window);
        if window.used >= self.rate.count {
            return Err(self.allowance(*window, now));
        }
        window.used = window.used.saturating_add(count);
        if let Some(pause) = self.rate.pause.filter(|_| window.used >= self.rate.count) {
            window.ends = now + pause;
        }
        Ok(())
    }

    /// Counts some no more; a pause that they began is over with them.
    fn give_back(&self, key: K, count: u64) {
        if let Some(window) = self.lock().of.get_mut(&key) {
            window.used = window.used.saturating_sub(count);
            if window.used < self.rate.count {
                window.ends = window.began + self.rate.window;
            }
        }
    }

    /// Counts one that happened.
    fn add(&self, key: K, now: Timestamp) {
        let mut windows = self.lock();
        let window = windows.of(key, now, self.rate.window);
        window.used = window.used.saturating_add(1);
    }

    fn allowance(&self, window: Window, now: Timestamp) -> Allowance {
        let reset = Duration::try_from(window.ends - now).unwrap_or_default();
        let remaining = self.rate.count.saturating_sub(window.used);
        Allowance { rate: self.rate, remaining, reset }
    }

    /// A thread that died while counting leaves counts that are good enough.
    fn lock(&self) -> MutexGuard<'_, Windows<K>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Windows<K> {
    /// The window of `key`; a new one when the last has ended.
    fn of(&mut self, key: K, now: Timestamp, length: Duration) -> &mut Window {
        self.forget(now);
        let fresh = Window { began: now, ends: now + length, used: 0 };
        let ended = self.of.get(&key).is_none_or(|window| window.ends <= now);
        if ended {
            self.of.insert(key, fresh);
            self.begun.push_back((now, key));
        }
        self.of.entry(key).or_insert(fresh)
    }

    /// Forgets those that have ended, and of too many the oldest.
    fn forget(&mut self, now: Timestamp) {
        while let Some((began, key)) = self.begun.front().copied() {
            let window = self.of.get(&key).filter(|window| window.began == began).copied();
            let goes = window.is_none_or(|window| window.ends <= now);
            if !goes && self.begun.len() < TRACKED_MAX {
                return;
            }
            self.begun.pop_front();
            if window.is_some() {
                self.of.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-11-22 18:00 UTC);

    fn counts<K: Copy + Eq + Hash>(count: u64, pause: Option<u64>) -> Counts<K> {
        let pause = pause.map(Duration::from_secs);
        Counts::new(Rate { count, window: Duration::from_secs(60), pause })
    }

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn calls_are_refused_until_the_window_ends() {
        let counts = counts(2, None);
        let remaining = |taken: Result<Allowance, Allowance>| {
            taken.map(|allowance| allowance.remaining).map_err(|refused| refused.reset.as_secs())
        };
        assert_eq!(remaining(counts.take("a", at(0))), Ok(1));
        assert_eq!(remaining(counts.take("a", at(10))), Ok(0));
        assert_eq!(remaining(counts.take("a", at(20))), Err(40));
        assert_eq!(remaining(counts.take("b", at(20))), Ok(1));
        assert_eq!(remaining(counts.take("a", at(60))), Ok(1));
    }

    #[test]
    fn creates_pause_once_there_were_enough() {
        let counts = counts(3, Some(30));
        let take = |count, seconds| {
            counts.take_some("zone", count, at(seconds)).map_err(|it| it.reset.as_secs())
        };
        assert_eq!(take(2, 0), Ok(()));
        assert_eq!(take(1000, 50), Ok(()));
        assert_eq!(take(1, 50), Err(30));
        assert_eq!(take(1, 79), Err(1));
        assert_eq!(take(1, 80), Ok(()));
    }

    #[test]
    fn creates_that_came_to_nothing_do_not_count() {
        let counts = counts(3, Some(30));
        let take = |count, seconds| {
            counts.take_some("zone", count, at(seconds)).map_err(|it| it.reset.as_secs())
        };
        assert_eq!(take(5, 0), Ok(()));
        assert_eq!(take(1, 1), Err(29));
        counts.give_back("zone", 4);
        assert_eq!(take(1, 1), Ok(()));
        assert_eq!(take(1, 2), Ok(()));
        assert_eq!(take(1, 2), Err(30));
        counts.give_back("another zone", 1);
    }

    #[test]
    fn no_more_are_tracked_than_there_is_room_for() {
        let counts = counts(1, None);
        for number in 0..(TRACKED_MAX as u64 + 10) {
            assert!(counts.take(number, NOW).is_ok());
        }
        let windows = counts.lock();
        assert!(windows.of.len() <= TRACKED_MAX && windows.begun.len() <= TRACKED_MAX);
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let counts = counts(1, None);
        for number in 0..100_u64 {
            counts.add(number, NOW);
        }
        counts.add(1000, at(60));
        assert_eq!(counts.lock().of.len(), 1);
    }
}
