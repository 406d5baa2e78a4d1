//! The types of records that the API names.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The text names no type of record that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "is no supported record type; use one of A, AAAA, CAA, CERT, CNAME, DNSKEY, DS, HTTPS, LOC, MX, NAPTR, NS, OPENPGPKEY, PTR, SMIMEA, SRV, SSHFP, SVCB, TLSA, TXT and URI"
)]
pub struct UnknownKind;

macro_rules! kinds {
    ($($variant:ident $text:literal $code:literal),+ $(,)?) => {
        /// The type of a record. Ordered by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordKind {
            $(#[doc = concat!("`", $text, "`")] $variant),+
        }

        impl RecordKind {
            /// All types.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its mnemonic, in capitals.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Its number on the wire (IANA "Resource Record (RR) TYPEs").
            pub fn code(self) -> u16 {
                match self { $(Self::$variant => $code),+ }
            }

            /// The type with this number on the wire.
            pub fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
kinds! {
    A "A" 1, Aaaa "AAAA" 28, Caa "CAA" 257, Cert "CERT" 37, Cname "CNAME" 5, Dnskey "DNSKEY" 48, Ds "DS" 43,
    Https "HTTPS" 65, Loc "LOC" 29, Mx "MX" 15, Naptr "NAPTR" 35, Ns "NS" 2, Openpgpkey "OPENPGPKEY" 61,
    Ptr "PTR" 12, Smimea "SMIMEA" 53, Srv "SRV" 33, Sshfp "SSHFP" 44, Svcb "SVCB" 64, Tlsa "TLSA" 52,
    Txt "TXT" 16, Uri "URI" 256,
}

impl RecordKind {
    /// Whether our edges can stand in for what such a record says.
    pub fn is_proxiable(self) -> bool {
        matches!(self, Self::A | Self::Aaaa | Self::Cname)
    }
}

impl FromStr for RecordKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or(UnknownKind)
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
