//! Retirement: a deleted hostname, or a deleted pack of a zone, leaves the serving nodes first and the store last.

use std::time::Duration;

use np_domain::{
    Timestamp, certificate_pack::Pack, custom_hostname::CustomHostname, entry::FeedKey,
    ports::StoreError,
};
use tokio_util::sync::CancellationToken;

use super::{
    World,
    deployment::{self, Confirmation},
};

/// What was deleted is removed after this time even if some node does not confirm: the feed keeps its tombstone, which
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
    if is_forgotten(world, FeedKey::Hostname(hostname.id), since, stop).await? {
        world.stores.hostnames.remove(hostname.id).await?;
        tracing::info!(hostname.name = %hostname.name, hostname.id = %hostname.id, "hostname removed");
    }
    Ok(())
}

/// The same for a pack.
pub(super) async fn retire_pack(
    world: &World,
    pack: &Pack,
    since: Timestamp,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if is_forgotten(world, FeedKey::Pack(pack.id), since, stop).await? {
        world.stores.packs.remove_pack(pack.id).await?;
        tracing::info!(pack.id = %pack.id, zone.id = %pack.zone, "pack removed");
    }
    Ok(())
}

/// Whether no live node serves it any more, or we have waited for that long enough.
async fn is_forgotten(
    world: &World,
    key: FeedKey,
    since: Timestamp,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    let age = (world.clock.now() - since).unsigned_abs();
    let limit = deployment::patience_left(world, age);
    let confirmation = deployment::wait(world, key, None, limit, stop).await?;
    Ok(confirmation != Confirmation::NotYet || age >= CONFIRMATION_WAIT_MAX)
}
