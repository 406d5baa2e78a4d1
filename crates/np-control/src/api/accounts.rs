//! `/accounts`: the SDKs need an account's id to create a zone.

use axum::extract::{Query, State};
use http::StatusCode;

use super::{
    Api,
    auth::{Caller, InAccount},
    envelope::{Envelope, Reply, ok},
    openapi::{PAGES, QueryParam, shape},
    pagination::{Params, result_info},
    router::Route,
    wire::account::{self, AccountWire},
};
use crate::app::access::{self, Area, Permission};

/// The group of the document.
const TAG: &str = "Accounts";

pub(crate) fn routes() -> Vec<Route> {
    let look = Permission::read(Area::Account);
    vec![
        Route::get("/accounts", "accounts-list-accounts", look, list)
            .tag(TAG)
            .summary("List the accounts of the token")
            .query(PAGES)
            .query(&[QueryParam::new("name", shape::text, "The one with this name.")])
            .list::<AccountWire>(),
        Route::get("/accounts/{account_id}", "accounts-account-details", look, read)
            .tag(TAG)
            .summary("One account")
            .result::<AccountWire>(),
    ]
}

pub(crate) async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page()?;
    let mut accounts = access::accounts(&api.app, &caller).await?;
    accounts.retain(|account| params.get("name").is_none_or(|name| account.name.as_str() == name));
    let total = accounts.len() as u64;
    let skipped = (page.number as usize - 1).saturating_mul(page.size as usize);
    let shown: Vec<_> =
        accounts.iter().skip(skipped).take(page.size as usize).map(account::render).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

pub(crate) async fn read(InAccount(account): InAccount) -> Reply {
    Ok(ok(account::render(&account)))
}
