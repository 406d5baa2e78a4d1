//! Who is waited for, and when that has been long enough. One of these for each thread.
//!
//! Connections and exchanges enter themselves here and note whom they wait for; a sweep, some times a second, ends those
//! who have waited too long. So there is one timer for all of them, and noting is a write to memory.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use slab::Slab;

use crate::{
    pulse::{Patience, Pulse, now_ms},
    settings::EdgeSettings,
};

/// The longest and the shortest time between two sweeps.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// How many sweeps there are in the shortest patience.
const SWEEPS_PER_LIMIT: u32 = 8;

/// Who has to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// The edge itself.
    Edge,
    /// The visitor: to send more of the request, or to take more of the response.
    Client,
    /// The origin, to answer or to go on answering.
    Origin,
    /// The origin, to take more of the request.
    OriginIntake,
}

/// The clock of one exchange.
#[derive(Debug)]
pub(crate) struct Clock {
    party: Cell<Party>,
    since: Cell<Instant>,
    expired: Cell<Option<Party>>,
    waker: RefCell<Option<Waker>>,
}

impl Clock {
    /// Notes who has to move, and the task that hears of it if they do not. Naming the same party again changes nothing.
    pub(crate) fn wait_for(&self, party: Party, waker: &Waker) {
        if self.party.replace(party) != party {
            self.since.set(Instant::now());
        }
        let mut kept = self.waker.borrow_mut();
        match &mut *kept {
            Some(kept) => kept.clone_from(waker),
            None => *kept = Some(waker.clone()),
        }
    }

    /// Notes that something moved.
    pub(crate) fn moved(&self) {
        self.party.set(Party::Edge);
    }

    /// Who was waited for too long.
    pub(crate) fn expired(&self) -> Option<Party> {
        self.expired.get()
    }
}

/// What a connection is told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Nothing.
    Serve,
    /// To end after what is under way, and what may be on its way.
    Finish,
    /// To end now.
    End,
}

/// A connection as it is watched.
#[derive(Debug)]
pub(crate) struct Control {
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
    since: Instant,
    pulse: Option<Arc<Pulse>>,
}

impl Control {
    /// What the connection is to do; its task is woken when that changes.
    pub(crate) fn order(&self, waker: &Waker) -> Order {
        let mut kept = self.waker.borrow_mut();
        match &mut *kept {
            Some(kept) => kept.clone_from(waker),
            None => *kept = Some(waker.clone()),
        }
        self.order.get()
    }

    fn tell(&self, order: Order) {
        if self.order.get() < order {
            self.order.set(order);
            self.waker.borrow().iter().for_each(Waker::wake_by_ref);
        }
    }
}

/// How long is long enough.
#[derive(Debug, Clone, Copy)]
struct Limits {
    patience: Patience,
    client: Duration,
    origin: Duration,
    origin_intake: Duration,
    connection_age: Duration,
    every: Duration,
}

/// Everything watched on one thread.
pub(crate) struct Watch {
    limits: Limits,
    clocks: RefCell<Slab<Rc<Clock>>>,
    controls: RefCell<Slab<Rc<Control>>>,
    draining: Cell<bool>,
}

impl Watch {
    pub(crate) fn new(settings: &EdgeSettings) -> Self {
        let EdgeSettings { origin, limits, .. } = settings;
        let patience = Patience {
            idle: limits.client_idle_timeout,
            head: limits.client_head_timeout,
            blocked: limits.client_io_timeout,
        };
        let all = [
            patience.idle,
            patience.head,
            patience.blocked,
            origin.response_timeout,
            origin.send_timeout,
        ];
        let shortest = all.into_iter().min().unwrap_or_default();
        let limits = Limits {
            patience,
            client: limits.client_io_timeout,
            origin: origin.response_timeout,
            origin_intake: origin.send_timeout,
            connection_age: limits.connection_age_max,
            every: (shortest / SWEEPS_PER_LIMIT).clamp(SWEEP_EVERY.0, SWEEP_EVERY.1),
        };
        Self {
            limits,
            clocks: RefCell::default(),
            controls: RefCell::default(),
            draining: Cell::new(false),
        }
    }

