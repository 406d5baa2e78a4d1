//! Connections to origins that are unused, for the next request to the same place.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    settings::OriginSettings,
    upstream::{Place, connection::Connection},
};

/// The longest time between two sweeps.
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(5);
/// The most unused connections that one thread keeps, to all addresses together.
const IDLE_CONNECTIONS_MAX: usize = 8192;

/// The unused connections of one thread.
pub(crate) struct Pool {
    idle: RefCell<HashMap<Place, Vec<(Instant, Connection)>>>,
    count: Cell<usize>,
    idle_timeout: Duration,
    idle_per_place_max: usize,
}

impl Pool {
    pub(super) fn new(settings: &OriginSettings) -> Self {
        Self {
            idle: RefCell::default(),
            count: Cell::new(0),
            idle_timeout: settings.idle_timeout,
            idle_per_place_max: settings.idle_connections_max,
        }
    }

    /// The connection used last, as the others may be closed sooner.
    pub(super) fn take(&self, place: &Place) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.get_mut(place)?;
        while let Some((since, mut connection)) = connections.pop() {
            self.count.set(self.count.get().saturating_sub(1));
            if since.elapsed() < self.idle_timeout && connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose last answer has ended.
    pub(super) fn put(&self, place: Place, connection: Connection) {
        if self.count.get() >= IDLE_CONNECTIONS_MAX {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        let connections = idle.entry(place).or_default();
        if connections.len() < self.idle_per_place_max {
            connections.push((Instant::now(), connection));
            self.count.set(self.count.get() + 1);
        }
    }

    pub(super) async fn sweep(&self) {
        loop {
            tokio::time::sleep(self.idle_timeout.min(SWEEP_EVERY_MAX)).await;
            self.idle.borrow_mut().retain(|_, connections| {
                connections.retain_mut(|(since, connection)| {
                    since.elapsed() < self.idle_timeout && connection.is_open()
                });
                !connections.is_empty()
            });
            self.count.set(self.idle.borrow().values().map(Vec::len).sum());
        }
    }
}
