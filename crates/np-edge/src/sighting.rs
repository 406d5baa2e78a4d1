//! Waiting hostnames that visitors ask for: told to the control side, which then looks at once whether they point here.
//!
//! One call, from [`Table::find`](crate::table::Table::find), which every handshake and every request passes. A name that the
//! copy does not have costs nothing, a name that is served costs one comparison.

use np_domain::{id::HostnameId, ownership::SightedBy};
use np_feed::Sightings;

use crate::table::Prefer;

/// Notes that `waiting`, the unproven hostnames of a name that is not served, were asked for.
pub(crate) fn notice(sightings: &Sightings, waiting: &[HostnameId], prefer: Prefer) {
    let by = match prefer {
        Prefer::Certificate => SightedBy::Sni,
        Prefer::Proof => SightedBy::Http,
    };
    for hostname in waiting {
        sightings.notice(*hostname, by);
    }
}
