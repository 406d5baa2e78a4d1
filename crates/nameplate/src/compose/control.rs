//! The deciding side: memory, the API, the reconcilers, and the feed.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use hyper_util::service::TowerToHyperService;
use np_control::{
    adapters::{
        clock::SystemClock,
        http_probe::HttpTokenProbe,
        inspector::WorldInspector,
        resolver::{DnsResolver, ResolverError},
        trust_store::TrustStore,
    },
    api::{self, ApiDeps, ApiSettings},
    app::{diagnostics::Issuers, draws::RandomDraws},
    feed_server::{self, FeedLimits, FeedServer, FeedServerDeps},
    reconcile::{
        Journal, Rules, Settings, TokioTimer, World,
        activation::Activation,
        driver::{self, Pace, Reconcile},
        issuance::Issuance,
        ownership::Ownership,
        scan::Scans,
    },
    stores::Stores,
    wake::{Bell, Bells},
};
use np_domain::{
    certificate::{AuthorityName, Methods},
    delegation::DelegationDomain,
    name::DnsName,
    ports::{Clock, HttpProbe, Inspector, LeaseOwner, Resolver, Vault},
    secret::SecretBytes,
};
use np_store::{FileVault, OpenError, Store};
use prometheus_client::registry::Registry;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    authorities::{self, BuildDeps, Built},
    first_start::{self, AdminToken},
    node::Node,
    sockets::ControlSockets,
    supervise::supervised,
};
use crate::{
    config::{
        Config, Loaded,
        authorities::Driver,
        error::{ConfigError, Invalid},
    },
    failure::Failure,
    http_server::HttpServer,
};

/// Nodes that pull the feed at a time; each holds one connection.
const FEED_CONNECTIONS_MAX: usize = 1000;
/// The secret that is kept only to be opened at each start, and the vault's context of it.
const KEY_CHECK: &str = "master-key-check";

/// What control is made of.
pub(crate) struct ControlDeps<'a> {
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// This process.
    pub(crate) node: &'a Node,
    /// Where it listens.
    pub(crate) sockets: ControlSockets,
    /// Where it counts.
    pub(crate) registry: &'a mut Registry,
    /// Ends it.
    pub(crate) stop: CancellationToken,
}

/// Control at work.
pub(crate) struct Control {
    /// Where the API is.
    pub(crate) api: SocketAddr,
    /// Where nodes pull.
    pub(crate) feed_listen: SocketAddr,
    /// The feed, for nodes in this process.
    pub(crate) feed: Arc<FeedServer>,
    /// The database.
    pub(crate) store: Store,
    /// The ports of memory.
    pub(crate) stores: Stores,
    /// The administrator's token, where it is kept, and whether it is new.
    pub(crate) admin_token: Option<AdminToken>,
    /// The root of the CA in this program, where there is one.
    pub(crate) local_root: Option<PathBuf>,
    works: TaskTracker,
}

/// What every part of control works with.
struct Ground {
    stores: Stores,
    vault: Arc<dyn Vault>,
    trust: Arc<TrustStore>,
    clock: Arc<dyn Clock>,
    bells: Bells,
    journal: Journal,
    domain: DelegationDomain,
    cdn_domain: Option<DnsName>,
}

/// How control looks at customers' names.
struct Senses {
    resolver: Arc<dyn Resolver>,
    probe: Arc<dyn HttpProbe>,
}

