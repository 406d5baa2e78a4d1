//! Serves HTTP on a socket that is bound already: the API, the feed and the admin port.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// How long a client may take for a request's headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// The pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A socket with who answers on it.
pub(crate) struct HttpServer<S> {
    listener: TcpListener,
    service: S,
    connections: Arc<Semaphore>,
}

impl<S, B> HttpServer<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Takes the socket over; at most `connections_max` connections are served at a time, more wait.
    pub(crate) fn new(
        listener: std::net::TcpListener,
        service: S,
        connections_max: usize,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, service, connections: Arc::new(Semaphore::new(connections_max)) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then takes no more and lets requests under way finish.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_TIMEOUT);
        builder.http2().timer(TokioTimer::new());
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = async {
                let permit = self.connections.clone().acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accepted => accepted,
            };
            let (Ok(permit), Ok(stream)) = (permit, accepted.map(|(stream, _)| ready(stream)))
            else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let connection = builder.serve_connection(TokioIo::new(stream), self.service.clone());
            let connection = graceful.watch(connection.into_owned());
            tokio::spawn(async move {
                // A client that went away is the client's business.
                drop(connection.await);
                drop(permit);
            });
        }
        graceful.shutdown().await;
    }
}

fn ready(stream: TcpStream) -> TcpStream {
    // Only a matter of speed: a socket without it works too.
    drop(stream.set_nodelay(true));
    stream
}
