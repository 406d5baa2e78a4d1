//! Waiting hostnames that resolvers ask for by a target of their own: `app.customer.com.provider.com` in the zone
//! `provider.com` can only be what `app.customer.com` points at. Told to the control side, which looks at once.
//!
//! Of a target that many hostnames share nobody can tell which of them was meant: there the visitor's own request at an
//! edge, which names the hostname, follows on the question.

use np_domain::{id::ZoneId, ownership::SightedBy};
use np_feed::Replica;

/// Notes that `target`, a name of the zone without the zone's own, was asked for. One local read, for targets that can be
/// a hostname's alone.
pub(crate) fn notice(replica: &Replica, zone: ZoneId, target: &str) {
    if !target.contains('.') {
        return;
    }
    // What cannot be read is no reason to answer less.
    let Ok(entries) = replica.hosts(target) else { return };
    let of_zone = entries.into_iter().map(|stored| stored.entry).filter(|entry| entry.zone == zone);
    for entry in of_zone.filter(|entry| entry.routing.is_none()) {
        replica.sightings().notice(entry.hostname, SightedBy::Dns);
    }
}
