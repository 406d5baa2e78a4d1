//! One control process in a scripted world: what customers show, which nodes are alive, what time it is.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use np_control::{
    reconcile::{
        Authorities, Journal, Rules, Settings, TokioTimer, World, activation::Activation,
        driver::Reconcile, issuance::Issuance, ownership::Ownership,
    },
    stores::Stores,
    wake::Bells,
};
use np_domain::{
    authority::Preference,
    caa::Caa,
    certificate::{
        AuthorityName, BundleMethod, Certificate, DcvMethod, KeyType, Order, State, Wanted,
    },
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    delegation::DelegationId,
    id::{AccountId, HostnameId, PackId, ZoneId},
    name::DnsName,
    origin::FallbackOrigin,
    ownership::{self, Seen},
    ports::{
        AccountStore, Authority, CertificateStore, Clock, FeedStore, HistoryStore, HttpProbe,
        LeaseOwner, LookupFailure, NodeReport, NodeRole, ProbeFailure, ProbeReply, ProbeRequest,
        Resolver, TxtAnswer, Vault, VaultError, ZoneStore,
    },
    secret::{SealedBytes, SecretBytes},
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::{self, Zone, ZoneKind, activation::Policy},
};
use np_store::{Store, StoreOptions};
use np_testkit::clock::TestClock;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    authority::{ScriptedAuthority, may_be_interrupted},
    breakable::{Break, Breakable},
};

/// What customers show to whoever looks.
#[derive(Default)]
pub(crate) struct Customers {
    pub(crate) txt: Mutex<HashMap<String, Vec<String>>>,
    pub(crate) cname: Mutex<HashMap<String, String>>,
    pub(crate) http: Mutex<HashMap<String, String>>,
    /// What was asked for over HTTP: the User-Agent, then host and path.
    pub(crate) asked: Mutex<Vec<String>>,
    /// `FLAGS TAG VALUE`
    pub(crate) caa: Mutex<HashMap<String, Vec<String>>>,
    /// A and AAAA.
    pub(crate) addresses: Mutex<HashMap<String, Vec<std::net::IpAddr>>>,
    pub(crate) ns: Mutex<HashMap<String, Vec<String>>>,
    /// Names whose look-up fails.
    pub(crate) servfail: Mutex<HashSet<String>>,
}

impl Customers {
    fn check(&self, name: &DnsName) -> Result<(), LookupFailure> {
        match self.servfail.lock().unwrap().contains(name.as_str()) {
            true => Err(LookupFailure::ServerFailure),
            false => Ok(()),
        }
    }

    /// Shows every proof that the certificate's open order wants.
    pub(crate) fn show_control(&self, certificate: &Certificate) {
        self.show(certificate.open_order().expect("an open order"));
    }

    /// Shows every proof that the order wants.
    pub(crate) fn show(&self, order: &Order) {
        use np_domain::certificate::ControlProof::{Cname, Email, Http, Txt};
        for control in &order.controls {
            match &control.proof {
                Txt { name, value } => {
                    let mut txt = self.txt.lock().unwrap();
                    txt.entry(name.to_string()).or_default().push(value.to_string());
                }
                Http { path, body } => {
                    self.http
                        .lock()
                        .unwrap()
                        .insert(format!("{}{path}", control.name.base()), body.to_string());
                }
                Cname { name, target } => {
                    self.cname.lock().unwrap().insert(name.to_string(), target.to_string());
                }
                Email { .. } => {}
            }
        }
    }
}

#[async_trait]
impl Resolver for Customers {
    async fn txt(&self, name: &DnsName) -> Result<TxtAnswer, LookupFailure> {
        may_be_interrupted().await;
        self.check(name)?;
        let txt = self.txt.lock().unwrap();
        let values = txt.get(name.as_str()).ok_or(LookupFailure::NoSuchName)?;
        let from = Explanation::new("192.0.2.53:53");
        Ok(values
            .iter()
            .map(|value| Seen { value: Explanation::new(value), from: from.clone() })
            .collect())
    }

    async fn cname(&self, name: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
        may_be_interrupted().await;
        self.check(name)?;
        Ok(self.cname.lock().unwrap().get(name.as_str()).map(|target| target.parse().unwrap()))
    }

    async fn addresses(&self, _name: &DnsName) -> Result<Vec<std::net::IpAddr>, LookupFailure> {
        Err(LookupFailure::NoSuchName)
    }

