//! How TLS is spoken for one hostname: `ssl.settings` (behaviour.md 4.5).

use std::{fmt, str::FromStr};

use thiserror::Error;

/// TLS settings of a hostname. `None` means: the product's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsPolicy {
    /// The oldest version spoken.
    pub min_version: Option<TlsVersion>,
    /// Whether TLS 1.3 is spoken.
    pub tls_1_3: Option<Switch>,
    /// Whether HTTP/2 is offered.
    pub http2: Option<Switch>,
    /// Whether 103 Early Hints are sent.
    pub early_hints: Option<Switch>,
    /// The cipher suites allowed up to TLS 1.2, in order.
    pub ciphers: Option<CipherList>,
}

impl TlsPolicy {
    /// What this says, and for what it does not say what `other` says.
    pub fn or(&self, other: &Self) -> Self {
        Self {
            min_version: self.min_version.or(other.min_version),
            tls_1_3: self.tls_1_3.or(other.tls_1_3),
            http2: self.http2.or(other.http2),
            early_hints: self.early_hints.or(other.early_hints),
            ciphers: self.ciphers.as_ref().or(other.ciphers.as_ref()).cloned(),
        }
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Off.
    Off,
    /// On.
    On,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.0.
    V1_0,
    /// TLS 1.1.
    V1_1,
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// The cipher suites that can be chosen, by their BoringSSL names. Those of TLS 1.3 cannot be chosen singly.
pub const CIPHERS: [&str; 20] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

/// One of [`CIPHERS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cipher(&'static str);

impl Cipher {
    /// The BoringSSL name.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why cipher names are no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CipherError {
    /// A name that is not in [`CIPHERS`].
    #[error("the cipher at position {0} is not one that can be chosen")]
    Unknown(usize),
    /// A name that stands in the list twice.
    #[error("the cipher at position {0} stands in the list twice")]
    Repeated(usize),
}

impl FromStr for Cipher {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        CIPHERS.iter().find(|name| **name == text).map(|name| Self(name)).ok_or(())
    }
}

/// Cipher suites, each once, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CipherList(Vec<Cipher>);

impl CipherList {
    /// Reads the names.
    ///
    /// # Errors
    /// Names the first position (from 0) with an unknown or repeated name.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, CipherError> {
        let mut list = Vec::new();
        for (position, name) in names.into_iter().enumerate() {
            let cipher = name.parse().map_err(|()| CipherError::Unknown(position))?;
            if list.contains(&cipher) {
                return Err(CipherError::Repeated(position));
            }
            list.push(cipher);
        }
        Ok(Self(list))
    }

    /// The suites in order.
    pub fn iter(&self) -> impl Iterator<Item = Cipher> {
        self.0.iter().copied()
    }

    /// Whether nothing is listed, which means the product's default list.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cipher_list_keeps_the_order_and_refuses_unknown_and_repeated_names() {
        let names = ["AES128-SHA", "ECDHE-RSA-AES128-SHA"];
        let list = CipherList::parse(names).unwrap();
        assert_eq!(list.iter().map(|c| c.as_str()).collect::<Vec<_>>(), names);
        assert_eq!(CipherList::parse(["AES128-SHA", "RC4-MD5"]), Err(CipherError::Unknown(1)));
        assert_eq!(CipherList::parse(["AES128-SHA", "AES128-SHA"]), Err(CipherError::Repeated(1)));
        assert_eq!(CipherList::parse(["AEAD-AES128-GCM-SHA256"]), Err(CipherError::Unknown(0)));
    }
}
