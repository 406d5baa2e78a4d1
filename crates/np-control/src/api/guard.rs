//! What every request passes before its handler: who is asking, how often, and whether it was asked before.
//!
//! The caller is settled once, here, and handlers find it in the request's extensions ([`super::auth`]). Then calls are
//! counted ([`crate::app::limits`]); a request with an `Idempotency-Key` is carried out once ([`idempotency`]).

mod idempotency;
pub(crate) mod source;

pub(crate) use idempotency::HoldsSecret;

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::RETRY_AFTER};
use np_domain::{id::ZoneId, token::Principal};

use super::{
    Api,
    auth::Found,
    error::{ApiError, Problem},
};
use crate::app::{
    access::{self, Area, Permission},
    identity::IdentityError,
    limits::Allowance,
};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Below this path of the route table hostnames are created.
const CREATES: &str = "/client/v4/zones/{zone_id}/custom_hostnames";
/// The same, many at once.
const CREATES_IN_BULK: &str = "/client/v4/zones/{zone_id}/custom_hostnames/bulk";

/// How many hostnames a request created, for its response's extensions; one that says nothing created one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Created(pub(crate) u64);

/// Lets those requests through that may pass.
pub(crate) async fn guarded(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let from = source::address(&request, &api.settings.trusted_proxies);
    let caller = match caller(&api, request.headers(), from).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let allowance = match api.limits.call(caller.identity, api.app.now()) {
        Ok(allowance) => allowance,
        Err(over) => return with_allowance(too_many(Problem::TooManyCalls, over), Some(over)),
    };
    request.extensions_mut().insert(caller.clone());
    let response = match creates_in(&request) {
        Some(zone) => create(&api, &caller, zone, request, next).await,
        None => idempotency::once(&api, &caller, request, next).await,
    };
    with_allowance(response, allowance)
}

/// Who is calling. Whoever guesses is let wait; whoever knows a secret is not, because others may share the address.
async fn caller(
    api: &Api,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Arc<Principal>, Response> {
    let now = api.app.now();
    let found = Found::of(headers).map_err(|why| ApiError::of(why).into_response())?;
    let caller = api.app.identities.authenticate(found.credentials(), from, now).await;
    caller.map_err(|why| {
        if let (IdentityError::UnknownToken | IdentityError::UnknownKey, Some(from)) = (&why, from)
        {
            if let Err(over) = api.limits.may_try(from, now) {
                return too_many(Problem::TooManyFailures, over);
            }
            api.limits.failed(from, now);
        }
        ApiError::from(why).into_response()
    })
}

/// The zone in which the request creates hostnames.
fn creates_in(request: &Request) -> Option<ZoneId> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    let creates =
        request.method() == Method::POST && (route == CREATES || route == CREATES_IN_BULK);
    let path = request.uri().path().strip_prefix("/client/v4/zones/")?;
    creates.then(|| path.split('/').next()?.parse().ok())?
}

/// Creates are counted once they succeeded.
async fn create(
    api: &Api,
    caller: &Principal,
    zone: ZoneId,
    request: Request,
    next: Next,
) -> Response {
    // Only those who may create there are told that too many were: to others the zone is not there.
    if let Err(over) = api.limits.may_create(zone, api.app.now()) {
        let permission = Permission::write(Area::Ssl);
        if access::zone(&api.app, caller, zone, permission).await.is_ok() {
            return too_many(Problem::TooManyCreates, over);
        }
    }
    let response = idempotency::once(api, caller, request, next).await;
    if response.status().is_success() && !idempotency::is_replay(&response) {
        let count = response.extensions().get::<Created>().map_or(1, |Created(count)| *count);
        api.limits.created(zone, count, api.app.now());
    }
    response
}

fn too_many(problem: Problem, over: Allowance) -> Response {
    let seconds = seconds(over);
    let error = ApiError::of(problem).because(format!("Go on in {seconds} seconds."));
    let mut response = error.into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Whole seconds, rounded up: who waits for so long has waited long enough.
fn seconds(allowance: Allowance) -> u64 {
    let reset = allowance.reset;
    reset.as_secs() + u64::from(reset.subsec_nanos() > 0)
}

/// Tells every caller where they stand (behaviour.md 6).
fn with_allowance(mut response: Response, allowance: Option<Allowance>) -> Response {
    let Some(allowance) = allowance else { return response };
    let (rate, remaining) = (allowance.rate, allowance.remaining);
    let headers = response.headers_mut();
    let standing = format!("\"default\";r={remaining};t={}", seconds(allowance));
    let policy = format!("\"default\";q={};w={}", rate.count, rate.window.as_secs());
    for (name, text) in [(RATELIMIT, standing), (RATELIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    response
}
