//! Tells serving nodes what to serve: numbers what changed, reads it by generation and hands it out in batches.
//!
//! Every pull is three things at once: the node's report of what it has applied, its question for what comes next, and,
//! while there is nothing, a wait for it. Nodes in this process call [`FeedServer`] directly, others through
//! [`router`]. Nothing is kept here between pulls but the newest head: any number of control processes serve the same
//! nodes in turn.
//!
//! Who rings the publication bell wakes one waiting pull; that one numbers the change and so wakes all the others,
//! which wait for the head to move. Changes made by other processes ring no bell here: the poll period finds them.

mod batch;
mod http;
mod sightings;
#[cfg(test)]
mod tests;
mod tickets;

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use np_domain::{
    delegation::DelegationDomain,
    entry::Generation,
    ports::{Clock, FeedStore, NodeReport, SecretStore, StoreError, Vault},
    secret::SecretBytes,
    text::Explanation,
};
use np_feed::{
    NodeKey, PullError, Source,
    message::{Batch, FORMAT, FeedId, Pull},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Mutex, OnceCell, Semaphore, watch},
    time::{Instant, sleep, sleep_until},
};

use crate::{stores::Stores, wake::Bells};
pub use http::router;
use sightings::Gate;
use tickets::Tickets;

/// The name under which the history's identity is kept, and the vault's context of it.
const FEED_ID: &str = "feed-id";

/// The feed server's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLimits {
    /// The most items of a batch.
    pub batch_items_max: u32,
    /// A batch ends with the item that brings it to this many bytes.
    pub batch_bytes: usize,
    /// The longest that a pull waits for a change.
    pub long_poll: Duration,
    /// How often a waiting pull looks for changes of other control processes.
    pub poll_period: Duration,
    /// The most pulls at once; further ones are told to come back.
    pub pulls_max: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self {
            batch_items_max: 1000,
            batch_bytes: 4 * 1024 * 1024,
            long_poll: np_feed::client::LONG_POLL,
            poll_period: Duration::from_millis(500),
            pulls_max: 1000,
        }
    }
}

/// What a feed server needs.
pub struct FeedServerDeps {
    /// Memory: the outbox and the history's identity.
    pub stores: Stores,
    /// Opens the certificates' keys.
    pub vault: Arc<dyn Vault>,
    /// Dates the nodes' reports.
    pub clock: Arc<dyn Clock>,
    /// The nodes' secret.
    pub node_key: NodeKey,
    /// Where delegations stand.
    pub domain: DelegationDomain,
    /// `publication` is listened to, `deployment` is rung.
    pub bells: Bells,
    /// Its limits.
    pub limits: FeedLimits,
}

/// Serves the feed.
pub struct FeedServer {
    feed: Arc<dyn FeedStore>,
    sightings: std::sync::Mutex<Gate>,
    secrets: Arc<dyn SecretStore>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    node_key: NodeKey,
    domain: DelegationDomain,
    bells: Bells,
    limits: FeedLimits,
    pulls: Semaphore,
    id: OnceCell<FeedId>,
    /// The newest generation known here.
    head: watch::Sender<Generation>,
    /// Counts the calls of [`FeedServer::number`].
    calls: AtomicU64,
    numbered: Mutex<Option<Numbered>>,
    tickets: Mutex<Option<Tickets>>,
}

/// The last numbering.
struct Numbered {
    /// Calls that had been made when it began: they need no numbering of their own.
    covers: u64,
    at: Instant,
}

impl FeedServer {
    /// Wires a server; nothing runs until somebody pulls.
    pub fn new(deps: FeedServerDeps) -> Arc<Self> {
        Arc::new(Self {
            feed: deps.stores.feed,
            sightings: std::sync::Mutex::default(),
            secrets: deps.stores.secrets,
            vault: deps.vault,
            clock: deps.clock,
            node_key: deps.node_key,
            domain: deps.domain,
            bells: deps.bells,
            pulls: Semaphore::new(deps.limits.pulls_max),
            limits: deps.limits,
            id: OnceCell::new(),
            head: watch::Sender::new(Generation::default()),
            calls: AtomicU64::new(0),
            numbered: Mutex::new(None),
            tickets: Mutex::new(None),
        })
    }

