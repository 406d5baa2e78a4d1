//! Retirement: a deleted hostname leaves the serving nodes first and the store last.

use np_domain::{custom_hostname::CustomHostname, entry::FeedKey, ports::StoreError};
use tokio_util::sync::CancellationToken;

use super::{
    World,
    deployment::{self, Confirmation},
};

/// Removes `hostname` from the store once no live node serves it. What is not confirmed in time is tried again when the
/// lease is over.
pub(super) async fn retire(
    world: &World,
    hostname: &CustomHostname,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let key = FeedKey::Hostname(hostname.id);
    match deployment::wait(world, key, None, world.settings.patience, stop).await? {
        Confirmation::Everywhere | Confirmation::NobodyServes => {
            world.stores.hostnames.remove(hostname.id).await?;
            tracing::info!(hostname.name = %hostname.name, hostname.id = %hostname.id, "hostname removed");
            Ok(())
        }
        Confirmation::NotYet => Ok(()),
    }
}
