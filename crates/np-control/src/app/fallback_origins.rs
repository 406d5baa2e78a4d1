//! A zone's fallback origin: where requests for hostnames without an origin of their own go.

use np_domain::{
    origin::{FallbackOrigin, OriginHost},
    ports::Publish,
    zone::Zone,
};
use thiserror::Error;

use super::{App, access::AccessError, zones::change};

/// Why there is no fallback origin to show or remove.
#[derive(Debug, Error)]
pub enum FallbackError {
    /// None is set.
    #[error("the zone has no fallback origin")]
    Unset,
    /// The zone has gone, or memory failed.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Sets it. Hostnames that could not be proven for want of one are looked at again at once.
///
/// # Errors
/// When the zone has gone or memory fails.
pub async fn set(app: &App, zone: Zone, origin: OriginHost) -> Result<FallbackOrigin, AccessError> {
    let now = app.now();
    let (id, is_first) = (zone.id, zone.fallback.is_none());
    let set = |zone: &mut Zone| {
        let created_at = zone.fallback.as_ref().map_or(now, |old| old.created_at);
        let fallback = FallbackOrigin { origin: origin.clone(), created_at, updated_at: now };
        zone.fallback = Some(fallback.clone());
        Ok::<_, AccessError>(fallback)
    };
    let (_, fallback) = change(app, zone, Publish::Yes, set).await?;
    if is_first {
        app.stores.hostnames.hasten_unproven(id, now).await?;
        app.bells.ownership.ring();
    }
    tell(app);
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
pub async fn remove(app: &App, zone: Zone) -> Result<FallbackOrigin, FallbackError> {
    let take = |zone: &mut Zone| zone.fallback.take().ok_or(FallbackError::Unset);
    let (_, fallback) = change(app, zone, Publish::Yes, take).await?;
    tell(app);
    Ok(fallback)
}

fn tell(app: &App) {
    app.bells.publication.ring();
    app.bells.saved.ring_all();
}
