//! A serving node's copy of the feed, kept current: the same for edges and name servers, in one process with control
//! or far from it.

use std::sync::Arc;

use np_domain::ports::NodeRole;
use np_feed::{
    HttpSource, Replica, Source,
    client::{Follower, NodeIdentity, Status},
    replica::ReplicaOptions,
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    node::{Node, folder},
    supervise::supervised,
};
use crate::config::{
    Loaded,
    error::{ConfigError, Invalid},
};

/// A copy, with how it is doing.
pub(crate) struct Copy {
    /// The copy.
    pub(crate) replica: Replica,
    /// How following goes.
    pub(crate) status: watch::Receiver<Status>,
    /// Who keeps it current.
    pub(crate) following: Following,
}

/// The task that keeps a copy current.
pub(crate) struct Following {
    follower: Arc<Follower>,
    /// Ends it for good.
    stop: CancellationToken,
    /// Ends the current task, which is this.
    task: (CancellationToken, JoinHandle<()>),
}

impl Following {
    fn start(follower: Arc<Follower>, stop: CancellationToken) -> Self {
        let task = Self::spawn(&follower, &stop);
        Self { follower, stop, task }
    }

    fn spawn(
        follower: &Arc<Follower>,
        stop: &CancellationToken,
    ) -> (CancellationToken, JoinHandle<()>) {
        let (follower, ending) = (follower.clone(), stop.child_token());
        let stop = ending.clone();
        let run = move || {
            let (follower, stop) = (follower.clone(), stop.clone());
            async move { follower.run(stop).await }
        };
        (ending.clone(), tokio::spawn(supervised("feed", run, ending)))
    }

    /// Writes no more to the copy, once this has returned.
    pub(crate) async fn pause(&mut self) {
        let (ending, task) = &mut self.task;
        ending.cancel();
        // One that has panicked writes nothing either.
        let _ = task.await;
    }

    /// Goes on after a pause.
    pub(crate) fn resume(&mut self) {
        self.task = Self::spawn(&self.follower, &self.stop);
    }
}

/// Opens the copy of `role` and keeps it current until `stop`.
pub(crate) fn start(
    loaded: &Loaded,
    node: &Node,
    role: NodeRole,
    source: Arc<dyn Source>,
    stop: CancellationToken,
) -> Result<Copy, ConfigError> {
    let replica = open(loaded, role)?;
    let identity = NodeIdentity { node: node.name.clone(), role };
    let follower = Arc::new(Follower::new(source, replica.clone(), identity));
    let status = follower.status();
    Ok(Copy { replica, status, following: Following::start(follower, stop) })
}

/// Where a node without control in its process pulls from.
pub(crate) fn remote(loaded: &Loaded, node: &Node) -> Result<Arc<dyn Source>, ConfigError> {
    let blame = |message: String| loaded.blame("feed", Invalid::new("url", message));
    let url = loaded.config.feed.url.as_ref().ok_or_else(|| {
        blame("this role needs the control side's URL: write http://CONTROL:8081".to_owned())
    })?;
    let source = HttpSource::new(url, node.key.clone());
    Ok(Arc::new(source.map_err(|why| blame(format!("{:#}", anyhow::Error::new(why))))?))
}

fn open(loaded: &Loaded, role: NodeRole) -> Result<Replica, ConfigError> {
    let dir = loaded.config.data.replica(role.as_str());
    let blame = |why: anyhow::Error| {
        let message = format!(
            "the local copy in {} cannot be opened ({why:#}): correct its rights",
            dir.display()
        );
        loaded.blame("data", Invalid::new("dir", message))
    };
    folder(&dir).map_err(|why| blame(why.into()))?;
    Replica::open(&dir, &ReplicaOptions::default()).map_err(|why| blame(why.into()))
}
