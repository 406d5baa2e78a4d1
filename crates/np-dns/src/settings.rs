//! What an operator may set, with defaults that suit a public name server.

use std::time::Duration;

/// How port 53 is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSettings {
    /// TTL of TXT answers in the delegation domain, in seconds. The values live as long as one order, and a CA looks at
    /// most a few times within a minute: so short that a value is never seen after it was replaced, and not 0, because
    /// some resolvers take 0 for broken and a CA's look-ups of one moment may well share an answer.
    pub txt_ttl_seconds: u32,
    /// How long resolvers may remember that there is nothing (RFC 2308), in seconds. Somebody waits while it is
    /// remembered: a CA that looked too early looks again after this.
    pub negative_ttl_seconds: u32,
    /// TTL of the delegation domain's SOA, NS and name server addresses, in seconds: they change as rarely as nodes do.
    pub authority_ttl_seconds: u32,
    /// The largest reply over UDP, in bytes, whatever the resolver says it takes: 1232 passes every path unfragmented
    /// (DNS flag day 2020).
    pub udp_payload_bytes_max: u16,
    /// Tasks that answer UDP, per socket. More than one per core gains nothing: no answer waits for anything.
    pub udp_workers: usize,
    /// The longest query read, in bytes; longer ones are malformed over UDP and end the connection over TCP.
    pub query_bytes_max: u16,
    /// TCP connections at one time, per socket; more wait in the kernel's queue.
    pub tcp_connections_max: usize,
    /// How long a TCP connection may take for its next query, and for taking our answer (RFC 7766 section 6.2.3).
    pub tcp_idle_max: Duration,
    /// How long a TCP connection may live at all, so that slow clients cannot hold every connection for ever.
    pub tcp_lifetime_max: Duration,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self {
            txt_ttl_seconds: 5,
            negative_ttl_seconds: 5,
            authority_ttl_seconds: 3600,
            udp_payload_bytes_max: 1232,
            udp_workers: 4,
            query_bytes_max: 4096,
            tcp_connections_max: 256,
            tcp_idle_max: Duration::from_secs(5),
            tcp_lifetime_max: Duration::from_secs(60),
        }
    }
}
