//! Delegation of DCV: `_acme-challenge.<host> CNAME <host>.<uuid>.dcv.<our domain>` (behaviour.md 3.5).

use std::{fmt, str::FromStr};

use crate::{
    id::IdError,
    name::{DnsName, Hostname, InvalidName},
};

/// The part of delegation targets that is unique to a zone: 16 hex digits, drawn at random by the caller so that no
/// target can be guessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelegationId([u8; 8]);

impl DelegationId {
    /// Wraps 8 random bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for DelegationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DelegationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DelegationId({self})")
    }
}

impl FromStr for DelegationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| IdError { expected: "16 hex digits" })?;
        Ok(Self(bytes))
    }
}

/// The domain that our DNS answers for delegations: `dcv.<our domain>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationDomain(DnsName);

impl DelegationDomain {
    /// Takes the configured domain.
    pub fn new(domain: DnsName) -> Self {
        Self(domain)
    }

    /// The domain.
    pub fn as_dns(&self) -> &DnsName {
        &self.0
    }

    /// Where CNAMEs lead that prove control to the CA in this program. Nothing needs to be there.
    pub fn local_ca_target(&self) -> DnsName {
        self.0.child("validate").unwrap_or_else(|_| self.0.clone())
    }

    /// Where a delegated `_acme-challenge` of `hostname` must point.
    ///
    /// # Errors
    /// When hostname and domain together are longer than a name can be: such a hostname cannot be delegated.
    pub fn target(&self, hostname: &Hostname, id: DelegationId) -> Result<DnsName, InvalidName> {
        format!("{hostname}.{id}.{}", self.0).parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_hostname_then_id_then_domain() {
        let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
        let id: DelegationId = "9dbb86635115718e".parse().unwrap();
        let target = domain.target(&"app.customer.com".parse().unwrap(), id).unwrap();
        assert_eq!(target.as_str(), "app.customer.com.9dbb86635115718e.dcv.platform.net");
    }
}
