//! Who is asking, and whether they may: extractors that a handler cannot run without.
//!
//! [`Caller`] is whoever has a good token, [`Writer`] one who may write; [`Readable`] and [`Writable`] are the zone of the path, seen by a caller who may
//! read or change it. An unknown zone and a foreign one look the same.

use axum::extract::{FromRequestParts, RawPathParams};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION, request::Parts};
use np_domain::{
    account::ApiToken,
    id::{HostnameId, ZoneId},
    zone::Zone,
};

use super::{
    Api,
    error::{ApiError, Problem},
    wire::invalid::{Invalid, Why},
};
use crate::app::{
    access::{self, Need},
    tokens,
};

const AUTH_KEY: HeaderName = HeaderName::from_static("x-auth-key");
const AUTH_EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
/// The original's keys have 37 hex digits, newer ones more; anything shorter is no key.
const KEY_LENGTH_MIN: usize = 32;

/// Whoever has a good token.
pub(crate) struct Caller(pub(crate) ApiToken);

/// Whoever has a good token that may change things.
pub(crate) struct Writer(pub(crate) ApiToken);

/// The zone of the path, for a caller who may look at it.
pub(crate) struct Readable(pub(crate) Zone);

/// The zone of the path, for a caller who may change it.
pub(crate) struct Writable(pub(crate) Zone);

/// The custom hostname's id in the path.
pub(crate) struct HostnameInPath(pub(crate) HostnameId);

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let secret = secret(&parts.headers).map_err(ApiError::of)?;
        let accounts = api.app.stores.accounts.as_ref();
        Ok(Self(tokens::authenticate(accounts, secret, api.app.now()).await?))
    }
}

impl FromRequestParts<Api> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Caller(token) = Caller::from_request_parts(parts, api).await?;
        access::allow(&token, Need::Write)?;
        Ok(Self(token))
    }
}

impl FromRequestParts<Api> for Readable {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        zone(parts, api, Need::Read).await.map(Self)
    }
}

impl FromRequestParts<Api> for Writable {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        zone(parts, api, Need::Write).await.map(Self)
    }
}

async fn zone(parts: &mut Parts, api: &Api, need: Need) -> Result<Zone, ApiError> {
    let Caller(token) = Caller::from_request_parts(parts, api).await?;
    let id: ZoneId = path_id(parts, "zone_id").await?.parse().map_err(|_| no_route(parts))?;
    Ok(access::zone(&api.app, &token, id, need).await?)
}

impl FromRequestParts<Api> for HostnameInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = path_id(parts, "custom_hostname_id").await?;
        let bad = |error| Invalid { pointer: String::new(), why: Why::BadId(error) };
        Ok(Self(id.parse().map_err(bad)?))
    }
}

/// The part of the path with this name in the route.
pub(crate) async fn path_id(parts: &mut Parts, name: &str) -> Result<String, ApiError> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| no_route(parts))?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).ok_or_else(|| no_route(parts))
}

/// 404 in the words of the original: an id of the wrong form matches no route.
pub(crate) fn no_route(parts: &Parts) -> ApiError {
    ApiError::of(Problem::NoRoute).because(parts.uri.path())
}

/// The secret of the bearer token.
fn secret(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Err(without_bearer(headers)) };
    let text = header.to_str().map_err(|_| Problem::BearerFormat)?;
    let (scheme, secret) = text.split_once(' ').ok_or(Problem::BearerFormat)?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    let good =
        scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty() && secret.bytes().all(is_token);
    if good { Ok(secret) } else { Err(Problem::BearerFormat) }
}

/// What to say to someone without a bearer token: only tokens are known here, but a key gets the answer that it would
/// get from the original.
fn without_bearer(headers: &HeaderMap) -> Problem {
    let (Some(key), Some(email)) = (headers.get(AUTH_KEY), headers.get(AUTH_EMAIL)) else {
        return Problem::NoCredentials;
    };
    let key_good = key.len() >= KEY_LENGTH_MIN
        && key.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b));
    match email.to_str() {
        _ if !key_good => Problem::KeyFormat,
        Ok(email) if email.contains('@') => Problem::UnknownKey,
        _ => Problem::EmailFormat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(HeaderName, &str)], expected: Result<&str, Problem>) {
        let map: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assert_eq!(secret(&map), expected, "{headers:?}");
    }

    #[test]
    fn each_kind_of_credentials_has_its_answer() {
        let key = "0123456789abcdef0123456789abcdef01234";
        check(&[], Err(Problem::NoCredentials));
        check(&[(AUTHORIZATION, "Bearer abc")], Ok("abc"));
        check(&[(AUTHORIZATION, "bearer abc")], Ok("abc"));
        check(&[(AUTHORIZATION, "Bearer")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Bearer ")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Bearer a b")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Basic YTpi")], Err(Problem::BearerFormat));
        check(&[(AUTH_KEY, key)], Err(Problem::NoCredentials));
        check(&[(AUTH_KEY, "short"), (AUTH_EMAIL, "a@b.c")], Err(Problem::KeyFormat));
        check(&[(AUTH_KEY, key), (AUTH_EMAIL, "ab")], Err(Problem::EmailFormat));
        check(&[(AUTH_KEY, key), (AUTH_EMAIL, "a@b.c")], Err(Problem::UnknownKey));
    }
}
