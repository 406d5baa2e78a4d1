//! Puts a process together: one file per role, each a value of named parts. What can be wrong with the configuration
//! is found before anything serves: sockets first, then files, then the database.

pub(crate) mod admin;
pub(crate) mod authorities;
pub(crate) mod control;
mod dns;
mod edge;
mod first_start;
mod follow;
pub(crate) mod handover;
pub(crate) mod inherited;
mod mail;
mod node;
pub(crate) mod rules;
pub(crate) mod sockets;
mod supervise;

use std::{io, net::SocketAddr, os::fd::OwnedFd, sync::Arc, time::Duration};

use hyper::service::service_fn;
use np_control::stores::Stores;
use np_dns::StaticZones;
use np_feed::Source;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use self::{
    admin::Admin,
    control::{Control, ControlDeps},
    dns::{DnsNode, DnsNodeDeps},
    edge::{EdgeNode, EdgeNodeDeps},
    follow::Following,
    handover::{
        predecessor::Predecessor,
        successor::{Program, Successor},
    },
    inherited::Inherited,
    node::Node,
    sockets::Sockets,
};
use crate::{
    config::Loaded,
    failure::Failure,
    http_server::HttpServer,
    service_manager,
    signals::{Asked, Signals},
};

/// Connections to the admin port at a time.
const ADMIN_CONNECTIONS_MAX: usize = 64;
/// How much longer than the drain the end may take before it is forced.
const END_MARGIN: Duration = Duration::from_secs(2);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    All,
    /// Decide.
    Control,
    /// Answer port 53.
    Dns,
    /// Answer ports 443 and 80.
    Edge,
}

impl Role {
    /// Whether it decides.
    pub(crate) fn has_control(self) -> bool {
        matches!(self, Self::All | Self::Control)
    }

    /// Whether it answers port 53.
    pub(crate) fn has_dns(self) -> bool {
        matches!(self, Self::All | Self::Dns)
    }

    /// Whether it answers ports 443 and 80.
    pub(crate) fn has_edge(self) -> bool {
        matches!(self, Self::All | Self::Edge)
    }

    /// Whether a second process may play it while the first one ends. Who decides has a database and a name in leases to itself.
    fn is_replaceable(self) -> bool {
        !self.has_control()
    }
}

/// How this process came to be.
pub(crate) struct Launch {
    /// The program, with its arguments.
    pub(crate) program: Program,
    /// Where its sockets come from.
    pub(crate) beginning: Beginning,
}

/// Where a process has its sockets from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// From a service manager that passes some, or from nobody.
    Afresh,
    /// From the process that it takes over from.
    Takeover,
}

impl Beginning {
    fn sockets(self) -> Result<(Option<Predecessor>, Inherited), Failure> {
        match self {
            Self::Afresh => Ok((None, Inherited::from_service_manager()?)),
            Self::Takeover => {
                let (predecessor, inherited) = Predecessor::meet()?;
                Ok((Some(predecessor), inherited))
            }
        }
    }
}

/// What a process is made of.
pub(crate) struct Deps {
    /// The configuration.
    pub(crate) loaded: Arc<Loaded>,
    /// What it does.
    pub(crate) role: Role,
    /// Where it listens.
    pub(crate) sockets: Sockets,
    /// Further zones for the name server: the demo's customers.
    pub(crate) static_zones: Option<Arc<StaticZones>>,
}

/// A process at work.
pub(crate) struct Running {
    /// Control, if the role has it.
    pub(crate) control: Option<Control>,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub(crate) admin: SocketAddr,
    edge: Option<EdgeNode>,
    dns: Option<DnsNode>,
    drain_timeout: Duration,
    stop: CancellationToken,
    /// Cancelled after everything has drained: nodes follow the feed until then.
    end: CancellationToken,
    /// Closes the admin port; cancelled with `end`.
    admin_end: CancellationToken,
}

/// Why a process ends.
enum Ending {
    /// This signal asks for it.
    Asked(&'static str),
    /// The process with this id serves in its place.
    Replaced(u32),
}

/// Runs a role until a signal, then ends it in order.
pub(crate) async fn run(loaded: Loaded, role: Role, launch: Launch) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let (predecessor, inherited) = launch.beginning.sockets()?;
    let sockets = Sockets::open(&loaded, role, inherited)?;
    let handles = role.is_replaceable().then(|| sockets.handles()).transpose()?;
    let loaded = Arc::new(loaded);
    if role.has_control() {
        warn_of_placeholder(&loaded);
        tokio::spawn(warn_of_unreachable(loaded.clone()));
    }
    let mut running = Running::start(Deps { loaded, role, sockets, static_zones: None }).await?;
    print!("{}", running.summary());
    match predecessor {
        Some(predecessor) => predecessor.relieve(),
        None => service_manager::ready(),
    }
    let ending = running.until_ending(&mut signals, &launch.program, handles).await;
    match ending {
        Ending::Asked(signal) => {
            service_manager::stopping();
            tracing::info!(
                signal,
                "process.draining: takes nothing new, finishes what is under way"
            );
            running.stop().await;
        }
        Ending::Replaced(by) => {
            service_manager::replaced_by(by);
            tracing::info!(by, "process.replaced: takes nothing new, finishes what is under way");
            running.stop_replaced().await;
        }
    }
    tracing::info!("process.ended");
    Ok(())
}

