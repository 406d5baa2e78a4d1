//! Starting an edge, and ending it in order.
//!
//! Each core has a thread of its own (`worker`), which accepts connections and serves them to their end.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use boring::error::ErrorStack;
use np_domain::ports::Clock;
use np_feed::{NodeKey, Replica};
use thiserror::Error;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

use crate::{
    access_log::AccessLog,
    metrics::Metrics,
    origin_resolver::OriginResolver,
    pages::{Pages, PagesError},
    settings::EdgeSettings,
    table::{Table, TableDeps},
    tls::{
        accept::{Acceptor, AcceptorDeps},
        tickets::TicketKeys,
    },
    upstream::tls::OriginTls,
    worker::{Beginning, Shared, Worker},
};

/// What an edge is made of. The caller binds the listeners, so that a port in use is the caller's clear error and port 0
/// works.
pub struct EdgeDeps {
    /// What is served.
    pub replica: Replica,
    /// Opens the private keys in the replica.
    pub node_key: NodeKey,
    /// Where TLS is accepted: port 443. One socket for each thread ([`crate::listen::bind`]); threads without one of their
    /// own share.
    pub https: Vec<TcpListener>,
    /// Where tokens and plain HTTP are answered: port 80.
    pub http: Vec<TcpListener>,
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
    /// A listener cannot be used, or there is no thread to be had.
    #[error("a listener or a thread cannot be had")]
    Listener(#[from] io::Error),
    /// The access log cannot be written.
    #[error("the access log cannot be opened")]
    AccessLog(#[source] io::Error),
    /// The provider's pages cannot be used.
    #[error("the pages cannot be used")]
    Pages(#[from] PagesError),
    /// BoringSSL refuses to be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] ErrorStack),
    /// TLS towards origins cannot be set up.
    #[error("TLS towards origins cannot be set up: are the configured roots certificates in PEM?")]
    OriginTls(#[source] ErrorStack),
}

/// Answers ports 443 and 80.
pub struct Edge;

impl Edge {
    /// Starts threads that serve until [`RunningEdge::shutdown`] or the drop of its result. What follows the replica, and
    /// the resolver, live on the current tokio runtime.
    ///
    /// # Errors
    /// When TLS, threads or sockets cannot be set up.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(deps: EdgeDeps) -> Result<RunningEdge, StartError> {
        let EdgeDeps { replica, node_key, https, http, settings, resolver, clock, metrics } = deps;
        let (changes, ticket_changes) = (replica.changes(), replica.changes());
        let tickets_of = replica.clone();
        let tickets = Arc::new(TicketKeys::new(Arc::clone(&clock)).map_err(StartError::Tls)?);
        tickets.load(&replica, &node_key);
        let table = Arc::new(Table::new(TableDeps {
            replica,
            node_key: node_key.clone(),
            defaults: settings.tls.clone(),
            tickets: Arc::clone(&tickets),
            metrics: metrics.clone(),
        }));
        let acceptor = Acceptor::new(AcceptorDeps {
            table: Arc::clone(&table),
            clock: Arc::clone(&clock),
            settings: settings.tls.clone(),
            metrics: metrics.clone(),
        });
        let pages = settings.pages_folder.as_deref().map(Pages::read).transpose()?;
        let left_out = || metrics.log_lines_left_out.clone();
        let access_log =
            settings.access_log.as_ref().map(|log| AccessLog::open(log, left_out())).transpose();
        let trusted_roots = settings.origin.trusted_roots.as_deref();
        let origin_tls = OriginTls::new(trusted_roots).map_err(StartError::OriginTls)?;
        let addresses = (address(&https)?, address(&http)?);
        let threads = settings.thread_count().get();
        let (mut https, mut http) = (shares(&https, threads)?, shares(&http, threads)?);
        let drain_timeout = settings.limits.drain_timeout;
        let shared = Arc::new(Shared {
            table: Arc::clone(&table),
            acceptor: acceptor.map_err(StartError::Tls)?,
            origin_tls: Arc::new(origin_tls),
            resolver,
            clock,
            pages: pages.unwrap_or_default(),
            access_log: access_log.map_err(StartError::AccessLog)?,
            metrics,
            connections: Arc::new(Semaphore::new(settings.limits.connections_max)),
            home: Handle::current(),
            settings,
        });
        let (draining, drain) = watch::channel(false);
        let (ending, end) = watch::channel(false);
        for number in 0..threads {
            let beginning = Beginning {
                shared: Arc::clone(&shared),
                https: std::mem::take(&mut https[number]),
                http: std::mem::take(&mut http[number]),
                drain: drain.clone(),
                end: end.clone(),
            };
            Worker::start(number, beginning)?;
        }
        let followers = [
            tokio::spawn(async move { table.follow(changes).await }),
            tokio::spawn(async move { tickets.follow(tickets_of, node_key, ticket_changes).await }),
        ];
        Ok(RunningEdge { addresses, draining, ending, followers, drain_timeout })
    }
}

fn address(listeners: &[TcpListener]) -> io::Result<SocketAddr> {
    listeners.first().ok_or(io::ErrorKind::NotFound)?.local_addr()
}

/// The sockets of each thread: every socket has a thread, and every thread a socket.
fn shares(listeners: &[TcpListener], threads: usize) -> io::Result<Vec<Vec<TcpListener>>> {
    let mut shares: Vec<Vec<TcpListener>> = (0..threads).map(|_| Vec::new()).collect();
    for number in 0..threads.max(listeners.len()) {
        let listener = listeners[number % listeners.len()].try_clone()?;
        listener.set_nonblocking(true)?;
        shares[number % threads].push(listener);
    }
    Ok(shares)
}

/// An edge at work. Dropping it ends everything at once.
pub struct RunningEdge {
    addresses: (SocketAddr, SocketAddr),
    draining: watch::Sender<bool>,
    ending: watch::Sender<bool>,
    followers: [tokio::task::JoinHandle<()>; 2],
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
    pub async fn shutdown(self) {
        self.draining.send_replace(true);
        // Every thread holds a receiver of the one until its ports are closed, and of the other until it ends.
        self.draining.closed().await;
        if tokio::time::timeout(self.drain_timeout, self.ending.closed()).await.is_err() {
            tracing::warn!("connections are still open at the end of the drain time; closing them");
        }
    }
}

impl Drop for RunningEdge {
    fn drop(&mut self) {
        self.draining.send_replace(true);
        self.ending.send_replace(true);
        self.followers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
