//! Who is asking, and whether they may: extractors that a handler cannot run without.
//!
//! [`Caller`] is whoever has a good token that allows the operation, [`InZone`] and [`InAccount`] are the zone and the
//! account of the path, seen by a caller who may do this to them. What an operation needs stands in its
//! [`Route`](super::router::Route), and nowhere else. An unknown zone and a foreign one look the same.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION, request::Parts};
use np_domain::{
    account::{Account, EmailAddress, User},
    id::{HostnameId, ZoneId},
    token::Principal,
    zone::Zone,
};

use super::{
    Api,
    error::{ApiError, Problem},
    wire::invalid::{Invalid, Why},
};
use crate::app::{
    access::{self, Permission},
    identity::Credentials,
};

const AUTH_KEY: HeaderName = HeaderName::from_static("x-auth-key");
const AUTH_EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
/// The original's keys have 37 hex digits, newer ones more; anything shorter is no key.
const KEY_LENGTH_MIN: usize = 32;

/// Whoever has a good token, or key, that allows the operation to be done to something.
pub(crate) struct Caller(pub(crate) Arc<Principal>);

/// The zone of the path, for a caller who may do this to it.
pub(crate) struct InZone(pub(crate) Zone);

/// The account of the path, for a caller who may do this to it.
pub(crate) struct InAccount(pub(crate) Account);

/// The user behind the request, for a caller who may do this to them.
pub(crate) struct AsUser(pub(crate) User);

/// The custom hostname's id in the path.
pub(crate) struct HostnameInPath(pub(crate) HostnameId);

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Arc<Principal>>().cloned();
        let caller = caller.ok_or_else(|| ApiError::of(Problem::NoAccess))?;
        access::allow(&caller, permission(parts)?)?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<Api> for InZone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let id: ZoneId = path_id(parts, "zone_id").await?.parse().map_err(|_| no_route(parts))?;
        Ok(Self(access::zone(&api.app, caller(parts)?, id, permission(parts)?).await?))
    }
}

impl FromRequestParts<Api> for InAccount {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let id = path_id(parts, "account_id").await?.parse().map_err(|_| no_route(parts))?;
        Ok(Self(access::account(&api.app, caller(parts)?, id, permission(parts)?).await?))
    }
}

impl FromRequestParts<Api> for AsUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = caller(parts)?;
        Ok(Self(access::user(&api.app, caller, permission(parts)?).await?))
    }
}

/// Who is calling, whatever they may do: [`super::guard`] settled it. A route that nobody guards is served to nobody.
fn caller(parts: &Parts) -> Result<&Principal, ApiError> {
    let caller = parts.extensions.get::<Arc<Principal>>();
    caller.map(Arc::as_ref).ok_or_else(|| ApiError::of(Problem::NoAccess))
}

/// What the route needs; a route without it is served to nobody.
fn permission(parts: &Parts) -> Result<Permission, ApiError> {
    parts.extensions.get().copied().ok_or_else(|| ApiError::of(Problem::NoAccess))
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

/// The credentials of a request, as far as they can be told without asking memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Token(&'a str),
    Key(EmailAddress, &'a str),
}

impl<'a> Found<'a> {
    /// A bearer token wins over a key.
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Self, Problem> {
        match headers.get(AUTHORIZATION) {
            Some(header) => {
                let text = header.to_str().map_err(|_| Problem::BearerFormat)?;
                secret(text).map(Self::Token).ok_or(Problem::BearerFormat)
            }
            None => Self::key(headers),
        }
    }

    fn key(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let (Some(key), Some(email)) = (headers.get(AUTH_KEY), headers.get(AUTH_EMAIL)) else {
            return Err(Problem::NoCredentials);
        };
        let is_key = |text: &&str| {
            let printable = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            text.len() >= KEY_LENGTH_MIN && text.bytes().all(printable)
        };
        let key = key.to_str().ok().filter(is_key).ok_or(Problem::KeyFormat)?;
        let email = email.to_str().ok().and_then(|email| email.parse().ok());
        Ok(Self::Key(email.ok_or(Problem::EmailFormat)?, key))
    }

    pub(super) fn credentials(&self) -> Credentials<'_> {
        match self {
            Self::Token(secret) => Credentials::Token(secret),
            Self::Key(email, key) => Credentials::Key(email, key),
        }
    }
}

/// The secret in `Bearer <secret>`.
fn secret(header: &str) -> Option<&str> {
    let (scheme, secret) = header.split_once(' ')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    let good =
        scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty() && secret.bytes().all(is_token);
    good.then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(HeaderName, &str)], expected: Result<Found<'_>, Problem>) {
        let map: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assert_eq!(Found::of(&map), expected, "{headers:?}");
    }

    #[test]
    fn each_kind_of_credentials_has_its_answer() {
        let key = "0123456789abcdef0123456789abcdef01234";
        let user = || Found::Key("a@b.c".parse().unwrap(), key);
        check(&[], Err(Problem::NoCredentials));
        check(&[(AUTHORIZATION, "Bearer abc")], Ok(Found::Token("abc")));
        check(&[(AUTHORIZATION, "bearer abc")], Ok(Found::Token("abc")));
        check(&[(AUTHORIZATION, "Bearer")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Bearer ")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Bearer a b")], Err(Problem::BearerFormat));
        check(&[(AUTHORIZATION, "Basic YTpi")], Err(Problem::BearerFormat));
        check(&[(AUTH_KEY, key)], Err(Problem::NoCredentials));
        check(&[(AUTH_KEY, "short"), (AUTH_EMAIL, "a@b.c")], Err(Problem::KeyFormat));
        check(&[(AUTH_KEY, key), (AUTH_EMAIL, "ab")], Err(Problem::EmailFormat));
        check(&[(AUTH_KEY, key), (AUTH_EMAIL, "A@b.c")], Ok(user()));
        let both = [(AUTHORIZATION, "Bearer abc"), (AUTH_KEY, key), (AUTH_EMAIL, "a@b.c")];
        check(&both, Ok(Found::Token("abc")));
    }
}