/// Brings the database to this version's schema.
pub(crate) async fn migrate(loaded: &Loaded) -> Result<(), Failure> {
    node::data_folder(loaded)?;
    control::open_store(loaded).await?;
    println!("the database has this version's schema");
    Ok(())
}

/// Gives the user who was made at the first start a new key.
pub(crate) async fn roll_key(loaded: &Loaded) -> Result<(), Failure> {
    node::data_folder(loaded)?;
    let stores = Stores::of(Arc::new(control::open_store(loaded).await?));
    let path = loaded.config.data.admin_key();
    println!("{}", first_start::roll_admin_key(&stores, &path).await?);
    Ok(())
}

impl Running {
    /// Starts everything that the role needs.
    pub(crate) async fn start(deps: Deps) -> Result<Self, Failure> {
        let Deps { loaded, role, sockets, static_zones } = deps;
        let node = Node::prepare(&loaded, role)?;
        let mut registry = Registry::with_prefix("nameplate");
        let (stop, end) = (CancellationToken::new(), CancellationToken::new());
        let control = match sockets.control {
            Some(sockets) => {
                let (registry, stop) = (&mut registry, stop.clone());
                let deps = ControlDeps { loaded: &loaded, node: &node, sockets, registry, stop };
                Some(Control::start(deps).await?)
            }
            None => None,
        };
        let source: Arc<dyn Source> = match &control {
            Some(control) => control.feed.clone(),
            None => follow::remote(&loaded, &node)?,
        };
        let edge = sockets.edge.map(|sockets| {
            let (source, registry, stop) = (source.clone(), &mut registry, end.clone());
            edge::start(EdgeNodeDeps {
                loaded: &loaded,
                node: &node,
                sockets,
                source,
                registry,
                stop,
            })
        });
        let edge = edge.transpose()?;
        let dns = (!sockets.dns.is_empty()).then(|| {
            let (sockets, registry, stop) = (sockets.dns, &mut registry, end.clone());
            let (loaded, node) = (&loaded, &node);
            dns::start(DnsNodeDeps { loaded, node, sockets, source, static_zones, registry, stop })
        });
        let dns = dns.transpose()?;
        let edge_copy = edge.as_ref().map(|edge| ("edge", edge.status.clone()));
        let dns_copy = dns.as_ref().map(|dns| ("dns", dns.status.clone()));
        let admin = Admin {
            registry,
            store: control.as_ref().map(|control| control.store.clone()),
            copies: edge_copy.into_iter().chain(dns_copy).collect(),
            stop: stop.clone(),
        };
        let admin_end = end.child_token();
        let admin = serve_admin(sockets.admin, admin, admin_end.clone())?;
        let drain_timeout = loaded.config.shutdown.drain_timeout.0;
        let running = Self { control, admin, edge, dns, drain_timeout, stop, end, admin_end };
        running.log();
        Ok(running)
    }

    /// Where HTTPS is spoken.
    pub(crate) fn https(&self) -> Option<SocketAddr> {
        self.edge.as_ref().map(|edge| edge.running.https_addr())
    }

    /// Where HTTP is spoken.
    pub(crate) fn http(&self) -> Option<SocketAddr> {
        self.edge.as_ref().map(|edge| edge.running.http_addr())
    }

    /// Where DNS is answered.
    pub(crate) fn dns(&self) -> Option<SocketAddr> {
        self.dns.as_ref().map(|dns| dns.running.addr())
    }

    /// Runs until it is to end, or another process serves in its place. `sockets` are what that one would serve on.
    async fn until_ending(
        &mut self,
        signals: &mut Signals,
        program: &Program,
        sockets: Option<Vec<OwnedFd>>,
    ) -> Ending {
        loop {
            let sockets = match (signals.heard().await, &sockets) {
                (Asked::End(signal), _) => return Ending::Asked(signal),
                (Asked::Replace, Some(_)) if std::process::id() == 1 => {
                    tracing::warn!(
                        "process.not_replaced: this is the first process of its container, which would end with it; \
                         start another container"
                    );
                    continue;
                }
                (Asked::Replace, Some(sockets)) => sockets,
                (Asked::Replace, None) => {
                    tracing::warn!(
                        "process.not_replaced: only `edge` and `dns` can be replaced while they serve; restart this one"
                    );
                    continue;
                }
            };
            service_manager::reloading();
            tokio::select! {
                replaced = self.replace(program, sockets) => match replaced {
                    Ok(by) => return Ending::Replaced(by),
                    Err(why) => {
                        service_manager::ready();
                        tracing::error!(
                            why = format!("{why:#}"),
                            "process.not_replaced: the new process does not serve; this one goes on"
                        );
                    }
                },
                signal = signals.end() => return Ending::Asked(signal),
            }
        }
    }

