//! Where requests go: a zone's fallback origin, or a hostname's own.

use std::{fmt, num::NonZeroU16, str::FromStr};

use thiserror::Error;

use crate::{
    Timestamp,
    name::{Hostname, HostnameError},
};

/// The longest origin that the API accepts.
pub const ORIGIN_LENGTH_MAX: usize = 255;

/// An origin: a hostname, and a port where it is not the edge's configured one (an extension: docs/divergences.md).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginHost {
    /// The name that the edge resolves.
    pub host: Hostname,
    /// The port, when written `host:port`.
    pub port: Option<NonZeroU16>,
}

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OriginError {
    /// The host part is no hostname.
    #[error("{0}")]
    Host(#[from] HostnameError),
    /// The part after the colon is no port.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// Longer than [`ORIGIN_LENGTH_MAX`].
    #[error("the origin is longer than {ORIGIN_LENGTH_MAX} characters")]
    TooLong,
}

impl FromStr for OriginHost {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.len() > ORIGIN_LENGTH_MAX {
            return Err(OriginError::TooLong);
        }
        let (host, port) = match text.split_once(':') {
            // More than one colon is an IPv6 address: the hostname rules say so best.
            Some((host, port)) if !port.contains(':') => {
                (host, Some(port.parse().map_err(|_| OriginError::Port)?))
            }
            _ => (text, None),
        };
        Ok(Self { host: Hostname::parse(host)?, port })
    }
}

impl fmt::Display for OriginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => fmt::Display::fmt(&self.host, f),
        }
    }
}

/// A zone's fallback origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackOrigin {
    /// Where requests go.
    pub origin: OriginHost,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A hostname's own origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomOrigin {
    /// Where requests go.
    pub server: OriginHost,
    /// What the edge sends as SNI when it speaks TLS to it.
    pub sni: OriginSni,
}

/// The SNI towards a custom origin (behaviour.md 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginSni {
    /// The host of the request: `:request_host_header:`.
    RequestHost,
    /// The origin's own name: the default.
    Origin,
    /// A name given for it.
    Name(Hostname),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_hostname_with_an_optional_port() {
        let parse = |text: &str| text.parse::<OriginHost>().map(|o| o.to_string());
        assert_eq!(parse("Origin.Provider.com"), Ok("origin.provider.com".into()));
        assert_eq!(parse("origin.provider.com:8080"), Ok("origin.provider.com:8080".into()));
        assert_eq!(parse("origin.provider.com:0"), Err(OriginError::Port));
        assert!(matches!(parse("192.0.2.1:80"), Err(OriginError::Host(_))));
        assert!(matches!(parse("2001:db8::1"), Err(OriginError::Host(_))));
    }
}
