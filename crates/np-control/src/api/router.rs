//! The routes as data: what is served, with which permission. Everything else is 404 or 405 in the envelope.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, patch, post, put},
};
use http::Method;

use super::{
    Api, ApiDeps, accounts, auth,
    custom_hostnames::{create, edit, list, quota, read, remove},
    dcv_delegation,
    error::{ApiError, Problem},
    fallback_origin, tokens, trace, zones,
};
use crate::app::access::Need;

/// Where the API stands.
const BASE: &str = "/client/v4";

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// The path below the base, with names in braces.
    pub path: &'static str,
    /// What the token must allow.
    pub need: Need,
}

/// All operations that are served.
pub fn operations() -> Vec<Operation> {
    routes().into_iter().map(|(operation, _)| operation).collect()
}

/// The whole API as a service.
pub fn router(deps: ApiDeps) -> Router {
    let api = Api::from(deps);
    let limit = DefaultBodyLimit::max(api.settings.body_bytes_max);
    let table = routes().into_iter();
    let v4 = table.fold(Router::new(), |router, (operation, handler)| {
        router.route(&format!("{BASE}{}", operation.path), handler)
    });
    v4.method_not_allowed_fallback(not_allowed)
        .fallback(no_route)
        .layer(limit)
        .layer(middleware::from_fn_with_state(api.clone(), trace::traced))
        .with_state(api)
}

fn routes() -> Vec<(Operation, MethodRouter<Api>)> {
    const ZONE: &str = "/zones/{zone_id}";
    const HOSTNAMES: &str = "/zones/{zone_id}/custom_hostnames";
    const HOSTNAME: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}";
    const FALLBACK: &str = "/zones/{zone_id}/custom_hostnames/fallback_origin";
    let read = |path, handler| row(Method::GET, path, Need::Read, handler);
    let write = |method, path, handler| row(method, path, Need::Write, handler);
    vec![
        read("/accounts", get(accounts::list)),
        read("/accounts/{account_id}", get(accounts::read)),
        read("/user/tokens/verify", get(tokens::verify)),
        read("/zones", get(zones::list)),
        write(Method::POST, "/zones", post(zones::create)),
        read(ZONE, get(zones::read)),
        write(Method::PATCH, ZONE, patch(zones::edit)),
        write(Method::DELETE, ZONE, delete(zones::remove)),
        read("/zones/{zone_id}/dcv_delegation/uuid", get(dcv_delegation::read)),
        read(FALLBACK, get(fallback_origin::read)),
        write(Method::PUT, FALLBACK, put(fallback_origin::set)),
        write(Method::DELETE, FALLBACK, delete(fallback_origin::remove)),
        read(HOSTNAMES, get(list::list)),
        write(Method::POST, HOSTNAMES, post(create::create)),
        read("/zones/{zone_id}/custom_hostnames/quota", get(quota::quota)),
        read(HOSTNAME, get(read::read)),
        write(Method::PATCH, HOSTNAME, patch(edit::edit)),
        write(Method::DELETE, HOSTNAME, delete(remove::remove)),
    ]
}

fn row(
    method: Method,
    path: &'static str,
    need: Need,
    handler: MethodRouter<Api>,
) -> (Operation, MethodRouter<Api>) {
    (Operation { method, path, need }, handler)
}

async fn no_route(request: Request) -> Response {
    auth::no_route(&request.into_parts().0).into_response()
}

async fn not_allowed() -> Response {
    ApiError::of(Problem::NotAllowed).into_response()
}