    /// Has another process serve in place of this one; its id.
    async fn replace(&mut self, program: &Program, sockets: &[OwnedFd]) -> anyhow::Result<u32> {
        let sockets = sockets.iter().map(OwnedFd::try_clone).collect::<io::Result<_>>()?;
        for following in self.followings() {
            following.pause().await;
        }
        let successor = Successor::start(program, sockets).await;
        if successor.is_err() {
            self.followings().for_each(Following::resume);
        }
        Ok(successor?.id())
    }

    fn followings(&mut self) -> impl Iterator<Item = &mut Following> {
        let edge = self.edge.iter_mut().map(|edge| &mut edge.following);
        edge.chain(self.dns.iter_mut().map(|dns| &mut dns.following))
    }

    /// The same as [`Running::stop`] while another process serves on the same ports: it answers at the admin port, and queries
    /// under way are answered here.
    async fn stop_replaced(mut self) {
        self.admin_end.cancel();
        if let Some(dns) = &mut self.dns {
            // Within the time that one query may take; the process is not kept longer.
            let _ = tokio::time::timeout(self.drain_timeout, dns.running.drain()).await;
        }
        self.stop().await;
    }

    /// Takes nothing new, lets what is under way finish within the configured time, and ends the rest.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let Self { control, edge, dns, end, drain_timeout, .. } = self;
        let edge = async {
            if let Some(edge) = edge {
                edge.running.shutdown().await;
            }
        };
        let control = async {
            if let Some(control) = &control {
                control.ended().await;
            }
        };
        let drained = async { tokio::join!(edge, control) };
        if tokio::time::timeout(drain_timeout + END_MARGIN, drained).await.is_err() {
            tracing::warn!(drain_timeout_ms = drain_timeout.as_millis(), "process.drain_cut_short");
        }
        end.cancel();
        if let Some(dns) = dns {
            dns.running.shutdown().await;
        }
    }

    fn log(&self) {
        let address = |address: Option<SocketAddr>| address.map(tracing::field::display);
        let control = self.control.as_ref();
        tracing::info!(
            api = address(control.map(|control| control.api)),
            feed = address(control.map(|control| control.feed_listen)),
            https = address(self.https()),
            http = address(self.http()),
            dns = address(self.dns()),
            admin = %self.admin,
            "process.started"
        );
    }

    /// What was started, for the person at the terminal.
    fn summary(&self) -> String {
        let control = self.control.as_ref();
        let rows = [
            ("API", control.map(|control| format!("http://{}/client/v4", control.api))),
            ("feed", control.map(|control| format!("http://{}", control.feed_listen))),
            ("HTTPS", self.https().map(|address| address.to_string())),
            ("HTTP", self.http().map(|address| address.to_string())),
            ("DNS", self.dns().map(|address| address.to_string())),
            ("admin", Some(format!("http://{}/readyz", self.admin))),
            (
                "local CA",
                control.and_then(|c| c.local_root.as_ref()).map(|p| p.display().to_string()),
            ),
        ];
        let mut text = format!("Nameplate {}\n", env!("CARGO_PKG_VERSION"));
        for (name, value) in rows {
            if let Some(value) = value {
                text.push_str(&format!("  {name:<9} {value}\n"));
            }
        }
        if let Some(token) = control.and_then(|control| control.admin_token.as_ref()) {
            let path = token.path.display();
            text.push_str(&format!(
                "\n  The administrator's API token, shown this once and kept in {path}:\n  {}\n",
                token.secret
            ));
        }
        text
    }
}

fn serve_admin(
    socket: std::net::TcpListener,
    admin: Admin,
    end: CancellationToken,
) -> io::Result<SocketAddr> {
    let admin = Arc::new(admin);
    let service = service_fn(move |request| admin.clone().answer(request));
    let server = HttpServer::new(socket, service, ADMIN_CONNECTIONS_MAX)?;
    let address = server.address()?;
    tokio::spawn(server.run(end));
    Ok(address)
}

/// A CA that is away is no reason not to serve, so this only warns; `check-config` fails.
async fn warn_of_unreachable(loaded: Arc<Loaded>) {
    // What is wrong with the settings themselves ends the start.
    let settings = authorities::settings(&loaded).unwrap_or_default();
    for why in authorities::unreachable(&loaded, &settings).await {
        tracing::warn!(%why, "authority.unreachable: nothing new is issued by it until it answers");
    }
}

fn warn_of_placeholder(loaded: &Loaded) {
    if loaded.config.platform.is_placeholder() {
        tracing::warn!(
            "config.placeholder_domain: platform.domain is not set, so no customer can delegate to it; set it to a \
             domain of yours"
        );
    }
}
