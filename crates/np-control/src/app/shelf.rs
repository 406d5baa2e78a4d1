//! Values that were read from memory a moment ago, and need not be read again for another moment.
//!
//! A value is given out while memory has the revision that it had before the value was read, so that changes by this process
//! count at once, and for no longer than a given time, after which changes by others count. Bounded by weight; what was read
//! the longest ago goes first. A value that was not there is not kept.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use np_domain::ports::Revision;
use tokio::time::Instant;

/// Values by what they are looked up by.
pub(super) struct Shelf<K, V> {
    age_max: Duration,
    weight_max: usize,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    of: HashMap<K, Entry<V>>,
    oldest_first: VecDeque<(Moment, K)>,
    weight: usize,
}

struct Entry<V> {
    value: Arc<V>,
    moment: Moment,
    weight: usize,
}

/// When a value was read: taken before the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    revision: Revision,
    at: Instant,
}

impl Moment {
    /// Now, at this revision of what is read.
    pub(super) fn now(revision: Revision) -> Self {
        Self { revision, at: Instant::now() }
    }
}

impl<K: Clone + Eq + Hash, V> Shelf<K, V> {
    /// An empty one. With `age_max` 0 nothing is ever kept.
    pub(super) fn new(age_max: Duration, weight_max: usize) -> Self {
        let entries = Entries { of: HashMap::new(), oldest_first: VecDeque::new(), weight: 0 };
        Self { age_max, weight_max, entries: Mutex::new(entries) }
    }

    /// What is known of `key` now.
    pub(super) fn get(&self, key: &K, now: Moment) -> Option<Arc<V>> {
        let entries = self.lock();
        let entry = entries.of.get(key)?;
        let is_good = entry.moment.revision == now.revision
            && now.at.duration_since(entry.moment.at) < self.age_max;
        is_good.then(|| entry.value.clone())
    }

    /// Keeps what was read of `key` at `moment`, if it is not too heavy.
    pub(super) fn put(&self, key: K, value: Arc<V>, weight: usize, moment: Moment) {
        if self.age_max.is_zero() || weight > self.weight_max {
            return;
        }
        let mut entries = self.lock();
        entries.remove(&key);
        entries.weight += weight;
        entries.oldest_first.push_back((moment, key.clone()));
        entries.of.insert(key, Entry { value, moment, weight });
        entries.forget(moment.at, self.age_max, self.weight_max);
    }

    /// A thread that died here left nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Entries<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.of.remove(key) {
            self.weight -= entry.weight;
        }
    }

    /// Forgets what is too old, and the oldest of what is too heavy.
    fn forget(&mut self, now: Instant, age_max: Duration, weight_max: usize) {
        while let Some((moment, key)) = self.oldest_first.front() {
            let is_current = self.of.get(key).is_some_and(|entry| entry.moment == *moment);
            let is_old = now.duration_since(moment.at) >= age_max;
            if is_current && !is_old && self.weight <= weight_max {
                return;
            }
            if let Some((_, key)) = self.oldest_first.pop_front()
                && is_current
            {
                self.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE_MAX: Duration = Duration::from_secs(2);

    fn shelf() -> Shelf<&'static str, u8> {
        Shelf::new(AGE_MAX, 10)
    }

    fn at(revision: u64) -> Moment {
        Moment::now(Revision(revision))
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_known_until_its_time_is_over() {
        let shelf = shelf();
        shelf.put("a", Arc::new(1), 1, at(0));
        tokio::time::advance(AGE_MAX - Duration::from_millis(1)).await;
        assert_eq!(shelf.get(&"a", at(0)).as_deref(), Some(&1));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(shelf.get(&"a", at(0)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_counts_also_when_it_came_while_the_value_was_read() {
        let shelf = shelf();
        let before = at(7);
        shelf.put("a", Arc::new(1), 1, before);
        assert_eq!(shelf.get(&"a", at(8)), None);
        assert_eq!(shelf.get(&"a", at(7)).as_deref(), Some(&1));
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_age_nothing_is_kept() {
        let shelf = Shelf::new(Duration::ZERO, 10);
        shelf.put("a", Arc::new(1), 1, at(0));
        assert_eq!(shelf.get(&"a", at(0)), None);
        assert!(shelf.lock().of.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_make_room_and_what_is_too_heavy_gets_none() {
        let shelf = shelf();
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            shelf.put(key, Arc::new(value), 4, at(0));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        shelf.put("d", Arc::new(5), 11, at(0));
        let known = ["a", "b", "c", "d"].map(|key| shelf.get(&key, at(0)).map(|value| *value));
        assert_eq!(known, [Some(3), None, Some(4), None]);
        assert_eq!(shelf.lock().weight, 8);
        assert!(shelf.lock().oldest_first.len() <= 3);
    }
}
