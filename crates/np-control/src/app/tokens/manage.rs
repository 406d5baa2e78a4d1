//! Tokens made, changed, rolled and removed by those who have tokens.
//!
//! Nobody passes on more than they have: what a token is to allow must be allowed, in whole, to the one who makes or changes
//! it, and to the one who rolls it and so learns its secret. Dates and addresses are not inherited.

use np_domain::{
    Timestamp,
    id::{AccountId, TokenId},
    permission::{Effect, Grants, Group, Policy, Resource, Target},
    ports::{InsertError, StoreError},
    text::Explanation,
    token::{AllowedFrom, ApiToken, Owner, Principal, Switch},
};
use thiserror::Error;

use super::TokenSecret;
use crate::app::{App, identity};

/// A token as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, for people.
    pub name: Explanation,
    /// What it shall allow.
    pub policies: Vec<WantedPolicy>,
    /// From where.
    pub from: AllowedFrom,
    /// From when on; `None`: at once.
    pub not_before: Option<Timestamp>,
    /// Until when; `None`: for ever.
    pub expires_at: Option<Timestamp>,
    /// Whether it is in use; `None`: as it is.
    pub switch: Option<Switch>,
}

/// A policy as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPolicy {
    /// Allowed or denied.
    pub effect: Effect,
    /// What.
    pub groups: Vec<Group>,
    /// On what.
    pub resources: Vec<Resource>,
}