    /// Answers a pull, or waits for something to answer.
    async fn answer(&self, pull: &Pull) -> Result<Batch, PullError> {
        let id = self.id().await.map_err(unavailable)?;
        self.report(pull, id).await.map_err(unavailable)?;
        self.heed(pull).await;
        let wait = Duration::from_millis(pull.wait_ms.into()).min(self.limits.long_poll);
        let deadline = Instant::now() + wait;
        let mut head = self.head.subscribe();
        self.number(Duration::ZERO).await.map_err(unavailable)?;
        loop {
            let known = *head.borrow_and_update();
            let batch = self.read(pull, id, known).await.map_err(unavailable)?;
            if batch.reset || batch.to != pull.after || Instant::now() >= deadline {
                return Ok(batch);
            }
            tokio::select! {
                () = sleep_until(deadline) => {}
                _ = head.changed() => {}
                () = self.bells.publication.heard() => {
                    self.number(Duration::ZERO).await.map_err(unavailable)?;
                }
                () = sleep(self.limits.poll_period) => {
                    self.number(self.limits.poll_period).await.map_err(unavailable)?;
                }
            }
        }
    }

    /// Keeps what the node reports. What it applied of another history counts for nothing.
    async fn report(&self, pull: &Pull, id: FeedId) -> Result<(), StoreError> {
        let is_ours = pull.feed == Some(id);
        let report = NodeReport {
            node: Explanation::new(&pull.node),
            role: pull.role,
            applied: if is_ours { pull.applied } else { Generation::default() },
            seen_at: self.clock.now(),
        };
        self.feed.report(&report).await?;
        self.bells.deployment.ring_all();
        Ok(())
    }

    /// Has waiting hostnames that were asked for at the node looked at now. Memory that fails costs time only.
    async fn heed(&self, pull: &Pull) {
        if pull.sightings.is_empty() {
            return;
        }
        let admitted = {
            let mut gate = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
            gate.admit(&pull.sightings, Instant::now())
        };
        if admitted.is_empty() {
            return;
        }
        match self.feed.heed(&admitted, self.clock.now()).await {
            Ok(()) => {
                let node = Explanation::new(&pull.node);
                tracing::debug!(%node, hostnames = admitted.len(), "feed_server.sighted");
                self.bells.ownership.ring();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "feed_server.unheeded");
            }
        }
    }

    /// Numbers what is marked, unless a numbering that began since this call, or one less than `age` ago, did so.
    async fn number(&self, age: Duration) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let mut numbered = self.numbered.lock().await;
        let is_done = |n: &Numbered| n.covers > call || n.at.elapsed() < age;
        if numbered.as_ref().is_some_and(is_done) {
            return Ok(());
        }
        let covers = self.calls.load(Ordering::SeqCst);
        let at = Instant::now();
        let head = self.feed.number().await?;
        *numbered = Some(Numbered { covers, at });
        let has_moved = self.head.send_if_modified(|known| std::mem::replace(known, head) != head);
        if has_moved {
            self.bells.deployment.ring_all();
        }
        Ok(())
    }

    /// Which history this store's generations count in: drawn by the first process that asks. With another node key it
    /// is another history, because copies hold private keys that only the old one opens: they are made anew.
    async fn id(&self) -> Result<FeedId, StoreError> {
        let id = self.id.get_or_try_init(|| async {
            let drawn = SecretBytes::new(rand::random::<[u8; 16]>().to_vec());
            let kept = self.secrets.keep_secret(FEED_ID, &self.vault.seal(FEED_ID, &drawn)).await?;
            let digest = Sha256::new()
                .chain_update(kept.as_bytes())
                .chain_update(self.node_key.fingerprint())
                .finalize();
            let mut id = [0; 16];
            id.copy_from_slice(&digest[..16]);
            Ok(FeedId(id))
        });
        id.await.copied()
    }
}

#[async_trait]
impl Source for FeedServer {
    async fn pull(&self, pull: &Pull) -> Result<Batch, PullError> {
        if pull.format != FORMAT {
            let why = format!(
                "node {} speaks version {} of the feed, this control side version {FORMAT}; run the same release on both",
                Explanation::new(&pull.node),
                pull.format
            );
            return Err(PullError::Refused { why });
        }
        if pull.node.is_empty() {
            return Err(PullError::Refused { why: "the node has no name; give it one".into() });
        }
        let busy = || PullError::Unreachable { why: "too many nodes are pulling".into() };
        let _permit = self.pulls.try_acquire().map_err(|_| busy())?;
        self.answer(pull).await
    }
}

/// Detail stays in our log; the node learns that it is not its fault.
fn unavailable(error: StoreError) -> PullError {
    tracing::warn!(error = &error as &dyn std::error::Error, "feed_server.store_failed");
    PullError::Unreachable { why: "the store cannot be used now".into() }
}
