//! What is wrong with a request, field by field.

use np_domain::{certificate::AuthorityName, id::IdError};

use super::{
    ApiError, Problem,
    csrs::csr,
    dns_records,
    hostnames::{hostname, origin, sni_without_origin, switch},
};
use crate::api::wire::invalid::{Invalid, Why};

impl From<Invalid> for ApiError {
    fn from(Invalid { pointer, why }: Invalid) -> Self {
        let error = match why {
            Why::BadId(error) => return bad_id(&error),
            Why::BadQuery(detail) => Self::of(Problem::BadQuery).because(detail),
            Why::BundleMethod => Self::of(Problem::BundleMethod),
            Why::Ciphers(detail) => Self::of(Problem::Ciphers).because(format!("{detail}.")),
            Why::ContainsNothing => Self::of(Problem::ContainInvalid),
            Why::Csr(error) => csr(error),
            Why::CsrId => Self::of(Problem::CsrIdInvalid),
            Why::CsrPathId => Self::of(Problem::CsrPathIdInvalid),
            Why::DnsRecord(fault) => dns_records::of_fault(*fault),
            Why::Hostname(error) => hostname(error),
            Why::HostnameMissing => {
                Self::of(Problem::HostnameInvalid).because("`hostname` is required.")
            }
            Why::IdWithOtherFilters => Self::of(Problem::IdWithOtherFilters),
            Why::Metadata(detail) => Self::of(Problem::Metadata).because(detail),
            Why::Method => Self::of(Problem::MethodUnsupported),
            Why::MinTlsVersion => Self::of(Problem::MinTlsVersion),
            Why::NotJson(detail) => Self::of(Problem::NotJson).because(detail),
            Why::Origin(error) => origin(error),
            Why::Pack(detail) => Self::of(Problem::PackInvalid).because(detail),
            Why::PackHosts(detail) => Self::of(Problem::PackHosts).because(detail),
            Why::SniWithoutOrigin => return sni_without_origin(),
            Why::SslRemoval => Self::of(Problem::SslInvalid).because(
                "A certificate cannot be taken away from a custom hostname: leave `ssl` out, or delete the hostname.",
            ),
            Why::Switch(key) => switch(key),
            Why::Token(detail) => Self::of(Problem::TokenInvalid).because(detail),
            Why::Type => Self::of(Problem::TypeUnsupported),
            Why::TypeOrMethodMissing => Self::of(Problem::TypeAndMethodNeeded),
            Why::UnknownAuthority => Self::of(Problem::SslInvalid).because(format!(
                "certificate_authority must be one of {}.",
                AuthorityName::ALL.map(|(_, word)| word).join(", ")
            )),
            Why::Unsupported(detail) => Self::of(Problem::SslInvalid).because(detail),
            Why::WrongType { expected, in_ssl: true } => {
                Self::of(Problem::SslInvalid).because(format!("{pointer} must be {expected}."))
            }
            Why::WrongType { expected, in_ssl: false } => {
                Self::of(Problem::NotJson).because(format!("{pointer} must be {expected}."))
            }
            Why::ZoneName(error) => {
                Self::of(Problem::ZoneNameInvalid).because(format!("{error}."))
            }
            Why::ZoneSetting(detail) => Self::of(Problem::BadQuery).because(detail),
        };
        error.at(pointer)
    }
}

fn bad_id(_: &IdError) -> ApiError {
    ApiError::of(Problem::HostnameIdInvalid)
}
