//! Zones that were read a moment ago and need not be read again for another ([`super::shelf`] says for how long): for calls
//! that only look. Whoever changes something reads the zone itself.

use std::{sync::Arc, time::Duration};

use np_domain::{
    id::ZoneId,
    ports::{StoreError, ZoneStore},
    zone::Zone,
};

use super::shelf::{Moment, Shelf};

/// Of so many zones at a time it is known what they are. About 1 KiB each.
const ZONES_MAX: usize = 20_000;

/// Zones in memory, and those that are known without asking it.
pub struct KnownZones {
    zones: Arc<dyn ZoneStore>,
    known: Shelf<ZoneId, Zone>,
}

impl KnownZones {
    /// Those in `zones`. What was read of one is good for `age_max`, if no zone is changed by this process before.
    pub fn new(zones: Arc<dyn ZoneStore>, age_max: Duration) -> Self {
        Self { zones, known: Shelf::new(age_max, ZONES_MAX) }
    }

    /// One zone.
    pub(super) async fn zone(&self, id: ZoneId) -> Result<Option<Arc<Zone>>, StoreError> {
        let moment = Moment::now(self.zones.zones_revision());
        if let Some(zone) = self.known.get(&id, moment) {
            return Ok(Some(zone));
        }
        let zone = self.zones.zone(id).await?.map(Arc::new);
        if let Some(zone) = &zone {
            self.known.put(id, zone.clone(), 1, moment);
        }
        Ok(zone)
    }
}
