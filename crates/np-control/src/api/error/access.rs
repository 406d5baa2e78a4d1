//! What became of who asked: of credentials, permissions, and tokens that were to be made.

use np_domain::token::Refusal;

use super::{ApiError, Problem};
use crate::app::{
    access::{AccessError, Area, Need, Permission},
    identity::IdentityError,
    tokens::manage::ManageError,
};

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Foreign => Self::of(Problem::NoAccess),
            AccessError::Denied(permission) => {
                Self::of(Problem::Denied).because(missing(permission))
            }
            AccessError::Store(error) => error.into(),
        }
    }
}

/// What a token lacks.
fn missing(permission: Permission) -> String {
    let Permission::In(area, need) = permission else { return String::new() };
    let what = match area {
        Area::Account => "accounts",
        Area::Dns => "DNS records",
        Area::Membership => "memberships",
        Area::Ssl => "custom hostnames and certificates",
        Area::Token => "API tokens",
        Area::User => "the user",
        Area::Zone => "zones",
        Area::ZoneSettings => "settings of zones",
    };
    let verb = match need {
        Need::Read => "look at",
        Need::Write => "change",
    };
    format!("The token may not {verb} {what} here; use one that may, or give it the permission.")
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::UnknownToken => Self::of(Problem::InvalidToken),
            IdentityError::UnknownKey => Self::of(Problem::UnknownKey),
            IdentityError::Refused(why) => refused(&why),
            IdentityError::Store(error) => error.into(),
        }
    }
}

fn refused(why: &Refusal) -> ApiError {
    let remedy = match why {
        Refusal::Disabled => "The token is disabled; enable it, or use another one.",
        Refusal::Expired => "The token has expired; make a new one.",
        Refusal::NotYet => "The token is not valid yet; its `not_before` lies ahead.",
        Refusal::ForeignAddress(from) => {
            let from = from.map_or("an unknown address".to_owned(), |from| from.to_string());
            return ApiError::of(Problem::ForeignAddress).because(from);
        }
    };
    ApiError::of(Problem::InvalidToken).because(remedy)
}

impl From<ManageError> for ApiError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Unknown => Self::of(Problem::TokenNotFound),
            ManageError::TooMuch(index) => {
                Self::of(Problem::TokenTooMuch).at(format!("/policies/{index}"))
            }
            ManageError::NeverValid => Self::of(Problem::TokenInvalid)
                .at("/expires_on")
                .because("`expires_on` must lie ahead, and after `not_before`."),
            ManageError::Store(error) => error.into(),
        }
    }
}
