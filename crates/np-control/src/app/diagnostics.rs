//! Why a hostname is not active: looks at the world on request, and says what was found; and what happened to it before.
//!
//! The only use case that looks outside, through the [`Inspector`] port. Whoever calls it makes us send questions to servers that
//! a customer's name chooses, so the number of diagnoses at a time is bounded, one hostname is looked at by one call at a time,
//! and what was found is given again for [`KEPT_FOR`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use np_domain::{
    Timestamp,
    certificate::AuthorityName,
    custom_hostname::HostnameRecord,
    delegation::DelegationDomain,
    diagnosis::{Issuer, Report, Wanted, diagnose},
    event::Event,
    id::{AccountId, HostnameId},
    name::{DnsName, Hostname},
    network::AddressRange,
    ports::Inspector,
    zone::{CnameTarget, Zone},
};
use thiserror::Error;
use tokio::{sync::Semaphore, time::Instant};

use super::{
    App,
    hostnames::{self, FindError},
};

/// How many diagnoses may run at a time.
pub const IN_FLIGHT_MAX: usize = 8;
/// How many of them may be of hostnames of one account, so that none takes all places.
pub const IN_FLIGHT_PER_ACCOUNT_MAX: usize = 4;
/// How long what was found is given again.
pub const KEPT_FOR: Duration = Duration::from_secs(10);
/// Of how many hostnames what was found is kept.
pub const KEPT_MAX: usize = 1024;

/// The configured CAs as CAA records know them, the default first.
pub type Issuers = Arc<dyn Fn() -> Vec<Issuer> + Send + Sync>;

/// What a diagnosis needs. Cheap to clone: clones share their limits.
#[derive(Clone)]
pub struct Diagnostics(Arc<Shared>);

struct Shared {
    inspector: Arc<dyn Inspector>,
    issuers: Issuers,
    delegation_domain: DelegationDomain,
    cdn_domain: Option<DnsName>,
    /// Those that stand in the configuration.
    prefixes: Vec<(AccountId, AddressRange)>,
    running: Semaphore,
    running_of: Mutex<HashMap<AccountId, usize>>,
    kept: Mutex<HashMap<HostnameId, Place>>,
}

/// The place of one hostname's last report; who holds it is looking.
type Place = Arc<tokio::sync::Mutex<Option<Kept>>>;

struct Kept {
    until: Instant,
    /// What was looked for: another state of the hostname is another diagnosis.
    wanted: Wanted,
    report: Arc<Report>,
}

/// Why there is no report.
#[derive(Debug, Error)]
pub enum DiagnoseError {
    /// No such hostname, or memory failed.
    #[error(transparent)]
    Find(#[from] FindError),
    /// [`IN_FLIGHT_MAX`] run already, or [`IN_FLIGHT_PER_ACCOUNT_MAX`] of the account.
    #[error("too many diagnoses are under way")]
    Busy,
}

impl Diagnostics {
    /// Diagnoses with these eyes.
    pub fn new(
        inspector: Arc<dyn Inspector>,
        issuers: Issuers,
        delegation_domain: DelegationDomain,
        cdn_domain: Option<DnsName>,
        prefixes: Vec<(AccountId, AddressRange)>,
    ) -> Self {
        Self(Arc::new(Shared {
            inspector,
            issuers,
            delegation_domain,
            cdn_domain,
            prefixes,
            running: Semaphore::new(IN_FLIGHT_MAX),
            running_of: Mutex::default(),
            kept: Mutex::default(),
        }))
    }

    /// The configured CAs, the default first.
    pub(crate) fn issuers(&self) -> Vec<Issuer> {
        (self.0.issuers)()
    }

    fn place(&self, id: HostnameId) -> Place {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            let now = Instant::now();
            // One that is held is being looked at.
            kept.retain(|_, place| match place.try_lock() {
                Ok(place) => place.as_ref().is_some_and(|kept| kept.until > now),
                Err(_) => true,
            });
        }
        kept.entry(id).or_default().clone()
    }

    /// What is the matter with a name at this moment, whether or not it was added to `zone`. For whoever may look as often
    /// as they like: nothing is kept, and nothing bounds it.
    pub async fn examine(
        &self,
        zone: &Zone,
        name: &Hostname,
        record: Option<HostnameRecord>,
        now: Timestamp,
    ) -> Report {
        let wanted = self.wanted(zone, name.clone(), record, &[]);
        let sight = self.0.inspector.inspect(&wanted).await;
        diagnose(&wanted, &sight, now)
    }

    /// What a name of `zone` is to point at, and where its challenges are to be delegated to.
    pub fn records(&self, zone: &Zone, name: &Hostname) -> (DnsName, Option<DnsName>) {
        let wanted = self.wanted(zone, name.clone(), None, &[]);
        (wanted.point_at, wanted.delegation)
    }

