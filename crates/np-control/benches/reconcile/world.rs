//! One control process over a real store, a real resolver and a name server.

use std::sync::Arc;

use np_control::{
    adapters::{
        clock::SystemClock,
        http_probe::{HttpTokenProbe, ProbeSettings},
        resolver::{DnsResolver, ResolverSettings},
    },
    reconcile::{Authorities, Journal, Rules, Settings, TokioTimer, World},
    stores::Stores,
    wake::Bells,
};
use np_domain::{
    Timestamp,
    account::Account,
    certificate::{AuthorityName, BundleMethod, Certificate, DcvMethod, KeyType, Wanted},
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    delegation::DelegationId,
    id::{AccountId, HostnameId, PackId, ZoneId},
    origin::FallbackOrigin,
    ownership,
    ports::{
        AccountStore as _, Addition, Authority, Clock as _, HostnameStore as _, LeaseOwner,
        Resolver, ZoneStore as _,
    },
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::{self, Zone, ZoneKind},
};
use np_store::{FileVault, Store, StoreOptions};
use np_testkit::{dns::DnsServer, postgres::Postgres};
use uuid::Uuid;

use crate::Options;

/// Added by one call.
const CHUNK: usize = 2_000;

/// Memory and the name server.
pub(crate) struct Ground {
    pub(crate) store: Arc<Store>,
    pub(crate) dns: Arc<DnsServer>,
    pub(crate) bells: Bells,
    pub(crate) vault: Arc<FileVault>,
    zone: Zone,
    _folder: tempfile::TempDir,
    _postgres: Option<Postgres>,
}

impl Ground {
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let postgres = match options.is_postgres {
            true => Some(Postgres::start_durable().await?),
            false => None,
        };
        let url = match &postgres {
            Some(cluster) => cluster.fresh_database()?,
            None => format!("sqlite:{}", folder.path().join("bench.db").display()),
        };
        let store = Arc::new(Store::open(&url, &StoreOptions::default()).await?);
        let zone = zone(SystemClock.now())?;
        let name = Explanation::new("Provider");
        let account = Account { id: zone.account, name, created_at: zone.created_at };
        store.insert_account(&account).await?;
        store.insert_zone(&zone).await?;
        let vault = Arc::new(FileVault::open_or_create(&folder.path().join("master.key"))?);
        let (dns, bells) = (Arc::new(DnsServer::start().await?), Bells::default());
        Ok(Self { store, dns, bells, vault, zone, _folder: folder, _postgres: postgres })
    }

    /// A control process that asks these CAs.
    pub(crate) fn world(
        &self,
        authorities: Vec<Arc<dyn Authority>>,
        options: &Options,
    ) -> anyhow::Result<Arc<World>> {
        let resolver: Arc<dyn Resolver> = Arc::new(DnsResolver::new(ResolverSettings {
            servers: vec![self.dns.address()],
            ..ResolverSettings::default()
        })?);
        let owner = LeaseOwner(Explanation::new("bench"));
        let authorities = Authorities::new(authorities, AuthorityName::LetsEncrypt)
            .ok_or_else(|| anyhow::anyhow!("the default CA is missing"))?;
        Ok(Arc::new(World {
            stores: Stores::of(self.store.clone()),
            clock: Arc::new(SystemClock),
            timer: Arc::new(TokioTimer::default()),
            vault: self.vault.clone(),
            probe: Arc::new(HttpTokenProbe::new(ProbeSettings::default(), resolver.clone())),
            resolver,
            authorities,
            bells: self.bells.clone(),
            journal: Journal::default(),
            rules: Rules::default(),
            settings: Settings { in_flight_max: options.in_flight, ..Settings::new(owner) },
        }))
    }

    /// Adds hostnames, and calls `each` with the name of each before it is there.
    pub(crate) async fn add(
        &self,
        count: usize,
        with_certificate: bool,
        each: impl Fn(&str),
    ) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let numbers: Vec<usize> = (0..count).collect();
        for chunk in numbers.chunks(CHUNK) {
            let mut additions = Vec::with_capacity(chunk.len());
            for number in chunk {
                let name = format!("app.customer{number}.com");
                each(&name);
                additions.push(self.addition(&name, with_certificate, now)?);
            }
            for added in self.store.add(additions).await {
                added?;
            }
        }
        Ok(())
    }

    fn addition(
        &self,
        name: &str,
        with_certificate: bool,
        now: Timestamp,
    ) -> anyhow::Result<Addition> {
        let id = HostnameId::from_uuid(Uuid::new_v4());
        let hostname = CustomHostname {
            id,
            zone: self.zone.id,
            name: name.parse()?,
            token: OwnershipToken::from_uuid(Uuid::new_v4()),
            ownership: ownership::State::new(now),
            origin: None,
            metadata: Metadata::default(),
            created_at: now,
            version: 0,
        };
        let wanted = Wanted {
            method: DcvMethod::Txt,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let certificate = with_certificate
            .then(|| Certificate::new(PackId::from_uuid(Uuid::new_v4()), id, wanted, now));
        let record = HostnameRecord { hostname, certificate };
        Ok(Addition { record, events: Vec::new(), hostnames_max: None })
    }
}

fn zone(now: Timestamp) -> anyhow::Result<Zone> {
    let fallback =
        FallbackOrigin { origin: "origin.provider.com".parse()?, created_at: now, updated_at: now };
    Ok(Zone {
        id: ZoneId::from_bytes([1; 16]),
        account: AccountId::from_bytes([9; 16]),
        name: "provider.com".parse()?,
        kind: ZoneKind::Full,
        delegation: DelegationId::from_bytes([1; 8]),
        fallback: Some(fallback),
        state: zone::State::automatic(now),
        paused: false,
        settings: Default::default(),
        original_name_servers: None,
        hold: None,
        created_at: now,
        modified_at: now,
        version: 0,
    })
}
