//! Serves HTTP/1.1 on a socket that is bound already: the API, the feed and the admin port.
//!
//! HTTP/2 is deliberately absent. Telling the two apart takes a client's first bytes, for which nothing sets a time: who
//! connected and said nothing would keep a place for ever.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::Service,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// How long a client may take for a request's headers, from the time when it connected or had its last answer.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// The pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A socket with who answers on it.
pub(crate) struct HttpServer<S> {
    listener: TcpListener,
    service: S,
    connections: Arc<Semaphore>,
    headers_timeout: Duration,
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
        let connections = Arc::new(Semaphore::new(connections_max));
        Ok(Self { listener, service, connections, headers_timeout: HEADERS_TIMEOUT })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then takes no more and lets requests under way finish.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.headers_timeout);
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
            let accepted = accepted.map(|(stream, peer)| (ready(stream), peer));
            let (Ok(permit), Ok((stream, peer))) = (permit, accepted) else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let service = FromPeer { service: self.service.clone(), peer };
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // A client that went away is the client's business.
                drop(connection.await);
                drop(permit);
            });
        }
        graceful.shutdown().await;
    }
}

/// A service that puts the address of the connection among each request's extensions.
struct FromPeer<S> {
    service: S,
    peer: SocketAddr,
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for FromPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> S::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}

fn ready(stream: TcpStream) -> TcpStream {
    // Only a matter of speed: a socket without it works too.
    drop(stream.set_nodelay(true));
    stream
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, net::Ipv4Addr};

    use http_body_util::Empty;
    use hyper::{body::Bytes, service::service_fn};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    const CONNECTIONS_MAX: usize = 2;
    /// How long the test waits for what must come. Generous: tests run beside compilers.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A server with few places and little patience.
    async fn start() -> SocketAddr {
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let answer = service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let mut server = HttpServer::new(socket, answer, CONNECTIONS_MAX).unwrap();
        server.headers_timeout = Duration::from_millis(100);
        let address = server.address().unwrap();
        tokio::spawn(server.run(CancellationToken::new()));
        address
    }

    /// Whatever comes on a connection until the other side ends it.
    async fn rest(connection: &mut TcpStream) -> String {
        let mut text = Vec::new();
        let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut text));
        read.await.expect("the server ends the connection").unwrap();
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn silent_connections_give_their_places_up() {
        let address = start().await;
        let mut silent = Vec::new();
        for _ in 0..2 * CONNECTIONS_MAX {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut visitor = TcpStream::connect(address).await.unwrap();
        visitor.write_all(REQUEST).await.unwrap();
        let answer = rest(&mut visitor).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        for connection in &mut silent {
            rest(connection).await;
        }
    }

    #[tokio::test]
    async fn a_connection_that_says_no_more_gives_its_place_up() {
        let address = start().await;
        let mut visitor = TcpStream::connect(address).await.unwrap();
        visitor.write_all(&[REQUEST, &REQUEST[..7]].concat()).await.unwrap();
        let answer = rest(&mut visitor).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}
