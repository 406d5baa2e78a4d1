//! `[edge]`: what customers' visitors connect to, and how their requests reach origins.

use std::{
    fs,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use np_domain::{
    network::AddressRange,
    tls_policy::{TlsPolicy, TlsVersion},
    zone::settings::{OriginTls, Serving},
};
use np_edge::{
    DnsSettings,
    settings::{
        AccessLogSettings, EdgeSettings, Limits, OriginScheme, OriginSettings, TlsDefaults,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    error::Invalid,
    value::{Range, Span},
};

/// The edge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Edge {
    /// Where HTTPS is spoken.
    pub(crate) https_listen: SocketAddr,
    /// Where HTTP is spoken: tokens, and plain requests.
    pub(crate) http_listen: SocketAddr,
    /// What is spoken to origins: `http`, `https`, or `https_unverified` (their certificate is not looked at).
    pub(crate) origin_scheme: Scheme,
    /// The port of origins spoken to by HTTP, unless the origin names one.
    pub(crate) origin_http_port: u16,
    /// The port of origins spoken to by HTTPS, unless the origin names one.
    pub(crate) origin_https_port: u16,
    /// Certificates, PEM, that origins' are checked against instead of the system's.
    pub(crate) origin_roots_file: Option<PathBuf>,
    /// Recursive resolvers that know origins; empty: those of the system, with its hosts file.
    pub(crate) resolvers: Vec<SocketAddr>,
    /// How long one may take for one answer.
    pub(crate) resolver_timeout: Span,
    /// How long an answer is kept at most, whatever its TTL says.
    pub(crate) resolver_ttl_max: Span,
    /// Whether origins may have private, loopback and other reserved addresses.
    pub(crate) allow_private_origins: bool,
    /// Whether the client's `X-Forwarded-For` is kept. Only right behind another proxy of one's own.
    pub(crate) trust_forwarded_for: bool,
    /// Proxies of one's own, addresses or ranges: what they say about their clients is kept.
    pub(crate) trusted_proxies: Vec<Range>,
    /// Load balancers, addresses or ranges, whose connections all begin with a PROXY protocol header (version 1 or 2).
    pub(crate) proxy_protocol_from: Vec<Range>,
    /// A folder with pages for failures, in place of the built-in ones.
    pub(crate) pages_folder: Option<PathBuf>,
    /// Where requests are logged, a line of JSON each: a file, or `-` for standard output. Nowhere without it.
    pub(crate) access_log: Option<PathBuf>,
    /// One request of so many is logged; those that the edge refused are in any case.
    pub(crate) access_log_one_of: NonZeroU32,
    /// The oldest TLS spoken to visitors where a hostname does not say: `1.0`, `1.1`, `1.2`, `1.3`.
    pub(crate) min_tls_version: TlsWord,
    /// The most names whose certificates are held parsed, ready for a handshake.
    pub(crate) cached_names_max: NonZeroUsize,
    /// The most visitors' connections at a time.
    pub(crate) connections_max: usize,
    /// The most bytes of a request's headers.
    pub(crate) header_bytes_max: usize,
    /// The longest time to the end of a handshake.
    pub(crate) handshake_timeout: Span,
    /// The most handshakes that one address (with IPv6 one /64) may begin in a second; 0 for no limit.
    pub(crate) handshakes_per_source_max: u32,
    /// How long a visitor's connection without a request is kept.
    pub(crate) client_idle_timeout: Span,
    /// The longest time from the first byte of a request to the end of its headers.
    pub(crate) client_head_timeout: Span,
    /// The longest silence of a visitor within a request or a response.
    pub(crate) client_io_timeout: Span,
    /// How old a visitor's connection gets before it is closed between two requests.
    pub(crate) connection_age_max: Span,
    /// How long a WebSocket, or another protocol that a connection has gone over to, may be silent.
    pub(crate) tunnel_idle_timeout: Span,
    /// The most requests under way on one HTTP/2 connection.
    pub(crate) streams_max: u32,
    /// The longest time to connect to an origin.
    pub(crate) connect_timeout: Span,
    /// The longest silence while waiting for an origin's response or its next part.
    pub(crate) response_timeout: Span,
    /// The longest time that an origin may take to take a part of a request.
    pub(crate) send_timeout: Span,
    /// How long an unused connection to an origin is kept.
    pub(crate) idle_timeout: Span,
    /// The most connections to an origin that are tried for one request.
    pub(crate) attempts_max: usize,
    /// The most unused connections that one thread keeps to one address of an origin.
    pub(crate) idle_connections_max: usize,
    /// How many threads serve; 0: as many as there are cores.
    pub(crate) threads: usize,
}

/// What is spoken to origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    /// HTTP.
    Http,
    /// HTTPS with a valid certificate.
    Https,
    /// HTTPS with any certificate.
    HttpsUnverified,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum TlsWord {
    /// 1.0
    #[serde(rename = "1.0")]
    V1_0,
    /// 1.1
    #[serde(rename = "1.1")]
    V1_1,
    /// 1.2
    #[serde(rename = "1.2")]
    V1_2,
    /// 1.3
    #[serde(rename = "1.3")]
    V1_3,
}

impl From<TlsWord> for TlsVersion {
    fn from(word: TlsWord) -> Self {
        match word {
            TlsWord::V1_0 => Self::V1_0,
            TlsWord::V1_1 => Self::V1_1,
            TlsWord::V1_2 => Self::V1_2,
            TlsWord::V1_3 => Self::V1_3,
        }
    }
}

impl From<Scheme> for OriginScheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::Plain,
            Scheme::Https => Self::Tls,
            Scheme::HttpsUnverified => Self::TlsUnverified,
        }
    }
}

