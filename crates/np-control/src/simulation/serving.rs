//! The serving nodes: they pull as real ones do, by generation from the outbox, and what they were told is what customers' names
//! show and what visitors get. Now and then an edge lags behind.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use np_domain::{
    Timestamp,
    delegation::DelegationDomain,
    entry::{FeedKey, Generation, entry},
    id::HostnameId,
    ports::{
        Clock, FeedItem, FeedPosition, FeedStore, FeedSubject, NodeReport, NodeRole, StoreError,
    },
    text::Explanation,
};

use super::{
    chance::Chance,
    customers::Customers,
    judge::Ends,
    time::{WorldClock, may_die, throw},
};
use crate::wake::Bell;

/// The most items of one pull.
const BATCH: u32 = 1000;
/// An edge lags once in so many looks.
const LAG_ODDS: u32 = 300;

/// The nodes, in the place of the outbox as reconcilers see it.
pub(super) struct Serving {
    outbox: Arc<dyn FeedStore>,
    publication: Bell,
    customers: Arc<Customers>,
    domain: DelegationDomain,
    clock: WorldClock,
    applied: AtomicU64,
    positions: Mutex<HashMap<FeedKey, Generation>>,
    /// When what is served ends.
    pub(super) ends: Mutex<Ends>,
    pulling: tokio::sync::Mutex<()>,
}

impl Serving {
    pub(super) fn new(
        outbox: Arc<dyn FeedStore>,
        publication: Bell,
        customers: Arc<Customers>,
        domain: DelegationDomain,
        clock: WorldClock,
    ) -> Self {
        Self {
            outbox,
            publication,
            customers,
            domain,
            clock,
            applied: AtomicU64::default(),
            positions: Mutex::default(),
            ends: Mutex::default(),
            pulling: tokio::sync::Mutex::default(),
        }
    }

    /// Applies everything that was published.
    pub(super) async fn pull(&self) -> Result<(), StoreError> {
        let _pulling = self.pulling.lock().await;
        self.outbox.number().await?;
        loop {
            let after = Generation(self.applied.load(Ordering::SeqCst));
            let items = self.outbox.feed_after(after, BATCH).await?;
            if items.is_empty() {
                return Ok(());
            }
            let now = self.clock.now();
            items.iter().for_each(|item| self.apply(item, now));
        }
    }

    /// The same, if the bell rang since.
    async fn pull_if_rung(&self) -> Result<(), StoreError> {
        match self.publication.heard().now_or_never() {
            Some(()) => self.pull().await,
            None => Ok(()),
        }
    }

    fn apply(&self, item: &FeedItem, now: Timestamp) {
        self.applied.store(item.generation.0, Ordering::SeqCst);
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.insert(item.key, item.generation);
        drop(positions);
        let FeedKey::Hostname(id) = item.key else { return };
        let Some(customer) = self.customers.of(id) else { return };
        let made = match &item.subject {
            Some(FeedSubject::Hostname(record, zone)) => entry(record, zone, &self.domain).0,
            _ => None,
        };
        customer.told(made.as_ref(), now);
        let certificates = match &item.subject {
            Some(FeedSubject::Hostname(record, _)) if made.is_some_and(|m| m.routing.is_some()) => {
                record.certificate.as_ref().map(|certificate| certificate.to_serve())
            }
            _ => None,
        };
        let certificates = certificates.unwrap_or_default().into_iter().map(|issued| {
            let facts = issued.chain.facts();
            (facts.not_before, facts.not_after)
        });
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.serves(id, certificates.collect());
    }
}

#[async_trait]
impl FeedStore for Serving {
    async fn number(&self) -> Result<Generation, StoreError> {
        self.outbox.number().await
    }

    async fn feed_after(&self, after: Generation, limit: u32) -> Result<Vec<FeedItem>, StoreError> {
        self.outbox.feed_after(after, limit).await
    }

    async fn position(&self, key: FeedKey) -> Result<FeedPosition, StoreError> {
        may_die().await;
        self.pull_if_rung().await?;
        let positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(positions.get(&key).map_or(FeedPosition::Absent, |at| FeedPosition::At(*at)))
    }

    async fn report(&self, report: &NodeReport) -> Result<(), StoreError> {
        self.outbox.report(report).await
    }

    async fn heed(&self, hostnames: &[HostnameId], at: Timestamp) -> Result<(), StoreError> {
        self.outbox.heed(hostnames, at).await
    }

    async fn nodes(&self, _seen_since: Timestamp) -> Result<Vec<NodeReport>, StoreError> {
        let applied = Generation(self.applied.load(Ordering::SeqCst));
        let lags = throw(|chance: &mut Chance| chance.one_in(LAG_ODDS)).unwrap_or(false);
        let node = |node, role, applied| NodeReport {
            node: Explanation::new(node),
            role,
            applied,
            seen_at: self.clock.now(),
        };
        Ok(vec![
            node("dns", NodeRole::Dns, applied),
            node("edge-1", NodeRole::Edge, applied),
            node("edge-2", NodeRole::Edge, if lags { Generation(0) } else { applied }),
        ])
    }
}
