//! The API over a store, served on a port of loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(url: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = Arc::new(Store::open(url, &StoreOptions::default()).await?);
        let (clock, draws) = (Arc::new(SystemClock), Arc::new(RandomDraws));
        let shared: Arc<dyn Draws> = draws.clone();
        let made = tokens::create_admin(store.as_ref(), shared.as_ref(), clock.now()).await?;
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
        tokio::spawn(async move { axum::serve(listener, app).await });
        let token = made.secret.expose().to_owned();
        let mut connection = Connection::open(server, &token).await?;
        let mut zones = Vec::new();
        for name in ["small-provider.com", "large-provider.com"] {
            let answer =
                connection.send("POST", "/zones", &format!("{{\"name\":\"{name}\"}}")).await?;
            let body: serde_json::Value = serde_json::from_slice(&answer.body)?;
            zones.push(body["result"]["id"].as_str().unwrap_or_default().parse()?);
        }
        Ok(Self { store, server, token, small: zones[0], large: zones[1], _folder: folder })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(self.server, &self.token).await
    }
}

/// Sees nothing: no diagnosis is asked for here.
struct Blind;

#[async_trait::async_trait]
impl Inspector for Blind {
    async fn inspect(&self, _: &Wanted) -> Sight {
        Sight::default()
    }
}
