//! Zones: added, changed and removed.

use np_domain::{
    id::AccountId,
    name::Hostname,
    permission::Target,
    ports::{InsertError, Publish, StoreError},
    token::Principal,
    zone::{State, Zone, ZoneKind},
};
use thiserror::Error;

use super::{
    App,
    access::{AccessError, Area, Permission, settle},
    race::Race,
};

/// A zone to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewZone {
    /// Its name.
    pub name: Hostname,
    /// Whose it will be; `None`: the caller's account.
    pub account: Option<AccountId>,
    /// Who answers its DNS.
    pub kind: ZoneKind,
}

/// Why a zone was not added.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Memory did not take it.
    #[error(transparent)]
    Insert(#[from] InsertError),
}

/// Why a zone was not removed.
#[derive(Debug, Error)]
pub enum RemoveError {
    /// It still has hostnames.
    #[error("the zone still has custom hostnames")]
    InUse,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a zone.
///
/// # Errors
/// See [`CreateError`].
pub async fn create(app: &App, caller: &Principal, new: NewZone) -> Result<Zone, CreateError> {
    // A token for some zones has no say over an account's list of zones.
    let account = new.account.unwrap_or(caller.account);
    let target = Target::AccountZones(account);
    match settle(caller, Permission::write(Area::Zone), target) {
        // The account that the caller acts in is no secret.
        Err(AccessError::Foreign) if account == caller.account => {
            return Err(AccessError::Denied(Permission::write(Area::Zone)).into());
        }
        settled => settled?,
    }
    let now = app.now();
    let zone = Zone {
        id: app.draws.zone_id(),
        account,
        name: new.name,
        kind: new.kind,
        delegation: app.draws.delegation_id(),
        fallback: None,
        state: State::automatic(now),
        paused: false,
        original_name_servers: None,
        created_at: now,
        modified_at: now,
        version: 0,
    };
    app.stores.zones.insert_zone(&zone).await?;
    Ok(zone)
}

/// Changes who answers the zone's DNS.
///
/// # Errors
/// When the zone has gone or memory fails.
pub async fn set_kind(app: &App, zone: Zone, kind: ZoneKind) -> Result<Zone, AccessError> {
    if zone.kind == kind {
        return Ok(zone);
    }
    let set = |zone: &mut Zone| {
        zone.kind = kind;
        Ok::<_, AccessError>(())
    };
    Ok(change(app, zone, Publish::Yes, set).await?.0)
}

/// Makes a change to a zone and saves it, and gives the zone and what `make` gave; a lost race is run again on what won.
///
/// # Errors
/// Those of `make`, and when the zone has gone or memory fails.
pub(super) async fn change<T, E: From<AccessError>>(
    app: &App,
    mut zone: Zone,
    publish: Publish,
    make: impl Fn(&mut Zone) -> Result<T, E>,
) -> Result<(Zone, T), E> {
    let mut race = Race::new();
    loop {
        let made = make(&mut zone)?;
        zone.modified_at = app.now();
        match app.stores.zones.save_zone(&zone, publish).await {
            Ok(()) => return Ok((zone, made)),
            Err(StoreError::Stale) => {}
            Err(why) => return Err(AccessError::from(why).into()),
        }
        race.lost(app.draws.as_ref()).await.map_err(AccessError::from)?;
        let newer = app.stores.zones.zone(zone.id).await.map_err(AccessError::from)?;
        zone = newer.ok_or(AccessError::Foreign)?;
    }
}

/// Removes a zone without hostnames.
///
/// # Errors
/// See [`RemoveError`].
pub async fn remove(app: &App, zone: &Zone) -> Result<(), RemoveError> {
    if !app.stores.zones.remove_zone(zone.id).await? {
        return Err(RemoveError::InUse);
    }
    app.bells.publication.ring();
    Ok(())
}