    /// Enters an exchange.
    pub(crate) fn clock(self: &Rc<Self>) -> Entered<Clock> {
        let clock = Rc::new(Clock {
            party: Cell::new(Party::Edge),
            since: Cell::new(Instant::now()),
            expired: Cell::new(None),
            waker: RefCell::default(),
        });
        let key = self.clocks.borrow_mut().insert(Rc::clone(&clock));
        Entered {
            watch: Rc::clone(self),
            key,
            entry: clock,
            leave: |watch, key| drop(watch.clocks.borrow_mut().remove(key)),
        }
    }

    /// Enters a connection. `pulse` is for those whose phases are watched.
    pub(crate) fn control(self: &Rc<Self>, pulse: Option<Arc<Pulse>>) -> Entered<Control> {
        let order = if self.draining.get() { Order::Finish } else { Order::Serve };
        let control = Rc::new(Control {
            order: Cell::new(order),
            waker: RefCell::default(),
            since: Instant::now(),
            pulse,
        });
        let key = self.controls.borrow_mut().insert(Rc::clone(&control));
        Entered {
            watch: Rc::clone(self),
            key,
            entry: control,
            leave: |watch, key| drop(watch.controls.borrow_mut().remove(key)),
        }
    }

    /// How many connections there are, tunnels among them.
    pub(crate) fn connections(&self) -> usize {
        self.controls.borrow().len()
    }

    /// Tells all connections, those to come too, to end after what is under way.
    pub(crate) fn finish(&self) {
        self.draining.set(true);
        self.controls.borrow().iter().for_each(|(_, control)| control.tell(Order::Finish));
    }

    /// Sweeps, for ever.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(self.limits.every).await;
            self.sweep_at(Instant::now());
        }
    }

    fn sweep_at(&self, now: Instant) {
        for (_, clock) in &*self.clocks.borrow() {
            let limit = match clock.party.get() {
                Party::Edge => continue,
                Party::Client => self.limits.client,
                Party::Origin => self.limits.origin,
                Party::OriginIntake => self.limits.origin_intake,
            };
            if now.saturating_duration_since(clock.since.get()) > limit {
                clock.expired.set(Some(clock.party.get()));
                clock.waker.borrow().iter().for_each(Waker::wake_by_ref);
            }
        }
        let now_ms = now_ms();
        for (_, control) in &*self.controls.borrow() {
            let lost = |pulse: &Arc<Pulse>| pulse.is_lost(now_ms, self.limits.patience);
            if control.pulse.as_ref().is_some_and(lost) {
                control.tell(Order::End);
            } else if now.saturating_duration_since(control.since) > self.limits.connection_age {
                control.tell(Order::Finish);
            }
        }
    }
}

/// Something watched, until this is dropped.
pub(crate) struct Entered<T> {
    watch: Rc<Watch>,
    key: usize,
    entry: Rc<T>,
    leave: fn(&Watch, usize),
}

impl<T> Entered<T> {
    /// To be shared with parts of what is watched.
    pub(crate) fn share(&self) -> Rc<T> {
        Rc::clone(&self.entry)
    }
}

impl<T> std::ops::Deref for Entered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.entry
    }
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        (self.leave)(&self.watch, self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_waited_for_too_long_is_given_up() {
        let settings = EdgeSettings::default();
        let watch = Rc::new(Watch::new(&settings));
        let clock = watch.clock();
        let waker = Waker::noop();
        let later = |limit: Duration| Instant::now() + limit + Duration::from_secs(1);
        watch.sweep_at(later(Duration::from_secs(100_000)));
        assert_eq!(clock.expired(), None, "the edge waits for nobody");
        clock.wait_for(Party::Origin, waker);
        watch.sweep_at(later(settings.limits.client_io_timeout));
        assert_eq!(clock.expired(), None);
        clock.moved();
        clock.wait_for(Party::Client, waker);
        watch.sweep_at(later(settings.limits.client_io_timeout));
        assert_eq!(clock.expired(), Some(Party::Client));
    }

    #[test]
    fn connections_are_told_to_finish_even_those_that_come_later() {
        let watch = Rc::new(Watch::new(&EdgeSettings::default()));
        let before = watch.control(None);
        watch.finish();
        let after = watch.control(None);
        assert_eq!(
            (before.order(Waker::noop()), after.order(Waker::noop())),
            (Order::Finish, Order::Finish)
        );
        drop((before, after));
        assert_eq!(watch.connections(), 0);
    }
}
