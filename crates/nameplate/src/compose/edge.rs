//! An edge: its copy of the feed, and who answers ports 443 and 80 from it.

use std::sync::Arc;

use anyhow::Context as _;
use np_control::adapters::clock::SystemClock;
use np_domain::ports::NodeRole;
use np_edge::{DnsOriginResolver, Edge, EdgeDeps, Metrics, RunningEdge};
use np_feed::{Source, client::Status};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    follow::{self, Following},
    node::Node,
    sockets::EdgeSockets,
};
use crate::{
    config::{Loaded, error::Invalid},
    failure::Failure,
};

/// What an edge is made of.
pub(crate) struct EdgeNodeDeps<'a> {
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// This process.
    pub(crate) node: &'a Node,
    /// Where it listens.
    pub(crate) sockets: EdgeSockets,
    /// Where its copy is pulled from.
    pub(crate) source: Arc<dyn Source>,
    /// Where it counts.
    pub(crate) registry: &'a mut Registry,
    /// Ends the following of the feed; serving ends with [`RunningEdge::shutdown`].
    pub(crate) stop: CancellationToken,
}

/// An edge at work.
pub(crate) struct EdgeNode {
    /// Who answers.
    pub(crate) running: RunningEdge,
    /// How its copy is doing.
    pub(crate) status: watch::Receiver<Status>,
    /// Who keeps it current.
    pub(crate) following: Following,
}

/// Starts an edge.
pub(crate) fn start(deps: EdgeNodeDeps<'_>) -> Result<EdgeNode, Failure> {
    let EdgeNodeDeps { loaded, node, sockets, source, registry, stop } = deps;
    let config = &loaded.config;
    let blame = |invalid: Invalid| loaded.blame("edge", invalid);
    let settings = config.edge.settings(config.shutdown.drain_timeout).map_err(blame)?;
    let resolver = DnsOriginResolver::new(&config.edge.resolver())
        .map_err(|why| blame(Invalid::new("resolvers", why.to_string())))?;
    let copy = follow::start(loaded, node, NodeRole::Edge, source, stop)?;
    let running = Edge::start(EdgeDeps {
        replica: copy.replica,
        node_key: node.key.clone(),
        https: sockets.https,
        http: sockets.http,
        settings,
        resolver: Arc::new(resolver),
        clock: Arc::new(SystemClock),
        metrics: Metrics::register(registry),
    })
    .context("the edge cannot start")?;
    Ok(EdgeNode { running, status: copy.status, following: copy.following })
}
