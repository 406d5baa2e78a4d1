//! The API over a store, served on a port of loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use np_control::{
    adapters::{clock::SystemClock, trust_store::TrustStore},
    api::{
        ApiDeps, ApiSettings, BODY_BYTES_MAX, BODY_TIMEOUT, KNOWN_AGE_MAX, PACKS_PER_ZONE_MAX,
        router,
    },
    app::{
        draws::{Draws, RandomDraws},
        limits::Rates,
        tokens,
    },
    reconcile::Journal,
    stores::Stores,
    wake::Bells,
};
use np_domain::{
    certificate::{AuthorityName, KeyType, Methods},
    delegation::DelegationDomain,
    diagnosis::{Sight, Wanted},
    id::ZoneId,
    ports::{Clock, Inspector},
    zone::activation::Policy,
};
use np_store::{FileVault, Store, StoreOptions};
use tokio::runtime::{self, Handle, Runtime};

use crate::client::Connection;

/// What is measured.
pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) server: SocketAddr,
    pub(crate) token: String,
    /// The zone that is created in and read from.
    pub(crate) small: ZoneId,
    /// The zone that is listed.
    pub(crate) large: ZoneId,
    /// The database's process, when it has one of its own.
    pub(crate) database_process: Option<u32>,
    /// Whom the server and its database run on: other threads than the client's.
    _threads: Threads,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(url: &str, database_process: Option<u32>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let threads = Threads::start()?;
        // The store's own tasks run where it is opened.
        let opened = url.to_owned();
        let handle = threads.handle()?;
        let opening = tokio::task::spawn_blocking(move || {
            handle.block_on(Store::open(&opened, &StoreOptions::default()))
        });
        let store = Arc::new(opening.await??);
        let (clock, draws) = (Arc::new(SystemClock), Arc::new(RandomDraws));
        let shared: Arc<dyn Draws> = draws.clone();
        let now = clock.now();
        let made = tokens::create_admin(store.as_ref(), shared.as_ref(), now).await?;
        let settings = ApiSettings {
            delegation_domain: DelegationDomain::new("dcv.platform.net".parse()?),
            cdn_domain: "cdn.platform.net".parse().ok(),
            name_servers: vec!["ns1.platform.net".parse()?],
            create_wait: Duration::ZERO,
            authorities: vec![AuthorityName::LetsEncrypt, AuthorityName::Google],
            default_authority: AuthorityName::LetsEncrypt,
            methods: [AuthorityName::LetsEncrypt, AuthorityName::Google]
                .map(|name| (name, Methods::acme()))
                .into(),
            keys: vec![KeyType::P256],
            body_bytes_max: BODY_BYTES_MAX,
            body_timeout: BODY_TIMEOUT,
            hostnames_per_zone_max: None,
            private_authorities: Vec::new(),
            packs_per_zone_max: PACKS_PER_ZONE_MAX,
            activation: Policy::Automatic,
            rates: Rates::OFF,
            prefixes: Vec::new(),
            known_age_max: KNOWN_AGE_MAX,
            trusted_proxies: Vec::new(),
            serving_defaults: Default::default(),
        };
        let deps = ApiDeps {
            stores: Stores::of(store.clone()),
            clock,
            bells: Bells::default(),
            journal: Journal::default(),
            settings,
            draws,
            trust: Arc::new(TrustStore::mozilla()),
            inspector: Arc::new(Blind),
            issuers: Arc::new(Vec::new),
            vault: Arc::new(FileVault::open_or_create(&folder.path().join("master.key"))?),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let server = listener.local_addr()?;
        let app = router(deps);
        let listener = listener.into_std()?;
        threads.handle()?.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, app).await
        });
        let token = made.secret.expose().to_owned();
        let mut connection = Connection::open(server, &token).await?;
        // What is created in would be there already in the zone of an earlier run.
        let small = zone(&mut connection, &format!("small-{}.com", now.unix_timestamp())).await?;
        let large = zone(&mut connection, "large-provider.com").await?;
        let (_threads, _folder) = (threads, folder);
        Ok(Self { store, server, token, small, large, database_process, _threads, _folder })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(self.server, &self.token).await
    }
}

/// Threads for the server. They end without being waited for, as they must where others are at work.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> std::io::Result<Self> {
        let mut threads = runtime::Builder::new_multi_thread();
        let threads = threads.worker_threads(2).thread_name("api").enable_all().build()?;
        Ok(Self(Some(threads)))
    }

    fn handle(&self) -> anyhow::Result<Handle> {
        Ok(self.0.as_ref().context("the threads ended")?.handle().clone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// The zone with this name, which an earlier run may have made.
async fn zone(connection: &mut Connection, name: &str) -> anyhow::Result<ZoneId> {
    let answer = connection.send("POST", "/zones", &format!("{{\"name\":\"{name}\"}}")).await?;
    let mut body: serde_json::Value = serde_json::from_slice(answer.body)?;
    if answer.status != 200 {
        let found = connection.send("GET", &format!("/zones?name={name}"), "").await?;
        found.expect(200)?;
        body = serde_json::from_slice(found.body)?;
        body["result"] = body["result"][0].take();
    }
    Ok(body["result"]["id"].as_str().context("a zone")?.parse()?)
}

/// Sees nothing: no diagnosis is asked for here.
struct Blind;

#[async_trait::async_trait]
impl Inspector for Blind {
    async fn inspect(&self, _: &Wanted) -> Sight {
        Sight::default()
    }
}
