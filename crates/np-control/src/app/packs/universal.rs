//! The universal certificate of a zone: a pack for its apex and everything one level below. It is on as long as there is
//! that pack, so that nothing can disagree with it. Off for a new zone (docs/divergences.md).

use np_domain::{
    certificate::DcvMethod,
    certificate_pack::{PackHosts, PackKind, PackRecord, Validity},
    ports::{InsertPackError, StoreError},
    zone::Zone,
};
use thiserror::Error;

use super::{FindPackError, NewPack, order, remove};
use crate::app::App;

/// Why the universal certificate was not switched.
#[derive(Debug, Error)]
pub enum UniversalError {
    /// Memory did not take the pack.
    #[error(transparent)]
    Insert(#[from] InsertPackError),
    /// The pack could not be removed.
    #[error(transparent)]
    Find(#[from] FindPackError),
}

impl From<StoreError> for UniversalError {
    fn from(error: StoreError) -> Self {
        Self::Insert(error.into())
    }
}

/// Whether it is on.
///
/// # Errors
/// When memory fails.
pub async fn is_universal_on(app: &App, zone: &Zone) -> Result<bool, StoreError> {
    Ok(universal(app, zone).await?.is_some())
}

async fn universal(app: &App, zone: &Zone) -> Result<Option<PackRecord>, StoreError> {
    let packs = app.stores.packs.packs(zone.id).await?;
    Ok(packs.into_iter().find(|record| record.pack.kind == PackKind::Universal))
}

/// Switches it on, which orders the pack, or off, which deletes it. What is so already stays.
///
/// # Errors
/// See [`UniversalError`].
pub async fn set_universal(app: &App, zone: &Zone, on: bool) -> Result<(), UniversalError> {
    match (universal(app, zone).await?, on) {
        (None, true) => switch_on(app, zone).await,
        (Some(record), false) => match remove(app, zone, record.pack.id).await {
            Err(FindPackError::Unknown) => Ok(()),
            removed => Ok(removed?),
        },
        (Some(_), true) | (None, false) => Ok(()),
    }
}

async fn switch_on(app: &App, zone: &Zone) -> Result<(), UniversalError> {
    let new = NewPack {
        hosts: PackHosts::universal(&zone.name),
        // The only way to a wildcard.
        method: DcvMethod::Txt,
        validity: Validity::Days90,
        authority: None,
        branding: false,
    };
    match order::add(app, zone, new, PackKind::Universal).await {
        // Somebody else switched it on at the same time.
        Err(error) if order::is_duplicate(&error) => Ok(()),
        added => Ok(added.map(|_| ())?),
    }
}
