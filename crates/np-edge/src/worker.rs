//! One thread of the edge: it accepts connections and serves them to their end, with origin connections, addresses and
//! clocks of its own. Threads share what is read and nothing that is written often.

use std::{cell::Cell, fmt::Write as _, io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use http::HeaderValue;
use np_domain::ports::Clock;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle, LocalOptions},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use crate::{
    access_log::AccessLog,
    addresses::Addresses,
    hints::Hints,
    http1, http2,
    metrics::{Metrics, ZoneCounts},
    origin_resolver::OriginResolver,
    pages::Pages,
    proxy::{Port, client::Client},
    proxy_protocol::{self, Said},
    settings::EdgeSettings,
    stream::Stream,
    table::Table,
    tls::accept::Acceptor,
    upstream::{Upstream, tls::OriginTls},
    watch::Watch,
};

/// The pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a thread that drains looks whether its last connection has ended.
const DRAIN_LOOK_EVERY: Duration = Duration::from_millis(10);

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) settings: EdgeSettings,
    pub(crate) table: Arc<Table>,
    pub(crate) acceptor: Acceptor,
    pub(crate) origin_tls: Arc<OriginTls>,
    pub(crate) resolver: Arc<dyn OriginResolver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pages: Pages,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) metrics: Metrics,
    pub(crate) connections: Arc<Semaphore>,
    /// The runtime that the edge was started on.
    pub(crate) home: Handle,
}

/// What a thread begins with.
pub(crate) struct Beginning {
    pub(crate) shared: Arc<Shared>,
    pub(crate) https: Vec<std::net::TcpListener>,
    pub(crate) http: Vec<std::net::TcpListener>,
    /// Turns true when no new work is taken on.
    pub(crate) drain: watch::Receiver<bool>,
    /// Turns true, or loses its sender, when what is still under way is given up.
    pub(crate) end: watch::Receiver<bool>,
}

/// One thread.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) watch: Rc<Watch>,
    pub(crate) upstream: Upstream,
    pub(crate) addresses: Addresses,
    pub(crate) hints: Hints,
    pub(crate) zone_counts: ZoneCounts,
    ids: RequestIds,
    /// Connections that have been accepted and have not ended, or become tunnels.
    visits: Cell<usize>,
}

