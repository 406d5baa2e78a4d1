//! Accepting connections, and ending in order.
//!
//! Pingora's own server would take signals and end the process; here its proxy serves connections that this file
//! accepts, on the caller's runtime and sockets. That also keeps refused handshakes out of the log and counts them.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use boring::{error::ErrorStack, x509::X509};
use np_domain::ports::Clock;
use np_feed::{NodeKey, Replica};
use pingora::{
    apps::{HttpServerOptions, ServerApp},
    protocols::{Stream, http::v2::server::H2Options},
    proxy::HttpProxy,
    server::configuration::ServerConf,
};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    metrics::Metrics,
    origin_resolver::OriginResolver,
    proxy::{Port, Proxy},
    settings::EdgeSettings,
    socket::ClientSocket,
    table::Table,
    tls::accept::Acceptor,
};

/// The pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most requests under way on one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 100;

/// What an edge is made of. The caller binds the listeners, so that a port in use is the caller's clear error and port 0
/// works.
pub struct EdgeDeps {
    /// What is served.
    pub replica: Replica,
    /// Opens the private keys in the replica.
    pub node_key: NodeKey,
    /// Where TLS is accepted: port 443.
    pub https: TcpListener,
    /// Where tokens and plain HTTP are answered: port 80.
    pub http: TcpListener,
    /// What the operator has set.
    pub settings: EdgeSettings,
    /// Finds origins.
    pub resolver: Arc<dyn OriginResolver>,
    /// Says which certificates are past their end.
    pub clock: Arc<dyn Clock>,
    /// Where to count.
    pub metrics: Metrics,
}

/// Why an edge cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A listener is no socket that can be used.
    #[error("the listener cannot be used")]
    Listener(#[from] io::Error),
    /// BoringSSL refuses to be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] ErrorStack),
    /// The configured roots for origins are no certificates.
    #[error("origin.trusted_roots holds no certificates in PEM")]
    TrustedRoots(#[source] ErrorStack),
}

/// Answers ports 443 and 80.
pub struct Edge;

impl Edge {
    /// Starts on the current tokio runtime, and serves until [`RunningEdge::shutdown`] or the drop of its result.
    ///
    /// # Errors
    /// When TLS or the sockets cannot be set up.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(deps: EdgeDeps) -> Result<RunningEdge, StartError> {
        let EdgeDeps { replica, node_key, https, http, settings, resolver, clock, metrics } = deps;
        let settings = Arc::new(settings);
        let changes = replica.changes();
        let table = Arc::new(Table::new(replica, node_key, &settings.tls, metrics.clone()));
        let timeout = settings.tls.handshake_timeout;
        let acceptor = Acceptor::new(Arc::clone(&table), clock, timeout, metrics.clone());
        let acceptor = Arc::new(acceptor.map_err(StartError::Tls)?);
        let roots = settings.origin.trusted_roots.as_deref().map(X509::stack_from_pem);
        let roots = roots.transpose().map_err(StartError::TrustedRoots)?;
        let origin_roots = roots.map(|roots| Arc::new(roots.into_boxed_slice()));
        let proxy = |port| {
            let (table, resolver) = (Arc::clone(&table), Arc::clone(&resolver));
            let (settings, metrics) = (Arc::clone(&settings), metrics.clone());
            let origin_roots = origin_roots.clone();
            http_proxy(Proxy { port, table, resolver, settings, origin_roots, metrics })
        };
        let (https, http) = (listener(https)?, listener(http)?);
        let addresses = (https.local_addr()?, http.local_addr()?);
        let (draining, drain) = watch::channel(false);
        let (ending, end) = watch::channel(false);
        let connections = Arc::new(Semaphore::new(settings.limits.connections_max));
        let shared = Shared { connections, drain, end, metrics: metrics.clone() };
        let (https_app, http_app) = (proxy(Port::Https), proxy(Port::Http));
        let ports = [
            tokio::spawn(serve(https, Arc::clone(&https_app), Some(acceptor), shared.clone())),
            tokio::spawn(serve(http, Arc::clone(&http_app), None, shared)),
        ];
        let follower = tokio::spawn(async move { table.follow(changes).await });
        Ok(RunningEdge {
            addresses,
            draining,
            ending,
            ports,
            follower,
            apps: [https_app, http_app],
            drain_timeout: settings.limits.drain_timeout,
        })
    }
}

