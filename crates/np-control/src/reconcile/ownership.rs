//! Ownership: looks for a hostname's proof when it is due, watches what is active, and gives up what stayed moved.
//!
//! What stands in the way comes first: what is held or blocked is not looked for. The looks run in parallel, the first proof
//! ends them; [`np_domain::ownership::assess`] judges. Of several zones that prove one name the last one is served: the others
//! become moved in the same transaction.

use std::sync::Arc;

use async_trait::async_trait;
use np_domain::{
    custom_hostname::{CustomHostname, HostnameRecord},
    event::Event,
    ownership::{self, State, Verdict},
    ports::{Hold, HostnameChange, Publish, StoreError},
    zone::Zone,
};
use tokio_util::sync::CancellationToken;

use super::{World, driver::Reconcile, looks, retirement, rules::Current};

/// Keeps ownership true.
pub struct Ownership(pub Arc<World>);

#[async_trait]
impl Reconcile for Ownership {
    type Item = HostnameRecord;
    const NAME: &'static str = "ownership";

    async fn claim(&self, limit: u32) -> Result<Vec<HostnameRecord>, StoreError> {
        let world = &self.0;
        world.stores.hostnames.claim_ownership(world.clock.now(), &world.lease(), limit).await
    }

    async fn work(&self, item: HostnameRecord, stop: &CancellationToken) {
        let world = &self.0;
        let hostname = item.hostname;
        let outcome = match &hostname.ownership {
            State::Leaving(leaving) => {
                retirement::retire(world, &hostname, leaving.since, stop).await
            }
            State::Moved(_) => give_up(world, &hostname).await,
            State::Unproven(_) | State::Proven(_) | State::Blocked(_) => {
                check(world, &hostname).await
            }
            State::GivenUp(_) => Ok(()),
        };
        match outcome {
            // Somebody else changed it meanwhile: the next pass sees the truth.
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error) => tracing::error!(
                hostname.id = %hostname.id,
                error = &error as &dyn std::error::Error,
                "cannot save an ownership check"
            ),
        }
    }
}

async fn check(world: &World, hostname: &CustomHostname) -> Result<(), StoreError> {
    let Some(zone) = world.stores.zones.zone(hostname.zone).await? else { return Ok(()) };
    let (fixed, store) = (&world.settings.rules, &*world.stores.rules);
    let rules = world.rules.current(fixed, store, world.clock.now()).await?;
    if let Some(verdict) = obstruct(world, hostname, &zone, &rules).await? {
        return save(world, &[change(world, hostname, verdict)]).await;
    }
    let (challenge, seen) = looks::look(world, hostname, &zone, &rules).await?;
    let now = world.clock.now();
    let Some(verdict) = ownership::assess(&hostname.ownership, &challenge, &seen, now) else {
        return Ok(());
    };
    let is_new_proof = verdict.state.proof().is_some() && hostname.ownership.proof().is_none();
    let rivals = match is_new_proof {
        true => world.stores.hostnames.proven_rivals(&hostname.name, hostname.id).await?,
        false => Vec::new(),
    };
    let mine = change(world, hostname, verdict);
    let changes: Vec<_> =
        std::iter::once(mine).chain(rivals.iter().filter_map(|rival| lost(world, rival))).collect();
    save(world, &changes).await?;
    if is_new_proof { leave_one_proven(world, hostname).await } else { Ok(()) }
}

/// What a hold or the block list makes of the hostname. A hold is no obstacle to what is active, so that nobody asks for one.
async fn obstruct(
    world: &World,
    hostname: &CustomHostname,
    zone: &Zone,
    rules: &Current,
) -> Result<Option<Verdict>, StoreError> {
    let names = match hostname.ownership {
        State::Proven(_) => Vec::new(),
        _ => vec![hostname.name.as_dns().clone()],
    };
    let above = world.stores.zones.zones_around(&names).await?;
    let now = world.clock.now();
    let obstacle = ownership::obstacle(
        &hostname.name,
        zone.account,
        &above,
        rules.blocking(&hostname.name),
        now,
    );
    Ok(ownership::obstruct(&hostname.ownership, obstacle.as_ref(), &world.settings.watch, now))
}

/// Two zones whose proofs were saved at the same moment did not see each other: the later proof stays, as if the saves had
/// come one after the other. Each of them looks after its save, so that at least one sees both.
async fn leave_one_proven(world: &World, hostname: &CustomHostname) -> Result<(), StoreError> {
    let Some(mine) = world.stores.certificates.record_of(hostname.id).await? else { return Ok(()) };
    let mut proven = world.stores.hostnames.proven_rivals(&hostname.name, hostname.id).await?;
    if proven.is_empty() {
        return Ok(());
    }
    proven.push(mine.hostname);
    proven.sort_by_key(|one| (one.ownership.proof().map(|proof| proof.at), one.id));
    proven.pop();
    let changes: Vec<_> = proven.iter().filter_map(|rival| lost(world, rival)).collect();
    save(world, &changes).await
}

/// The save of a hostname that another zone has proven later.
fn lost(world: &World, rival: &CustomHostname) -> Option<HostnameChange> {
    let verdict = ownership::claim_elsewhere(&rival.ownership, world.clock.now())?;
    Some(change(world, rival, verdict))
}

async fn give_up(world: &World, hostname: &CustomHostname) -> Result<(), StoreError> {
    match ownership::give_up(&hostname.ownership, world.clock.now()) {
        Some(verdict) => save(world, &[change(world, hostname, verdict)]).await,
        None => Ok(()),
    }
}

/// The save that a verdict asks for. What is served changes with the state, unless it is a matter of being looked for.
fn change(world: &World, hostname: &CustomHostname, verdict: Verdict) -> HostnameChange {
    let stays = verdict.state.kind() == hostname.ownership.kind();
    let publish = match verdict.state {
        State::Unproven(_) => Publish::No,
        _ if stays => Publish::No,
        _ => Publish::Yes,
    };
    let at = world.clock.now();
    let detail = verdict.detail;
    let events = verdict.event.into_iter().map(|kind| Event { at, kind, detail: detail.clone() });
    let events = events.collect();
    let hostname = CustomHostname { ownership: verdict.state, ..hostname.clone() };
    HostnameChange { hostname, events, publish }
}

async fn save(world: &World, changes: &[HostnameChange]) -> Result<(), StoreError> {
    world.stores.hostnames.save(changes, &Hold::Release).await?;
    for change in changes {
        world.journal.note(&change.hostname, &change.events);
    }
    if changes.iter().any(|change| change.publish == Publish::Yes) {
        world.bells.publication.ring();
    }
    world.bells.saved.ring_all();
    Ok(())
}
