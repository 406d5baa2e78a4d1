//! Identifiers, each a type of its own, so that swapped ids do not compile.
//!
//! Zones and accounts print as 32 hex digits, hostnames and certificate packs as UUIDs of 36 characters
//! (behaviour.md 6, "IDs"). None of them is made here: randomness is the caller's.

use std::{fmt, str::FromStr};

use thiserror::Error;
use uuid::Uuid;

/// The text is not an identifier of the wanted form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a valid identifier: expected {expected}")]
pub struct IdError {
    /// The form that was wanted.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $form:literal, $show:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps 16 bytes, drawn at random by the caller.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Wraps a UUID.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let id = Uuid::try_parse(text).map_err(|_| IdError { expected: $form })?;
                let id = Self(id);
                // Accept only the form that is printed: one object, one spelling.
                if id.to_string().eq_ignore_ascii_case(text) { Ok(id) } else { Err(IdError { expected: $form }) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.$show(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

id!(
    /// An account: who owns zones.
    AccountId, "32 hex digits", simple
);
id!(
    /// A zone: a provider's domain.
    ZoneId, "32 hex digits", simple
);
id!(
    /// An API token (not its secret).
    TokenId, "32 hex digits", simple
);
id!(
    /// A policy of an API token.
    PolicyId, "32 hex digits", simple
);
id!(
    /// A user: somebody who runs the installation.
    UserId, "32 hex digits", simple
);
id!(
    /// A DNS record.
    DnsRecordId, "32 hex digits", simple
);
id!(
    /// A custom hostname.
    HostnameId, "a UUID of 36 characters", hyphenated
);
id!(
    /// A certificate pack: what the API shows as `ssl.id`.
    PackId, "a UUID of 36 characters", hyphenated
);
id!(
    /// One issued certificate of a pack.
    CertificateId, "a UUID of 36 characters", hyphenated
);
id!(
    /// A certificate signing request of the provider's.
    CsrId, "a UUID of 36 characters", hyphenated
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_in_the_form_that_they_parse() {
        let zone: ZoneId = "023e105f4ecef8ad9ca31a8372d0c353".parse().unwrap();
        assert_eq!(zone.to_string(), "023e105f4ecef8ad9ca31a8372d0c353");
        let hostname: HostnameId = "0d89c70d-ad9f-4843-b99f-6cc0252067e9".parse().unwrap();
        assert_eq!(hostname.to_string(), "0d89c70d-ad9f-4843-b99f-6cc0252067e9");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in
            ["", "0d89c70dad9f4843b99f6cc0252067e9", "{0d89c70d-ad9f-4843-b99f-6cc0252067e9}", "x"]
        {
            assert!(text.parse::<HostnameId>().is_err(), "{text}");
        }
        assert!("0d89c70d-ad9f-4843-b99f-6cc0252067e9".parse::<ZoneId>().is_err());
    }
}
