//! Who is at the other end of a connection, as far as its requests ask.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    proxy::Port,
    pulse::{Phase, Pulse},
    tls::accept::TlsClient,
    worker::Shared,
};

/// A visitor's connection. Whatever goes on over it, a tunnel too, holds this; with the last holder its place is free.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    /// The address, for the origin.
    pub(crate) forwarded_for: HeaderValue,
    pub(crate) port: Port,
    pub(crate) tls: Option<Handshake>,
    /// Whether it is a proxy whose word about its own clients is kept.
    pub(crate) is_trusted: bool,
    /// Of a connection that has one exchange at a time.
    pulse: Option<Arc<Pulse>>,
    /// Counts it.
    open: Gauge,
    _place: OwnedSemaphorePermit,
}

/// What a handshake has settled.
#[derive(Debug, Clone)]
pub(crate) struct Handshake {
    /// The name asked for, and what it was.
    pub(crate) client: Arc<TlsClient>,
    /// Whether HTTP/2 is spoken.
    pub(crate) http2: bool,
    /// The version of TLS, for the log.
    pub(crate) version: &'static str,
}

impl Client {
    pub(crate) fn new(
        address: SocketAddr,
        port: Port,
        tls: Option<Handshake>,
        pulse: Option<Arc<Pulse>>,
        shared: &Shared,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let text = Bytes::from(address.ip().to_canonical().to_string());
        // An address has only characters that a header may have.
        let forwarded_for =
            HeaderValue::from_maybe_shared(text).unwrap_or(HeaderValue::from_static("unknown"));
        let open = shared.metrics.connections.clone();
        open.inc();
        let trusted = &shared.settings.origin.trusted_proxies;
        let is_trusted = trusted.iter().any(|range| range.contains(address.ip()));
        Self { address, forwarded_for, port, tls, is_trusted, pulse, open, _place: place }
    }

    pub(crate) fn tls_version(&self) -> Option<&'static str> {
        self.tls.as_ref().map(|tls| tls.version)
    }

    /// An exchange begins.
    pub(crate) fn works(&self) {
        self.pulse.iter().for_each(|pulse| pulse.enter(Phase::Exchange));
    }

    /// The exchange has ended.
    pub(crate) fn rests(&self) {
        self.pulse.iter().for_each(|pulse| pulse.enter(Phase::Idle));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.open.dec();
    }
}
