//! Looking at a customer-controlled URL, with care: the address may be anything.

use std::net::SocketAddr;

use async_trait::async_trait;
use thiserror::Error;

use crate::{name::Hostname, text::Explanation};

/// The most bytes of a body that are read.
pub const BODY_BYTES_MAX: usize = 4096;

/// What to look at: `http://<host><path>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The host, resolved afresh.
    pub host: Hostname,
    /// The path, beginning with `/`.
    pub path: Explanation,
    /// The User-Agent to send.
    pub user_agent: &'static str,
}

/// An answer with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReply {
    /// The body; never longer than [`BODY_BYTES_MAX`].
    pub body: Explanation,
    /// Who answered.
    pub from: SocketAddr,
}

/// Why there was no answer with status 200, in words that a customer can act on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProbeFailure {
    /// The host has no address.
    #[error("the hostname has no A or AAAA record")]
    NoAddress,
    /// All its addresses are private, loopback or otherwise reserved.
    #[error("the hostname resolves to {0}, which is not a public address")]
    ReservedAddress(std::net::IpAddr),
    /// The look-up of the address failed.
    #[error("looking the hostname up failed: {0}")]
    Lookup(super::LookupFailure),
    /// No connection.
    #[error("{from} refused or did not accept the connection: {why}")]
    Connect {
        /// The address tried last.
        from: SocketAddr,
        /// Why.
        why: Explanation,
    },
    /// Not in time.
    #[error("{0} did not answer in time")]
    TimedOut(SocketAddr),
    /// Another status than 200.
    #[error("{from} answered with status {status} instead of 200")]
    Status {
        /// Who answered.
        from: SocketAddr,
        /// The status.
        status: u16,
    },
    /// More than [`BODY_BYTES_MAX`].
    #[error("the answer of {0} is longer than {BODY_BYTES_MAX} bytes")]
    TooLong(SocketAddr),
    /// Too many redirects, or one that must not be followed.
    #[error("{0}")]
    Redirect(Explanation),
    /// Anything else.
    #[error("{0}")]
    Other(Explanation),
}

/// Fetches a token. Bounded in time, size and redirects; refuses private, loopback and link-local addresses unless
/// configured otherwise.
#[async_trait]
pub trait HttpProbe: Send + Sync {
    /// Looks once.
    async fn fetch(&self, request: &ProbeRequest) -> Result<ProbeReply, ProbeFailure>;
}
