//! What is served under a name: a custom hostname of exactly that name, a zone's own host, a custom hostname's wildcard one
//! level above, then nothing (behaviour.md 2.4, 4.7).
//!
//! The truth is the replica on disk. Names in use are held parsed in a bounded cache that forgets a name when the replica
//! says that it changed; a cold name costs one local read and one parse, an unknown one a local miss. Nothing here waits
//! for anything but the local disk.

mod metadata;
mod zone_hosts;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::HeaderValue;
use np_domain::{
    entry::{HttpToken, Routing, ServedCertificate, ZoneEntry},
    id::{HostnameId, PackId, ZoneId},
    name::NAME_LENGTH_MAX,
    origin::CustomOrigin,
    tls_policy::{Switch, TlsPolicy, TlsVersion},
};
use np_feed::{
    NodeKey, Replica,
    replica::{Change, ReadError, StoredEntry},
};
use quick_cache::sync::Cache;
use tokio::sync::broadcast::{Receiver, error::RecvError};

pub(crate) use zone_hosts::Proxied;

use crate::{
    metrics::Metrics,
    settings::TlsDefaults,
    sighting,
    sparing::Sparing,
    tls::{
        contexts::Contexts,
        credentials::{Credentials, Prepared, Purpose},
        policy::{self, Versions},
        tickets::TicketKeys,
    },
};

/// The most unreadable entries and unusable certificates logged in a second.
const FAULTS_LOGGED_PER_SECOND: u32 = 10;
/// The most hosts of zones' certificate packs held ready.
const CACHED_PACK_HOSTS_MAX: usize = 10_000;
/// The most zones held ready.
const CACHED_ZONES_MAX: usize = 10_000;

/// Everything known here of one name.
#[derive(Debug)]
pub(crate) struct Site {
    /// What port 80 answers, of all entries of the name.
    pub(crate) tokens: Vec<HttpToken>,
    /// How the name is served; `None` unless its ownership is proven.
    pub(crate) served: Option<Served>,
    /// Hostnames of this name whose ownership is not proven; empty once the name is served.
    pub(crate) waiting: Vec<HostnameId>,
}

/// How a proven name is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) owner: Owner,
    pub(crate) zone: ZoneId,
    pub(crate) destination: Destination,
    /// Whether 103 responses are passed on.
    pub(crate) early_hints: bool,
    /// What the provider has said about the hostname, for the origin.
    pub(crate) metadata: Option<HeaderValue>,
    wildcard: bool,
    /// What handshakes use, for the name and for those below it alike; `None` while there is no certificate.
    credentials: Option<Credentials>,
}

/// Whose certificates they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A custom hostname's.
    Hostname(HostnameId),
    /// A certificate pack's, which covers hosts of its zone.
    Pack(PackId),
}

impl Owner {
    /// The bytes of the id; both kinds are drawn at random, so that no two are alike.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Hostname(id) => id.as_bytes(),
            Self::Pack(id) => id.as_bytes(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hostname(id) => id.fmt(f),
            Self::Pack(id) => id.fmt(f),
        }
    }
}

/// Where requests go.
#[derive(Debug)]
pub(crate) enum Destination {
    /// To the custom hostname's own origin, or without one to the zone's fallback origin.
    Origin(Option<CustomOrigin>),
    /// To what the zone's proxied DNS record for the request's host says.
    Records,
}

/// Whether a request is for the hostname itself or for a name that its wildcard covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Exact,
    Below,
}

/// A proven name, found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    site: Arc<Site>,
    pub(crate) side: Side,
}

impl Found {
    fn new(site: &Arc<Site>, side: Side) -> Option<Self> {
        let served = site.served.as_ref()?;
        (side == Side::Exact || served.wildcard).then(|| Self { site: Arc::clone(site), side })
    }

    /// How it is served. `None` never happens: a site without it is not found.
    pub(crate) fn served(&self) -> Option<&Served> {
        self.site.served.as_ref()
    }

    /// What its handshakes use; `None` while there is no certificate.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.served()?.credentials.as_ref()
    }

    /// Whether both are the same hostname's, on the same side.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let id = |found: &Self| found.served().map(|served| served.owner);
        self.side == other.side && id(self) == id(other)
    }
}

/// Which of a name and the wildcard above it is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// The name, once it has a certificate: until then the wildcard keeps serving it over TLS.
    Certificate,
    /// The name, once it is proven.
    Proof,
}

/// What a table is made of.
pub(crate) struct TableDeps {
    /// The truth.
    pub(crate) replica: Replica,
    /// Opens the private keys in it.
    pub(crate) node_key: NodeKey,
    /// For names that do not say.
    pub(crate) defaults: TlsDefaults,
    /// What their sessions are sealed with.
    pub(crate) tickets: Arc<TicketKeys>,
    /// Where to count.
    pub(crate) metrics: Metrics,
}