fn ranges(ranges: &[Range]) -> Vec<AddressRange> {
    ranges.iter().map(|range| range.0).collect()
}

impl Default for Edge {
    fn default() -> Self {
        let EdgeSettings { tls, origin, limits, .. } = EdgeSettings::default();
        let resolver = DnsSettings::default();
        Self {
            https_listen: ([0, 0, 0, 0], 443).into(),
            http_listen: ([0, 0, 0, 0], 80).into(),
            origin_scheme: Scheme::Http,
            origin_http_port: origin.http_port,
            origin_https_port: origin.https_port,
            origin_roots_file: None,
            resolvers: resolver.name_servers,
            resolver_timeout: Span(resolver.timeout),
            resolver_ttl_max: Span(resolver.ttl_max),
            allow_private_origins: origin.allow_private,
            trust_forwarded_for: origin.trust_forwarded_for,
            trusted_proxies: Vec::new(),
            proxy_protocol_from: Vec::new(),
            pages_folder: None,
            access_log: None,
            access_log_one_of: NonZeroU32::MIN,
            min_tls_version: TlsWord::V1_2,
            cached_names_max: tls.cached_names_max,
            connections_max: limits.connections_max,
            header_bytes_max: limits.header_bytes_max,
            handshake_timeout: Span(tls.handshake_timeout),
            handshakes_per_source_max: tls.handshakes_per_source_max,
            client_idle_timeout: Span(limits.client_idle_timeout),
            client_head_timeout: Span(limits.client_head_timeout),
            client_io_timeout: Span(limits.client_io_timeout),
            connection_age_max: Span(limits.connection_age_max),
            tunnel_idle_timeout: Span(limits.tunnel_idle_timeout),
            streams_max: limits.http2_streams_max,
            connect_timeout: Span(origin.connect_timeout),
            response_timeout: Span(origin.response_timeout),
            send_timeout: Span(origin.send_timeout),
            idle_timeout: Span(origin.idle_timeout),
            attempts_max: origin.attempts_max,
            idle_connections_max: origin.idle_connections_max,
            threads: 0,
        }
    }
}

impl Edge {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        match self.attempts_max {
            0 => Err(Invalid::new("attempts_max", "0 would reach no origin: give at least 1")),
            _ => Ok(()),
        }
    }

    /// How many threads serve.
    pub(crate) fn thread_count(&self) -> NonZeroUsize {
        let threads = NonZeroUsize::new(self.threads);
        EdgeSettings { threads, ..EdgeSettings::default() }.thread_count()
    }

    /// How the edge serves; `drain` is how long requests may go on once a shutdown has begun.
    pub(crate) fn settings(&self, drain: Span) -> Result<EdgeSettings, Invalid> {
        Ok(EdgeSettings {
            tls: TlsDefaults {
                min_version: self.min_tls_version.into(),
                cached_names_max: self.cached_names_max,
                handshake_timeout: self.handshake_timeout.0,
                handshakes_per_source_max: self.handshakes_per_source_max,
            },
            origin: self.origin()?,
            limits: Limits {
                connections_max: self.connections_max,
                header_bytes_max: self.header_bytes_max,
                client_idle_timeout: self.client_idle_timeout.0,
                client_head_timeout: self.client_head_timeout.0,
                client_io_timeout: self.client_io_timeout.0,
                connection_age_max: self.connection_age_max.0,
                tunnel_idle_timeout: self.tunnel_idle_timeout.0,
                http2_streams_max: self.streams_max,
                drain_timeout: drain.0,
            },
            threads: NonZeroUsize::new(self.threads),
            proxy_protocol_from: ranges(&self.proxy_protocol_from),
            pages_folder: self.pages_folder.clone(),
            access_log: self.access_log.as_ref().map(|path| AccessLogSettings {
                file: (path.as_os_str() != "-").then(|| path.clone()),
                one_of: self.access_log_one_of,
            }),
        })
    }

    /// What is done for zones that say nothing themselves.
    pub(crate) fn serving(&self) -> Serving {
        let tls =
            TlsPolicy { min_version: Some(self.min_tls_version.into()), ..Default::default() };
        let origin = match self.origin_scheme {
            Scheme::Http => OriginTls::Plain,
            Scheme::HttpsUnverified => OriginTls::Unverified,
            Scheme::Https => OriginTls::Verified,
        };
        Serving { tls, origin: Some(origin), ..Default::default() }
    }

    /// How origins are found.
    pub(crate) fn resolver(&self) -> DnsSettings {
        DnsSettings {
            name_servers: self.resolvers.clone(),
            timeout: self.resolver_timeout.0,
            ttl_max: self.resolver_ttl_max.0,
            ..DnsSettings::default()
        }
    }

    fn origin(&self) -> Result<OriginSettings, Invalid> {
        Ok(OriginSettings {
            scheme: self.origin_scheme.into(),
            http_port: self.origin_http_port,
            https_port: self.origin_https_port,
            trusted_roots: self.roots()?,
            allow_private: self.allow_private_origins,
            trust_forwarded_for: self.trust_forwarded_for,
            trusted_proxies: ranges(&self.trusted_proxies),
            connect_timeout: self.connect_timeout.0,
            response_timeout: self.response_timeout.0,
            send_timeout: self.send_timeout.0,
            idle_timeout: self.idle_timeout.0,
            attempts_max: self.attempts_max,
            idle_connections_max: self.idle_connections_max,
        })
    }

    fn roots(&self) -> Result<Option<Vec<u8>>, Invalid> {
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|why| {
                let message = format!(
                    "{} cannot be read ({why}): correct the path or its rights",
                    path.display()
                );
                Invalid::new("origin_roots_file", message)
            })
        };
        self.origin_roots_file.as_ref().map(read).transpose()
    }
}
