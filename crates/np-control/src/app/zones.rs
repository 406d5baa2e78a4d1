//! Zones: added, changed and removed.

use np_domain::{
    account::{ApiToken, Scope},
    id::AccountId,
    name::Hostname,
    ports::{InsertError, Publish, StoreError},
    zone::{Zone, ZoneKind},
};
use thiserror::Error;

use super::{
    App,
    access::{self, AccessError},
};

/// A zone to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewZone {
    /// Its name.
    pub name: Hostname,
    /// Whose it will be; `None`: the token's account.
    pub account: Option<AccountId>,
    /// Who answers its DNS.
    pub kind: ZoneKind,
}

/// Why a zone was not added.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The token may not.
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

/// Adds a zone. The caller has settled that the token may write.
///
/// # Errors
/// See [`CreateError`].
pub async fn create(app: &App, token: &ApiToken, new: NewZone) -> Result<Zone, CreateError> {
    // A token for some zones has no say over the account's list of zones.
    if token.scope != Scope::Account {
        return Err(AccessError::ReadOnly.into());
    }
    let account = new.account.unwrap_or(token.account);
    let account = access::account(app, token, account).await?.id;
    let now = app.now();
    let zone = Zone {
        id: app.draws.zone_id(),
        account,
        name: new.name,
        kind: new.kind,
        delegation: app.draws.delegation_id(),
        fallback: None,
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
/// When memory fails, or somebody else changed the zone meanwhile.
pub async fn set_kind(app: &App, mut zone: Zone, kind: ZoneKind) -> Result<Zone, StoreError> {
    if zone.kind != kind {
        zone.kind = kind;
        zone.modified_at = app.now();
        app.stores.zones.save_zone(&zone, Publish::No).await?;
    }
    Ok(zone)
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