fn listener(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn http_proxy(proxy: Proxy) -> Arc<HttpProxy<Proxy>> {
    let settings = Arc::clone(&proxy.settings);
    let conf = ServerConf {
        max_retries: settings.origin.attempts_max.max(1),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        ..ServerConf::default()
    };
    let mut app = HttpProxy::new(proxy, Arc::new(conf));
    let mut options = HttpServerOptions::default();
    options.h2_idle_timeout = Some(settings.limits.client_idle_timeout);
    app.server_options = Some(options);
    let mut http2 = H2Options::new();
    let header_bytes = u32::try_from(settings.limits.header_bytes_max).unwrap_or(u32::MAX);
    http2.max_header_list_size(header_bytes).max_concurrent_streams(HTTP2_STREAMS_MAX);
    app.h2_options = Some(http2);
    app.handle_init_modules();
    Arc::new(app)
}

/// What all connections of both ports share.
#[derive(Clone)]
struct Shared {
    connections: Arc<Semaphore>,
    /// Turns true when no new work is taken on.
    drain: watch::Receiver<bool>,
    /// Turns true, or loses its sender, when what is still under way is given up.
    end: watch::Receiver<bool>,
    metrics: Metrics,
}

/// Accepts connections until draining begins.
async fn serve(
    listener: tokio::net::TcpListener,
    app: Arc<HttpProxy<Proxy>>,
    acceptor: Option<Arc<Acceptor>>,
    mut shared: Shared,
) {
    loop {
        // Both: a connection, and room for it.
        let room = Arc::clone(&shared.connections);
        let accepted = async {
            let permit = room.acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            _ = shared.drain.wait_for(|draining| *draining) => return,
            accepted = accepted => accepted,
        };
        let Ok(permit) = permit else { return };
        let socket = accepted.and_then(|(stream, peer)| ClientSocket::new(stream, peer));
        match socket {
            Ok(socket) => {
                let connection = Connection {
                    socket,
                    app: Arc::clone(&app),
                    acceptor: acceptor.clone(),
                    permit,
                };
                tokio::spawn(connection.run(shared.clone()));
            }
            Err(error) => {
                tracing::debug!(%error, "accept.failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One accepted connection.
struct Connection {
    socket: ClientSocket,
    app: Arc<HttpProxy<Proxy>>,
    acceptor: Option<Arc<Acceptor>>,
    permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(self, shared: Shared) {
        let Shared { drain, mut end, metrics, .. } = shared;
        metrics.connections.inc();
        tokio::select! {
            () = self.serve(&drain) => {}
            _ = end.wait_for(|over| *over) => {}
        }
        metrics.connections.dec();
    }

    async fn serve(self, drain: &watch::Receiver<bool>) {
        let Self { socket, app, acceptor, permit } = self;
        let stream: Option<Stream> = match acceptor {
            Some(acceptor) => acceptor.accept(socket).await,
            None => Some(Box::new(socket)),
        };
        let mut stream = stream;
        while let Some(next) = stream {
            stream = app.process_new(next, drain).await;
        }
        drop(permit);
    }
}

/// An edge at work. Dropping it ends everything at once.
pub struct RunningEdge {
    addresses: (SocketAddr, SocketAddr),
    draining: watch::Sender<bool>,
    ending: watch::Sender<bool>,
    ports: [tokio::task::JoinHandle<()>; 2],
    follower: tokio::task::JoinHandle<()>,
    apps: [Arc<HttpProxy<Proxy>>; 2],
    drain_timeout: Duration,
}

impl RunningEdge {
    /// Where TLS is accepted.
    pub fn https_addr(&self) -> SocketAddr {
        self.addresses.0
    }

    /// Where plain HTTP is accepted.
    pub fn http_addr(&self) -> SocketAddr {
        self.addresses.1
    }

    /// Takes no new connections, closes idle ones, lets requests under way finish within `limits.drain_timeout`, and
    /// ends the rest.
    pub async fn shutdown(mut self) {
        self.draining.send_replace(true);
        for port in &mut self.ports {
            // A port that panicked has ended, too.
            let _ = port.await;
        }
        for app in &self.apps {
            app.cleanup().await;
        }
        // Every connection holds a receiver until it ends.
        if tokio::time::timeout(self.drain_timeout, self.ending.closed()).await.is_err() {
            tracing::warn!("connections are still open at the end of the drain time; closing them");
        }
    }
}

impl Drop for RunningEdge {
    fn drop(&mut self) {
        self.draining.send_replace(true);
        self.ending.send_replace(true);
        self.follower.abort();
    }
}
