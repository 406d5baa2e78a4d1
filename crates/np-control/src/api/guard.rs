//! What every request passes before its handler: who is asking, how often, and whether it was asked before.
//!
//! The caller is settled once, here, and handlers find it in the request's extensions ([`super::auth`]). Then calls are
//! counted ([`crate::app::limits`]); a request with an `Idempotency-Key` is carried out once ([`idempotency`]).

mod idempotency;
pub(crate) mod source;

pub(crate) use idempotency::HoldsSecret;

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};
use np_domain::{id::ZoneId, token::Principal};

use super::{
    Api,
    auth::Found,
    error::{ApiError, Problem},
};
use crate::app::{identity::IdentityError, limits::Allowance};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
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
    let response = idempotency::once(&api, &caller, request, next).await;
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

/// Creates of hostnames that were taken from what their zone may have in a while, before they are made. What is not
/// [kept](Self::keep) is given back with the answer; whoever hangs up before gets nothing back, because what they asked for may
/// still be made.
pub(crate) struct Creates<'a> {
    api: &'a Api,
    zone: ZoneId,
    left: u64,
}

impl<'a> Creates<'a> {
    /// Takes so many.
    ///
    /// # Errors
    /// The answer, when there were enough.
    pub(crate) fn take(api: &'a Api, zone: ZoneId, count: u64) -> Result<Self, Box<Response>> {
        let taken = api.limits.take_creates(zone, count, api.app.now());
        taken.map_err(|over| Box::new(too_many(Problem::TooManyCreates, over)))?;
        Ok(Self { api, zone, left: count })
    }

    /// So many of them were made.
    pub(crate) fn keep(self, count: u64) {
        self.api.limits.give_creates_back(self.zone, self.left.saturating_sub(count));
    }
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
