//! What a token may do to which zone.

use np_domain::{
    account::{Access, Account, ApiToken, Scope},
    id::{AccountId, ZoneId},
    ports::{StoreError, ZoneFilter},
    zone::Zone,
};
use thiserror::Error;

use super::App;

/// A part of the API that tokens are allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Accounts and their members.
    Account,
    /// DNS records.
    Dns,
    /// Custom hostnames, certificates and requests for them.
    Ssl,
    /// API tokens.
    Token,
    /// The user behind a token.
    User,
    /// Zones.
    Zone,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// To look.
    Read,
    /// To change.
    Write,
}

/// What a token must allow for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing but to be a good one.
    AnyToken,
    /// This, in this area.
    In(Area, Need),
}

impl Permission {
    /// To look at something of an area.
    pub const fn read(area: Area) -> Self {
        Self::In(area, Need::Read)
    }

    /// To change something of an area.
    pub const fn write(area: Area) -> Self {
        Self::In(area, Need::Write)
    }

    /// Whether it is one to change things.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::In(_, Need::Write))
    }
}

/// Why a request may not go on.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The zone or account does not exist, or the token has nothing to do with it: both look the same from outside.
    #[error("the token has no access to it")]
    Foreign,
    /// The token may only look.
    #[error("the token may only look")]
    ReadOnly,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the token may do this at all.
///
/// # Errors
/// [`AccessError::ReadOnly`].
pub fn allow(token: &ApiToken, permission: Permission) -> Result<(), AccessError> {
    match token.access {
        Access::Read if permission.is_write() => Err(AccessError::ReadOnly),
        Access::Read | Access::Write | Access::Admin => Ok(()),
    }
}

/// The zone, if the token may do this to it.
///
/// # Errors
/// See [`AccessError`].
pub async fn zone(
    app: &App,
    token: &ApiToken,
    id: ZoneId,
    permission: Permission,
) -> Result<Zone, AccessError> {
    let zone = app.stores.zones.zone(id).await?;
    let zone = zone.filter(|zone| reaches(token, zone)).ok_or(AccessError::Foreign)?;
    allow(token, permission)?;
    Ok(zone)
}

fn reaches(token: &ApiToken, zone: &Zone) -> bool {
    let in_account = token.access == Access::Admin || token.account == zone.account;
    let in_scope = match &token.scope {
        Scope::Account => true,
        Scope::Zones(zones) => zones.contains(&zone.id),
    };
    in_account && in_scope
}

/// The accounts that the token may see, oldest first.
///
/// # Errors
/// When memory fails.
pub async fn accounts(app: &App, token: &ApiToken) -> Result<Vec<Account>, StoreError> {
    let mut accounts = app.stores.accounts.accounts().await?;
    accounts.retain(|account| token.access == Access::Admin || account.id == token.account);
    Ok(accounts)
}

/// One account, if the token may see it.
///
/// # Errors
/// See [`AccessError`].
pub async fn account(app: &App, token: &ApiToken, id: AccountId) -> Result<Account, AccessError> {
    let accounts = accounts(app, token).await?;
    accounts.into_iter().find(|account| account.id == id).ok_or(AccessError::Foreign)
}

/// Narrows a filter down to the zones that the token may see.
pub fn narrow(token: &ApiToken, filter: &mut ZoneFilter) {
    filter.among = among(&token.scope, filter.among.take());
    if token.access != Access::Admin {
        match filter.account {
            Some(account) if account != token.account => filter.among = Some(Vec::new()),
            _ => filter.account = Some(token.account),
        }
    }
}

/// The zones that were asked for and are in scope; `None`: all.
fn among(scope: &Scope, asked: Option<Vec<ZoneId>>) -> Option<Vec<ZoneId>> {
    let Scope::Zones(zones) = scope else { return asked };
    let wanted = |zone: &ZoneId| asked.as_ref().is_none_or(|asked| asked.contains(zone));
    Some(zones.iter().copied().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::draws::{CountingDraws, Draws};

    #[test]
    fn a_token_for_some_zones_narrows_what_was_asked_for() {
        let draws = CountingDraws::default();
        let draws: &dyn Draws = &draws;
        let [mine, other, foreign] = [(); 3].map(|()| draws.zone_id());
        let scope = Scope::Zones(vec![mine, other]);
        for (asked, expected) in [
            (None, vec![mine, other]),
            (Some(Vec::new()), Vec::new()),
            (Some(vec![mine]), vec![mine]),
            (Some(vec![foreign, other]), vec![other]),
        ] {
            assert_eq!(among(&scope, asked.clone()), Some(expected), "{asked:?}");
        }
        assert_eq!(among(&Scope::Account, None), None);
        assert_eq!(among(&Scope::Account, Some(vec![mine])), Some(vec![mine]));
    }
}
