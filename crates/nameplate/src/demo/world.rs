//! The demo's world: the platform as `nameplate serve` puts it together, on free ports of loopback, with an origin and
//! with the customers' zones in our own name server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use np_control::stores::Stores;
use np_dns::{StaticRecord, StaticZones};
use np_domain::name::DnsName;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{api::Api, origin};
use crate::{
    compose::{Deps, Role, Running, inherited::Inherited, sockets::Sockets},
    config::{Config, Loaded},
    failure::Failure,
};

/// The provider's own domain: its DNS stands beside its customers'.
pub(super) const PROVIDER: &str = "saasprovider.com";
/// What customers point at.
pub(super) const TARGET: &str = "customers.saasprovider.com";
/// Where everything is.
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Everything that the story needs.
pub(super) struct World {
    /// The API, called with the administrator's token.
    pub(super) api: Api,
    /// The provider's application.
    pub(super) origin: SocketAddr,
    /// What happened, from the store.
    pub(super) stores: Stores,
    /// The root to trust.
    pub(super) root: PathBuf,
    /// Where visitors connect.
    pub(super) https: SocketAddr,
    /// Where HTTP is answered.
    pub(super) http: SocketAddr,
    /// Where DNS is answered.
    pub(super) dns: SocketAddr,
    /// Where the admin port is.
    pub(super) admin: SocketAddr,
    customers: Arc<StaticZones>,
    running: Running,
    stop: CancellationToken,
    // Last, so that the folder outlives what uses it.
    folder: TempDir,
}

impl World {
    /// Starts everything.
    pub(super) async fn start() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("nameplate-demo-").tempdir()?;
        let mut loaded = Loaded::of(config(folder.path()));
        let sockets = Sockets::open(&loaded, Role::All, Inherited::default())?;
        know_ports(&mut loaded.config, &sockets)?;
        let customers = Arc::new(StaticZones::new());
        let static_zones = Some(customers.clone());
        let loaded = Arc::new(loaded);
        let deps = Deps { loaded, role: Role::All, sockets, static_zones };
        let running = Running::start(deps).await?;
        let stop = CancellationToken::new();
        let control = running.control.as_ref().context("control runs")?;
        let token = control.admin_token.as_ref().context("the first start makes a token")?;
        let world = Self {
            api: Api::new(control.api, token.secret.clone()),
            origin: origin::start(stop.clone())?,
            stores: control.stores.clone(),
            root: control.local_root.clone().context("the local CA runs")?,
            https: running.https().context("the edge runs")?,
            http: running.http().context("the edge runs")?,
            dns: running.dns().context("the name server runs")?,
            admin: running.admin,
            customers,
            running,
            stop,
            folder,
        };
        world.add_zone(PROVIDER)?;
        world.put(TARGET, StaticRecord::A(ADDRESS))?;
        world.put(&origin_host(), StaticRecord::A(ADDRESS))?;
        Ok(world)
    }

    /// Holds a customer's zone.
    pub(super) fn add_zone(&self, name: &str) -> anyhow::Result<()> {
        Ok(self.customers.add_zone(&dns_name(name)?)?)
    }

    /// What a customer does at the DNS provider.
    pub(super) fn put(&self, name: &str, record: StaticRecord) -> anyhow::Result<()> {
        Ok(self.customers.put(&dns_name(name)?, record)?)
    }

    /// Ends everything and removes the folder.
    pub(super) async fn stop(self) {
        let Self { running, stop, folder, .. } = self;
        running.stop().await;
        stop.cancel();
        drop(folder);
    }
}

/// The name of the provider's application.
pub(super) fn origin_host() -> String {
    format!("origin.{PROVIDER}")
}

/// Parses a name of the story.
pub(super) fn dns_name(name: &str) -> anyhow::Result<DnsName> {
    name.parse().with_context(|| format!("{name} is no name"))
}

fn config(folder: &Path) -> Config {
    let free = SocketAddr::from((ADDRESS, 0));
    let mut config = Config::default();
    config.data.dir = folder.join("data");
    config.api.listen = free;
    // Whoever tries things out need not count calls.
    (config.api.calls_max, config.api.creates_max, config.api.failures_max) = (0, 0, 0);
    config.feed.listen = free;
    config.admin.listen = free;
    config.dns.listen = vec![free];
    config.edge.https_listen = free;
    config.edge.http_listen = free;
    // Everything is on loopback here, the customers' hosts and the origin too.
    config.edge.allow_private_origins = true;
    config.checks.allow_private_addresses = true;
    config
}

/// What can be told once ports are chosen: whom to ask for names, and where customers' port 80 is.
fn know_ports(config: &mut Config, sockets: &Sockets) -> anyhow::Result<()> {
    let edge = sockets.edge.as_ref().context("the role has an edge")?;
    let http = edge.http.first().context("the edge listens on port 80's stand-in")?;
    let dns = sockets.dns.first().context("the role has a name server")?.udp.local_addr()?;
    config.checks.http_port = http.local_addr()?.port();
    config.checks.resolvers = vec![dns];
    config.checks.dns_port = dns.port();
    config.edge.resolvers = vec![dns];
    Ok(())
}
