//! The HTTP API: Cloudflare's v4 conventions over the use cases of [`crate::app`].
//!
//! A handler extracts, parses, calls one use case and renders. Who is asking and for which zone is settled before it runs,
//! by the extractors of [`auth`]. Cloudflare's words live in [`wire`], status and error codes in [`error`], and nowhere
//! else. Conventions and quirks: docs/api-design.md, docs/errors.md, docs/divergences.md.

mod accounts;
mod approval_page;
mod auth;
mod body;
mod certificate_packs;
mod custom_csrs;
mod custom_hostnames;
mod dcv_delegation;
mod dns_records;
mod envelope;
mod error;
mod fallback_origin;
mod guard;
mod limits;
mod openapi;
mod pagination;
mod router;
mod ssl;
mod ssl_analyze;
mod tokens;
mod trace;
mod unread;
mod user;
mod wire;
mod zone_holds;
mod zone_settings;
mod zones;

pub use crate::app::KNOWN_AGE_MAX;
pub use error::{Problem, Row};
pub use limits::{BODY_TIMEOUT, HEADERS_MAX, JSON_DEPTH_MAX, URI_LENGTH_MAX};
pub use openapi::document as openapi_document;
pub use router::{Operation, operations, router};
pub use wire::status::{CertificateStatus, HostnameStatus};

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use np_domain::{
    certificate::{AuthorityName, KeyType, Methods},
    delegation::DelegationDomain,
    diagnosis::Report,
    id::AccountId,
    name::DnsName,
    network::AddressRange,
    ports::{Clock, Inspector, Vault},
    zone::{activation::Policy, settings::Serving},
};

use crate::{
    adapters::trust_store::TrustStore,
    app::{
        App, Terms,
        diagnostics::{Diagnostics, Issuers},
        draws::Draws,
        identity::Identities,
        known_zones::KnownZones,
        limits::{Limits, Rates},
    },
    reconcile::Journal,
    stores::Stores,
    wake::Bells,
};

/// Bytes of a request body, unless configured otherwise.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a create waits for the CA's tokens, unless configured otherwise.
pub const CREATE_WAIT: Duration = Duration::from_secs(2);

/// How many certificate packs a zone may have, unless configured otherwise. They are listed whole, so that this bounds a
/// list too.
pub const PACKS_PER_ZONE_MAX: u32 = 100;

/// A diagnosis as the API gives it, for who shows it elsewhere.
pub fn diagnosis(report: &Report) -> serde_json::Value {
    serde_json::to_value(wire::diagnostics::ReportWire::of(report)).unwrap_or_default()
}

/// What the API needs.
#[derive(Clone)]
pub struct ApiDeps {
    /// Memory.
    pub stores: Stores,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told of changes.
    pub bells: Bells,
    /// One line and one count for each event; the reconcilers have the same.
    pub journal: Journal,
    /// Settings.
    pub settings: ApiSettings,
    /// Where ids and tokens come from.
    pub draws: Arc<dyn Draws>,
    /// Seals private keys.
    pub vault: Arc<dyn Vault>,
    /// The roots that uploaded certificates must lead to.
    pub trust: Arc<TrustStore>,
    /// Looks at customers' names, for diagnoses.
    pub inspector: Arc<dyn Inspector>,
    /// The CAs as CAA records know them.
    pub issuers: Issuers,
}

/// The API's settings.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The domain of delegation targets.
    pub delegation_domain: DelegationDomain,
    /// What customers of a partial zone point at: `<zone>.<this>`.
    pub cdn_domain: Option<DnsName>,
    /// The name servers shown for zones.
    pub name_servers: Vec<DnsName>,
    /// How long a create waits for the CA's tokens; [`CREATE_WAIT`] is the default.
    pub create_wait: Duration,
    /// The CAs that are configured.
    pub authorities: Vec<AuthorityName>,
    /// The CA of those who name none.
    pub default_authority: AuthorityName,
    /// What each of the CAs validates by.
    pub methods: BTreeMap<AuthorityName, Methods>,
    /// The kinds of keys that certificates are obtained for, in order.
    pub keys: Vec<KeyType>,
    /// The most bytes of a request body; [`BODY_BYTES_MAX`] is the default.
    pub body_bytes_max: usize,
    /// How long a request's body may take to come; [`BODY_TIMEOUT`] is the default.
    pub body_timeout: Duration,
    /// How many hostnames a zone may have; `None`: any number.
    pub hostnames_per_zone_max: Option<u64>,
    /// Those of the CAs that no public rule binds: the built-in one.
    pub private_authorities: Vec<AuthorityName>,
    /// How many certificate packs a zone may have, besides its universal one; [`PACKS_PER_ZONE_MAX`] is the default.
    pub packs_per_zone_max: u32,
    /// How zones become active.
    pub activation: Policy,
    /// How often callers may do what.
    pub rates: Rates,
    /// Addresses of accounts that stand in the configuration: for diagnoses.
    pub prefixes: Vec<(AccountId, AddressRange)>,
    /// How long what was read of callers and zones is good without asking memory again; [`KNOWN_AGE_MAX`] is the default.
    pub known_age_max: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// What edges do for zones that say nothing: shown as the settings of such zones.
    pub serving_defaults: Serving,
}

/// Where our DNS answers for ourselves, and where customers of every partial zone point.
fn own_domains(settings: &ApiSettings) -> Vec<DnsName> {
    let delegation = settings.delegation_domain.as_dns().clone();
    std::iter::once(delegation).chain(settings.cdn_domain.clone()).collect()
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Api(Arc<ApiState>);

pub(crate) struct ApiState {
    pub(crate) app: App,
    pub(crate) settings: ApiSettings,
    pub(crate) limits: Limits,
}

impl From<ApiDeps> for Api {
    fn from(deps: ApiDeps) -> Self {
        let settings = deps.settings;
        let terms = Terms {
            authorities: settings.authorities.clone(),
            default_authority: settings.default_authority,
            methods: settings.methods.clone(),
            keys: settings.keys.clone(),
            create_wait: settings.create_wait,
            hostnames_per_zone_max: settings.hostnames_per_zone_max,
            private_authorities: settings.private_authorities.clone(),
            packs_per_zone_max: settings.packs_per_zone_max,
            activation: settings.activation,
            own_domains: own_domains(&settings),
        };
        let diagnostics = Diagnostics::new(
            deps.inspector,
            deps.issuers,
            settings.delegation_domain.clone(),
            settings.cdn_domain.clone(),
            settings.prefixes.clone(),
        );
        let (accounts, zones) = (deps.stores.accounts.clone(), deps.stores.zones.clone());
        let app = App {
            identities: Arc::new(Identities::new(accounts, settings.known_age_max)),
            known_zones: Arc::new(KnownZones::new(zones, settings.known_age_max)),
            stores: deps.stores,
            clock: deps.clock,
            bells: deps.bells,
            journal: deps.journal,
            draws: deps.draws,
            vault: deps.vault,
            trust: deps.trust,
            diagnostics,
            terms,
        };
        let limits = Limits::new(settings.rates);
        Self(Arc::new(ApiState { app, settings, limits }))
    }
}

impl Deref for Api {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.0
    }
}
