//! `[dns]`: our name server, which answers the delegation domain.

use std::net::{IpAddr, SocketAddr};

use np_dns::{DnsSettings, NameServer};
use np_domain::{delegation::DelegationDomain, name::DnsName};
use serde::{Deserialize, Serialize};

use super::{
    error::Invalid,
    platform::Platform,
    value::{Name, Span},
};

/// The name server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dns {
    /// Where it answers, UDP and TCP. On a machine with several addresses name each of them.
    pub(crate) listen: Vec<SocketAddr>,
    /// The delegation domain; `dcv.<platform.domain>`.
    pub(crate) domain: Option<Name>,
    /// Its name servers, as the domain above names them; `ns1.<platform.domain>`.
    pub(crate) name_servers: Vec<Server>,
    /// Whom to write to about the domain, with a dot for the `@`; `hostmaster.<domain>`.
    pub(crate) contact: Option<Name>,
    /// What proxied records of full zones are answered with: the edges' public addresses.
    pub(crate) edge_addresses: Vec<IpAddr>,
    /// How long resolvers may keep a TXT answer, in seconds.
    pub(crate) txt_ttl_seconds: u32,
    /// How long resolvers may remember that there is nothing, in seconds.
    pub(crate) negative_ttl_seconds: u32,
    /// How long resolvers may keep SOA, NS and addresses, in seconds.
    pub(crate) authority_ttl_seconds: u32,
    /// The most bytes of an answer over UDP.
    pub(crate) udp_payload_bytes_max: u16,
    /// Tasks that answer UDP, per address.
    pub(crate) udp_workers: usize,
    /// The most bytes of a question.
    pub(crate) query_bytes_max: u16,
    /// The most TCP connections at a time, per address.
    pub(crate) tcp_connections_max: usize,
    /// How long a TCP connection may be silent.
    pub(crate) tcp_idle_max: Span,
    /// How long a TCP connection may live.
    pub(crate) tcp_lifetime_max: Span,
}

/// A name server of the delegation domain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Its name.
    pub(crate) name: Name,
    /// Its addresses; needed when the name is within the delegation domain.
    #[serde(default)]
    pub(crate) addresses: Vec<IpAddr>,
}

/// Below this a resolver's whole question may not fit (RFC 1035 section 4.2.1).
const UDP_BYTES_MIN: u16 = 512;

impl Default for Dns {
    fn default() -> Self {
        let settings = DnsSettings::default();
        Self {
            listen: vec![([0, 0, 0, 0], 53).into()],
            domain: None,
            name_servers: Vec::new(),
            contact: None,
            edge_addresses: Vec::new(),
            txt_ttl_seconds: settings.txt_ttl_seconds,
            negative_ttl_seconds: settings.negative_ttl_seconds,
            authority_ttl_seconds: settings.authority_ttl_seconds,
            udp_payload_bytes_max: settings.udp_payload_bytes_max,
            udp_workers: settings.udp_workers,
            query_bytes_max: settings.query_bytes_max,
            tcp_connections_max: settings.tcp_connections_max,
            tcp_idle_max: Span(settings.tcp_idle_max),
            tcp_lifetime_max: Span(settings.tcp_lifetime_max),
        }
    }
}

impl Dns {
    pub(super) fn check(&self, platform: &Platform) -> Result<(), Invalid> {
        if self.listen.is_empty() {
            return Err(Invalid::new("listen", "no address to answer on: write [\"0.0.0.0:53\"]"));
        }
        for (key, bytes) in [
            ("udp_payload_bytes_max", self.udp_payload_bytes_max),
            ("query_bytes_max", self.query_bytes_max),
        ] {
            if bytes < UDP_BYTES_MIN {
                let message =
                    format!("{bytes} is less than the {UDP_BYTES_MIN} that DNS needs: raise it");
                return Err(Invalid::new(key, message));
            }
        }
        let domain = self.domain(platform)?;
        match self
            .name_servers
            .iter()
            .find(|s| s.addresses.is_empty() && s.name.0.is_within(domain.as_dns().as_str()))
        {
            Some(server) => Err(Invalid::new(
                "name_servers",
                format!(
                    "{} is within the delegation domain, where only we can tell its address: give its addresses",
                    server.name.0
                ),
            )),
            None => Ok(()),
        }
    }

    /// The delegation domain.
    pub(crate) fn domain(&self, platform: &Platform) -> Result<DelegationDomain, Invalid> {
        let default = || platform.child("dcv");
        let domain = self.domain.clone().map(|name| name.0).or_else(default);
        domain.map(DelegationDomain::new).ok_or_else(|| {
            Invalid::new("domain", "dcv.<platform.domain> is too long for a name: set dns.domain")
        })
    }

    /// The name servers of the delegation domain; never empty.
    pub(crate) fn servers(&self, platform: &Platform) -> Vec<NameServer> {
        if self.name_servers.is_empty() {
            let name = platform.child("ns1").unwrap_or_else(|| platform.domain.0.clone());
            return vec![NameServer { name, addresses: Vec::new() }];
        }
        let server = |server: &Server| NameServer {
            name: server.name.0.clone(),
            addresses: server.addresses.clone(),
        };
        self.name_servers.iter().map(server).collect()
    }

    /// Whom to write to about the domain.
    pub(crate) fn contact(&self) -> Option<DnsName> {
        self.contact.clone().map(|name| name.0)
    }

    /// How questions are answered.
    pub(crate) fn settings(&self) -> DnsSettings {
        DnsSettings {
            txt_ttl_seconds: self.txt_ttl_seconds,
            negative_ttl_seconds: self.negative_ttl_seconds,
            authority_ttl_seconds: self.authority_ttl_seconds,
            udp_payload_bytes_max: self.udp_payload_bytes_max,
            udp_workers: self.udp_workers,
            query_bytes_max: self.query_bytes_max,
            tcp_connections_max: self.tcp_connections_max,
            tcp_idle_max: self.tcp_idle_max.0,
            tcp_lifetime_max: self.tcp_lifetime_max.0,
        }
    }
}