impl Control {
    /// Opens memory, and starts everything.
    pub(crate) async fn start(deps: ControlDeps<'_>) -> Result<Self, Failure> {
        let ControlDeps { loaded, node, sockets, registry, stop } = deps;
        let config = &loaded.config;
        let vault = vault(loaded)?;
        let store = open_store(loaded).await?;
        let journal = Journal::default();
        journal.register(registry);
        let ground = Ground {
            stores: Stores::of(Arc::new(store.clone())),
            vault: Arc::new(vault),
            trust: Arc::new(trust_store(loaded)?),
            clock: Arc::new(SystemClock),
            bells: Bells::default(),
            journal,
            domain: config.dns.domain(&config.platform).map_err(|why| loaded.blame("dns", why))?,
            cdn_domain: config.platform.cdn_domain(),
        };
        check_master_key(loaded, &ground).await?;
        let admin_token =
            first_start::admin_token(&ground.stores, &*ground.clock, &config.data.admin_token())
                .await?;
        if let Some(email) = config.api.admin_email(&config.platform) {
            let path = config.data.admin_key();
            first_start::admin_user(&ground.stores, &*ground.clock, email, &path).await?;
        }
        let resolver = resolver(loaded)?;
        let probe = HttpTokenProbe::new(config.checks.probe(), resolver.clone());
        let inspector = inspector(loaded, probe.clone(), ground.clock.clone())?;
        let senses = Senses { resolver, probe: Arc::new(probe) };
        let built = authorities::build(&BuildDeps {
            loaded,
            stores: &ground.stores,
            vault: &ground.vault,
            clock: &ground.clock,
            resolver: &senses.resolver,
            probe: &senses.probe,
        })
        .await?;
        let local_root = built.local_root.clone();
        let authorities = built.authorities.clone();
        authorities.register(registry);
        let methods = authorities.methods();
        let issuers: Issuers = Arc::new(move || authorities.issuers());
        let works = TaskTracker::new();
        let world = world(loaded, node, &ground, senses, built);
        if let Err(why) = world.take_over().await {
            tracing::warn!(error = %why, "leases.kept: work under way at the last end waits until they run out");
        }
        reconcile(world, &works, &stop);
        let feed = feed(&ground, node);
        let api_server = HttpServer::new(
            sockets.api,
            TowerToHyperService::new(api::router(api_deps(
                loaded, &ground, inspector, issuers, methods,
            ))),
            config.api.connections_max,
        )?;
        let feed_routes = TowerToHyperService::new(feed_server::router(feed.clone()));
        let feed_http = HttpServer::new(sockets.feed, feed_routes, FEED_CONNECTIONS_MAX)?;
        let (api, feed_listen) = (api_server.address()?, feed_http.address()?);
        works.spawn(api_server.run(stop.clone()));
        // Its requests wait for changes on purpose: nothing is lost when they end with the process.
        tokio::spawn(feed_http.run(stop));
        let stores = ground.stores;
        Ok(Self { api, feed_listen, feed, store, stores, admin_token, local_root, works })
    }

    /// Waits, once the token that it was started with is cancelled, for requests and work under way.
    pub(crate) async fn ended(&self) {
        self.works.close();
        self.works.wait().await;
    }
}

/// Opens the database and brings its schema up to date.
pub(crate) async fn open_store(loaded: &Loaded) -> Result<Store, Failure> {
    let config = &loaded.config;
    let opened = Store::open(&config.store.url(&config.data), &config.store.options()).await;
    opened.map_err(|why| database_refused(loaded, why).into())
}

/// Why the database cannot be used, as the configuration's fault.
pub(crate) fn database_refused(loaded: &Loaded, why: OpenError) -> ConfigError {
    let why = anyhow::Error::new(why);
    let message = format!("{why:#}: correct the URL, or see that the database runs");
    loaded.blame("store", Invalid::new("url", message))
}

/// A database that was sealed with another key is refused before anything new is sealed into it.
async fn check_master_key(loaded: &Loaded, ground: &Ground) -> Result<(), Failure> {
    let sealed = ground.vault.seal(KEY_CHECK, &SecretBytes::new(KEY_CHECK.into()));
    let kept = ground.stores.secrets.keep_secret(KEY_CHECK, &sealed).await;
    let kept = kept.context("the check of the master key cannot be kept in the database")?;
    ground.vault.open(KEY_CHECK, &kept).map(drop).map_err(|_| {
        let path = loaded.config.data.master_key();
        let message =
            format!("{} is not the key of this database; restore the right file", path.display());
        loaded.blame("data", Invalid::new("master_key_file", message)).into()
    })
}

/// Seals and opens what the database keeps.
pub(super) fn vault(loaded: &Loaded) -> Result<FileVault, ConfigError> {
    FileVault::open_or_create(&loaded.config.data.master_key()).map_err(|why| {
        let message = format!("{:#}", anyhow::Error::new(why));
        loaded.blame("data", Invalid::new("master_key_file", message))
    })
}

/// The roots that uploaded certificates must lead to.
pub(crate) fn trust_store(loaded: &Loaded) -> Result<TrustStore, ConfigError> {
    let Some(path) = &loaded.config.certificates.trust_store else {
        return Ok(TrustStore::mozilla());
    };
    let blame = |why: String| {
        let message = format!("{}: {why}; give a PEM file with root certificates", path.display());
        loaded.blame("certificates", Invalid::new("trust_store", message))
    };
    let text = std::fs::read_to_string(path).map_err(|why| blame(why.to_string()))?;
    TrustStore::from_pem(&text).map_err(|why| blame(why.to_string()))
}

/// The resolvers that the configuration names.
pub(crate) fn resolver(loaded: &Loaded) -> Result<Arc<dyn Resolver>, ConfigError> {
    let resolver = DnsResolver::new(loaded.config.checks.resolver());
    Ok(Arc::new(resolver.map_err(|why| resolvers_refused(loaded, why))?))
}

