//! `/accounts`: the SDKs need an account's id to create a zone.

use axum::extract::{FromRequestParts, Query, State};
use http::{StatusCode, request::Parts};
use np_domain::id::AccountId;

use super::{
    Api,
    auth::{self, Caller},
    envelope::{Envelope, Reply, ok},
    error::ApiError,
    pagination::{Params, result_info},
    wire::account,
};
use crate::app::access;

/// The account's id in the path.
pub(crate) struct AccountInPath(AccountId);

impl FromRequestParts<Api> for AccountInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = auth::path_id(parts, "account_id").await?.parse();
        id.map(Self).map_err(|_| auth::no_route(parts))
    }
}

pub(crate) async fn list(
    State(api): State<Api>,
    Caller(token): Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page()?;
    let mut accounts = access::accounts(&api.app, &token).await?;
    accounts.retain(|account| params.get("name").is_none_or(|name| account.name.as_str() == name));
    let total = accounts.len() as u64;
    let skipped = (page.number as usize - 1).saturating_mul(page.size as usize);
    let shown: Vec<_> =
        accounts.iter().skip(skipped).take(page.size as usize).map(account::render).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

pub(crate) async fn read(
    State(api): State<Api>,
    Caller(token): Caller,
    AccountInPath(id): AccountInPath,
) -> Reply {
    Ok(ok(account::render(&access::account(&api.app, &token, id).await?)))
}