/// The names served by this node.
pub(crate) struct Table {
    replica: Replica,
    node_key: NodeKey,
    default_min: TlsVersion,
    contexts: Contexts,
    sites: Cache<Box<str>, Arc<Site>>,
    /// By host: a name, or one with `*.` before it.
    packs: Cache<Box<str>, Arc<Site>>,
    zones: Cache<ZoneId, Option<Arc<ZoneEntry>>>,
    /// Counts changes. What was read before a change is not kept after it.
    epoch: AtomicU64,
    metrics: Metrics,
    log: Sparing,
}

impl Table {
    pub(crate) fn new(deps: TableDeps) -> Self {
        let TableDeps { replica, node_key, defaults, tickets, metrics } = deps;
        let default_min = defaults.min_version;
        let unset = TlsPolicy::default();
        let contexts =
            Contexts::new(policy::style(&unset, Versions::of(&unset, default_min)), tickets);
        Self {
            replica,
            node_key,
            default_min,
            contexts,
            sites: Cache::new(defaults.cached_names_max.get()),
            packs: Cache::new(CACHED_PACK_HOSTS_MAX),
            zones: Cache::new(CACHED_ZONES_MAX),
            epoch: AtomicU64::new(0),
            metrics,
            log: Sparing::per_second(FAULTS_LOGGED_PER_SECOND),
        }
    }

    /// Who serves `name`, which is lower case: the custom hostname of that name, else the zone whose own host it is, else
    /// the custom hostname one level above with its wildcard.
    ///
    /// # Errors
    /// When the local copy cannot be read.
    pub(crate) fn find(&self, name: &str, prefer: Prefer) -> Result<Option<Found>, ReadError> {
        let site = self.site(name)?;
        if let Some(site) = site.as_ref().filter(|site| !site.waiting.is_empty()) {
            sighting::notice(self.replica.sightings(), &site.waiting, prefer);
        }
        let exact = site.and_then(|site| Found::new(&site, Side::Exact));
        let good = |found: &Found| prefer == Prefer::Proof || found.credentials().is_some();
        if exact.as_ref().is_some_and(good) {
            return Ok(exact);
        }
        if let Some(own) = self.find_in_packs(name)? {
            return Ok(Some(own));
        }
        let Some((_, parent)) = name.split_once('.') else { return Ok(exact) };
        let wildcard = self.site(parent)?.and_then(|site| Found::new(&site, Side::Below));
        Ok(match (exact, wildcard) {
            (Some(exact), Some(wildcard)) if !good(&wildcard) => Some(exact),
            (exact, wildcard) => wildcard.or(exact),
        })
    }

