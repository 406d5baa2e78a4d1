//! Signals between the API, the reconcilers and the feed server of one process.
//!
//! A signal only makes something happen sooner: every listener also looks by itself, with a period, so that a lost
//! signal, or one that rang in another process, costs time and nothing else.

use std::sync::Arc;

use tokio::sync::{Notify, futures::Notified};

/// One bell per listener. Cheap to clone; ringing an idle bell is remembered once.
#[derive(Clone, Default)]
pub struct Bells {
    /// A hostname is due for an ownership check, or is leaving.
    pub ownership: Bell,
    /// A zone is due for a look.
    pub activation: Bell,
    /// A zone is to be scanned.
    pub scans: Bell,
    /// A certificate is due for its next step.
    pub issuance: Bell,
    /// Something that is served has changed and has no generation yet.
    pub publication: Bell,
    /// A serving node has reported, or the head of the feed has moved.
    pub deployment: Bell,
    /// Some hostname or certificate was saved: whoever waits for one looks again.
    pub saved: Bell,
}

/// A signal from many to many.
#[derive(Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Wakes one listener now waiting, or the next one to wait.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Wakes all listeners now waiting, and nobody else.
    pub fn ring_all(&self) {
        self.0.notify_waiters();
    }

    /// The next [`ring_all`](Self::ring_all) from now on, whenever it is waited for: to be taken before the look that
    /// must not miss it.
    pub fn listen(&self) -> Notified<'_> {
        self.0.notified()
    }

    /// Waits for the next ring.
    pub async fn heard(&self) {
        self.0.notified().await;
    }
}
