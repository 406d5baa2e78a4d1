//! What became of zones, their settings and their fallback origins.

use np_domain::ports::InsertError;

use super::{ApiError, Problem};
use crate::app::{
    fallback_origins::FallbackError,
    zone_settings::SettingError,
    zones::{self, RemoveError},
};

impl From<FallbackError> for ApiError {
    fn from(error: FallbackError) -> Self {
        match error {
            FallbackError::Unset => Self::of(Problem::FallbackNotFound),
            FallbackError::Access(error) => error.into(),
        }
    }
}

impl From<SettingError> for ApiError {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::CiphersWithTls13 => Self::of(Problem::CiphersWithTls13).at("/value"),
            SettingError::Access(error) => error.into(),
        }
    }
}

impl From<RemoveError> for ApiError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::InUse => Self::of(Problem::ZoneInUse),
            RemoveError::Store(error) => error.into(),
        }
    }
}

impl From<zones::CreateError> for ApiError {
    fn from(error: zones::CreateError) -> Self {
        match error {
            zones::CreateError::Access(error) => error.into(),
            zones::CreateError::Unavailable => Self::of(Problem::ZoneUnavailable).at("/name"),
            zones::CreateError::Insert(InsertError::Duplicate { existing }) => {
                Self::of(Problem::ZoneExists).at("/name").because(format!("Its id is {existing}."))
            }
            zones::CreateError::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            zones::CreateError::Insert(InsertError::Store(error)) => error.into(),
        }
    }
}

impl From<zones::EditError> for ApiError {
    fn from(error: zones::EditError) -> Self {
        match error {
            zones::EditError::PausedPartial => Self::of(Problem::BadQuery).at("/paused").because(
                "A partial zone cannot be paused: its DNS is elsewhere. Point its names elsewhere there.",
            ),
            zones::EditError::Access(error) => error.into(),
        }
    }
}
