//! Ownership: looks for a hostname's proof when it is due, and gives up what stayed moved.
//!
//! The three looks run in parallel; [`np_domain::ownership::assess`] judges. Of several zones that prove one name the
//! last one is served: the others become moved in the same transaction.

use std::sync::Arc;

use async_trait::async_trait;
use np_domain::{
    custom_hostname::{CustomHostname, HostnameRecord, OWNERSHIP_PATH, OWNERSHIP_USER_AGENT},
    event::Event,
    name::DnsName,
    ownership::{self, CNAME_DEPTH_MAX, Challenge, CnameChain, Observation, Seen, State, Verdict},
    ports::{
        Hold, HostnameChange, LookupFailure, ProbeFailure, ProbeRequest, Publish, Resolver,
        StoreError,
    },
    text::Explanation,
    zone::{CnameTarget, Zone},
};
use tokio_util::sync::CancellationToken;

use super::{World, driver::Reconcile, retirement};

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
            State::Unproven(_) => check(world, &hostname).await,
            State::Proven(_) | State::GivenUp(_) | State::Blocked(_) => Ok(()),
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
    let seen = observe(world, hostname).await;
    let challenge = challenge(world, hostname, &zone, &seen).await?;
    let now = world.clock.now();
    let Some(verdict) = ownership::assess(&hostname.ownership, &challenge, &seen, now) else {
        return Ok(());
    };
    let is_proof = verdict.state.proof().is_some();
    let rivals = match is_proof {
        true => world.stores.hostnames.proven_rivals(&hostname.name, hostname.id).await?,
        false => Vec::new(),
    };
    let mine = change(world, hostname, verdict);
    let changes: Vec<_> =
        std::iter::once(mine).chain(rivals.iter().filter_map(|rival| lost(world, rival))).collect();
    save(world, &changes).await?;
    if is_proof { leave_one_proven(world, hostname).await } else { Ok(()) }
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

/// The save that a verdict asks for. What is served changes unless the hostname stays unproven.
fn change(world: &World, hostname: &CustomHostname, verdict: Verdict) -> HostnameChange {
    let publish = match verdict.state {
        State::Unproven(_) => Publish::No,
        _ => Publish::Yes,
    };
    let event = Event { at: world.clock.now(), kind: verdict.event, detail: verdict.detail };
    let hostname = CustomHostname { ownership: verdict.state, ..hostname.clone() };
    HostnameChange { hostname, events: vec![event], publish }
}

async fn save(world: &World, changes: &[HostnameChange]) -> Result<(), StoreError> {
    world.stores.hostnames.save(changes, &Hold::Release).await?;
    for change in changes {
        world.journal.note(&change.hostname, &change.events);
    }
    world.bells.publication.ring();
    world.bells.saved.ring_all();
    Ok(())
}

async fn challenge(
    world: &World,
    hostname: &CustomHostname,
    zone: &Zone,
    seen: &Observation,
) -> Result<Challenge, StoreError> {
    let counts = zone.state.is_active() && is_closest(world, zone, seen).await?;
    Ok(Challenge {
        token: hostname.token,
        target: counts.then(|| target(world, zone)),
        has_origin: zone.fallback.is_some() || hostname.origin.is_some(),
    })
}

/// Whether what the CNAME leads to is this zone's, and not that of a zone below it in another account.
async fn is_closest(world: &World, zone: &Zone, seen: &Observation) -> Result<bool, StoreError> {
    let Ok(CnameChain::To(names)) = &seen.cname else { return Ok(true) };
    let Some(last) = names.last() else { return Ok(true) };
    let place = world.settings.cdn_domain.as_ref().and_then(|cdn| last.below(cdn));
    let place = place.as_ref().unwrap_or(last);
    if !place.is_within(zone.name.as_str()) {
        return Ok(true);
    }
    let above: Vec<&str> = place.and_ancestors().collect();
    Ok(zone.is_closest_to(place, &world.stores.zones.zones_named(&above).await?))
}

fn target(world: &World, zone: &Zone) -> CnameTarget {
    CnameTarget::of(zone, world.settings.cdn_domain.as_ref())
}

async fn observe(world: &World, hostname: &CustomHostname) -> Observation {
    let txt_name = hostname.name.ownership_txt();
    let (txt, http, cname) = tokio::join!(
        world.resolver.txt(&txt_name),
        fetch(world, hostname),
        cname_chain(&*world.resolver, hostname.name.as_dns()),
    );
    Observation { txt, http, cname }
}

async fn fetch(world: &World, hostname: &CustomHostname) -> Result<Seen, ProbeFailure> {
    let path = Explanation::new(format!("{OWNERSHIP_PATH}{}", hostname.id));
    let request =
        ProbeRequest { host: hostname.name.clone(), path, user_agent: OWNERSHIP_USER_AGENT };
    let reply = world.probe.fetch(&request).await?;
    Ok(Seen { value: reply.body, from: Explanation::new(reply.from.to_string()) })
}

async fn cname_chain(
    resolver: &dyn Resolver,
    start: &DnsName,
) -> Result<CnameChain, LookupFailure> {
    let mut names = Vec::new();
    while let Some(next) = resolver.cname(names.last().unwrap_or(start)).await? {
        if next == *start || names.contains(&next) {
            return Ok(CnameChain::Loop);
        }
        if names.len() == CNAME_DEPTH_MAX {
            return Ok(CnameChain::TooLong);
        }
        names.push(next);
    }
    Ok(if names.is_empty() { CnameChain::None } else { CnameChain::To(names) })
}
