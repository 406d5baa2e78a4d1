//! Retirement: a deleted hostname leaves the serving nodes first and the store last.

use std::time::Duration;

use np_domain::{Timestamp, custom_hostname::CustomHostname, entry::FeedKey, ports::StoreError};
use tokio_util::sync::CancellationToken;

use super::{
    World,
    deployment::{self, Confirmation},
};

/// A deleted hostname is removed after this time even if some node does not confirm: the feed keeps its tombstone, which
/// that node will meet when it goes on.
const CONFIRMATION_WAIT_MAX: Duration = Duration::from_secs(600);

/// Removes `hostname`, deleted at `since`, from the store once no live node serves it. What is not confirmed in time is
/// tried again when the lease is over.
pub(super) async fn retire(
    world: &World,
    hostname: &CustomHostname,
    since: Timestamp,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let key = FeedKey::Hostname(hostname.id);
    let age = (world.clock.now() - since).unsigned_abs();
    let limit = deployment::patience_left(world, age);
    let confirmation = deployment::wait(world, key, None, limit, stop).await?;
    if confirmation == Confirmation::NotYet && age < CONFIRMATION_WAIT_MAX {
        return Ok(());
    }
    world.stores.hostnames.remove(hostname.id).await?;
    tracing::info!(hostname.name = %hostname.name, hostname.id = %hostname.id, "hostname removed");
    Ok(())
}