    /// `kept` has the prefixes of accounts besides those of the configuration.
    fn wanted(
        &self,
        zone: &Zone,
        name: Hostname,
        record: Option<HostnameRecord>,
        kept: &[(AccountId, AddressRange)],
    ) -> Wanted {
        let prefixes = self.0.prefixes.iter().chain(kept);
        let prefixes = prefixes.filter(|(account, _)| *account == zone.account);
        let prefixes = prefixes.map(|(_, range)| *range).collect();
        let target = CnameTarget::of(zone, self.0.cdn_domain.as_ref());
        let certificate = record.as_ref().and_then(|record| record.certificate.as_ref());
        let in_use = certificate.and_then(|c| c.wanted.authority);
        let has_own_origin = record.as_ref().is_some_and(|r| r.hostname.origin.is_some());
        Wanted {
            point_at: point_at(zone, &target),
            prefixes,
            zone_is_active: zone.state.is_active(),
            has_origin: zone.fallback.is_some() || has_own_origin,
            delegation: self.0.delegation_domain.target(&name, zone.delegation).ok(),
            issuers: in_front(in_use, (self.0.issuers)()),
            name,
            record,
            target,
        }
    }
}

/// One of an account's places among the diagnoses under way; free again when dropped.
struct Turn<'a> {
    running_of: &'a Mutex<HashMap<AccountId, usize>>,
    account: AccountId,
}

impl<'a> Turn<'a> {
    fn take(shared: &'a Shared, account: AccountId) -> Result<Self, DiagnoseError> {
        let mut running_of = shared.running_of.lock().unwrap_or_else(PoisonError::into_inner);
        let running = running_of.entry(account).or_default();
        if *running >= IN_FLIGHT_PER_ACCOUNT_MAX {
            return Err(DiagnoseError::Busy);
        }
        *running += 1;
        Ok(Self { running_of: &shared.running_of, account })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running_of = self.running_of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running_of.get_mut(&self.account) {
            *running -= 1;
            if *running == 0 {
                running_of.remove(&self.account);
            }
        }
    }
}

/// The target to recommend: the platform's name for a partial zone; else the fallback origin where it is in the zone, which the
/// original's customers point at too; else the zone.
fn point_at(zone: &Zone, target: &CnameTarget) -> DnsName {
    let fallback = zone.fallback.as_ref().map(|fallback| fallback.origin.host.as_dns());
    let fallback = fallback.filter(|host| host.is_within(zone.name.as_str()));
    target.partial.as_ref().or(fallback).unwrap_or(zone.name.as_dns()).clone()
}

/// The CA in use goes first.
fn in_front(in_use: Option<AuthorityName>, mut issuers: Vec<Issuer>) -> Vec<Issuer> {
    issuers.sort_by_key(|issuer| in_use.is_some_and(|in_use| in_use != issuer.authority));
    issuers
}

/// What is the matter with a hostname at this moment.
///
/// # Errors
/// See [`DiagnoseError`].
pub async fn diagnostics(
    app: &App,
    zone: &Zone,
    id: HostnameId,
) -> Result<Arc<Report>, DiagnoseError> {
    let record = hostnames::find(app, zone, id).await?;
    let diagnostics = &app.diagnostics;
    let prefixes = app.stores.rules.prefixes().await.map_err(FindError::from)?;
    let name = record.hostname.name.clone();
    let wanted = diagnostics.wanted(zone, name, Some(record), &prefixes);
    let place = diagnostics.place(id);
    let mut kept = place.lock().await;
    if let Some(kept) = kept.as_ref().filter(|k| k.until > Instant::now() && k.wanted == wanted) {
        return Ok(kept.report.clone());
    }
    let shared = &diagnostics.0;
    let _turn = Turn::take(shared, zone.account)?;
    let _running = shared.running.try_acquire().map_err(|_| DiagnoseError::Busy)?;
    let sight = shared.inspector.inspect(&wanted).await;
    let report = Arc::new(diagnose(&wanted, &sight, app.now()));
    let until = Instant::now() + KEPT_FOR;
    *kept = Some(Kept { until, wanted, report: report.clone() });
    Ok(report)
}

/// What happened to a hostname, newest first.
///
/// # Errors
/// See [`FindError`].
pub async fn history(
    app: &App,
    zone: &Zone,
    id: HostnameId,
    limit: u32,
) -> Result<Vec<Event>, FindError> {
    let record = hostnames::find(app, zone, id).await?;
    Ok(app.stores.history.history(record.hostname.id, limit).await?)
}