    /// Everything known of exactly `name`, proven or not; `None` when it is unknown.
    ///
    /// # Errors
    /// When the local copy cannot be read.
    pub(crate) fn site(&self, name: &str) -> Result<Option<Arc<Site>>, ReadError> {
        if let Some(site) = self.sites.get(name) {
            self.metrics.cache_hit();
            return Ok(Some(site));
        }
        self.metrics.cache_miss();
        let epoch = self.epoch.load(Ordering::SeqCst);
        let entries = self.replica.hosts(name).inspect_err(|error| self.log_unreadable(error))?;
        if entries.is_empty() {
            return Ok(None);
        }
        let site = Arc::new(self.prepare(entries));
        self.sites.insert(name.into(), Arc::clone(&site));
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.sites.remove(name);
        }
        Ok(Some(site))
    }

    /// What is known of a zone.
    ///
    /// # Errors
    /// When the local copy cannot be read.
    pub(crate) fn zone(&self, id: ZoneId) -> Result<Option<Arc<ZoneEntry>>, ReadError> {
        if let Some(zone) = self.zones.get(&id) {
            return Ok(zone);
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        let zone = self.replica.zone(id).inspect_err(|error| self.log_unreadable(error))?;
        let zone = zone.map(Arc::new);
        self.zones.insert(id, zone.clone());
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.zones.remove(&id);
        }
        Ok(zone)
    }

    /// Forgets what changes, for ever. `changes` must have been subscribed to before the first look-up.
    pub(crate) async fn follow(&self, mut changes: Receiver<Change>) {
        loop {
            match changes.recv().await {
                Ok(change) => self.forget(&change),
                Err(RecvError::Lagged(_)) => self.forget(&Change::All),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn forget(&self, change: &Change) {
        // First the count, then the entry: a reader in between sees one of the two.
        self.epoch.fetch_add(1, Ordering::SeqCst);
        match change {
            Change::Host(name) => {
                self.sites.remove(&**name);
                self.packs.remove(&**name);
            }
            // Read from the copy at each request; kept by `TicketKeys`.
            Change::Record { .. } | Change::TicketKeys => {}
            Change::Zone(id) => self.forget_zone(*id),
            Change::All => {
                self.sites.clear();
                self.packs.clear();
                self.zones.clear();
            }
        }
    }

    /// What is held ready of a zone's names goes only when its settings of TLS may have changed.
    fn forget_zone(&self, id: ZoneId) {
        let before =
            self.zones.remove(&id).map(|(_, zone)| zone.map(|zone| zone.serving.tls.clone()));
        let now = self.replica.zone(id).map(|zone| zone.map(|zone| zone.serving.tls));
        if let (Some(before), Ok(now)) = (before, now)
            && before.unwrap_or_default() == now.unwrap_or_default()
        {
            return;
        }
        let is_of_another = |site: &Site| site.served.as_ref().is_none_or(|s| s.zone != id);
        self.sites.retain(|_, site| is_of_another(site));
        self.packs.retain(|_, site| is_of_another(site));
    }

    /// Of several proven entries of a name the one proven last is served; the tokens of all are answered.
    fn prepare(&self, entries: Vec<StoredEntry>) -> Site {
        let mut tokens = Vec::new();
        let mut winner: Option<(HostnameId, ZoneId, Routing)> = None;
        let mut waiting = Vec::new();
        for StoredEntry { entry, .. } in entries {
            tokens.extend(entry.tokens);
            let Some(routing) = entry.routing else {
                waiting.push(entry.hostname);
                continue;
            };
            let later = |best: &(_, _, Routing)| routing.proven_at > best.2.proven_at;
            if winner.as_ref().is_none_or(later) {
                winner = Some((entry.hostname, entry.zone, routing));
            }
        }
        let served = winner.map(|(hostname, zone, routing)| self.served(hostname, zone, routing));
        if served.is_some() {
            waiting.clear();
        }
        Site { tokens, served, waiting }
    }

    fn served(&self, hostname: HostnameId, zone: ZoneId, routing: Routing) -> Served {
        let owner = Owner::Hostname(hostname);
        let tls = routing.tls.or(&self.zone_tls(zone));
        Served {
            owner,
            zone,
            early_hints: tls.early_hints == Some(Switch::On),
            metadata: metadata::header(&routing.metadata),
            wildcard: routing.wildcard,
            credentials: self.credentials(owner, &tls, &routing.certificates),
            destination: Destination::Origin(routing.origin),
        }
    }

    /// What a zone says about TLS; nothing when it cannot be read, which is logged.
    fn zone_tls(&self, zone: ZoneId) -> TlsPolicy {
        let zone = self.zone(zone).ok().flatten();
        zone.map(|zone| zone.serving.tls.clone()).unwrap_or_default()
    }

    fn credentials(
        &self,
        owner: Owner,
        policy: &TlsPolicy,
        certificates: &[ServedCertificate],
    ) -> Option<Credentials> {
        let purpose = Purpose { owner, policy, default_min: self.default_min };
        let prepared = Credentials::prepare(purpose, certificates, &self.node_key, &self.contexts);
        let Prepared { ready, left_out } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                self.metrics.unusable_certificates.inc();
                if self.log.allows() {
                    tracing::error!(%owner, %error, "tls_settings.unusable");
                }
                return None;
            }
        };
        for (certificate, why) in left_out {
            self.metrics.unusable_certificates.inc();
            if self.log.allows() {
                tracing::error!(%owner, %certificate, %why, "certificate.unusable");
            }
        }
        ready
    }

    /// The contexts that the names' handshakes use.
    pub(crate) fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    fn log_unreadable(&self, error: &ReadError) {
        if self.log.allows() {
            tracing::error!(%error, "replica.unreadable");
        }
    }
}

/// `name` as it is looked up: lower case, without the final dot. `None` for what cannot be a name. Copies only what is
/// not lower case already.
pub(crate) fn lookup_name(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.bytes().all(plain) {
        return None;
    }
    Some(if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_in_lower_case_without_the_final_dot() {
        for (name, expected) in [
            ("App.Customer.com.", Some("app.customer.com")),
            ("app.customer.com", Some("app.customer.com")),
            ("", None),
            (".", None),
            ("a b.com", None),
            ("a/b", None),
            ("münchen.de", None),
        ] {
            assert_eq!(lookup_name(name).as_deref(), expected, "{name}");
        }
        assert!(matches!(lookup_name("app.customer.com"), Some(Cow::Borrowed(_))));
        assert_eq!(lookup_name(&"a".repeat(NAME_LENGTH_MAX + 1)), None);
    }
}
