//! Adding a hostname: one durable write, then a bounded wait for the CA's tokens.

use std::time::Duration;

use np_domain::{
    certificate::{self, Certificate, Wanted},
    custom_hostname::{CustomHostname, HostnameRecord, Metadata},
    event::EventKind,
    name::Hostname,
    origin::CustomOrigin,
    ownership,
    ports::{AddError, Addition, InsertError, StoreError},
    zone::Zone,
};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Quota, Upload, UploadError, WantedError, check,
    quota::nearly_full,
    upload::{self},
    wanted::check_tls,
};
use crate::app::App;

/// A waiting create reads again at least this often: a bell rung in another process is not heard.
const READ_PERIOD: Duration = Duration::from_millis(100);
/// How long it leaves between its first two reads, however often the bell rings. The pause doubles at each read up to
/// [`READ_PERIOD`], so that a thousand waiting creates do not keep the store busy with each other's bells.
const READ_PAUSE: Duration = Duration::from_millis(5);

/// A hostname to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHostname {
    /// The name.
    pub name: Hostname,
    /// Where its requests go, when not to the fallback origin.
    pub origin: Option<CustomOrigin>,
    /// The provider's words about it.
    pub metadata: Metadata,
    /// The certificate asked for, if any.
    pub wanted: Option<Asked>,
}

/// A certificate for a new hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To be obtained from a CA.
    Managed(Wanted),
    /// Uploaded; of what is wanted, what concerns a CA waits until one is asked for.
    Uploaded(Wanted, Upload),
}