/// Why a token was not made or changed.
#[derive(Debug, Error)]
pub enum ManageError {
    /// The owner has no such token.
    #[error("there is no such token")]
    Unknown,
    /// It would allow what the caller may not do, or may not pass on, at this policy.
    #[error("the token would allow more than the caller may")]
    TooMuch(usize),
    /// It would end before it begins, or has ended already.
    #[error("the token would never be valid")]
    NeverValid,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token of `owner` that acts in `account`, and gives it with its secret, which nothing keeps.
///
/// # Errors
/// See [`ManageError`].
pub async fn create(
    app: &App,
    caller: &Principal,
    owner: Owner,
    account: AccountId,
    wanted: Wanted,
) -> Result<(ApiToken, TokenSecret), ManageError> {
    let now = app.now();
    check_dates(&wanted, now)?;
    let policies = policies(app, &wanted);
    may_pass_on(app, caller, &policies).await?;
    let secret = TokenSecret::draw(app.draws.as_ref());
    let token = ApiToken {
        id: app.draws.token_id(),
        account,
        owner,
        name: wanted.name,
        secret_sha256: identity::hash(secret.expose()),
        grants: Grants::Policies(policies),
        switch: wanted.switch.unwrap_or(Switch::Enabled),
        from: wanted.from,
        not_before: wanted.not_before,
        expires_at: wanted.expires_at,
        created_at: now,
        modified_at: now,
        last_used_at: None,
        version: 0,
    };
    match app.stores.accounts.insert_token(&token).await {
        Ok(()) => Ok((token, secret)),
        Err(InsertError::NoParent) => Err(ManageError::Unknown),
        Err(InsertError::Store(why)) => Err(why.into()),
        // Ids and secrets are random: nobody has the same.
        Err(InsertError::Duplicate { .. }) => Err(StoreError::Stale.into()),
    }
}

/// The owner's token.
///
/// # Errors
/// See [`ManageError`].
pub async fn find(app: &App, owner: Owner, id: TokenId) -> Result<ApiToken, ManageError> {
    let token = app.stores.accounts.token(id).await?;
    token.filter(|token| token.owner == owner).ok_or(ManageError::Unknown)
}

/// Makes a token what is wanted; its secret stays.
///
/// # Errors
/// See [`ManageError`].
pub async fn update(
    app: &App,
    caller: &Principal,
    owner: Owner,
    id: TokenId,
    wanted: Wanted,
) -> Result<ApiToken, ManageError> {
    let token = find(app, owner, id).await?;
    may_change(caller, &token)?;
    let now = app.now();
    check_dates(&wanted, now)?;
    let policies = policies(app, &wanted);
    may_pass_on(app, caller, &policies).await?;
    let changed = ApiToken {
        name: wanted.name,
        grants: Grants::Policies(policies),
        switch: wanted.switch.unwrap_or(token.switch),
        from: wanted.from,
        not_before: wanted.not_before,
        expires_at: wanted.expires_at,
        modified_at: now,
        ..token
    };
    app.stores.accounts.save_token(&changed).await?;
    Ok(changed)
}

/// Gives a token a new secret; the old one opens nothing from then on.
///
/// # Errors
/// See [`ManageError`].
pub async fn roll(
    app: &App,
    caller: &Principal,
    owner: Owner,
    id: TokenId,
) -> Result<TokenSecret, ManageError> {
    let token = find(app, owner, id).await?;
    match &token.grants {
        Grants::Everything if !caller.is_admin() => return Err(ManageError::TooMuch(0)),
        Grants::Everything => {}
        Grants::Policies(policies) => may_pass_on(app, caller, policies).await?,
    }
    let secret = TokenSecret::draw(app.draws.as_ref());
    let secret_sha256 = identity::hash(secret.expose());
    let rolled = ApiToken { secret_sha256, modified_at: app.now(), ..token };
    app.stores.accounts.save_token(&rolled).await?;
    Ok(secret)
}

/// Removes the owner's token.
///
/// # Errors
/// See [`ManageError`].
pub async fn remove(
    app: &App,
    caller: &Principal,
    owner: Owner,
    id: TokenId,
) -> Result<(), ManageError> {
    may_change(caller, &find(app, owner, id).await?)?;
    match app.stores.accounts.remove_token(id).await? {
        true => Ok(()),
        false => Err(ManageError::Unknown),
    }
}

/// The administrator's token is changed and removed by administrators only: it could not be made again by anybody else.
fn may_change(caller: &Principal, token: &ApiToken) -> Result<(), ManageError> {
    match token.grants {
        Grants::Everything if !caller.is_admin() => Err(ManageError::TooMuch(0)),
        Grants::Everything | Grants::Policies(_) => Ok(()),
    }
}

fn check_dates(wanted: &Wanted, now: Timestamp) -> Result<(), ManageError> {
    let begin = wanted.not_before.map_or(now, |begin| begin.max(now));
    match wanted.expires_at {
        Some(end) if end <= begin => Err(ManageError::NeverValid),
        _ => Ok(()),
    }
}

fn policies(app: &App, wanted: &Wanted) -> Vec<Policy> {
    let policy = |policy: &WantedPolicy| Policy {
        id: app.draws.policy_id(),
        effect: policy.effect,
        groups: policy.groups.clone(),
        resources: policy.resources.clone(),
    };
    wanted.policies.iter().map(policy).collect()
}

/// Whether the caller may pass on all that the policies allow. What does not exist nobody may pass on.
async fn may_pass_on(
    app: &App,
    caller: &Principal,
    policies: &[Policy],
) -> Result<(), ManageError> {
    for (index, policy) in policies.iter().enumerate() {
        if policy.effect == Effect::Deny {
            continue;
        }
        for resource in &policy.resources {
            let target = target(app, *resource).await?.ok_or(ManageError::TooMuch(index))?;
            if !policy.groups.iter().all(|group| caller.grants.may_pass_on(*group, target)) {
                return Err(ManageError::TooMuch(index));
            }
        }
    }
    Ok(())
}

/// What a resource is, if it is there.
async fn target(app: &App, resource: Resource) -> Result<Option<Target>, StoreError> {
    let accounts = app.stores.accounts.as_ref();
    let is_there = async |id: AccountId| Ok::<_, StoreError>(accounts.account(id).await?.is_some());
    Ok(match resource {
        Resource::Account(id) => is_there(id).await?.then_some(Target::Account(id)),
        Resource::AccountZones(id) => is_there(id).await?.then_some(Target::AccountZones(id)),
        Resource::AllAccounts => Some(Target::AllAccounts),
        Resource::AllZones => Some(Target::AllZones),
        Resource::User(id) => accounts.user(id).await?.map(|user| Target::User(user.id)),
        Resource::Zone(id) => {
            let zone = app.stores.zones.zone(id).await?;
            zone.map(|zone| Target::Zone(zone.id, zone.account))
        }
    })
}
