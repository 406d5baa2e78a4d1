//! Deployment: what counts as being on the serving nodes, and the step of a certificate from issued to active.

use std::time::Duration;

use np_domain::{
    certificate::{Certificate, Holder, State, order, upload},
    entry::FeedKey,
    ports::{FeedPosition, NodeRole, StoreError},
};
use tokio_util::sync::CancellationToken;

use super::World;

/// Whether the last change of something is on the serving nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Every live node of the role has it.
    Everywhere,
    /// No node of the role is alive.
    NobodyServes,
    /// Some live node does not have it yet, or it has no generation yet.
    NotYet,
}

/// A node's report wakes a waiter; in another process it does not, so it looks by itself this often.
const LOOK_PERIOD: Duration = Duration::from_millis(100);

/// Looks whether the live nodes of `role` (`None`: of both roles) have a change that stands at `position`.
async fn look(
    world: &World,
    position: FeedPosition,
    role: Option<NodeRole>,
) -> Result<Confirmation, StoreError> {
    let seen_since = world.clock.now() - world.settings.node_silence_max;
    let nodes = world.stores.feed.nodes(seen_since).await?;
    let mut nodes =
        nodes.into_iter().filter(|node| role.is_none_or(|role| node.role == role)).peekable();
    if nodes.peek().is_none() {
        return Ok(Confirmation::NobodyServes);
    }
    let has_it = match position {
        FeedPosition::Absent => true,
        FeedPosition::Unnumbered => false,
        FeedPosition::At(generation) => nodes.all(|node| node.applied >= generation),
    };
    Ok(if has_it { Confirmation::Everywhere } else { Confirmation::NotYet })
}

/// Waits at most `limit` until the live nodes of `role` (`None`: of both roles) have what was last changed of `key`. A
/// change that is made while we wait is not waited for: the generation is read once there is one.
pub(super) async fn wait(
    world: &World,
    key: FeedKey,
    role: Option<NodeRole>,
    limit: Duration,
    stop: &CancellationToken,
) -> Result<Confirmation, StoreError> {
    let deadline = world.timer.elapsed() + limit;
    let mut position = FeedPosition::Unnumbered;
    loop {
        // From before the look: a report that comes while we look is not missed.
        let reported = world.bells.deployment.listen();
        if position == FeedPosition::Unnumbered {
            position = world.stores.feed.position(key).await?;
        }
        let confirmation = look(world, position, role).await?;
        if confirmation != Confirmation::NotYet || world.timer.elapsed() >= deadline {
            return Ok(confirmation);
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(confirmation),
            () = reported => {}
            () = world.timer.sleep(LOOK_PERIOD) => {}
        }
    }
}

/// The step of an issued certificate: active once every live edge has it, or once some have it and the others could have
/// had it for long, so that one sick edge does not hold up what all others serve. Without a live edge it stays where it is.
///
/// What was uploaded for a hostname that is not proven waits: nothing is served for it, and its deployment is held
/// (behaviour.md 1.3).
pub(super) async fn step(
    world: &World,
    holder: &Holder,
    certificate: &mut Certificate,
    stop: &CancellationToken,
) -> Result<Option<order::Step>, StoreError> {
    let since = match &certificate.attempt {
        State::Issued(issued) => issued.since,
        State::Uploaded(uploaded) => uploaded.since,
        _ => return Ok(None),
    };
    if let (Holder::Hostname(hostname), State::Uploaded(uploaded)) = (holder, &certificate.attempt)
        && hostname.ownership.proof().is_none()
    {
        return Ok(Some(upload::undelivered(uploaded, world.clock.now())));
    }
    let key = certificate.feed_key();
    let age = (world.clock.now() - since).unsigned_abs();
    let limit = patience_left(world, age);
    let confirmation = wait(world, key, Some(NodeRole::Edge), limit, stop).await?;
    let now = world.clock.now();
    let is_enough = match confirmation {
        Confirmation::Everywhere => true,
        Confirmation::NobodyServes => false,
        Confirmation::NotYet => {
            age >= order::DEPLOYMENT_WAIT_MAX && is_somewhere(world, key).await?
        }
    };
    Ok(match (certificate.attempt.clone(), is_enough) {
        (State::Uploaded(_), true) => upload::delivered(certificate, now),
        (State::Uploaded(uploaded), false) => Some(upload::undelivered(&uploaded, now)),
        (State::Issued(issued), false) => Some(order::undeployed(&issued, now)),
        (_, true) => order::deployed(certificate, now),
        (_, false) => None,
    })
}

/// What is young is waited for; what is old is only looked at, so that it does not keep a worker from others.
pub(super) fn patience_left(world: &World, age: Duration) -> Duration {
    if age <= world.settings.patience { world.settings.patience } else { Duration::ZERO }
}

/// Whether some live edge has the last change of `key`; the ones that do not are named in the log.
async fn is_somewhere(world: &World, key: FeedKey) -> Result<bool, StoreError> {
    let FeedPosition::At(generation) = world.stores.feed.position(key).await? else {
        return Ok(false);
    };
    let seen_since = world.clock.now() - world.settings.node_silence_max;
    let nodes = world.stores.feed.nodes(seen_since).await?;
    let (has_it, lags): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .filter(|node| node.role == NodeRole::Edge)
        .partition(|node| node.applied >= generation);
    for node in lags {
        tracing::warn!(node = %node.node, applied = %node.applied, wanted = %generation, "an edge does not apply the feed");
    }
    Ok(!has_it.is_empty())
}
