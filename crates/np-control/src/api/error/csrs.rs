//! What became of certificate signing requests, whose codes are their own (behaviour.md 4.4).

use np_domain::{csr::CsrError, name::HostnameError, ports::InsertError};

use super::{ApiError, Problem};
use crate::app::csrs::CsrFailure;

impl From<CsrFailure> for ApiError {
    fn from(error: CsrFailure) -> Self {
        match error {
            CsrFailure::Unknown => Self::of(Problem::CsrPathNotFound),
            CsrFailure::InUse => Self::of(Problem::CsrInUse).because(
                "Upload another certificate to the custom hostname that uses it, or delete that one, first.",
            ),
            CsrFailure::QuotaExceeded => Self::of(Problem::CsrQuota),
            CsrFailure::Key(_) | CsrFailure::CutShort => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
            // The zone was removed since it was read.
            CsrFailure::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            CsrFailure::Insert(InsertError::Duplicate { .. }) => Self::of(Problem::Busy),
            CsrFailure::Insert(InsertError::Store(error)) | CsrFailure::Store(error) => error.into(),
        }
    }
}

/// What is wrong with a field.
pub(super) fn csr(error: CsrError) -> ApiError {
    match error {
        CsrError::Country => ApiError::of(Problem::CsrCountry),
        CsrError::State => ApiError::of(Problem::CsrState).because(format!("Here {error}.")),
        CsrError::Locality => ApiError::of(Problem::CsrLocality).because(format!("Here {error}.")),
        CsrError::Organization => {
            ApiError::of(Problem::CsrOrganization).because(format!("Here {error}."))
        }
        CsrError::CommonName => ApiError::of(Problem::CsrCommonName),
        CsrError::CommonNameTooLong => ApiError::of(Problem::CsrCommonNameTooLong),
        CsrError::Sans => ApiError::of(Problem::CsrSans).because(format!("Here {error}.")),
        CsrError::San(_, error) => san(&error),
        CsrError::KeyType => ApiError::of(Problem::CsrKeyType),
    }
}

fn san(error: &HostnameError) -> ApiError {
    let detail = || format!("Here {error}.");
    match error {
        HostnameError::Invalid { .. } | HostnameError::Wildcard => {
            ApiError::of(Problem::CsrSanInvalid).because(detail())
        }
        HostnameError::NonAscii { .. } => ApiError::of(Problem::CsrSanNonAscii).because(detail()),
        HostnameError::ReservedTop => ApiError::of(Problem::CsrSanReservedTop),
        HostnameError::ReservedDomain => ApiError::of(Problem::CsrSanReservedDomain),
        HostnameError::PublicSuffix(_) => {
            ApiError::of(Problem::CsrSanUnparsable).because(error.to_string())
        }
    }
}
