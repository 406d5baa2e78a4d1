//! Ordering a pack: one durable write, then a bounded wait for the CA's tokens.

use np_domain::{
    certificate::{
        AuthorityName, BundleMethod, CertName, Certificate, DcvMethod, Owner, State, Wanted,
    },
    certificate_pack::{Pack, PackHosts, PackKind, PackRecord, Validity},
    event::EventKind,
    ports::{InsertError, InsertPackError},
    tls_policy::TlsPolicy,
    zone::Zone,
};
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::app::{
    App,
    hostnames::{WantedError, check},
};

/// A waiting order reads again at least this often: a bell rung in another process is not heard.
const READ_PERIOD: Duration = Duration::from_millis(100);

/// A pack to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPack {
    /// The names that it shall cover.
    pub hosts: PackHosts,
    /// How control is shown.
    pub method: DcvMethod,
    /// How long its certificates shall live.
    pub validity: Validity,
    /// The CA; `None`: the configured default.
    pub authority: Option<AuthorityName>,
    /// Whether it may bear a name of the provider's.
    pub branding: bool,
}

/// Why a pack was not ordered.
#[derive(Debug, Error)]
pub enum OrderError {
    /// Another account has a zone that is closer to this host.
    #[error("{0} is within a closer zone of another account")]
    Foreign(CertName),
    /// No host is short enough for a common name.
    #[error("no host is short enough for a common name")]
    BrandingNeeded,
    /// No public CA issues for so long any more.
    #[error("no public CA issues for {} days", .0.days())]
    TooLong(Validity),
    /// The certificate cannot be asked for like this.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// Memory did not take it, or the zone has all that it may have.
    #[error(transparent)]
    Insert(#[from] InsertPackError),
}

/// Orders a pack. The answer has the CA's tokens if they came within `create_wait`.
///
/// # Errors
/// See [`OrderError`].
pub async fn order(app: &App, zone: &Zone, new: NewPack) -> Result<PackRecord, OrderError> {
    check_terms(app, &new)?;
    if new.hosts.are_too_long_for_common_name() && !new.branding {
        return Err(OrderError::BrandingNeeded);
    }
    let around = app.stores.zones.zones_around(&new.hosts.base_names()).await;
    let around = around.map_err(InsertPackError::from)?;
    if let Some(host) = new.hosts.lost(zone, &around) {
        return Err(OrderError::Foreign(host.clone()));
    }
    let record = add(app, zone, new, PackKind::Advanced).await?;
    Ok(when_ordered(app, zone, record).await)
}

fn check_terms(app: &App, new: &NewPack) -> Result<(), OrderError> {
    let asked = new.authority.unwrap_or(app.terms.default_authority);
    if !new.validity.is_public() && !app.terms.private_authorities.contains(&asked) {
        return Err(OrderError::TooLong(new.validity));
    }
    Ok(check(&wanted(app, new), &app.terms)?)
}

fn wanted(app: &App, new: &NewPack) -> Wanted {
    Wanted {
        method: new.method,
        wildcard: new.hosts.has_wildcard(),
        authority: new.authority,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: app.terms.keys.clone(),
    }
}

/// Adds a pack that was judged.
pub(super) async fn add(
    app: &App,
    zone: &Zone,
    new: NewPack,
    kind: PackKind,
) -> Result<PackRecord, InsertPackError> {
    let (id, now) = (app.draws.pack_id(), app.now());
    let certificate = Certificate::new(id, Owner::Zone(zone.id), wanted(app, &new), now);
    let pack = Pack {
        id,
        zone: zone.id,
        kind,
        hosts: new.hosts,
        validity: new.validity,
        branding: new.branding,
        created_at: now,
        leaving_since: None,
    };
    let record = PackRecord { pack, certificate };
    let events = [super::event(app, EventKind::PackOrdered)];
    app.stores.packs.insert_pack(&record, app.terms.packs_per_zone_max, &events).await?;
    app.journal.note_pack(&record.pack, &events);
    super::ring(app);
    Ok(record)
}

/// Waits until the order was placed or refused, or the time is up. The pack is safe already, so that trouble while reading
/// only means an older answer.
async fn when_ordered(app: &App, zone: &Zone, mut record: PackRecord) -> PackRecord {
    let until = Instant::now() + app.terms.create_wait;
    while is_unordered(&record.certificate) && Instant::now() < until {
        let saved = app.bells.saved.listen();
        match app.stores.packs.pack(zone.id, record.pack.id).await {
            Ok(Some(newer)) => record = newer,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(pack.id = %record.pack.id, %error, "reading a new pack again failed");
                break;
            }
        }
        if is_unordered(&record.certificate) {
            // Heard or not: look.
            let _ = timeout_at(until.min(Instant::now() + READ_PERIOD), saved).await;
        }
    }
    record
}

fn is_unordered(certificate: &Certificate) -> bool {
    matches!(&certificate.attempt, State::Ordering(ordering) if ordering.refusals == 0)
}

/// The zone was removed since it was read, or a pack of this kind exists.
pub(super) fn is_duplicate(error: &InsertPackError) -> bool {
    matches!(error, InsertPackError::Insert(InsertError::Duplicate { .. }))
}
