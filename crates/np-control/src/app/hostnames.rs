//! Custom hostnames: added, changed and removed. What may be asked of a certificate is in [`wanted`].

mod certificates;
mod create;
mod edit;
mod quota;
mod upload;
mod wanted;

pub use certificates::{
    CertificateError, CertificatePath, remove_certificate, replace_certificate,
};
pub use create::{Asked, CreateError, Created, NewHostname, create, create_all};
pub use edit::{CertificateEdit, Edit, EditError, FieldEdit, NewCertificate, TlsEdit, edit};
pub use quota::{NEARLY_FULL_PERCENT, Quota, quota};
pub use upload::{Analysis, KeySource, Place, Upload, UploadError, UploadedPair, analyze};
pub use wanted::{Unfit, UnfitWhy, WantedError, check};

use np_domain::{
    custom_hostname::HostnameRecord,
    event::{Event, EventKind},
    id::HostnameId,
    ownership,
    ports::{Hold, HostnameChange, Publish, StoreError},
    text::Explanation,
    zone::Zone,
};
use thiserror::Error;

use super::{App, race::Race};

/// Why there is no hostname to show or remove.
#[derive(Debug, Error)]
pub enum FindError {
    /// The zone has none with this id.
    #[error("the zone has no custom hostname with this id")]
    Unknown,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One hostname of a zone.
///
/// # Errors
/// See [`FindError`].
pub async fn find(app: &App, zone: &Zone, id: HostnameId) -> Result<HostnameRecord, FindError> {
    app.stores.hostnames.find(zone.id, id).await?.ok_or(FindError::Unknown)
}

/// Accepts the deletion of a hostname: from now on the API does not know it, and it leaves the serving nodes.
///
/// # Errors
/// See [`FindError`].
pub async fn remove(app: &App, zone: &Zone, id: HostnameId) -> Result<(), FindError> {
    let mut race = Race::new();
    loop {
        let change = leaving(app, find(app, zone, id).await?)?;
        match app.stores.hostnames.save(std::slice::from_ref(&change), &Hold::Release).await {
            Err(StoreError::Stale) => {
                race.lost(app.draws.as_ref()).await?;
                continue;
            }
            saved => saved?,
        }
        app.journal.note(&change.hostname, &change.events);
        app.bells.ownership.ring();
        app.bells.publication.ring();
        app.bells.saved.ring_all();
        return Ok(());
    }
}

fn leaving(app: &App, record: HostnameRecord) -> Result<HostnameChange, FindError> {
    let mut hostname = record.hostname;
    let now = app.now();
    let verdict = ownership::leave(&hostname.ownership, now).ok_or(FindError::Unknown)?;
    hostname.ownership = verdict.state;
    let detail = verdict.detail;
    let events = verdict.event.map(|kind| Event { at: now, kind, detail }).into_iter().collect();
    Ok(HostnameChange { hostname, events, publish: Publish::Yes })
}

fn event(kind: EventKind, detail: &str, now: np_domain::Timestamp) -> Event {
    Event { at: now, kind, detail: Explanation::new(detail) }
}