/// What diagnoses look with.
pub(crate) fn inspector(
    loaded: &Loaded,
    probe: HttpTokenProbe,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Inspector>, ConfigError> {
    let settings =
        loaded.config.checks.inspector().map_err(|why| resolvers_refused(loaded, why))?;
    Ok(Arc::new(WorldInspector::new(settings, probe, clock)))
}

fn resolvers_refused(loaded: &Loaded, why: ResolverError) -> ConfigError {
    let message = format!("{:#}", anyhow::Error::new(why));
    loaded.blame("checks", Invalid::new("resolvers", message))
}

fn world(
    loaded: &Loaded,
    node: &Node,
    ground: &Ground,
    senses: Senses,
    built: Built,
) -> Arc<World> {
    let config = &loaded.config;
    let owner = LeaseOwner(node.name.clone());
    Arc::new(World {
        stores: ground.stores.clone(),
        clock: ground.clock.clone(),
        timer: Arc::new(TokioTimer::default()),
        vault: ground.vault.clone(),
        resolver: senses.resolver,
        probe: senses.probe,
        authorities: built.authorities,
        bells: ground.bells.clone(),
        journal: ground.journal.clone(),
        rules: Rules::default(),
        settings: Settings {
            watch: config.ownership.watch(),
            rules: config.ownership.rules(),
            name_servers: name_servers(loaded),
            activation: config.zones.activation.into(),
            automatic: config.certificates.automatic(),
            ..config.reconcile.settings(owner, ground.cdn_domain.clone())
        },
    })
}

fn reconcile(world: Arc<World>, works: &TaskTracker, stop: &CancellationToken) {
    let bells = world.bells.clone();
    start_reconciler(Arc::new(Activation(world.clone())), &world, bells.activation, works, stop);
    start_reconciler(Arc::new(Scans(world.clone())), &world, bells.scans, works, stop);
    start_reconciler(Arc::new(Ownership(world.clone())), &world, bells.ownership, works, stop);
    start_reconciler(Arc::new(Issuance(world.clone())), &world, bells.issuance, works, stop);
}

fn start_reconciler<R: Reconcile>(
    reconciler: Arc<R>,
    world: &World,
    bell: Bell,
    works: &TaskTracker,
    stop: &CancellationToken,
) {
    let (period, in_flight_max) = (world.settings.period, world.settings.in_flight_max);
    let ending = stop.clone();
    let run = move || {
        let pace = Pace { bell: bell.clone(), period, in_flight_max };
        driver::run(reconciler.clone(), pace, ending.clone())
    };
    works.spawn(supervised(R::NAME, run, stop.clone()));
}

fn feed(ground: &Ground, node: &Node) -> Arc<FeedServer> {
    FeedServer::new(FeedServerDeps {
        stores: ground.stores.clone(),
        vault: ground.vault.clone(),
        clock: ground.clock.clone(),
        node_key: node.key.clone(),
        domain: ground.domain.clone(),
        bells: ground.bells.clone(),
        limits: FeedLimits::default(),
    })
}

/// The name servers of full zones and of the delegation domain.
fn name_servers(loaded: &Loaded) -> Vec<DnsName> {
    let servers = loaded.config.dns.servers(&loaded.config.platform);
    servers.into_iter().map(|server| server.name).collect()
}

fn api_deps(
    loaded: &Loaded,
    ground: &Ground,
    inspector: Arc<dyn Inspector>,
    issuers: Issuers,
    methods: BTreeMap<AuthorityName, Methods>,
) -> ApiDeps {
    let config = &loaded.config;
    let limit = config.api.hostnames_per_zone_max;
    ApiDeps {
        stores: ground.stores.clone(),
        clock: ground.clock.clone(),
        bells: ground.bells.clone(),
        journal: ground.journal.clone(),
        settings: ApiSettings {
            delegation_domain: ground.domain.clone(),
            cdn_domain: ground.cdn_domain.clone(),
            name_servers: name_servers(loaded),
            create_wait: config.api.create_wait.0,
            authorities: config.authorities.keys().map(|word| (*word).into()).collect(),
            default_authority: config.certificates.default_authority.into(),
            methods,
            keys: config.certificates.keys(),
            body_bytes_max: config.api.body_bytes_max,
            body_timeout: np_control::api::BODY_TIMEOUT,
            hostnames_per_zone_max: (limit > 0).then_some(limit),
            private_authorities: private_authorities(config),
            packs_per_zone_max: config.api.packs_per_zone_max,
            activation: config.zones.activation.into(),
            rates: config.api.rates(),
            prefixes: config.ownership.rules().prefixes,
            known_age_max: config.api.known_age_max.0,
            trusted_proxies: config.api.trusted_proxies.iter().map(|range| range.0).collect(),
            serving_defaults: config.edge.serving(),
        },
        draws: Arc::new(RandomDraws),
        vault: ground.vault.clone(),
        trust: ground.trust.clone(),
        inspector,
        issuers,
    }
}

/// The CAs in this program, which no rule for public ones binds.
fn private_authorities(config: &Config) -> Vec<AuthorityName> {
    let private = config.authorities.iter().filter(|(_, one)| one.driver == Driver::Local);
    private.map(|(word, _)| (*word).into()).collect()
}
