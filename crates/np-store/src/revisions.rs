//! How often this process has changed what others of it keep in mind for a moment: users and tokens, and zones.
//!
//! Every change of them runs through [`Store::changing`], which counts it once it is committed and before its caller is
//! answered. Changes by other processes are not seen here.

use std::sync::atomic::{AtomicU64, Ordering};

use np_domain::ports::{Revision, StoreError};

use crate::{
    Store,
    database::{Boxed, Connection},
};

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    callers: AtomicU64,
    zones: AtomicU64,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Users or tokens.
    Callers,
    /// Zones.
    Zones,
}

impl Revisions {
    pub(crate) fn of(&self, what: Changed) -> Revision {
        Revision(self.count(what).load(Ordering::Acquire))
    }

    fn count(&self, what: Changed) -> &AtomicU64 {
        match what {
            Changed::Callers => &self.callers,
            Changed::Zones => &self.zones,
        }
    }
}

impl Store {
    /// Runs `work` in a transaction that changes something that is counted. In a task of its own, because a caller that
    /// goes away may leave a commit under way, which must be counted all the same. One that failed counts too: its answer
    /// may have been lost.
    pub(crate) async fn changing<T, E, W>(&self, what: Changed, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> Boxed<'c, Result<T, E>> + Send + 'static,
    {
        let store = self.clone();
        let change = tokio::spawn(async move {
            let done = store.database.write(work).await;
            store.revisions.count(what).fetch_add(1, Ordering::AcqRel);
            done
        });
        let lost = || StoreError::Unavailable("the change ended without an answer".into());
        change.await.unwrap_or_else(|_| Err(lost().into()))
    }
}
