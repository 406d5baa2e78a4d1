//! Who may call the API: accounts, which own zones, and users, who run the installation.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    Timestamp,
    id::{AccountId, UserId},
    text::Explanation,
};

/// The most bytes of an e-mail address (RFC 5321 section 4.5.3.1.3, without the brackets).
pub const EMAIL_BYTES_MAX: usize = 254;

/// Who owns zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, for people.
    pub name: Explanation,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody who runs the installation: may do everything in every account, with a key or with tokens of their own. Only
/// the SHA-256 of the key is kept: it has 148 random bits, so that a slow hash would add nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The address that comes with the key.
    pub email: EmailAddress,
    /// SHA-256 of the key; `None`: there is none, and tokens only are taken.
    pub key_sha256: Option<[u8; 32]>,
    /// First name, for people.
    pub first_name: Option<Explanation>,
    /// Last name, for people.
    pub last_name: Option<Explanation>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The version that was read; see [`crate::ports`].
    pub version: u64,
}

/// An address as people write it, in lower case: two that differ by case only are one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not an e-mail address: expected somebody@some.domain, at most {EMAIL_BYTES_MAX} bytes")]
pub struct EmailError;

impl FromStr for EmailAddress {
    type Err = EmailError;

    /// Asks for what every address has; whether anybody reads it is not for a parser to say.
    fn from_str(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        let good = printable && !local.is_empty() && !domain.is_empty() && !local.contains('@');
        if good && text.len() <= EMAIL_BYTES_MAX {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailError)
        }
    }
}

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_whatever_their_case() {
        let address: EmailAddress = "Admin@Platform.net".parse().unwrap();
        assert_eq!(address.as_str(), "admin@platform.net");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@b", "a".repeat(EMAIL_BYTES_MAX));
        for text in ["", "admin", "@b", "a@", "a@b@c", "a b@c", "a\n@b", "ä@b", &long] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text}");
        }
    }
}
