//! Which origin a request goes to, under which TLS name, and which of its addresses may be connected to. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use np_domain::{
    entry::ZoneEntry,
    name::Hostname,
    origin::{CustomOrigin, OriginSni},
    zone::settings::OriginTls,
};

use crate::{
    proxy::failure::Failure,
    settings::{OriginScheme, OriginSettings},
    table::{Proxied, Side},
};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The name to resolve.
    pub(crate) host: Hostname,
    pub(crate) port: u16,
    /// What is spoken there.
    pub(crate) scheme: OriginScheme,
    /// The name sent as SNI when TLS is spoken.
    pub(crate) sni: String,
}

/// Decides, for a request to `host`: the hostname's own origin, else the fallback of its zone.
///
/// To the fallback the SNI is the request's host. To a custom origin it is what the hostname says, but the origin's own
/// name for hosts below a wildcard, where a chosen one does not apply (behaviour.md 5).
pub(crate) fn target(
    custom: Option<&CustomOrigin>,
    zone: Option<&ZoneEntry>,
    side: Side,
    host: &str,
    settings: &OriginSettings,
) -> Result<Target, Failure> {
    let (origin, sni) = match custom {
        Some(custom) => {
            let sni = match (&custom.sni, side) {
                (OriginSni::RequestHost, Side::Exact) => host,
                (OriginSni::Name(name), Side::Exact) => name.as_str(),
                (OriginSni::Origin, _) | (_, Side::Below) => custom.server.host.as_str(),
            };
            (&custom.server, sni)
        }
        None => {
            let fallback = zone.and_then(|zone| zone.fallback.as_ref());
            (fallback.ok_or(Failure::NoOrigin)?, host)
        }
    };
    let scheme = scheme(zone, settings);
    let port = origin.port.map_or(default_port(scheme, settings), Into::into);
    Ok(Target { host: origin.host.clone(), port, scheme, sni: sni.to_owned() })
}

/// What is spoken: what the zone says, else what is configured.
fn scheme(zone: Option<&ZoneEntry>, settings: &OriginSettings) -> OriginScheme {
    match zone.and_then(|zone| zone.serving.origin) {
        Some(OriginTls::Plain) => OriginScheme::Plain,
        Some(OriginTls::Unverified) => OriginScheme::TlsUnverified,
        Some(OriginTls::Verified) => OriginScheme::Tls,
        None => settings.scheme,
    }
}

fn default_port(scheme: OriginScheme, settings: &OriginSettings) -> u16 {
    match scheme {
        OriginScheme::Plain => settings.http_port,
        OriginScheme::TlsUnverified | OriginScheme::Tls => settings.https_port,
    }
}

/// Decides, for a request to a zone's own `host` with a proxied record: the record's addresses where it has some, else the
/// name to resolve. The origin hears the request's host, as behind the record it would without us.
pub(crate) fn of_record(
    proxied: Proxied,
    zone: Option<&ZoneEntry>,
    host: &str,
    settings: &OriginSettings,
) -> Result<(Target, Option<Vec<IpAddr>>), Failure> {
    let scheme = scheme(zone, settings);
    let port = default_port(scheme, settings);
    let (name, addresses) = match proxied {
        Proxied::Addresses(addresses) => {
            (host.parse().map_err(|_| Failure::BadHost)?, Some(addresses))
        }
        Proxied::Name(name) => (name, None),
    };
    let target = Target { host: Hostname::restored(name), port, scheme, sni: host.to_owned() };
    Ok((target, addresses))
}

/// The addresses that may be connected to. A provider must not reach the operator's own network through the edge.
pub(crate) fn allowed(
    addresses: Vec<IpAddr>,
    settings: &OriginSettings,
) -> Result<Vec<IpAddr>, Failure> {
    if addresses.is_empty() {
        return Err(Failure::OriginUnresolved);
    }
    let allowed: Vec<IpAddr> = addresses
        .into_iter()
        .filter(|address| settings.allow_private || is_public(*address))
        .collect();
    if allowed.is_empty() { Err(Failure::OriginForbidden) } else { Ok(allowed) }
}

/// Whether an address is one of the public Internet (IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99);
    !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Only 2000::/3 is handed out; within it, what embeds or hides an IPv4 address is judged by that or refused.
    let documentation = (a == 0x2001 && b == 0xdb8) || (a == 0x3fff && b < 0x1000);
    let protocol_assignments = a == 0x2001 && b < 0x200;
    let six_to_four = a == 0x2002;
    if six_to_four {
        let [b1, b2] = b.to_be_bytes();
        let [c1, c2] = c.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(b1, b2, c1, c2));
    }
    (0x2000..0x4000).contains(&a) && !documentation && !protocol_assignments
}

