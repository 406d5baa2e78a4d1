//! What a caller may do to which zone, account and user.

use np_domain::{
    account::{Account, User},
    id::{AccountId, UserId, ZoneId},
    permission::Target,
    ports::{StoreError, ZoneFilter},
    token::Principal,
    zone::Zone,
};
use thiserror::Error;

pub use np_domain::permission::{Area, Need, Permission};

use super::App;

/// Why a request may not go on.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The zone or account does not exist, or the caller has nothing to do with it: both look the same from outside.
    #[error("the caller has no access to it")]
    Foreign,
    /// The caller may do something there, but not this.
    #[error("the caller may not do this to it")]
    Denied(Permission),
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the caller may do this to anything at all.
///
/// # Errors
/// [`AccessError::Denied`].
pub fn allow(caller: &Principal, permission: Permission) -> Result<(), AccessError> {
    match caller.grants.any(permission) {
        true => Ok(()),
        false => Err(AccessError::Denied(permission)),
    }
}

/// Whether the caller may do this to the target, which is there.
///
/// # Errors
/// [`AccessError::Foreign`] and [`AccessError::Denied`].
pub fn settle(
    caller: &Principal,
    permission: Permission,
    target: Target,
) -> Result<(), AccessError> {
    if permission == Permission::AnyToken || caller.may(permission, target) {
        return Ok(());
    }
    match caller.grants.reach(target) {
        true => Err(AccessError::Denied(permission)),
        false => Err(AccessError::Foreign),
    }
}

/// The zone, if the caller may do this to it.
///
/// # Errors
/// See [`AccessError`].
pub async fn zone(
    app: &App,
    caller: &Principal,
    id: ZoneId,
    permission: Permission,
) -> Result<Zone, AccessError> {
    let zone = match permission.is_write() {
        true => app.stores.zones.zone(id).await?,
        false => app.known_zones.zone(id).await?.map(|zone| Zone::clone(&zone)),
    };
    let zone = zone.ok_or(AccessError::Foreign)?;
    let target = Target::Zone(zone.id, zone.account);
    if !caller.grants.reach(target) {
        return Err(AccessError::Foreign);
    }
    settle(caller, permission, target)?;
    Ok(zone)
}

/// The accounts that the caller may look at, oldest first.
///
/// # Errors
/// When memory fails.
pub async fn accounts(app: &App, caller: &Principal) -> Result<Vec<Account>, StoreError> {
    let mut accounts = app.stores.accounts.accounts().await?;
    let look = Permission::read(Area::Account);
    accounts.retain(|account| caller.may(look, Target::Account(account.id)));
    Ok(accounts)
}

/// The account, if the caller may do this to it.
///
/// # Errors
/// See [`AccessError`].
pub async fn account(
    app: &App,
    caller: &Principal,
    id: AccountId,
    permission: Permission,
) -> Result<Account, AccessError> {
    let account = app.stores.accounts.account(id).await?.ok_or(AccessError::Foreign)?;
    let known = [Target::Account(id), Target::AccountZones(id)]
        .into_iter()
        .any(|target| caller.grants.reach(target));
    if !known && caller.account != id {
        return Err(AccessError::Foreign);
    }
    match permission == Permission::AnyToken || caller.may(permission, Target::Account(id)) {
        true => Ok(account),
        false => Err(AccessError::Denied(permission)),
    }
}

/// The user behind the caller, if the caller may do this to them. Who runs the installation without being a user acts for
/// the first one.
///
/// # Errors
/// See [`AccessError`]; [`AccessError::Foreign`] for the token of an account.
pub async fn user(
    app: &App,
    caller: &Principal,
    permission: Permission,
) -> Result<User, AccessError> {
    let user = match caller.user {
        Some(id) => app.stores.accounts.user(id).await?,
        None if caller.is_admin() => app.stores.accounts.users().await?.into_iter().next(),
        None => None,
    };
    let user = user.ok_or(AccessError::Foreign)?;
    allow_on_user(caller, permission, user.id)?;
    Ok(user)
}

fn allow_on_user(
    caller: &Principal,
    permission: Permission,
    user: UserId,
) -> Result<(), AccessError> {
    match permission == Permission::AnyToken || caller.may(permission, Target::User(user)) {
        true => Ok(()),
        false => Err(AccessError::Denied(permission)),
    }
}

/// Narrows a filter down to the zones that the caller may look at.
pub fn narrow(caller: &Principal, filter: &mut ZoneFilter) {
    filter.visible = caller.grants.zones(Permission::read(Area::Zone));
}
