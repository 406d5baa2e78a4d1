//! What became of custom hostnames, and what is wrong with their names, origins and what is asked of their certificates.

use np_domain::{
    certificate::DcvMethod, name::HostnameError, origin::OriginError, ports::InsertError,
};

use super::{ApiError, Problem};
use crate::app::{
    diagnostics::DiagnoseError,
    hostnames::{CreateError, EditError, FindError, Unfit, UnfitWhy, WantedError},
};

impl From<FindError> for ApiError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Unknown => Self::of(Problem::HostnameNotFound),
            FindError::Store(error) => error.into(),
        }
    }
}

impl From<DiagnoseError> for ApiError {
    fn from(error: DiagnoseError) -> Self {
        match error {
            DiagnoseError::Busy => Self::of(Problem::TooManyDiagnoses),
            DiagnoseError::Find(error) => error.into(),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::IsZone => Self::of(Problem::HostnameIsZone).at("/hostname"),
            CreateError::QuotaExceeded(max) => Self::of(Problem::QuotaExceeded).because(format!(
                "The zone has all {max} custom hostnames that it may have; delete some, or raise the limit."
            )),
            CreateError::Wanted(error) => error.into(),
            CreateError::Upload(error) => error.into(),
            CreateError::Insert(InsertError::Duplicate { existing }) => {
                Self::of(Problem::DuplicateHostname).at("/hostname").because(format!(
                    "The existing custom hostname has the id {existing}; edit that one."
                ))
            }
            // The zone was removed since it was read.
            CreateError::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            CreateError::Insert(InsertError::Store(error)) => error.into(),
        }
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Find(error) => error.into(),
            EditError::NameFixed => Self::of(Problem::HostnameFixed)
                .at("/hostname")
                .because("The name cannot be changed; create another custom hostname."),
            EditError::TypeAndMethodNeeded => Self::of(Problem::TypeAndMethodNeeded).at("/ssl"),
            EditError::SniWithoutOrigin => sni_without_origin(),
            EditError::Wanted(error) => error.into(),
            EditError::Upload(error) => error.into(),
        }
    }
}

impl From<WantedError> for ApiError {
    fn from(error: WantedError) -> Self {
        match error {
            WantedError::AuthorityNotConfigured { asked, configured } => {
                let configured = configured.iter().map(|name| name.as_str()).collect::<Vec<_>>();
                Self::of(Problem::SslInvalid).at("/ssl/certificate_authority").because(format!(
                    "{} is not configured here; use one of {}.",
                    asked.as_str(),
                    configured.join(", ")
                ))
            }
            WantedError::CiphersWithTls13 => {
                Self::of(Problem::CiphersWithTls13).at("/ssl/settings/ciphers")
            }
            WantedError::Method(unfit) => method_unfit(&unfit).at("/ssl/method"),
        }
    }
}

/// A method that cannot be used, with those that can.
fn method_unfit(unfit: &Unfit) -> ApiError {
    let (method, authority) = (unfit.method.as_str(), unfit.authority.as_str());
    let (problem, why) = match unfit.why {
        UnfitWhy::Wildcard => (
            Problem::SslInvalid,
            format!("A wildcard certificate cannot be validated by `{method}`"),
        ),
        UnfitWhy::Authority => (
            Problem::MethodUnsupported,
            format!("The certificate authority {authority} does not validate by `{method}`"),
        ),
        UnfitWhy::NoMail => (
            Problem::MethodUnsupported,
            format!("`{method}` needs a mail server, and none is configured: set [mail]"),
        ),
    };
    ApiError::of(problem).because(match &*in_words(&unfit.fitting) {
        "" => format!("{why}, and it has no other method for this."),
        others => format!("{why}: use {others}."),
    })
}

/// `http`, `txt` or `cname`.
fn in_words(methods: &[DcvMethod]) -> String {
    let words: Vec<_> = methods.iter().map(|method| format!("`{}`", method.as_str())).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

pub(super) fn sni_without_origin() -> ApiError {
    ApiError::of(Problem::OriginInvalid)
        .at("/custom_origin_sni")
        .because("custom_origin_sni needs a custom_origin_server beside it.")
}

/// What is wrong with a setting that is on or off.
pub(super) fn switch(key: &'static str) -> ApiError {
    match key {
        "http2" => ApiError::of(Problem::Http2),
        "tls_1_2_only" => ApiError::of(Problem::Tls12Only),
        "tls_1_3" => ApiError::of(Problem::Tls13),
        _ => ApiError::of(Problem::SslInvalid).because(format!("`{key}` must be 'on' or 'off'.")),
    }
}

/// What is wrong with a name.
pub(super) fn hostname(error: HostnameError) -> ApiError {
    match error {
        HostnameError::Invalid { why } => {
            ApiError::of(Problem::HostnameInvalid).because(format!("Here {why}."))
        }
        HostnameError::NonAscii { punycode: Some(name) } => {
            ApiError::of(Problem::HostnameNonAscii).because(format!("Send {name}."))
        }
        HostnameError::NonAscii { punycode: None } => ApiError::of(Problem::HostnameNonAscii),
        HostnameError::Wildcard => ApiError::of(Problem::HostnameWildcard)
            .because("Send the name without `*.`, and `ssl.wildcard: true`."),
        HostnameError::ReservedTop => ApiError::of(Problem::HostnameReservedTop),
        HostnameError::ReservedDomain => ApiError::of(Problem::HostnameReservedDomain),
        HostnameError::PublicSuffix(_) => {
            ApiError::of(Problem::HostnameUnparsable).because(error.to_string())
        }
    }
}

/// What is wrong with an origin's name.
pub(super) fn origin(error: OriginError) -> ApiError {
    let problem = match &error {
        OriginError::Port | OriginError::TooLong => Problem::OriginInvalid,
        OriginError::Host(HostnameError::Invalid { .. }) => Problem::OriginInvalid,
        OriginError::Host(HostnameError::NonAscii { .. }) => Problem::OriginNonAscii,
        OriginError::Host(HostnameError::ReservedTop) => Problem::OriginReservedTop,
        OriginError::Host(HostnameError::PublicSuffix(_)) => Problem::OriginUnparsable,
        OriginError::Host(HostnameError::ReservedDomain) => Problem::OriginReservedDomain,
        OriginError::Host(HostnameError::Wildcard) => Problem::OriginWildcard,
    };
    ApiError::of(problem).because(format!("Here {error}."))
}
