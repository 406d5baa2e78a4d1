//! What the CA remembers of its orders until the process ends: bounded, the oldest forgotten first.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use np_domain::{certificate::Problem, ports::OrderStatus};

/// The most orders that are remembered. A forgotten one is looked at again, like after a restart.
pub(super) const ORDERS_MAX: usize = 10_000;

/// Identifies an order.
pub(super) type OrderId = [u8; 16];

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// The proofs may not be visible yet.
    Placed,
    /// The proofs are said to be visible.
    Told,
    /// The proofs were seen.
    Validated,
    /// The proofs were not seen; the order has ended.
    Failed(Vec<Problem>),
    /// The certificate is signed: the chain in DER, leaf first.
    Issued(Vec<Box<[u8]>>),
}

impl Standing {
    pub(super) fn status(&self) -> OrderStatus {
        match self {
            Self::Placed | Self::Told => OrderStatus::Pending,
            Self::Validated => OrderStatus::Ready,
            Self::Failed(problems) => OrderStatus::Invalid(problems.clone()),
            Self::Issued(_) => OrderStatus::Valid,
        }
    }
}

#[derive(Default)]
pub(super) struct Standings(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    by_id: HashMap<OrderId, Standing>,
    oldest_first: VecDeque<OrderId>,
}

impl Standings {
    pub(super) fn of(&self, id: OrderId) -> Option<Standing> {
        self.lock().by_id.get(&id).cloned()
    }

    pub(super) fn set(&self, id: OrderId, standing: Standing) {
        let mut remembered = self.lock();
        if remembered.by_id.insert(id, standing).is_some() {
            return;
        }
        remembered.oldest_first.push_back(id);
        if remembered.oldest_first.len() > ORDERS_MAX
            && let Some(oldest) = remembered.oldest_first.pop_front()
        {
            remembered.by_id.remove(&oldest);
        }
    }

    /// The proofs are said to be visible; that changes nothing once they were looked at.
    pub(super) fn tell(&self, id: OrderId) {
        if matches!(self.of(id), Some(Standing::Placed) | None) {
            self.set(id, Standing::Told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> OrderId {
        (n as u128).to_be_bytes()
    }

    #[test]
    fn the_oldest_order_is_forgotten_first() {
        let standings = Standings::default();
        for n in 0..=ORDERS_MAX {
            standings.set(id(n), Standing::Placed);
            standings.set(id(n), Standing::Validated);
        }
        assert_eq!(standings.of(id(0)), None);
        assert_eq!(standings.of(id(1)), Some(Standing::Validated));
        assert_eq!(standings.lock().by_id.len(), ORDERS_MAX);
    }

    #[test]
    fn telling_does_not_undo_a_verdict() {
        let standings = Standings::default();
        for (before, after) in [
            (Standing::Placed, Standing::Told),
            (Standing::Validated, Standing::Validated),
            (Standing::Failed(Vec::new()), Standing::Failed(Vec::new())),
            (Standing::Issued(Vec::new()), Standing::Issued(Vec::new())),
        ] {
            standings.set(id(1), before);
            standings.tell(id(1));
            assert_eq!(standings.of(id(1)), Some(after));
        }
    }
}