impl Worker {
    /// Starts a thread, which ends when it has drained or is told to end.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub(crate) fn start(number: usize, beginning: Beginning) -> io::Result<()> {
        let name = format!("edge-{number}");
        std::thread::Builder::new().name(name).spawn(move || run(beginning))?;
        Ok(())
    }

    fn new(shared: Arc<Shared>) -> Rc<Self> {
        let settings = &shared.settings;
        Rc::new(Self {
            watch: Rc::new(Watch::new(settings)),
            upstream: Upstream::new(settings.origin.clone(), Arc::clone(&shared.origin_tls)),
            addresses: Addresses::new(Arc::clone(&shared.resolver), shared.home.clone()),
            hints: Hints::default(),
            zone_counts: ZoneCounts::new(shared.metrics.clone()),
            ids: RequestIds::new(),
            visits: Cell::new(0),
            shared,
        })
    }

    /// A request id that nobody else has.
    pub(crate) fn request_id(&self) -> HeaderValue {
        self.ids.next()
    }

    async fn serve(self: Rc<Self>, beginning: Ports) {
        let Ports { https, http, mut drain, mut end } = beginning;
        let sweeper = Rc::clone(&self);
        tokio::task::spawn_local(async move {
            tokio::join!(sweeper.watch.sweep(), sweeper.upstream.sweep())
        });
        let mut accepting = Vec::new();
        for (listeners, port) in [(https, Port::Https), (http, Port::Http)] {
            for listener in listeners {
                let accept = Rc::clone(&self).accept(listener, port);
                accepting.push(tokio::task::spawn_local(accept));
            }
        }
        // An error is a sender that is gone: then all ends.
        let _ = drain.wait_for(|draining| *draining).await;
        accepting.iter().for_each(tokio::task::JoinHandle::abort);
        for port in accepting {
            // The listener is closed once its task is gone.
            let _ = port.await;
        }
        drop(drain);
        self.watch.finish();
        tokio::select! {
            () = self.drained() => {}
            _ = end.wait_for(|over| *over) => {}
        }
    }

    async fn drained(&self) {
        while self.visits.get() > 0 || self.watch.connections() > 0 {
            tokio::time::sleep(DRAIN_LOOK_EVERY).await;
        }
    }

    async fn accept(self: Rc<Self>, listener: TcpListener, port: Port) {
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    // Room is taken once there is somebody to have it: ports that wait hold none.
                    let room = Arc::clone(&self.shared.connections);
                    let Ok(place) = room.acquire_owned().await else { return };
                    let visit = Visit { tcp, peer, port, place };
                    let counted = Counted::new(&self);
                    let visit = Rc::clone(&self).visit(visit);
                    tokio::task::spawn_local(async move {
                        visit.await;
                        drop(counted);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "accept.failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn visit(self: Rc<Self>, visit: Visit) {
        let Visit { mut tcp, mut peer, port, place } = visit;
        if tcp.set_nodelay(true).is_err() {
            return;
        }
        let settings = &self.shared.settings;
        if settings.proxy_protocol_from.iter().any(|range| range.contains(peer.ip())) {
            let reading = proxy_protocol::read(&mut tcp);
            match tokio::time::timeout(settings.limits.client_head_timeout, reading).await {
                Ok(Ok(Said::Client(client))) => peer = client,
                Ok(Ok(Said::Nobody)) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
        let (stream, tls) = match port {
            Port::Http => (Stream::plain(tcp), None),
            Port::Https if !self.shared.acceptor.admits(peer.ip()) => return,
            Port::Https => match self.shared.acceptor.accept(tcp).await {
                Some((stream, handshake)) => (stream, Some(handshake)),
                None => return,
            },
        };
        let is_http2 = tls.as_ref().is_some_and(|tls| tls.http2);
        let pulse = (!is_http2).then(|| stream.pulse());
        let client = Rc::new(Client::new(peer, port, tls, pulse, &self.shared, place));
        if is_http2 {
            http2::serve(&self, &client, stream).await;
        } else {
            http1::serve(&self, &client, stream).await;
        }
    }
}

/// One of [`Worker::visits`], until this is dropped: from the accept on, so that handshakes under way are waited for too.
struct Counted(Rc<Worker>);

impl Counted {
    fn new(worker: &Rc<Worker>) -> Self {
        worker.visits.update(|visits| visits + 1);
        Self(Rc::clone(worker))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.visits.update(|visits| visits - 1);
    }
}

/// An accepted connection.
struct Visit {
    tcp: TcpStream,
    peer: SocketAddr,
    port: Port,
    place: OwnedSemaphorePermit,
}

struct Ports {
    https: Vec<TcpListener>,
    http: Vec<TcpListener>,
    drain: watch::Receiver<bool>,
    end: watch::Receiver<bool>,
}

fn run(beginning: Beginning) {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "edge.thread_failed");
            return;
        }
    };
    runtime.block_on(async move {
        let Beginning { shared, https, http, drain, end } = beginning;
        match (adopt(https), adopt(http)) {
            (Ok(https), Ok(http)) => {
                Worker::new(shared).serve(Ports { https, http, drain, end }).await;
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "edge.thread_failed");
            }
        }
    });
}

fn adopt(listeners: Vec<std::net::TcpListener>) -> io::Result<Vec<TcpListener>> {
    listeners.into_iter().map(TcpListener::from_std).collect()
}

/// Makes ids: a thread's own random half, then a number.
struct RequestIds {
    half: String,
    next: Cell<u64>,
}

/// Random bytes in an id.
const RANDOM_BYTES: usize = 8;

impl RequestIds {
    fn new() -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        // Without randomness, which BoringSSL does not run out of, it is all zeros.
        let _ = boring::rand::rand_bytes(&mut bytes);
        let mut half = String::with_capacity(2 * RANDOM_BYTES);
        bytes.iter().for_each(|byte| write!(half, "{byte:02x}").unwrap_or_default());
        Self { half, next: Cell::new(1) }
    }

    fn next(&self) -> HeaderValue {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let mut id = Vec::with_capacity(4 * RANDOM_BYTES);
        id.extend_from_slice(self.half.as_bytes());
        for shift in (0..16).rev() {
            let digit = (number >> (4 * shift)) & 0xf;
            id.push(b"0123456789abcdef"[digit as usize]);
        }
        let made = HeaderValue::from_maybe_shared(bytes::Bytes::from(id));
        made.unwrap_or(HeaderValue::from_static("none"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_32_digits_and_no_two_are_alike() {
        let ids = RequestIds::new();
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert_ne!(first, RequestIds::new().next());
        assert!(first.as_bytes().iter().all(u8::is_ascii_hexdigit));
        assert_eq!(first.len(), 32);
    }
}
