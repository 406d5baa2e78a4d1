//! How many hostnames a zone may have, and has.

use np_domain::{ports::StoreError, zone::Zone};

use crate::app::App;

/// A zone's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many it has. One whose deletion was accepted does not count.
    pub used: u64,
    /// How many it may have; `None`: any number.
    pub max: Option<u64>,
}

/// The zone's share now.
///
/// # Errors
/// When memory fails.
pub async fn quota(app: &App, zone: &Zone) -> Result<Quota, StoreError> {
    let used = app.stores.hostnames.count(zone.id).await?;
    Ok(Quota { used, max: app.terms.hostnames_per_zone_max })
}
