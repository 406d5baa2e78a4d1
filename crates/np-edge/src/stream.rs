//! A TCP connection, with TLS or without, as this edge reads and writes it: to a visitor or to an origin.
//!
//! What is written gathers in a buffer and leaves when it is flushed, so that the head and the body of an answer, or the
//! frames of several HTTP/2 streams, are one system call and one TLS record. The buffers are the thread's: a connection
//! holds one only while bytes are on their way, so that idle connections cost little.

mod transit;

use std::{
    io::{self, IoSlice, Read, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use boring::{
    error::ErrorStack,
    ssl::{self, ErrorCode, Ssl, SslRef, SslStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{pulse::Pulse, stream::transit::Transit};

/// The connection.
pub(crate) struct Stream {
    wire: Wire,
    /// What was written and has not left.
    outbox: Transit,
    pulse: Arc<Pulse>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<SslStream<Socket>>),
}

impl Stream {
    /// A connection without TLS.
    pub(crate) fn plain(tcp: TcpStream) -> Self {
        Self::new(Wire::Plain(tcp))
    }

    /// Shakes hands as a server.
    ///
    /// # Errors
    /// When the peer or the settings of `ssl` leave no way to agree.
    pub(crate) async fn accept(ssl: Ssl, tcp: TcpStream) -> Result<Self, HandshakeError> {
        Self::shake(ssl, tcp, SslStream::accept).await
    }

    /// Shakes hands as a client.
    ///
    /// # Errors
    /// When the peer or the settings of `ssl` leave no way to agree.
    pub(crate) async fn connect(ssl: Ssl, tcp: TcpStream) -> Result<Self, HandshakeError> {
        Self::shake(ssl, tcp, SslStream::connect).await
    }

    async fn shake(
        ssl: Ssl,
        tcp: TcpStream,
        step: fn(&mut SslStream<Socket>) -> Result<(), ssl::Error>,
    ) -> Result<Self, HandshakeError> {
        let socket = Socket { tcp, inbox: Transit::default(), waker: Waker::noop().clone() };
        let mut stream = SslStream::new(ssl, socket)?;
        let done = std::future::poll_fn(|cx| {
            stream.get_mut().wake(cx);
            outcome(step(&mut stream))
        });
        done.await.map_err(|why| HandshakeError(why.to_string()))?;
        Ok(Self::new(Wire::Tls(Box::new(stream))))
    }

    fn new(wire: Wire) -> Self {
        Self { wire, outbox: Transit::default(), pulse: Arc::default() }
    }

    /// What TLS knows of the connection.
    pub(crate) fn ssl(&self) -> Option<&SslRef> {
        match &self.wire {
            Wire::Plain(_) => None,
            Wire::Tls(stream) => Some(stream.ssl()),
        }
    }

    /// How the connection moves; shared with whoever watches it.
    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    fn poll_raw_write(
        wire: &mut Wire,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Wire::Tls(stream) => {
                stream.get_mut().wake(cx);
                outcome(stream.ssl_write(bytes)).map_err(into_io)
            }
        }
    }

    /// Adds a message of our own after the last one. It may be left out, and is where there is no room for all of it.
    fn put_between(&mut self, message: &[u8]) {
        if message.len() <= self.outbox.room() {
            self.outbox.push(&[IoSlice::new(message)]);
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            let written = match Self::poll_raw_write(&mut self.wire, cx, self.outbox.filled()) {
                Poll::Ready(written) => written?,
                Poll::Pending => {
                    self.pulse.blocked();
                    return Poll::Pending;
                }
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            // Only what the peer takes shows that it does: being asked again does not.
            self.pulse.unblocked();
            self.outbox.consume(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match &mut this.wire {
            Wire::Plain(tcp) => ready!(Pin::new(tcp).poll_read(cx, buf))?,
            Wire::Tls(stream) => {
                stream.get_mut().wake(cx);
                let read = match outcome(stream.ssl_read(buf.initialize_unfilled())) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(read)) => read,
                    Poll::Ready(Err(why)) if is_end(&why) => 0,
                    Poll::Ready(Err(why)) => return Poll::Ready(Err(into_io(why))),
                };
                buf.advance(read);
            }
        }
        if buf.filled().len() > before {
            this.pulse.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(interim) = this.pulse.writes() {
            this.put_between(&interim);
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length <= this.outbox.room() {
            this.outbox.push(slices);
            return Poll::Ready(Ok(length));
        }
        ready!(this.poll_drain(cx))?;
        match &mut this.wire {
            Wire::Plain(tcp) if length > this.outbox.room() => {
                let written = Pin::new(tcp).poll_write_vectored(cx, slices);
                match &written {
                    Poll::Pending => this.pulse.blocked(),
                    Poll::Ready(_) => this.pulse.unblocked(),
                }
                written
            }
            // What TLS has begun to write must be written on, so it is kept until it has left.
            _ => Poll::Ready(Ok(this.outbox.push(slices))),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(interim) = this.pulse.flushed() {
            this.put_between(&interim);
        }
        this.poll_drain(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        match &mut this.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Tls(stream) => {
                stream.get_mut().wake(cx);
                // Whether the peer hears that we close is its affair.
                let _ = stream.shutdown();
                Pin::new(&mut stream.get_mut().tcp).poll_shutdown(cx)
            }
        }
    }
}

/// The TCP connection below TLS, with the task to wake when it can go on.
struct Socket {
    tcp: TcpStream,
    inbox: Transit,
    waker: Waker,
}

impl Socket {
    fn wake(&mut self, cx: &Context<'_>) {
        self.waker.clone_from(cx.waker());
    }
}

impl Read for Socket {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.inbox.is_empty() {
            let mut cx = Context::from_waker(&self.waker);
            let tcp = &mut self.tcp;
            let read = self.inbox.fill(|buf| Pin::new(tcp).poll_read(&mut cx, buf));
            would_block(read)?;
        }
        let mut buf = ReadBuf::new(out);
        self.inbox.read(&mut buf);
        Ok(buf.filled().len())
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        would_block(Pin::new(&mut self.tcp).poll_write(&mut cx, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn would_block<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The socket has registered the waker when BoringSSL wants more from it.
fn outcome<T>(result: Result<T, ssl::Error>) -> Poll<Result<T, ssl::Error>> {
    match result {
        Err(why) if matches!(why.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) => {
            Poll::Pending
        }
        result => Poll::Ready(result),
    }
}

/// Whether the peer has closed, in order or not: HTTP's own framing says whether something is missing.
fn is_end(why: &ssl::Error) -> bool {
    why.code() == ErrorCode::ZERO_RETURN
        || (why.code() == ErrorCode::SYSCALL && why.io_error().is_none())
}

fn into_io(why: ssl::Error) -> io::Error {
    why.into_io_error().unwrap_or_else(io::Error::other)
}

/// TLS could not be agreed on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HandshakeError(String);

impl HandshakeError {
    /// What was agreed on is not what we offered.
    pub(crate) fn internal() -> Self {
        Self("the handshake ended without a name".to_owned())
    }
}

impl From<ErrorStack> for HandshakeError {
    fn from(why: ErrorStack) -> Self {
        Self(why.to_string())
    }
}
