//! What can be wrong with a record's content, and where.

use thiserror::Error;

use crate::dns_record::{kind::RecordKind, name::RecordNameError, tokens::BadQuoting};

/// The field of a record that is at fault, as a path from the record: `content`, `priority`, `data/flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The text as a whole, or a field where text was given.
    Content,
    /// A named part.
    Data(&'static str),
    /// The priority beside the text.
    Priority,
}

/// Why content cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Content for {kind} record is invalid: {field} {why}")]
pub struct ContentError {
    /// The type.
    pub kind: RecordKind,
    /// Where the fault is.
    pub at: At,
    /// The name of the field at fault.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub why: Fault,
}

/// What is wrong with a field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("is missing")]
    Missing,
    /// No whole number in range.
    #[error("must be a whole number from 0 to {max}")]
    Number {
        /// The largest.
        max: u32,
    },
    /// A number outside of a range.
    #[error("must be {0}")]
    Range(&'static str),
    /// No IPv4 address.
    #[error("must be a valid IPv4 address, such as 192.0.2.1")]
    Ipv4,
    /// No IPv6 address.
    #[error("must be a valid IPv6 address, such as 2001:db8::1")]
    Ipv6,
    /// No name.
    #[error("must be a valid hostname: {0}")]
    Name(#[from] RecordNameError),
    /// The root where a name is needed.
    #[error("must be a hostname and not the root")]
    Root,
    /// Not hexadecimal.
    #[error("must be hexadecimal digits, two for each byte")]
    Hex,
    /// Not base64.
    #[error("must be base64")]
    Base64,
    /// Too long.
    #[error("must have at most {max} bytes")]
    TooLong {
        /// The most bytes.
        max: usize,
    },
    /// Text where there should be none.
    #[error("must not be followed by anything; remove {0:?} or put quotes around text with spaces")]
    Leftover(Box<str>),
    /// Quotes that do not fit.
    #[error("cannot be read: {0}")]
    Quoting(#[from] BadQuoting),
    /// A number where text is needed.
    #[error("must be text")]
    NotText,
    /// Anything else: what would be right.
    #[error("{0}")]
    Other(&'static str),
}
