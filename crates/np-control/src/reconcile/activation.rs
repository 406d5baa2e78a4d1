//! Activation: looks for the proof that a zone's name is its account's, and at who answers its DNS.
//!
//! [`np_domain::zone::activation`] judges. A zone that becomes active takes the name from another account's zone in the same
//! transaction, and its hostnames that wait are looked at at once.

use std::sync::Arc;

use async_trait::async_trait;
use np_domain::{
    entry::ZoneEntry,
    ports::{LookupFailure, Publish, StoreError, TxtAnswer},
    text::Explanation,
    zone::{
        State, VerificationKey, Zone,
        activation::{self, Challenge, Observation},
    },
};
use tokio_util::sync::CancellationToken;

use super::{World, driver::Reconcile};

/// Keeps the states of zones true.
pub struct Activation(pub Arc<World>);

#[async_trait]
impl Reconcile for Activation {
    type Item = Zone;
    const NAME: &'static str = "activation";

    async fn claim(&self, limit: u32) -> Result<Vec<Zone>, StoreError> {
        let world = &self.0;
        world.stores.zones.claim_zones(world.clock.now(), &world.lease(), limit).await
    }

    async fn work(&self, zone: Zone, _: &CancellationToken) {
        match look(&self.0, &zone).await {
            // Somebody else changed it meanwhile: the next pass sees the truth.
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error) => tracing::error!(
                zone.id = %zone.id,
                error = &error as &dyn std::error::Error,
                "cannot save a look at a zone"
            ),
        }
    }
}

async fn look(world: &World, zone: &Zone) -> Result<(), StoreError> {
    let seen = observe(world, zone).await;
    let others = world.stores.zones.zones_around(&[zone.name.as_dns().clone()]).await?;
    let challenge = Challenge {
        kind: zone.kind,
        key: zone.verification_key(),
        name_servers: world.settings.name_servers.clone(),
        claim: activation::claim(zone, &others),
        policy: world.settings.activation,
    };
    let state = activation::assess(&zone.state, &challenge, &seen, world.clock.now());
    save(world, zone, next(world, zone, state, &seen), &others).await
}

/// The zone after the look.
fn next(world: &World, zone: &Zone, state: State, seen: &Observation) -> Zone {
    let found = || activation::original_name_servers(seen, &world.settings.name_servers);
    let original_name_servers = zone.original_name_servers.clone().or_else(found);
    let has_changed = state.status() != zone.state.status();
    let modified_at = if has_changed { world.clock.now() } else { zone.modified_at };
    Zone { state, original_name_servers, modified_at, ..zone.clone() }
}

async fn save(world: &World, old: &Zone, new: Zone, others: &[Zone]) -> Result<(), StoreError> {
    let publish = match ZoneEntry::from(old) == ZoneEntry::from(&new) {
        true => Publish::No,
        false => Publish::Yes,
    };
    if old.state.is_active() || !new.state.is_active() {
        world.stores.zones.save_zone(&new, publish).await?;
        note(old, &new);
    } else {
        let mut zones = rivals(world, &new, others);
        zones.push(new.clone());
        world.stores.zones.save_activation(&zones, Publish::Yes).await?;
        zones.iter().for_each(|zone| note(old, zone));
        world.stores.hostnames.hasten_unproven(new.id, world.clock.now()).await?;
        world.bells.ownership.ring();
    }
    world.bells.publication.ring();
    world.bells.saved.ring_all();
    Ok(())
}

/// Other accounts' zones of the name, which lose it.
fn rivals(world: &World, proven: &Zone, others: &[Zone]) -> Vec<Zone> {
    let now = world.clock.now();
    let rivals = others.iter().filter(|o| o.name == proven.name && o.account != proven.account);
    let lost = rivals.filter_map(|rival| {
        let state = activation::claim_elsewhere(&rival.state, now)?;
        Some(Zone { state, modified_at: now, ..rival.clone() })
    });
    lost.collect()
}

/// One line for each change of status.
fn note(old: &Zone, new: &Zone) {
    let status = new.state.status();
    if old.id == new.id && old.state.status() == status {
        return;
    }
    let evidence = match &new.state {
        State::Active(active) => active.by.as_str(),
        other => other.explanation().map_or("", Explanation::as_str),
    };
    tracing::info!(
        zone.id = %new.id,
        zone.name = %new.name,
        status = status.as_str(),
        evidence,
        "zone changed"
    );
}

async fn observe(world: &World, zone: &Zone) -> Observation {
    let name_servers = world.resolver.name_servers(zone.name.as_dns());
    let (name_servers, txt) = tokio::join!(name_servers, key_in_txt(world, zone));
    Observation { name_servers, txt }
}

async fn key_in_txt(world: &World, zone: &Zone) -> Result<TxtAnswer, LookupFailure> {
    let name = VerificationKey::name(&zone.name);
    let name = name.map_err(|why| LookupFailure::Other(Explanation::new(why.to_string())))?;
    world.resolver.txt(&name).await
}
