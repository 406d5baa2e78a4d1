//! Which addresses a customer's name may lead us to: public unicast ones only (design.md 8).
//!
//! The list is that of IANA's special-purpose registries (RFC 6890 and its successors): whatever is not globally
//! reachable is reserved, and so is what carries another address inside, because the inner one may be reserved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IPv4 addresses: the network and the length of its prefix.
type Block4 = (Ipv4Addr, u32);
/// A block of IPv6 addresses.
type Block6 = (Ipv6Addr, u32);

const RESERVED_4: [Block4; 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network (RFC 791)
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private (RFC 1918)
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // carrier-grade NAT (RFC 6598)
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback (RFC 1122)
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local (RFC 3927)
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private (RFC 1918)
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments (RFC 6890)
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation (RFC 5737)
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // former 6to4 relays (RFC 7526)
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private (RFC 1918)
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks (RFC 2544)
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation (RFC 5737)
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation (RFC 5737)
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast (RFC 5771)
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // future use (RFC 1112), with the broadcast address
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast (RFC 919)
];

const RESERVED_6: [Block6; 6] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo (RFC 2928)
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation (RFC 3849)
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: carries an IPv4 address (RFC 3056)
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112 (RFC 7534)
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation (RFC 9637)
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // the former 6bone (RFC 3701)
];

/// All of IPv6 that is given out as global unicast (RFC 4291 section 2.4). Loopback, unique-local, link-local,
/// multicast, IPv4-mapped and NAT64 addresses are outside.
const GLOBAL_UNICAST_6: Block6 = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether the address is private, loopback, link-local or otherwise not a public unicast one.
pub fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => RESERVED_4.iter().any(|block| is_in_4(address, *block)),
        IpAddr::V6(address) => {
            !is_in_6(address, GLOBAL_UNICAST_6)
                || RESERVED_6.iter().any(|block| is_in_6(address, *block))
        }
    }
}

fn is_in_4(address: Ipv4Addr, (network, prefix): Block4) -> bool {
    (u32::from(address) ^ u32::from(network)) >> (u32::BITS - prefix) == 0
}

fn is_in_6(address: Ipv6Addr, (network, prefix): Block6) -> bool {
    (u128::from(address) ^ u128::from(network)) >> (u128::BITS - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_unicast_addresses_may_be_reached() {
        for (text, reserved) in [
            ("0.0.0.0", true),
            ("10.1.2.3", true),
            ("100.63.255.255", false),
            ("100.64.0.1", true),
            ("100.128.0.0", false),
            ("127.0.0.53", true),
            ("169.254.169.254", true),
            ("172.15.255.255", false),
            ("172.16.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.0.0.1", true),
            ("192.0.2.7", true),
            ("192.88.99.1", true),
            ("192.168.1.1", true),
            ("198.19.255.255", true),
            ("198.51.100.1", true),
            ("203.0.113.1", true),
            ("224.0.0.1", true),
            ("240.0.0.1", true),
            ("255.255.255.255", true),
            ("1.1.1.1", false),
            ("93.184.216.34", false),
            ("::", true),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("::ffff:1.1.1.1", true),
            ("::127.0.0.1", true),
            ("64:ff9b::7f00:1", true),
            ("100::1", true),
            ("2001::1", true),
            ("2001:db8::1", true),
            ("2002:7f00:1::", true),
            ("3fff::1", true),
            ("fc00::1", true),
            ("fd12:3456::1", true),
            ("fe80::1", true),
            ("ff02::1", true),
            ("2606:4700::1111", false),
            ("2a00:1450:4001::1", false),
            ("2001:4860:4860::8888", false),
        ] {
            assert_eq!(is_reserved(text.parse().unwrap()), reserved, "{text}");
        }
    }
}
