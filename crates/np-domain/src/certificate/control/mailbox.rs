//! To whom an e-mail about a name may go: the five constructed addresses (baseline requirements 3.2.2.4.4), and nobody
//! else. The addresses in WHOIS, which older documents name, must not be used any more (behaviour.md 3.1, since
//! 2025-07-15).
//!
//! They are those of the registrable domain. The rules would let a mail go to `admin@` of the hostname itself too, but
//! once the hostname is a CNAME to us so are its MX records: the mail would come to the provider instead of the customer.

use std::{fmt, str::FromStr};

use crate::name::{DnsName, Hostname, InvalidName};

/// The day from which no CA may validate by e-mail any more (CA/Browser Forum, ballot SC-090; peers.md 1.1).
pub const EMAIL_ENDS: &str = "2028-03-15";

/// Who reads mail about a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mailbox {
    /// `admin@`
    Admin,
    /// `administrator@`
    Administrator,
    /// `hostmaster@`
    Hostmaster,
    /// `postmaster@`
    Postmaster,
    /// `webmaster@`
    Webmaster,
}

impl Mailbox {
    /// All five.
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::Administrator, Self::Hostmaster, Self::Postmaster, Self::Webmaster];

    /// What stands before the `@`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Administrator => "administrator",
            Self::Hostmaster => "hostmaster",
            Self::Postmaster => "postmaster",
            Self::Webmaster => "webmaster",
        }
    }
}

/// An address that a CA may write to for a proof of control.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidationAddress {
    mailbox: Mailbox,
    domain: DnsName,
}

/// Why a text is none of the addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`, or none of the five mailboxes before it.
    #[error("the address is none of admin@, administrator@, hostmaster@, postmaster@, webmaster@")]
    Mailbox,
    /// What follows is no name.
    #[error(transparent)]
    Domain(#[from] InvalidName),
}

impl ValidationAddress {
    /// The addresses for a name.
    pub fn of(host: &Hostname) -> Vec<Self> {
        let domain = host.registrable();
        Mailbox::ALL.map(|mailbox| Self { mailbox, domain: domain.clone() }).to_vec()
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &DnsName {
        &self.domain
    }
}

impl fmt::Display for ValidationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.mailbox.as_str(), self.domain)
    }
}

impl FromStr for ValidationAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (word, domain) = text.split_once('@').ok_or(AddressError::Mailbox)?;
        let known = Mailbox::ALL.into_iter().find(|mailbox| mailbox.as_str() == word);
        Ok(Self { mailbox: known.ok_or(AddressError::Mailbox)?, domain: domain.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_mailboxes_of_the_registrable_domain_are_written_to_and_no_other() {
        for (host, domain) in [
            ("app.shop.customer.com", "customer.com"),
            ("customer.com", "customer.com"),
            ("app.customer.co.uk", "customer.co.uk"),
        ] {
            let addresses = ValidationAddress::of(&host.parse().unwrap());
            let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            let words = ["admin", "administrator", "hostmaster", "postmaster", "webmaster"];
            assert_eq!(texts, words.map(|word| format!("{word}@{domain}")));
            let read: Vec<ValidationAddress> = texts.iter().map(|t| t.parse().unwrap()).collect();
            assert_eq!(read, addresses);
        }
    }

    #[test]
    fn other_addresses_cannot_be_written_to() {
        for text in ["owner@customer.com", "admin", "admin@", "admin@a@b.com", "Admin@customer.com"]
        {
            assert!(text.parse::<ValidationAddress>().is_err(), "{text}");
        }
    }
}