/// Why a hostname was not added.
#[derive(Debug, Error)]
pub enum CreateError {
    /// It is the zone's own name.
    #[error("the name is the zone's own")]
    IsZone,
    /// The zone has as many as it may have.
    #[error("the zone has all {0} custom hostnames that it may have")]
    QuotaExceeded(u64),
    /// The certificate cannot be asked for like this.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// The uploaded certificate is not taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// Memory did not take it.
    #[error(transparent)]
    Insert(#[from] InsertError),
}

/// What became of a create.
#[derive(Debug)]
pub struct Created<T> {
    /// What became of what was to be added.
    pub outcome: T,
    /// The zone's share afterwards, when it is nearly full.
    pub nearly_full: Option<Quota>,
}

/// Adds a hostname. The answer has the CA's tokens if they came within `create_wait`.
///
/// # Errors
/// See [`CreateError`].
pub async fn create(
    app: &App,
    zone: &Zone,
    new: NewHostname,
) -> Result<Created<HostnameRecord>, CreateError> {
    let created = add_all(app, zone, vec![new]).await.pop();
    let lost = || InsertError::from(StoreError::Unavailable("a create without an answer".into()));
    let record = created.unwrap_or_else(|| Err(lost().into()))?;
    let nearly_full = nearly_full(app, zone).await;
    Ok(Created { outcome: when_ordered(app, zone, record).await, nearly_full })
}

/// Adds hostnames, each for itself; what became of each, in order. Does not wait for the CA.
pub async fn create_all(
    app: &App,
    zone: &Zone,
    new: Vec<NewHostname>,
) -> Created<Vec<Result<HostnameRecord, CreateError>>> {
    let outcome = add_all(app, zone, new).await;
    let nearly_full = match outcome.iter().any(Result::is_ok) {
        true => nearly_full(app, zone).await,
        false => None,
    };
    Created { outcome, nearly_full }
}

async fn add_all(
    app: &App,
    zone: &Zone,
    new: Vec<NewHostname>,
) -> Vec<Result<HostnameRecord, CreateError>> {
    let mut judged = Vec::new();
    for new in new {
        judged.push(judge(app, zone, new).await);
    }
    let additions = judged.iter().filter_map(|judged| judged.as_ref().ok().cloned()).collect();
    let mut added = app.stores.hostnames.add(additions).await.into_iter();
    let created: Vec<_> = judged
        .into_iter()
        .map(|judged| {
            let addition = judged?;
            match added.next() {
                Some(Ok(())) => {}
                Some(Err(AddError::Insert(why))) => return Err(why.into()),
                Some(Err(AddError::Full)) | None => {
                    return Err(CreateError::QuotaExceeded(addition.hostnames_max.unwrap_or(0)));
                }
            }
            app.journal.note(&addition.record.hostname, &addition.events);
            Ok(addition.record)
        })
        .collect();
    if created.iter().any(Result::is_ok) {
        app.bells.ownership.ring();
        app.bells.issuance.ring();
        app.bells.publication.ring();
    }
    created
}

/// What is to be added, if it may be asked for.
async fn judge(app: &App, zone: &Zone, new: NewHostname) -> Result<Addition, CreateError> {
    if new.name == zone.name {
        return Err(CreateError::IsZone);
    }
    let record = record(app, zone, new).await?;
    let mut events = vec![super::event(EventKind::Created, "asked for by the API", app.now())];
    if let Some(certificate) = record.certificate.as_ref().filter(|one| one.is_uploaded()) {
        let detail = upload::summary(&certificate.to_serve());
        events.push(super::event(EventKind::CertificateUploaded, &detail, app.now()));
    }
    Ok(Addition { record, events, hostnames_max: app.terms.hostnames_per_zone_max })
}

async fn record(app: &App, zone: &Zone, new: NewHostname) -> Result<HostnameRecord, CreateError> {
    let now = app.now();
    let id = app.draws.hostname_id();
    let hostname = CustomHostname {
        id,
        zone: zone.id,
        name: new.name,
        token: app.draws.ownership_token(),
        ownership: ownership::State::new(now),
        origin: new.origin,
        metadata: new.metadata,
        created_at: now,
        version: 0,
    };
    let certificate = match new.wanted {
        None => None,
        Some(asked) => Some(first_certificate(app, zone, &hostname, asked).await?),
    };
    Ok(HostnameRecord { hostname, certificate })
}

async fn first_certificate(
    app: &App,
    zone: &Zone,
    hostname: &CustomHostname,
    asked: Asked,
) -> Result<Certificate, CreateError> {
    let (id, now) = (app.draws.pack_id(), app.now());
    match asked {
        Asked::Managed(wanted) => {
            check(&wanted, &app.terms)?;
            Ok(Certificate::new(id, hostname.id, wanted, now))
        }
        Asked::Uploaded(wanted, upload) => {
            check_tls(&wanted.tls)?;
            let terms = upload::Terms::of(&hostname.name, &wanted);
            let ready = upload::prepare(app, zone, &upload, &terms).await?;
            Ok(Certificate::uploaded(id, hostname.id, wanted, ready, now))
        }
    }
}

/// Waits until the order was placed or refused, or the time is up. The hostname is safe already, so that trouble while
/// reading only means an older answer.
async fn when_ordered(app: &App, zone: &Zone, mut record: HostnameRecord) -> HostnameRecord {
    let until = Instant::now() + app.terms.create_wait;
    let mut pause = READ_PAUSE;
    let mut saved = Box::pin(app.bells.saved.listen());
    while is_unordered(&record) && Instant::now() < until {
        // Heard or not: look.
        let _ = timeout_at(until.min(Instant::now() + READ_PERIOD), saved).await;
        // From before the look: what is saved while we look or pause is not missed.
        saved = Box::pin(app.bells.saved.listen());
        match app.stores.hostnames.find(zone.id, record.hostname.id).await {
            Ok(Some(newer)) => record = newer,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(hostname.id = %record.hostname.id, %error, "reading a new hostname again failed");
                break;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(READ_PERIOD);
    }
    record
}

fn is_unordered(record: &HostnameRecord) -> bool {
    record.certificate.as_ref().is_some_and(|certificate| match &certificate.attempt {
        certificate::State::Ordering(ordering) => ordering.refusals == 0,
        certificate::State::Settled(_)
        | certificate::State::AwaitingControl(_)
        | certificate::State::Validating(_)
        | certificate::State::Issuing(_)
        | certificate::State::Issued(_)
        | certificate::State::Stalled(_)
        | certificate::State::Uploaded(_)
        | certificate::State::Kept(_) => false,
    })
}
