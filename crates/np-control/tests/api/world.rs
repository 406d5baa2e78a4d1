//! A router over an SQLite store in a folder of its own, with a clock that stands still and ids that count.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use np_control::{
    adapters::trust_store::TrustStore,
    api::{ApiDeps, ApiSettings, BODY_TIMEOUT, KNOWN_AGE_MAX, router},
    app::{
        draws::{CountingDraws, Draws, RandomDraws},
        limits::Rates,
        tokens::{self, TokenSecret},
        users::{self, UserKey},
    },
    reconcile::Journal,
    stores::Stores,
    wake::Bells,
};
use np_domain::{
    account::Account,
    certificate::{AuthorityName, DcvMethod, KeyType, Methods},
    delegation::DelegationDomain,
    id::{AccountId, PolicyId, UserId},
    permission::{Effect, Grants, Group, Policy, Resource},
    ports::{AccountStore as _, Clock as _},
    text::Explanation,
    token::{ApiToken, Owner},
    zone::activation,
};
use np_store::{FileVault, Store, StoreOptions};
use np_testkit::{ca::Ca, clock::TestClock};
use prometheus_client::{encoding::text::encode, registry::Registry};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{contract::Exchange, diagnostics::Nothing};

/// The user's address.
pub(crate) const EMAIL: &str = "admin@provider.com";
/// Where requests come from.
const SOURCE: &str = "192.0.2.1";

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: TestClock,
    pub(crate) bells: Bells,
    pub(crate) journal: Journal,
    pub(crate) draws: Arc<dyn Draws>,
    pub(crate) inspector: Arc<Nothing>,
    /// The administrator's token.
    pub(crate) admin: String,
    /// The root that uploaded certificates must lead to.
    pub(crate) root: Ca,
    /// The user, whose address is [`EMAIL`].
    pub(crate) user: UserId,
    /// The user's key.
    pub(crate) key: String,
    folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// The result of a success.
    pub(crate) fn result(&self) -> &Value {
        assert_eq!(self.body["success"], true, "{self:?}");
        &self.body["result"]
    }

    /// Status, code and pointer of a failure, whose envelope is checked on the way.
    pub(crate) fn failure(&self) -> (u16, u64, &str) {
        assert_eq!(self.body["success"], false, "{self:?}");
        assert_eq!(self.body["messages"], json!([]), "{self:?}");
        assert!(self.body.as_object().unwrap().contains_key("result"), "{self:?}");
        assert_eq!(self.body["result"], Value::Null, "{self:?}");
        let errors = self.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{self:?}");
        let pointer = errors[0]["source"]["pointer"].as_str().unwrap_or_default();
        (self.status.as_u16(), errors[0]["code"].as_u64().unwrap(), pointer)
    }

    /// A header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }
}

/// One CA that speaks ACME, and one that has every method.
fn methods() -> BTreeMap<AuthorityName, Methods> {
    let every = Methods::new(DcvMethod::ALL.map(|(method, _)| method));
    [(AuthorityName::LetsEncrypt, Methods::acme()), (AuthorityName::Google, every)].into()
}

