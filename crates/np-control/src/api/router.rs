//! The routes as data: what is served, with which permission. Each resource lists its own; everything else is 404 or 405 in
//! the envelope.

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    middleware,
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};
use http::Method;

use super::{
    Api, ApiDeps, accounts, approval_page, auth, certificate_packs, custom_csrs, custom_hostnames,
    dcv_delegation, dns_records,
    error::{ApiError, Problem},
    fallback_origin, guard, limits,
    openapi::{self, Description},
    ssl, ssl_analyze, tokens, trace, unread, user, zone_holds, zone_settings, zones,
};
use crate::app::access::Permission;

/// Where the API stands.
pub(crate) const BASE: &str = "/client/v4";

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// The path below the base, with names in braces.
    pub path: &'static str,
    /// Its name, unique among all: the original's where it has the operation (api.md).
    pub id: &'static str,
    /// What the token must allow.
    pub permission: Permission,
}

/// All operations that are served.
pub fn operations() -> Vec<Operation> {
    routes().into_iter().map(|route| route.operation).collect()
}

/// The whole API as a service.
pub fn router(deps: ApiDeps) -> Router {
    let api = Api::from(deps);
    let limit = DefaultBodyLimit::max(api.settings.body_bytes_max);
    let v4 =
        routes().into_iter().fold(Router::new(), |router, Route { operation, handler, .. }| {
            router.route(&format!("{BASE}{}", operation.path), handler)
        });
    // Only what the table has is guarded: whoever asks for a path that is not there need not say who they are.
    v4.route_layer(middleware::from_fn_with_state(api.clone(), guard::guarded))
        // Who opens it is no caller of the API: the link is what they have.
        .route(approval_page::PATH, approval_page::methods())
        .route(openapi::PATH, routing::get(openapi::serve))
        .route(&format!("{BASE}{}", openapi::PATH), routing::get(openapi::serve))
        .method_not_allowed_fallback(not_allowed)
        .fallback(no_route)
        .layer(limit)
        .layer(middleware::from_fn_with_state(api.clone(), limits::bounded))
        .layer(middleware::from_fn(unread::told))
        .layer(middleware::from_fn_with_state(api.clone(), trace::traced))
        .with_state(api)
}

/// All routes, in the order of the document.
pub(crate) fn routes() -> Vec<Route> {
    let resources = [
        accounts::routes(),
        tokens::routes(),
        user::routes(),
        zones::routes(),
        zone_settings::routes(),
        zone_holds::routes(),
        dcv_delegation::routes(),
        dns_records::routes(),
        fallback_origin::routes(),
        custom_hostnames::routes(),
        custom_csrs::routes(),
        certificate_packs::routes(),
        ssl::routes(),
        ssl_analyze::routes(),
    ];
    resources.into_iter().flatten().collect()
}

/// An operation with what runs for it. [`openapi`] has the methods that describe it.
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) description: Description,
    handler: MethodRouter<Api>,
}

impl Route {
    /// A GET.
    pub(crate) fn get<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: H,
    ) -> Self {
        Self::of(Method::GET, path, id, permission, routing::get(handler))
    }

    /// A POST.
    pub(crate) fn post<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: H,
    ) -> Self {
        Self::of(Method::POST, path, id, permission, routing::post(handler))
    }

    /// A PUT.
    pub(crate) fn put<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: H,
    ) -> Self {
        Self::of(Method::PUT, path, id, permission, routing::put(handler))
    }

    /// A PATCH.
    pub(crate) fn patch<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: H,
    ) -> Self {
        Self::of(Method::PATCH, path, id, permission, routing::patch(handler))
    }

    /// A DELETE.
    pub(crate) fn delete<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: H,
    ) -> Self {
        Self::of(Method::DELETE, path, id, permission, routing::delete(handler))
    }

    /// The extractors of [`auth`] read the permission out of the request's extensions.
    fn of(
        method: Method,
        path: &'static str,
        id: &'static str,
        permission: Permission,
        handler: MethodRouter<Api>,
    ) -> Self {
        let handler = handler.route_layer(Extension(permission));
        let operation = Operation { method, path, id, permission };
        Self { operation, description: Description::default(), handler }
    }
}

async fn no_route(request: Request) -> Response {
    auth::no_route(&request.into_parts().0).into_response()
}

async fn not_allowed() -> Response {
    ApiError::of(Problem::NotAllowed).into_response()
}
