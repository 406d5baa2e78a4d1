//! Keeps a replica current: pull, apply, pull again. The next pull is the acknowledgement of the last batch.
//!
//! Nothing here ends serving: whatever fails, the replica answers from what it has, and this tries again with growing,
//! bounded pauses. Lives as long as the node; [`Follower::status`] tells how it is doing.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use np_domain::{entry::Generation, ports::NodeRole, text::Explanation};
use thiserror::Error;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    PullError, Replica, Source,
    message::{Batch, FORMAT, Pull},
    replica::{Applied, ApplyError, Change, ReadError},
};

/// How long a node lets the control side wait for a change. A pull is also the node's sign of life: two fit into the
/// silence after which the control side counts a node as dead (np-control's `node_silence_max`).
pub const LONG_POLL: Duration = Duration::from_secs(7);
/// The pause after the first failure; it doubles with each further one.
pub const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause between tries: also within that silence, so that a control side that comes back soon counts all
/// its nodes again.
pub const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Who follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeIdentity {
    /// The node's own name for itself: distinct among the nodes of a control side.
    pub node: Explanation,
    /// What it serves; DNS nodes are not given certificates.
    pub role: NodeRole,
}

/// How following goes, for readiness checks and metrics.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// What the replica has.
    pub generation: Generation,
    /// The newest generation that the control side named.
    pub head: Generation,
    /// When the control side last answered.
    pub last_contact: Option<Instant>,
    /// Failures since then.
    pub failures: u32,
    /// The last failure, for a person; `None` while all is well.
    pub last_error: Option<Explanation>,
    /// Items that could not be read, since the start.
    pub skipped: u64,
}

impl Status {
    /// Whether the replica has had everything that the control side knew at the last contact.
    pub fn is_current(&self) -> bool {
        self.last_contact.is_some() && self.generation >= self.head
    }
}

/// Keeps one replica current.
pub struct Follower {
    source: Arc<dyn Source>,
    replica: Replica,
    identity: NodeIdentity,
    status: watch::Sender<Status>,
}

#[derive(Debug, Error)]
enum FollowError {
    #[error(transparent)]
    Pull(#[from] PullError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("applying a batch panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

/// Keeps `replica` current until `shutdown`. For the status, make a [`Follower`].
pub async fn follow(
    source: Arc<dyn Source>,
    replica: Replica,
    identity: NodeIdentity,
    shutdown: CancellationToken,
) {
    Follower::new(source, replica, identity).run(shutdown).await;
}

impl Follower {
    /// Prepares to follow; nothing happens before [`Follower::run`].
    pub fn new(source: Arc<dyn Source>, replica: Replica, identity: NodeIdentity) -> Self {
        let status = Status { generation: replica.generation(), ..Status::default() };
        Self { source, replica, identity, status: watch::Sender::new(status) }
    }

    /// How it goes, now and from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Follows until `shutdown`; may be run again. A batch that is being written is finished first: nobody writes the copy
    /// once this has returned.
    pub async fn run(&self, shutdown: CancellationToken) {
        // Another process may have written the copy since this one last did.
        self.replica.announce(Change::All);
        let mut failures = 0;
        while !shutdown.is_cancelled() {
            match self.step(&shutdown).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    self.note_failure(failures, &error);
                    let pause = tokio::time::sleep(pause(failures));
                    let _ = shutdown.run_until_cancelled(pause).await;
                }
            }
        }
    }

    /// One pull and what follows from it.
    async fn step(&self, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let at = self.replica.position()?;
        let sightings = self.replica.sightings().take();
        // A report is answered at once, and never interrupted: some pull always gets through.
        let wait = if sightings.is_empty() { self.wait() } else { Duration::ZERO };
        // Of no history and yet somewhere: the control side answers with a full copy, which replaces value by value.
        let repairs = at.generation > Generation::default() && self.replica.wants_repair();
        if repairs {
            tracing::warn!(
                "replica.damaged: pulling everything again; look at this machine's disk and memory"
            );
        }
        let pull = Pull {
            format: FORMAT,
            node: self.identity.node.to_string(),
            role: self.identity.role,
            after: at.generation,
            applied: at.generation,
            feed: at.feed.filter(|_| !repairs),
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
            sightings,
        };
        let Some(pulled) = shutdown.run_until_cancelled(self.pull(&pull)).await else {
            return Ok(());
        };
        let Some(batch) = pulled? else { return Ok(()) };
        let head = batch.head;
        let is_news = batch.reset
            || !batch.items.is_empty()
            || batch.to != at.generation
            || self.replica.lacks_ticket_keys(&batch)?;
        let applied = if is_news || at.feed.is_none() {
            let replica = self.replica.clone();
            // Waits for the disk.
            tokio::task::spawn_blocking(move || replica.apply(&batch)).await??
        } else {
            Applied { generation: at.generation, items: 0, skipped: 0 }
        };
        self.note_contact(head, applied);
        Ok(())
    }

    /// The answer; `None` when a pull that only waited for news was given up because there is something to report.
    async fn pull(&self, pull: &Pull) -> Result<Option<Batch>, PullError> {
        if pull.wait_ms == 0 || !self.status.borrow().is_current() {
            return self.source.pull(pull).await.map(Some);
        }
        tokio::select! {
            biased;
            batch = self.source.pull(pull) => batch.map(Some),
            () = self.replica.sightings().due() => Ok(None),
        }
    }

    /// How long this pull may wait for a change. Not at all before there is contact: a node without it does not know
    /// whether what it has is current, and is not ready when it has nothing.
    fn wait(&self) -> Duration {
        let status = self.status.borrow();
        match status.last_contact {
            Some(_) if status.failures == 0 => LONG_POLL,
            _ => Duration::ZERO,
        }
    }

    fn note_contact(&self, head: Generation, applied: Applied) {
        self.status.send_modify(|status| {
            if status.failures > 0 {
                tracing::info!(generation = %applied.generation, "feed.following_again");
            }
            status.generation = applied.generation;
            status.head = head;
            status.last_contact = Some(Instant::now());
            status.failures = 0;
            status.last_error = None;
            status.skipped += applied.skipped as u64;
        });
    }

    fn note_failure(&self, failures: u32, error: &FollowError) {
        let why = Explanation::new(error.to_string());
        if failures == 1 {
            tracing::warn!(%error, "feed.interrupted: serving goes on from the local copy");
        } else {
            tracing::debug!(%error, failures, "feed.still_interrupted");
        }
        self.status.send_modify(|status| {
            status.failures = failures;
            status.last_error = Some(why);
        });
    }
}

/// Between half and all of a pause that doubles from [`PAUSE_MIN`] to [`PAUSE_MAX`], so that nodes that failed together
/// do not come back together.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    whole.mul_f64(rand::random_range(0.5..=1.0))
}
