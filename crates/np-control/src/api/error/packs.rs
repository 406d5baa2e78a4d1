//! What became of certificate packs.

use np_domain::ports::{InsertError, InsertPackError};

use super::{ApiError, Problem};
use crate::app::{
    hostnames::{EditError, WantedError},
    packs::{FindPackError, OrderError, UniversalError, VerifyError},
};

impl From<FindPackError> for ApiError {
    fn from(error: FindPackError) -> Self {
        match error {
            FindPackError::Unknown => Self::of(Problem::PackNotFound),
            FindPackError::Store(error) => error.into(),
        }
    }
}

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Foreign(host) => {
                Self::of(Problem::PackHosts).at("/hosts").because(format!(
                    "{host} is within a zone of another account; leave it out, or have that zone's account order for it."
                ))
            }
            OrderError::BrandingNeeded => {
                Self::of(Problem::BrandingNeeded).at("/cloudflare_branding")
            }
            OrderError::TooLong(validity) => {
                Self::of(Problem::PackInvalid).at("/validity_days").because(format!(
                    "No public certificate authority issues for {} days: the limit is 200 since 2026-03-15. Use 90.",
                    validity.days()
                ))
            }
            OrderError::Wanted(error) => pack_wanted(error),
            OrderError::Insert(error) => error.into(),
        }
    }
}

/// The rules of hostnames' certificates, with the fields of packs.
fn pack_wanted(error: WantedError) -> ApiError {
    let pointer = match &error {
        WantedError::AuthorityNotConfigured { .. } => "/certificate_authority",
        WantedError::Method(_) => "/validation_method",
        _ => "",
    };
    ApiError::from(error).at(pointer)
}

impl From<InsertPackError> for ApiError {
    fn from(error: InsertPackError) -> Self {
        match error {
            InsertPackError::Full(max) => {
                Self::of(Problem::PackQuota).because(format!("There may be {max}."))
            }
            // The zone was removed since it was read.
            InsertPackError::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            // Ids are drawn at random: another try draws another.
            InsertPackError::Insert(InsertError::Duplicate { .. }) => Self::of(Problem::Busy),
            InsertPackError::Insert(InsertError::Store(error)) => error.into(),
        }
    }
}

impl From<UniversalError> for ApiError {
    fn from(error: UniversalError) -> Self {
        match error {
            UniversalError::Insert(error) => error.into(),
            UniversalError::Find(error) => error.into(),
        }
    }
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Find(error) => error.into(),
            VerifyError::Wanted(error) | VerifyError::Edit(EditError::Wanted(error)) => {
                pack_wanted(error)
            }
            VerifyError::Edit(error) => error.into(),
        }
    }
}
