//! `custom_csrs` of zones and of accounts (behaviour.md 4.4): the same operations at two places.

use axum::{
    extract::{FromRequestParts, Query, State},
    response::IntoResponse as _,
};
use http::{StatusCode, request::Parts};
use np_domain::id::CsrId;

use super::{
    Api,
    auth::{self, InAccount, InZone},
    body::Body,
    envelope::{Deleted, Envelope, Reply, ok},
    error::ApiError,
    openapi::PAGES,
    pagination::{Params, result_info},
    router::Route,
    wire::{
        custom_csr::{CsrWire, NewCsrBody, ORDER, parse, parse_id, parse_order, render},
        invalid::{Invalid, Why},
    },
};
use crate::app::{
    access::{Area, Permission},
    csrs::{self, Scope},
};

/// The group of the document.
const TAG: &str = "Certificate signing requests";

pub(crate) fn routes() -> Vec<Route> {
    const OF_ZONE: &str = "/zones/{zone_id}/custom_csrs";
    const ONE_OF_ZONE: &str = "/zones/{zone_id}/custom_csrs/{custom_csr_id}";
    const OF_ACCOUNT: &str = "/accounts/{account_id}/custom_csrs";
    const ONE_OF_ACCOUNT: &str = "/accounts/{account_id}/custom_csrs/{custom_csr_id}";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    let routes = vec![
        described_list(Route::get(OF_ZONE, "sdk.custom_csrs.list.zones", look, list_of_zone)),
        described_create(Route::post(
            OF_ZONE,
            "sdk.custom_csrs.create.zones",
            change,
            create_in_zone,
        )),
        described_read(Route::get(ONE_OF_ZONE, "sdk.custom_csrs.get.zones", look, read_of_zone)),
        described_remove(Route::delete(
            ONE_OF_ZONE,
            "sdk.custom_csrs.delete.zones",
            change,
            remove_of_zone,
        )),
        described_list(Route::get(
            OF_ACCOUNT,
            "sdk.custom_csrs.list.accounts",
            look,
            list_of_account,
        )),
        described_create(Route::post(
            OF_ACCOUNT,
            "sdk.custom_csrs.create.accounts",
            change,
            create_in_account,
        )),
        described_read(Route::get(
            ONE_OF_ACCOUNT,
            "sdk.custom_csrs.get.accounts",
            look,
            read_of_account,
        )),
        described_remove(Route::delete(
            ONE_OF_ACCOUNT,
            "sdk.custom_csrs.delete.accounts",
            change,
            remove_of_account,
        )),
    ];
    routes.into_iter().map(|route| route.tag(TAG)).collect()
}

fn described_list(route: Route) -> Route {
    route.summary("List certificate signing requests").query(PAGES).query(ORDER).list::<CsrWire>()
}

fn described_create(route: Route) -> Route {
    route
        .summary("Make a key and a certificate signing request for it")
        .details("The key is kept sealed and used by an upload that names the request; it is never shown.")
        .body::<NewCsrBody>()
        .created::<CsrWire>()
}

fn described_read(route: Route) -> Route {
    route.summary("One certificate signing request").result::<CsrWire>()
}

fn described_remove(route: Route) -> Route {
    route
        .summary("Delete a certificate signing request and its key")
        .deleted()
        .fails(&[StatusCode::CONFLICT])
}

/// The request's id in the path.
pub(crate) struct CsrInPath(CsrId);

impl FromRequestParts<Api> for CsrInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = auth::path_id(parts, "custom_csr_id").await?;
        let bad = |_| Invalid { pointer: String::new(), why: Why::CsrPathId };
        Ok(Self(parse_id(&id).map_err(bad)?))
    }
}

type Pairs = Query<Vec<(String, String)>>;

async fn list_of_zone(api: State<Api>, InZone(zone): InZone, query: Pairs) -> Reply {
    list(api, Scope::zone(&zone), query).await
}

async fn list_of_account(api: State<Api>, InAccount(account): InAccount, query: Pairs) -> Reply {
    list(api, Scope::account(account.id), query).await
}

async fn list(State(api): State<Api>, scope: Scope, Query(query): Pairs) -> Reply {
    let params = Params::new(query);
    let (page, order) = (params.page()?, parse_order(&params)?);
    let (csrs, total) = api.app.stores.csrs.list_csrs(scope.owner, order, page).await?;
    let shown: Vec<_> = csrs.iter().map(render).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

async fn create_in_zone(api: State<Api>, InZone(zone): InZone, body: Body) -> Reply {
    create(api, Scope::zone(&zone), body).await
}

async fn create_in_account(api: State<Api>, InAccount(account): InAccount, body: Body) -> Reply {
    create(api, Scope::account(account.id), body).await
}

async fn create(State(api): State<Api>, scope: Scope, Body(body): Body) -> Reply {
    let csr = csrs::create(&api.app, scope, parse(&body)?).await?;
    Ok(Envelope::of(render(&csr)).reply(StatusCode::CREATED))
}

async fn read_of_zone(api: State<Api>, InZone(zone): InZone, id: CsrInPath) -> Reply {
    read(api, Scope::zone(&zone), id).await
}

async fn read_of_account(api: State<Api>, InAccount(account): InAccount, id: CsrInPath) -> Reply {
    read(api, Scope::account(account.id), id).await
}

async fn read(State(api): State<Api>, scope: Scope, CsrInPath(id): CsrInPath) -> Reply {
    Ok(ok(render(&csrs::find(&api.app, scope, id).await?)))
}

async fn remove_of_zone(api: State<Api>, InZone(zone): InZone, id: CsrInPath) -> Reply {
    remove(api, Scope::zone(&zone), id).await
}

async fn remove_of_account(api: State<Api>, InAccount(account): InAccount, id: CsrInPath) -> Reply {
    remove(api, Scope::account(account.id), id).await
}

async fn remove(State(api): State<Api>, scope: Scope, CsrInPath(id): CsrInPath) -> Reply {
    csrs::remove(&api.app, scope, id).await?;
    Ok(Deleted::of(id.to_string()).into_response())
}
