//! A zone's fallback origin: where requests for hostnames without an origin of their own go.

use np_domain::{
    origin::{FallbackOrigin, OriginHost},
    ports::{Publish, StoreError},
    zone::Zone,
};
use thiserror::Error;

use super::App;

/// Why there is no fallback origin to show or remove.
#[derive(Debug, Error)]
pub enum FallbackError {
    /// None is set.
    #[error("the zone has no fallback origin")]
    Unset,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets it.
///
/// # Errors
/// When memory fails, or somebody else changed the zone meanwhile.
pub async fn set(
    app: &App,
    mut zone: Zone,
    origin: OriginHost,
) -> Result<FallbackOrigin, StoreError> {
    let now = app.now();
    let created_at = zone.fallback.as_ref().map_or(now, |old| old.created_at);
    let fallback = FallbackOrigin { origin, created_at, updated_at: now };
    zone.fallback = Some(fallback.clone());
    save(app, zone).await?;
    Ok(fallback)
}

/// The one that is set.
///
/// # Errors
/// [`FallbackError::Unset`].
pub fn current(zone: &Zone) -> Result<&FallbackOrigin, FallbackError> {
    zone.fallback.as_ref().ok_or(FallbackError::Unset)
}

/// Removes it, and gives what was set.
///
/// # Errors
/// When none is set or memory fails.
pub async fn remove(app: &App, mut zone: Zone) -> Result<FallbackOrigin, FallbackError> {
    let fallback = zone.fallback.take().ok_or(FallbackError::Unset)?;
    save(app, zone).await?;
    Ok(fallback)
}

async fn save(app: &App, mut zone: Zone) -> Result<(), StoreError> {
    zone.modified_at = app.now();
    app.stores.zones.save_zone(&zone, Publish::Yes).await?;
    app.bells.publication.ring();
    app.bells.saved.ring_all();
    Ok(())
}
