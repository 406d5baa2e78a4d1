//! What an operator can set about an edge. Every limit has a name here and a default that is safe to keep.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use np_domain::{network::AddressRange, tls_policy::TlsVersion};

pub use crate::access_log::AccessLogSettings;

/// All settings of an edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeSettings {
    /// How TLS is spoken to clients where a hostname does not say.
    pub tls: TlsDefaults,
    /// How requests reach origins.
    pub origin: OriginSettings,
    /// What a client may use up.
    pub limits: Limits,
    /// How many threads serve, each on a core of its own; `None`: as many as there are cores.
    pub threads: Option<NonZeroUsize>,
    /// The load balancers whose connections begin with a PROXY protocol header, all of them.
    pub proxy_protocol_from: Vec<AddressRange>,
    /// Where pages for failures are, in place of the built-in ones.
    pub pages_folder: Option<PathBuf>,
    /// Where requests are logged; `None`: nowhere.
    pub access_log: Option<AccessLogSettings>,
}

impl EdgeSettings {
    /// How many threads serve.
    pub fn thread_count(&self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().ok();
        self.threads.or_else(cores).unwrap_or(NonZeroUsize::MIN)
    }
}

/// How TLS is spoken to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsDefaults {
    /// The oldest version spoken for hostnames without `min_tls_version`. RFC 8996 is why it is not 1.0.
    pub min_version: TlsVersion,
    /// The most names whose certificates and keys are held parsed, ready for a handshake.
    pub cached_names_max: NonZeroUsize,
    /// The longest time from accepting a connection to the end of its handshake.
    pub handshake_timeout: Duration,
    /// The most handshakes that one source (an address, with IPv6 one /64) may begin in a second, twice as many after a
    /// rest; further connections are closed. 0 for no limit: right behind a balancer that hides who connects.
    pub handshakes_per_source_max: u32,
}

impl Default for TlsDefaults {
    fn default() -> Self {
        Self {
            min_version: TlsVersion::V1_2,
            cached_names_max: NonZeroUsize::new(200_000).unwrap_or(NonZeroUsize::MIN),
            handshake_timeout: Duration::from_secs(10),
            handshakes_per_source_max: 500,
        }
    }
}

/// What is spoken to origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OriginScheme {
    /// HTTP without TLS.
    Plain,
    /// HTTPS without checking the origin's certificate.
    TlsUnverified,
    /// HTTPS with a certificate that is valid for the name sent as SNI.
    Tls,
}

/// How requests reach origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginSettings {
    /// What is spoken.
    pub scheme: OriginScheme,
    /// The port for [`OriginScheme::Plain`], unless the origin names one.
    pub http_port: u16,
    /// The port for the TLS schemes, unless the origin names one.
    pub https_port: u16,
    /// Certificates, PEM, that [`OriginScheme::Tls`] trusts instead of the system's.
    pub trusted_roots: Option<Vec<u8>>,
    /// Whether origins may have private, loopback, link-local or otherwise reserved addresses.
    pub allow_private: bool,
    /// Whether what every client says about itself is kept, such as its `X-Forwarded-For`, which is appended to. Only right
    /// where nobody but a proxy of one's own gets here.
    pub trust_forwarded_for: bool,
    /// The proxies whose word is kept in any case.
    pub trusted_proxies: Vec<AddressRange>,
    /// The longest time to open a connection, TLS included.
    pub connect_timeout: Duration,
    /// The longest silence while waiting for the response or its next part.
    pub response_timeout: Duration,
    /// The longest time that a part of the request waits for the origin to take it.
    pub send_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// The most connections tried for one request.
    pub attempts_max: usize,
    /// The most unused connections that one thread keeps to one address.
    pub idle_connections_max: usize,
}

impl Default for OriginSettings {
    fn default() -> Self {
        Self {
            scheme: OriginScheme::Plain,
            http_port: 80,
            https_port: 443,
            trusted_roots: None,
            allow_private: false,
            trust_forwarded_for: false,
            trusted_proxies: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(100),
            send_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            attempts_max: 3,
            idle_connections_max: 256,
        }
    }
}

/// What a client may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most client connections at a time, on both ports together. More wait in the kernel's queue.
    pub connections_max: usize,
    /// The most bytes of a request's headers; beyond it the answer is 431.
    pub header_bytes_max: usize,
    /// How long a client connection without a request is kept.
    pub client_idle_timeout: Duration,
    /// The longest time from the first byte of a request to the end of its headers.
    pub client_head_timeout: Duration,
    /// The longest silence within a request, and the longest that a client may refuse to take a response.
    pub client_io_timeout: Duration,
    /// How old a client connection gets before it is closed in order, between two requests.
    pub connection_age_max: Duration,
    /// How long a connection that has gone over to another protocol, such as WebSocket, may be silent.
    pub tunnel_idle_timeout: Duration,
    /// The most requests under way on one HTTP/2 connection.
    pub http2_streams_max: u32,
    /// How long requests under way may go on once a shutdown has begun.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 100_000,
            header_bytes_max: 32 * 1024,
            client_idle_timeout: Duration::from_secs(75),
            client_head_timeout: Duration::from_secs(10),
            client_io_timeout: Duration::from_secs(60),
            connection_age_max: Duration::from_secs(3600),
            tunnel_idle_timeout: Duration::from_secs(600),
            http2_streams_max: 100,
            drain_timeout: Duration::from_secs(30),
        }
    }
}
