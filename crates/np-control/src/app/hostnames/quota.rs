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

/// From this part of its share on, in percent, a zone counts as nearly full.
pub const NEARLY_FULL_PERCENT: u64 = 90;

impl Quota {
    /// Whether at least [`NEARLY_FULL_PERCENT`] of what the zone may have is used.
    pub fn is_nearly_full(self) -> bool {
        let percent = |count: u64, percent: u64| u128::from(count) * u128::from(percent);
        self.max.is_some_and(|max| percent(self.used, 100) >= percent(max, NEARLY_FULL_PERCENT))
    }
}

/// The zone's share after a create, if there is little left of it. The hostname is there already, so that trouble while
/// counting only means that nothing is said.
pub(super) async fn nearly_full(app: &App, zone: &Zone) -> Option<Quota> {
    app.terms.hostnames_per_zone_max?;
    match quota(app, zone).await {
        Ok(quota) => Some(quota).filter(|quota| quota.is_nearly_full()),
        Err(error) => {
            tracing::warn!(zone.id = %zone.id, %error, "counting a zone's hostnames failed");
            None
        }
    }
}

/// The zone's share now.
///
/// # Errors
/// When memory fails.
pub async fn quota(app: &App, zone: &Zone) -> Result<Quota, StoreError> {
    let used = app.stores.hostnames.count(zone.id).await?;
    Ok(Quota { used, max: app.terms.hostnames_per_zone_max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_nearly_full_from_nine_tenths_on() {
        for (used, max, expected) in [
            (8, Some(10), false),
            (9, Some(10), true),
            (10, Some(10), true),
            (0, Some(0), true),
            (89, Some(99), false),
            (90, Some(99), true),
            (u64::MAX, Some(u64::MAX), true),
            (u64::MAX, None, false),
        ] {
            assert_eq!(Quota { used, max }.is_nearly_full(), expected, "{used} of {max:?}");
        }
    }
}