    async fn all_addresses(&self, name: &DnsName) -> Result<Vec<std::net::IpAddr>, LookupFailure> {
        self.check(name)?;
        Ok(self.addresses.lock().unwrap().get(name.as_str()).cloned().unwrap_or_default())
    }

    async fn caa(&self, name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure> {
        self.check(name)?;
        let caa = self.caa.lock().unwrap();
        let record = |text: &String| {
            let mut parts = text.splitn(3, ' ');
            Caa {
                critical: parts.next() == Some("128"),
                tag: parts.next().unwrap().into(),
                value: parts.next().unwrap().into(),
            }
        };
        let records = caa.get(name.as_str()).into_iter().flatten().map(record);
        Ok(records.map(|record| (name.clone(), record)).collect())
    }

    async fn name_servers(&self, name: &DnsName) -> Result<Vec<DnsName>, LookupFailure> {
        may_be_interrupted().await;
        self.check(name)?;
        let ns = self.ns.lock().unwrap();
        let servers = ns.get(name.as_str()).ok_or(LookupFailure::NoSuchName)?;
        Ok(servers.iter().map(|server| server.parse().unwrap()).collect())
    }
}

#[async_trait]
impl HttpProbe for Customers {
    async fn fetch(&self, request: &ProbeRequest) -> Result<ProbeReply, ProbeFailure> {
        let asked = format!("{} {}{}", request.user_agent, request.host, request.path);
        self.asked.lock().unwrap().push(asked);
        may_be_interrupted().await;
        let http = self.http.lock().unwrap();
        let body = http
            .get(&format!("{}{}", request.host, request.path))
            .ok_or(ProbeFailure::NoAddress)?;
        Ok(ProbeReply {
            body: Explanation::new(body),
            from: SocketAddr::from(([192, 0, 2, 80], 80)),
        })
    }
}

/// Seals by marking the context, so that a mix-up shows.
pub(crate) struct MarkingVault;

impl Vault for MarkingVault {
    fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes {
        SealedBytes::from_vec([context.as_bytes(), b"|", secret.expose()].concat())
    }

    fn open(&self, context: &'static str, sealed: &SealedBytes) -> Result<SecretBytes, VaultError> {
        let mark = [context.as_bytes(), b"|"].concat();
        sealed
            .as_bytes()
            .strip_prefix(&mark[..])
            .map(|s| SecretBytes::new(s.to_vec()))
            .ok_or(VaultError)
    }
}

/// What a certificate covers.
#[derive(Debug, Clone, Copy)]
enum Coverage {
    Name,
    Below,
}

/// The world of one test; several control processes may share it.
pub(crate) struct TestWorld {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: TestClock,
    pub(crate) customers: Arc<Customers>,
    pub(crate) authority: Arc<ScriptedAuthority>,
    /// The CA that stands in where a test has two.
    pub(crate) second: Option<Arc<ScriptedAuthority>>,
    pub(crate) zone: Zone,
    /// How active hostnames are watched: never, other than in tests that are about it.
    pub(crate) watch: ownership::Terms,
    _folder: tempfile::TempDir,
}

impl TestWorld {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = Arc::new(Store::open(&url, &StoreOptions::default()).await.unwrap());
        let clock = TestClock::new();
        let authority = Arc::new(ScriptedAuthority::new(clock.now()));
        let zone = zone(1, "provider.com", clock.now());
        let account = np_domain::account::Account {
            id: zone.account,
            name: Explanation::new("Provider"),
            created_at: clock.now(),
        };
        store.insert_account(&account).await.unwrap();
        store.insert_zone(&zone).await.unwrap();
        let watch = ownership::Terms { recheck_interval: None, ..ownership::Terms::default() };
        let world = Self {
            store,
            clock,
            customers: Arc::default(),
            authority,
            second: None,
            zone,
            watch,
            _folder: folder,
        };
        world.nodes_catch_up().await;
        world
    }

    /// A world in which active hostnames are watched.
    pub(crate) async fn watching() -> Self {
        Self { watch: ownership::Terms::default(), ..Self::new().await }
    }

    /// A world in which every proof is visible as soon as it is known, as by delegation.
    pub(crate) async fn delegated() -> Self {
        let world = Self::new().await;
        world.authority.inner().delegated = Some(world.customers.clone());
        world
    }

    /// The same with a second CA, which stands in for the first.
    pub(crate) async fn with_two_authorities() -> Self {
        let mut world = Self::delegated().await;
        let second = ScriptedAuthority::named(AuthorityName::Google, world.clock.now());
        second.inner().delegated = Some(world.customers.clone());
        world.second = Some(Arc::new(second));
        world
    }

