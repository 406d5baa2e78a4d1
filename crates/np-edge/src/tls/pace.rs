//! How many handshakes one source may begin: a bound on what a single machine can cost the others.
//!
//! A source is an address, with IPv6 one /64. Sources share slots of a table of fixed size, by a hash that nobody outside
//! knows: memory does not grow with the sources, nothing is locked, and whoever is refused because of another's
//! slot is one in tens of thousands.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Slots for sources: half a MiB.
const SLOTS: usize = 65_536;
/// After a rest, so many seconds' handshakes may come at once: a page of many connections, an office behind one address.
const BURST_SECONDS: u64 = 2;
/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// Counts and refuses.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Nanoseconds that each handshake takes of a source's allowance; 0 for no limit.
    interval: u64,
    start: Instant,
    hashes: RandomState,
    /// Until when, in nanoseconds since the start, a slot's allowance is used.
    slots: Box<[AtomicU64]>,
}

impl Pace {
    /// So many in each second; 0 for no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        let interval = SECOND.checked_div(per_second.into()).unwrap_or(0);
        let slots = if interval == 0 { 0 } else { SLOTS };
        Self {
            interval,
            start: Instant::now(),
            hashes: RandomState::new(),
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Whether `source` may begin a handshake now.
    pub(crate) fn allows(&self, source: IpAddr) -> bool {
        self.allows_at(source, self.start.elapsed())
    }

    fn allows_at(&self, source: IpAddr, now: Duration) -> bool {
        if self.slots.is_empty() {
            return true;
        }
        let place = self.hashes.hash_one(network(source)) as usize % self.slots.len();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let taken = self.slots[place].fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            used_until(until, now, self.interval)
        });
        taken.is_ok()
    }
}

/// Until when an allowance is used that was used until `until`, after one more at `now`; `None` when there is none left.
fn used_until(until: u64, now: u64, interval: u64) -> Option<u64> {
    let next = until.max(now).saturating_add(interval);
    (next <= now.saturating_add(BURST_SECONDS * SECOND)).then_some(next)
}

/// What counts as one source.
fn network(source: IpAddr) -> u64 {
    match source.to_canonical() {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => (u128::from(address) >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_a_burst_and_then_a_steady_rate() {
        let interval = SECOND / 10;
        let mut until = 0;
        let mut admitted = |now: u64| match used_until(until, now, interval) {
            Some(next) => {
                until = next;
                true
            }
            None => false,
        };
        let at_once = (0..100).filter(|_| admitted(5 * SECOND)).count();
        assert_eq!(at_once, 20);
        let within_a_second =
            (0..100).filter(|tenth| admitted(5 * SECOND + tenth * SECOND / 100)).count();
        assert_eq!(within_a_second, 9);
        let after_a_rest = (0..100).filter(|_| admitted(60 * SECOND)).count();
        assert_eq!(after_a_rest, 20);
    }

    #[test]
    fn each_source_has_its_own_allowance_and_an_ipv6_network_is_one() {
        let pace = Pace::new(1);
        let now = Duration::from_secs(9);
        let count = |source: &str| {
            let source = source.parse().unwrap();
            (0..10).filter(|_| pace.allows_at(source, now)).count()
        };
        assert_eq!(count("192.0.2.1"), 2);
        // Two of 65,536 slots may be one and the same.
        assert!(count("192.0.2.2") + count("192.0.2.3") > 0);
        assert_eq!(count("2001:db8::1") + count("2001:db8::2"), 2);
        assert_eq!(count("::ffff:192.0.2.1"), 0);
    }

    #[test]
    fn no_limit_refuses_nobody() {
        let pace = Pace::new(0);
        assert!((0..10_000).all(|_| pace.allows("192.0.2.1".parse().unwrap())));
    }
}