#[cfg(test)]
mod tests {
    use np_domain::{entry::ZoneDns, id::ZoneId, origin::OriginHost};

    use super::*;

    fn name(text: &str) -> Hostname {
        text.parse().unwrap()
    }

    fn zone(fallback: Option<&str>) -> ZoneEntry {
        ZoneEntry {
            zone: ZoneId::from_bytes([1; 16]),
            name: name("provider.com"),
            fallback: fallback.map(|text| text.parse::<OriginHost>().unwrap()),
            dns: ZoneDns::Unserved,
            serving: Default::default(),
        }
    }

    fn custom(server: &str, sni: OriginSni) -> CustomOrigin {
        CustomOrigin { server: server.parse().unwrap(), sni }
    }

    fn check(
        custom: Option<CustomOrigin>,
        fallback: Option<&str>,
        side: Side,
        expected: Result<(&str, u16, &str), Failure>,
    ) {
        let settings = OriginSettings { scheme: OriginScheme::Tls, ..OriginSettings::default() };
        let found =
            target(custom.as_ref(), Some(&zone(fallback)), side, "app.customer.com", &settings);
        let expected = expected.map(|(host, port, sni)| {
            let scheme = OriginScheme::Tls;
            Target { host: name(host), port, scheme, sni: sni.into() }
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_request_goes_to_the_custom_origin_else_to_the_fallback() {
        let fallback = Some("fallback.provider.com:8443");
        let own = |sni| Some(custom("own.provider.com", sni));
        let named = || OriginSni::Name(name("sni.provider.com"));
        let (exact, below) = (Side::Exact, Side::Below);
        let (own_name, host) = ("own.provider.com", "app.customer.com");
        check(None, fallback, exact, Ok(("fallback.provider.com", 8443, host)));
        check(None, None, exact, Err(Failure::NoOrigin));
        check(own(OriginSni::Origin), fallback, exact, Ok((own_name, 443, own_name)));
        check(own(OriginSni::RequestHost), fallback, exact, Ok((own_name, 443, host)));
        check(own(named()), fallback, exact, Ok((own_name, 443, "sni.provider.com")));
        check(own(OriginSni::RequestHost), fallback, below, Ok((own_name, 443, own_name)));
        check(own(named()), fallback, below, Ok((own_name, 443, own_name)));
    }

    #[test]
    fn the_scheme_chooses_the_port() {
        let settings = OriginSettings::default();
        let zone = zone(Some("fallback.provider.com"));
        let found = target(None, Some(&zone), Side::Exact, "a.customer.com", &settings);
        assert_eq!(found.map(|target| target.port), Ok(80));
    }

    #[test]
    fn a_zone_chooses_what_is_spoken_to_its_origins() {
        let settings = OriginSettings { scheme: OriginScheme::Tls, ..OriginSettings::default() };
        for (chosen, scheme, port) in [
            (None, OriginScheme::Tls, 443),
            (Some(OriginTls::Plain), OriginScheme::Plain, 80),
            (Some(OriginTls::Unverified), OriginScheme::TlsUnverified, 443),
            (Some(OriginTls::Verified), OriginScheme::Tls, 443),
        ] {
            let mut zone = zone(Some("fallback.provider.com"));
            zone.serving.origin = chosen;
            let found = target(None, Some(&zone), Side::Exact, "a.customer.com", &settings);
            let found = found.map(|target| (target.scheme, target.port));
            assert_eq!(found, Ok((scheme, port)), "{chosen:?}");
        }
    }

    #[test]
    fn reserved_addresses_are_not_connected_to() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::1",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["1.1.1.1", "203.0.114.1", "::ffff:1.1.1.1", "2606:4700::1111", "2002:101:101::1"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn forbidden_and_missing_addresses_are_told_apart() {
        let settings = OriginSettings::default();
        let (private, public): (IpAddr, IpAddr) =
            ("10.0.0.1".parse().unwrap(), "1.1.1.1".parse().unwrap());
        assert_eq!(allowed(vec![], &settings), Err(Failure::OriginUnresolved));
        assert_eq!(allowed(vec![private], &settings), Err(Failure::OriginForbidden));
        assert_eq!(allowed(vec![private, public], &settings), Ok(vec![public]));
        let open = OriginSettings { allow_private: true, ..settings };
        assert_eq!(allowed(vec![private], &open), Ok(vec![private]));
    }
}