    pub(crate) fn second(&self) -> &ScriptedAuthority {
        self.second.as_ref().expect("a world with two CAs")
    }

    /// The CAs as they are configured.
    fn authorities(&self) -> Authorities {
        let first: Arc<dyn Authority> = self.authority.clone();
        let second = self.second.iter().map(|second| second.clone() as Arc<dyn Authority>);
        let fallback: Vec<_> = second.clone().map(|second| second.name()).collect();
        let preference = Preference { fallback, ..Preference::only(AuthorityName::LetsEncrypt) };
        let all = [first].into_iter().chain(second).collect();
        let authorities = Authorities::new(all, AuthorityName::LetsEncrypt).unwrap();
        authorities.preferring(preference).unwrap()
    }

    /// A second zone of the same account.
    pub(crate) async fn add_zone(&self, name: &str) -> Zone {
        let zone = zone(2, name, self.clock.now());
        self.store.insert_zone(&zone).await.unwrap();
        zone
    }

    /// Adds a hostname with a certificate by `method`.
    pub(crate) async fn add(&self, number: u8, name: &str, method: DcvMethod) -> HostnameId {
        self.add_to(&self.zone, number, name, method).await
    }

    /// Adds a hostname with a certificate that covers what is below it too.
    pub(crate) async fn add_wildcard(&self, number: u8, name: &str) -> HostnameId {
        self.add_with(&self.zone, number, name, DcvMethod::Txt, Coverage::Below).await
    }

    pub(crate) async fn add_to(
        &self,
        zone: &Zone,
        number: u8,
        name: &str,
        method: DcvMethod,
    ) -> HostnameId {
        self.add_with(zone, number, name, method, Coverage::Name).await
    }

    async fn add_with(
        &self,
        zone: &Zone,
        number: u8,
        name: &str,
        method: DcvMethod,
        coverage: Coverage,
    ) -> HostnameId {
        let now = self.clock.now();
        let id = HostnameId::from_bytes([number; 16]);
        let hostname = CustomHostname {
            id,
            zone: zone.id,
            name: name.parse().unwrap(),
            token: OwnershipToken::from_uuid(Uuid::from_bytes([number; 16])),
            ownership: ownership::State::new(now),
            origin: None,
            metadata: Metadata::default(),
            created_at: now,
            version: 0,
        };
        let wanted = Wanted {
            method,
            wildcard: matches!(coverage, Coverage::Below),
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let certificate = Some(Certificate::new(PackId::from_bytes([number; 16]), id, wanted, now));
        use np_domain::ports::HostnameStore;
        self.store.insert(&HostnameRecord { hostname, certificate }, &[]).await.unwrap();
        id
    }

    /// The customer's CNAME leads to the zone.
    pub(crate) fn point_here(&self, name: &str) {
        self.customers.cname.lock().unwrap().insert(name.into(), "customers.provider.com".into());
    }

    /// A control process that calls itself `owner`.
    pub(crate) fn control(&self, owner: &str) -> Control {
        self.control_over(Stores::of(self.store.clone()), owner)
    }

    /// A control process whose save number `save` fails.
    pub(crate) fn breaking_control(&self, save: i64, when: Break) -> (Control, Arc<Breakable>) {
        let breakable = Arc::new(Breakable::new(self.store.clone(), save, when));
        let stores = Stores {
            hostnames: breakable.clone(),
            certificates: breakable.clone(),
            packs: breakable.clone(),
            ..Stores::of(self.store.clone())
        };
        (self.control_over(stores, "breaking"), breakable)
    }

    fn control_over(&self, stores: Stores, owner: &str) -> Control {
        let settings = Settings {
            name_servers: vec!["ns1.platform.net".parse().unwrap()],
            activation: Policy::Verified,
            cdn_domain: "cdn.platform.net".parse().ok(),
            patience: Duration::ZERO,
            publication_wait: Duration::ZERO,
            watch: self.watch,
            ..Settings::new(LeaseOwner(Explanation::new(owner)))
        };
        let world = World {
            stores,
            clock: Arc::new(self.clock.clone()),
            timer: Arc::new(TokioTimer::default()),
            vault: Arc::new(MarkingVault),
            resolver: self.customers.clone(),
            probe: self.customers.clone(),
            authorities: self.authorities(),
            bells: Bells::default(),
            journal: Journal::default(),
            rules: Rules::default(),
            settings,
        };
        let world = Arc::new(world);
        Control {
            activation: Activation(world.clone()),
            ownership: Ownership(world.clone()),
            issuance: Issuance(world.clone()),
            world,
        }
    }

    /// The live nodes report that they have everything.
    pub(crate) async fn nodes_catch_up(&self) {
        let head = self.store.number().await.unwrap();
        for role in [NodeRole::Edge, NodeRole::Dns] {
            let node = Explanation::new(role.as_str());
            let report = NodeReport { node, role, applied: head, seen_at: self.clock.now() };
            self.store.report(&report).await.unwrap();
        }
    }

    pub(crate) async fn record(&self, id: HostnameId) -> HostnameRecord {
        self.store.record_of(id).await.unwrap().expect("the hostname is there")
    }

    pub(crate) async fn certificate(&self, id: HostnameId) -> Certificate {
        self.record(id).await.certificate.unwrap()
    }

    /// The kinds of the hostname's events, oldest first.
    pub(crate) async fn events(&self, id: HostnameId) -> Vec<&'static str> {
        let mut events = self.store.history(id, 1000).await.unwrap();
        events.reverse();
        events.into_iter().map(|event| event.kind.as_str()).collect()
    }

