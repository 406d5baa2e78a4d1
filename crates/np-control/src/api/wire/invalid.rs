//! Why a body or a query cannot be taken, and which field is at fault.

use np_domain::{csr::CsrError, id::IdError, name::HostnameError, origin::OriginError};

use super::dns_record;

/// A field that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The field, as a JSON pointer.
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) why: Why,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The id in the path is none.
    BadId(IdError),
    /// A query parameter, in words.
    BadQuery(String),
    /// No such way to bundle.
    BundleMethod,
    /// Cipher names, in words.
    Ciphers(String),
    /// `hostname.contain` with nothing to contain.
    ContainsNothing,
    /// A DNS record's field.
    DnsRecord(Box<dns_record::Fault>),
    /// No hostname that can be added.
    Hostname(HostnameError),
    /// No hostname at all.
    HostnameMissing,
    /// Filters that exclude each other.
    IdWithOtherFilters,
    /// Metadata, in words.
    Metadata(String),
    /// No such method.
    Method,
    /// No such version.
    MinTlsVersion,
    /// No JSON object.
    NotJson(String),
    /// No origin.
    Origin(OriginError),
    /// A certificate pack, in words.
    Pack(String),
    /// The hosts of a certificate pack, in words.
    PackHosts(String),
    /// An SNI towards no custom origin.
    SniWithoutOrigin,
    /// `ssl: null` in an edit.
    SslRemoval,
    /// A field of a certificate signing request.
    Csr(CsrError),
    /// The id of a certificate signing request in the body is none.
    CsrId,
    /// The id of a certificate signing request in the path is none.
    CsrPathId,
    /// Neither on nor off: the setting's key.
    Switch(&'static str),
    /// Something about a token, in words.
    Token(String),
    /// No such type of validation.
    Type,
    /// Type and method are needed, and one is missing.
    TypeOrMethodMissing,
    /// No CA of this name.
    UnknownAuthority,
    /// Something of the original that is not offered, in words.
    Unsupported(String),
    /// Another type of JSON value is wanted.
    WrongType {
        /// What is wanted.
        expected: &'static str,
        /// Whether it is within `ssl`.
        in_ssl: bool,
    },
    /// No name for a zone.
    ZoneName(HostnameError),
    /// A zone's setting, in words.
    ZoneSetting(String),
}
