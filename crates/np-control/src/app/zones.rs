//! Zones: added, changed and removed.

use np_domain::{
    id::AccountId,
    name::Hostname,
    permission::Target,
    ports::{InsertError, Publish, StoreError},
    token::Principal,
    zone::{
        State, Zone, ZoneKind,
        activation::{self, Policy},
    },
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
    /// The name is our own, or cannot be had because of another account.
    #[error("the name is not available")]
    Unavailable,
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
    if app.terms.own_domains.iter().any(|own| new.name.as_dns().is_within(own.as_str())) {
        return Err(CreateError::Unavailable);
    }
    let zone = Zone {
        id: app.draws.zone_id(),
        account,
        name: new.name,
        kind: new.kind,
        delegation: app.draws.delegation_id(),
        fallback: None,
        state: match app.terms.activation {
            Policy::Automatic => State::automatic(now),
            Policy::Verified => State::unproven(now),
        },
        paused: false,
        original_name_servers: None,
        settings: Default::default(),
        hold: None,
        created_at: now,
        modified_at: now,
        version: 0,
    };
    insert(app, &zone).await?;
    app.bells.activation.ring();
    app.bells.publication.ring();
    Ok(zone)
}

async fn insert(app: &App, zone: &Zone) -> Result<(), CreateError> {
    match app.terms.activation {
        Policy::Verified => app.stores.zones.insert_zone(zone).await?,
        Policy::Automatic => {
            if !app.stores.zones.insert_unrivalled_zone(zone).await? {
                return Err(CreateError::Unavailable);
            }
        }
    }
    Ok(())
}

/// What changes about a zone; `None`: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ZoneEdit {
    /// Who answers its DNS.
    pub kind: Option<ZoneKind>,
    /// Whether proxied records are answered with their own content.
    pub paused: Option<bool>,
}

/// Why a zone was not changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// Only the DNS of a full zone is ours to answer in one way or the other.
    #[error("a partial zone cannot be paused")]
    PausedPartial,
    /// The zone has gone or memory failed.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Changes who answers the zone's DNS, and how.
///
/// # Errors
/// See [`EditError`].
pub async fn edit(app: &App, zone: Zone, edit: ZoneEdit) -> Result<Zone, EditError> {
    let (kind, paused) = (edit.kind.unwrap_or(zone.kind), edit.paused.unwrap_or(zone.paused));
    if (zone.kind, zone.paused) == (kind, paused) {
        return Ok(zone);
    }
    let set = |zone: &mut Zone| {
        let kind = edit.kind.unwrap_or(zone.kind);
        if kind != zone.kind {
            zone.state = activation::retype(&zone.state, app.now());
        }
        zone.kind = kind;
        zone.paused = match (zone.kind, edit.paused) {
            (ZoneKind::Partial, Some(true)) => return Err(EditError::PausedPartial),
            (ZoneKind::Partial, _) => false,
            (ZoneKind::Full, paused) => paused.unwrap_or(zone.paused),
        };
        Ok(())
    };
    let (zone, ()) = change(app, zone, Publish::Yes, set).await?;
    app.bells.activation.ring();
    app.bells.publication.ring();
    Ok(zone)
}

/// Has the zone looked at at once, where a look can find something out.
///
/// # Errors
/// When the zone has gone or memory fails.
pub async fn check_activation(app: &App, zone: Zone) -> Result<Zone, AccessError> {
    if activation::restart(&zone.state, app.now()).is_none() {
        return Ok(zone);
    }
    let restart = |zone: &mut Zone| {
        if let Some(state) = activation::restart(&zone.state, app.now()) {
            zone.state = state;
        }
        Ok::<_, AccessError>(())
    };
    let (zone, ()) = change(app, zone, Publish::Yes, restart).await?;
    app.bells.activation.ring();
    app.bells.publication.ring();
    Ok(zone)
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