    /// The evidence of the hostname's events, newest first.
    pub(crate) async fn history(&self, id: HostnameId) -> Vec<String> {
        let events = self.store.history(id, 1000).await.unwrap();
        events.into_iter().map(|event| event.detail.to_string()).collect()
    }

    pub(crate) fn clock_now(&self) -> np_domain::Timestamp {
        self.clock.now()
    }

    /// Moves the clock, and the CA's with it; nodes go on reporting.
    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        for authority in [Some(&self.authority), self.second.as_ref()].into_iter().flatten() {
            authority.inner().now = self.clock.now();
        }
        self.nodes_catch_up().await;
    }

    /// Goes on, a second at a time, until the certificate is settled; fails after `seconds`.
    pub(crate) async fn settle(&self, control: &Control, id: HostnameId, seconds: u32) {
        for _ in 0..seconds {
            control.pass().await;
            if matches!(self.certificate(id).await.attempt, State::Settled(_)) {
                return;
            }
            self.advance(Duration::from_secs(1)).await;
        }
        panic!("not settled after {seconds} s: {:?}", self.certificate(id).await.attempt);
    }
}

/// The reconcilers of one control process.
pub(crate) struct Control {
    activation: Activation,
    ownership: Ownership,
    issuance: Issuance,
    world: Arc<World>,
}

impl Control {
    /// What a process does when it starts.
    pub(crate) async fn take_over(&self) {
        self.world.take_over().await.unwrap();
    }

    /// One pass of each reconciler over what is due; how many rows it worked on.
    pub(crate) async fn pass(&self) -> usize {
        let stop = CancellationToken::new();
        let hostnames = self.ownership.claim(100).await.unwrap();
        let certificates = self.issuance.claim(100).await.unwrap();
        let worked_on = hostnames.len() + certificates.len();
        for item in hostnames {
            self.ownership.work(item, &stop).await;
        }
        for item in certificates {
            self.issuance.work(item, &stop).await;
        }
        worked_on
    }

    /// One pass over the zones that are due; how many there were.
    pub(crate) async fn look_at_zones(&self) -> usize {
        let zones = self.activation.claim(100).await.unwrap();
        let count = zones.len();
        for zone in zones {
            self.activation.work(zone, &CancellationToken::new()).await;
        }
        count
    }

    /// Claims the zones that are due and dies before working on them.
    pub(crate) async fn claim_zones_and_die(&self) -> usize {
        self.activation.claim(100).await.unwrap().len()
    }

    /// Claims what is due and dies before working on it.
    pub(crate) async fn claim_and_die(&self) -> usize {
        self.ownership.claim(100).await.unwrap().len()
            + self.issuance.claim(100).await.unwrap().len()
    }
}

fn zone(number: u8, name: &str, now: np_domain::Timestamp) -> Zone {
    let fallback = FallbackOrigin {
        origin: format!("origin.{name}").parse().unwrap(),
        created_at: now,
        updated_at: now,
    };
    Zone {
        id: ZoneId::from_bytes([number; 16]),
        account: AccountId::from_bytes([9; 16]),
        name: name.parse().unwrap(),
        kind: ZoneKind::Full,
        delegation: DelegationId::from_bytes([number; 8]),
        fallback: Some(fallback),
        state: zone::State::automatic(now),
        paused: false,
        original_name_servers: None,
        settings: Default::default(),
        hold: None,
        created_at: now,
        modified_at: now,
        version: 0,
    }
}
