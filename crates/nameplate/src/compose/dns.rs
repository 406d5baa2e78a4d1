//! A name server: its copy of the feed, and who answers port 53 from it.

use std::sync::Arc;

use np_dns::{
    DelegationDeps, DnsDeps, DnsMetrics, DnsServer, DnsSocket, FullZonesDeps, RunningDns,
    StaticZones,
};
use np_domain::ports::NodeRole;
use np_feed::{Source, client::Status};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    follow::{self, Following},
    node::Node,
};
use crate::{
    config::{Loaded, error::Invalid},
    failure::Failure,
};

/// What a name server is made of.
pub(crate) struct DnsNodeDeps<'a> {
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// This process.
    pub(crate) node: &'a Node,
    /// Where it answers.
    pub(crate) sockets: Vec<DnsSocket>,
    /// Where its copy is pulled from.
    pub(crate) source: Arc<dyn Source>,
    /// Further zones: the demo's customers.
    pub(crate) static_zones: Option<Arc<StaticZones>>,
    /// Where it counts.
    pub(crate) registry: &'a mut Registry,
    /// Ends the following of the feed; answering ends with [`RunningDns::shutdown`].
    pub(crate) stop: CancellationToken,
}

/// A name server at work.
pub(crate) struct DnsNode {
    /// Who answers.
    pub(crate) running: RunningDns,
    /// How its copy is doing.
    pub(crate) status: watch::Receiver<Status>,
    /// Who keeps it current.
    pub(crate) following: Following,
}

/// Starts a name server.
pub(crate) fn start(deps: DnsNodeDeps<'_>) -> Result<DnsNode, Failure> {
    let DnsNodeDeps { loaded, node, sockets, source, static_zones, registry, stop } = deps;
    let (dns, platform) = (&loaded.config.dns, &loaded.config.platform);
    let blame = |invalid: Invalid| loaded.blame("dns", invalid);
    let domain = dns.domain(platform).map_err(blame)?;
    let copy = follow::start(loaded, node, NodeRole::Dns, source, stop)?;
    let running = DnsServer::start(DnsDeps {
        sockets,
        settings: dns.settings(),
        delegation: DelegationDeps {
            domain,
            name_servers: dns.servers(platform),
            contact: dns.contact(),
            data: Arc::new(copy.replica.clone()),
        },
        full_zones: Some(FullZonesDeps {
            data: Arc::new(copy.replica),
            edge_addresses: dns.edge_addresses.clone(),
        }),
        static_zones,
        metrics: DnsMetrics::register(registry),
    })
    .map_err(|why| blame(Invalid::new("name_servers", format!("{:#}", anyhow::Error::new(why)))))?;
    Ok(DnsNode { running, status: copy.status, following: copy.following })
}