pub(crate) fn settings() -> ApiSettings {
    ApiSettings {
        delegation_domain: DelegationDomain::new("dcv.platform.net".parse().unwrap()),
        cdn_domain: "cdn.platform.net".parse().ok(),
        name_servers: vec!["ns1.platform.net".parse().unwrap()],
        create_wait: Duration::ZERO,
        authorities: vec![AuthorityName::LetsEncrypt, AuthorityName::Google],
        default_authority: AuthorityName::LetsEncrypt,
        methods: methods(),
        keys: vec![KeyType::P256],
        body_bytes_max: 16 * 1024,
        body_timeout: BODY_TIMEOUT,
        hostnames_per_zone_max: None,
        private_authorities: vec![AuthorityName::Google],
        packs_per_zone_max: 3,
        activation: activation::Policy::Automatic,
        rates: Rates::OFF,
        prefixes: Vec::new(),
        known_age_max: KNOWN_AGE_MAX,
        trusted_proxies: Vec::new(),
        serving_defaults: Default::default(),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: ApiSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        let store = Arc::new(Store::open(&url, &StoreOptions::default()).await.unwrap());
        let clock = TestClock::new();
        let bells = Bells::default();
        let root = Ca::root("Trusted root");
        let journal = Journal::default();
        let draws: Arc<dyn Draws> = Arc::new(CountingDraws::default());
        let inspector = Arc::<Nothing>::default();
        let made = tokens::create_admin(store.as_ref(), draws.as_ref(), clock.now()).await.unwrap();
        let admin = made.secret.expose().to_owned();
        let key = UserKey::draw(&RandomDraws);
        let email = EMAIL.parse().unwrap();
        let made = users::create(store.as_ref(), &RandomDraws, email, &key, clock.now()).await;
        let (user, key) = (made.unwrap().id, key.expose().to_owned());
        let router = router(ApiDeps {
            stores: Stores::of(store.clone()),
            clock: Arc::new(clock.clone()),
            bells: bells.clone(),
            journal: journal.clone(),
            settings,
            draws: draws.clone(),
            trust: Arc::new(TrustStore::from_pem(&root.pem).unwrap()),
            vault: Arc::new(FileVault::open_or_create(&folder.path().join("master.key")).unwrap()),
            inspector: inspector.clone(),
            issuers: Arc::new(Vec::new),
        });
        Self {
            router,
            store,
            clock,
            bells,
            journal,
            draws,
            inspector,
            admin,
            user,
            key,
            root,
            folder,
        }
    }

    /// The memory as another process opens it.
    pub(crate) async fn other_process(&self) -> Store {
        let url = format!("sqlite:{}", self.folder.path().join("store.db").display());
        Store::open(&url, &StoreOptions::default()).await.unwrap()
    }

    /// Sends a request as the administrator.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.admin);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(Some(&bearer), method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Value::Null).await
    }

    /// Sends a request with this `Authorization`.
    pub(crate) async fn send(
        &self,
        authorization: Option<&str>,
        method: Method,
        path: &str,
        body: String,
    ) -> Answer {
        let headers: Vec<_> =
            authorization.map(|text| ("authorization", text)).into_iter().collect();
        self.request(&headers, method, path, body).await
    }

    /// Sends a request with these headers, from [`SOURCE`].
    pub(crate) async fn request(
        &self,
        headers: &[(&str, &str)],
        method: Method,
        path: &str,
        body: String,
    ) -> Answer {
        self.request_from(SOURCE, headers, method, path, body).await
    }

    /// Sends a request with these headers from an address.
    pub(crate) async fn request_from(
        &self,
        from: &str,
        headers: &[(&str, &str)],
        method: Method,
        path: &str,
        body: String,
    ) -> Answer {
        let mut request =
            Request::builder().method(method.clone()).uri(format!("/client/v4{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = body.clone();
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(SocketAddr::new(from.parse().unwrap(), 50_000));
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert!(response.headers().contains_key("x-request-id"));
        let (head, body) = response.into_parts();
        let status = head.status;
        let bytes = body.collect().await.unwrap().to_bytes();
        let (sent, headers, answered) = (sent.as_bytes(), &head.headers, bytes.as_ref());
        Exchange { method: &method, path, sent, status, headers, answered }.check();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, body, headers: head.headers }
    }

    /// How many events of this kind were counted.
    pub(crate) fn counted(&self, kind: &str) -> Option<u64> {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.journal.clone().register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let series = format!("hostname_events_total{{kind=\"{kind}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series))?.parse().ok()
    }

    /// A token that may do these things to all that is in a new account.
    pub(crate) async fn stranger(&self, groups: &[Group]) -> String {
        let now = self.clock.now();
        let name = Explanation::new("Strangers");
        let account = Account { id: self.draws.account_id(), name, created_at: now };
        self.store.insert_account(&account).await.unwrap();
        let own = [Resource::Account(account.id), Resource::AccountZones(account.id)];
        self.token_of(account.id, Owner::Account(account.id), groups, &own).await
    }

    /// A token of the user, in the administrator's account, that may do these things to those.
    pub(crate) async fn colleague(&self, groups: &[Group], resources: &[Resource]) -> String {
        let account = self.store.accounts().await.unwrap()[0].id;
        self.token_of(account, Owner::User(self.user), groups, resources).await
    }

    /// All that there is.
    pub(crate) fn everywhere(&self) -> [Resource; 3] {
        [Resource::AllAccounts, Resource::AllZones, Resource::User(self.user)]
    }

    async fn token_of(
        &self,
        account: AccountId,
        owner: Owner,
        groups: &[Group],
        resources: &[Resource],
    ) -> String {
        let (draws, now) = (self.draws.as_ref(), self.clock.now());
        let policy = Policy {
            id: PolicyId::from_bytes([1; 16]),
            effect: Effect::Allow,
            groups: groups.to_vec(),
            resources: resources.to_vec(),
        };
        let grants = Grants::Policies(vec![policy]);
        let secret = TokenSecret::draw(draws);
        let token = tokens::fresh(draws, account, "test", grants, &secret, now);
        self.store.insert_token(&ApiToken { owner, ..token }).await.unwrap();
        secret.expose().to_owned()
    }

    /// A zone with this name; its id.
    pub(crate) async fn zone(&self, name: &str) -> String {
        let answer = self.post("/zones", json!({ "name": name })).await;
        answer.result()["id"].as_str().unwrap().to_owned()
    }

    /// The hostnames of a new zone `provider.com`.
    pub(crate) async fn hostnames(&self) -> String {
        format!("/zones/{}/custom_hostnames", self.zone("provider.com").await)
    }
}
