//! Certificate packs of a zone's own hosts: ordered, checked again and deleted (behaviour.md 3.7).

mod order;
mod universal;
mod verify;

pub use order::{NewPack, OrderError, order};
pub use universal::{UniversalError, is_universal_on, set_universal};
pub use verify::{Verified, VerifyError, recheck_all, verify};

use np_domain::{
    certificate::order::restart,
    certificate_pack::PackRecord,
    event::{Event, EventKind},
    id::PackId,
    ports::{PackChange, Publish, StoreError},
    text::Explanation,
    zone::Zone,
};
use thiserror::Error;

use super::{App, race::Race};

/// Why there is no pack to show, change or remove.
#[derive(Debug, Error)]
pub enum FindPackError {
    /// The zone has none with this id.
    #[error("the zone has no certificate pack with this id")]
    Unknown,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One pack of a zone.
///
/// # Errors
/// See [`FindPackError`].
pub async fn find(app: &App, zone: &Zone, id: PackId) -> Result<PackRecord, FindPackError> {
    app.stores.packs.pack(zone.id, id).await?.ok_or(FindPackError::Unknown)
}

/// Begins the checks of a pack anew at once, and sets whether it may bear a name of the provider's. A pack that has its
/// certificates has nothing to check.
///
/// # Errors
/// See [`FindPackError`].
pub async fn edit(
    app: &App,
    zone: &Zone,
    id: PackId,
    branding: Option<bool>,
) -> Result<PackRecord, FindPackError> {
    change(app, zone, id, EventKind::PackEdited, |record| {
        record.pack.branding = branding.unwrap_or(record.pack.branding);
        recheck(app, record)
    })
    .await?;
    find(app, zone, id).await
}

/// Accepts the deletion of a pack: from now on the API does not know it, and its certificates leave the serving nodes.
///
/// # Errors
/// See [`FindPackError`].
pub async fn remove(app: &App, zone: &Zone, id: PackId) -> Result<(), FindPackError> {
    change(app, zone, id, EventKind::PackDeleted, |record| {
        record.pack.leaving_since = Some(app.now());
        Publish::Yes
    })
    .await
}

/// Begins the checks of a pack anew, where there is something to hasten.
fn recheck(app: &App, record: &mut PackRecord) -> Publish {
    let before = record.certificate.open_order().cloned();
    if let Some(attempt) = restart(&record.certificate, app.now()) {
        record.certificate.attempt = attempt;
    }
    match record.certificate.open_order() == before.as_ref() {
        true => Publish::No,
        false => Publish::Yes,
    }
}

/// Changes a pack; a lost race is run again on what won.
async fn change(
    app: &App,
    zone: &Zone,
    id: PackId,
    kind: EventKind,
    decide: impl Fn(&mut PackRecord) -> Publish,
) -> Result<(), FindPackError> {
    let mut race = Race::new();
    loop {
        let mut record = find(app, zone, id).await?;
        let publish = decide(&mut record);
        let events = vec![event(app, kind)];
        let change = PackChange { record, events, publish };
        match app.stores.packs.save_pack(&change).await {
            Err(StoreError::Stale) => {
                race.lost(app.draws.as_ref()).await?;
                continue;
            }
            saved => saved?,
        }
        app.journal.note_pack(&change.record.pack, &change.events);
        ring(app);
        return Ok(());
    }
}

fn event(app: &App, kind: EventKind) -> Event {
    Event { at: app.now(), kind, detail: Explanation::new("asked for by the API") }
}

fn ring(app: &App) {
    app.bells.issuance.ring();
    app.bells.publication.ring();
    app.bells.saved.ring_all();
}
