//! Ranges of IP addresses, as `192.0.2.0/24` (RFC 4632) and `2001:db8::/32` (RFC 4291 section 2.3).

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use thiserror::Error;

/// A range of addresses. An address without a length is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    network: IpAddr,
    length: u8,
}

/// The text is no range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a range of addresses: expected an address, or one with a length such as 192.0.2.0/24")]
pub struct RangeError;

impl AddressRange {
    /// Whether the address is in it. An IPv4 address that came as IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                head(network.to_bits().into(), 32, self.length)
                    == head(address.to_bits().into(), 32, self.length)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                head(network.to_bits(), 128, self.length)
                    == head(address.to_bits(), 128, self.length)
            }
            _ => false,
        }
    }
}

/// The network that one customer of an access provider has for himself, so that he cannot appear as many: the address with
/// IPv4, the first 64 bits with IPv6 (RFC 6177).
pub fn one_source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

/// The first `length` of `width` bits.
fn head(bits: u128, width: u8, length: u8) -> u128 {
    bits.checked_shr(u32::from(width - length)).unwrap_or(0)
}

impl FromStr for AddressRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| RangeError)?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let digits = |text: &str| (1..=3).contains(&text.len()) && !text.starts_with('+');
        let length = match length {
            None => width,
            Some(text) if digits(text) => text.parse().map_err(|_| RangeError)?,
            Some(_) => return Err(RangeError),
        };
        if length <= width { Ok(Self { network, length }) } else { Err(RangeError) }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: &str, inside: &[&str], outside: &[&str]) {
        let parsed: AddressRange = range.parse().unwrap();
        for (addresses, expected) in [(inside, true), (outside, false)] {
            for address in addresses {
                assert_eq!(
                    parsed.contains(address.parse().unwrap()),
                    expected,
                    "{range} {address}"
                );
            }
        }
    }

    #[test]
    fn a_range_has_the_addresses_that_begin_like_it() {
        check(
            "192.0.2.0/24",
            &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"],
            &["192.0.3.0", "::1"],
        );
        check("192.0.2.9", &["192.0.2.9"], &["192.0.2.8"]);
        check("0.0.0.0/0", &["255.255.255.255"], &["2001:db8::1"]);
        check("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::1", "192.0.2.1"]);
        check("::/0", &["ffff::1"], &["192.0.2.1"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "x",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2/24",
            "1.2.3.4/8/8",
        ] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
        assert_eq!("192.0.2.1".parse::<AddressRange>().unwrap().to_string(), "192.0.2.1/32");
    }

    #[test]
    fn a_source_with_ipv6_is_its_network() {
        let one = |text: &str| one_source(text.parse().unwrap()).to_string();
        assert_eq!(one("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(one("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
