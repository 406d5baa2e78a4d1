//! BoringSSL over tokio's sockets, for the tests' clients and origins.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use boring::ssl::{ErrorCode, Ssl, SslRef, SslStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A TLS connection.
pub(crate) struct TlsStream(SslStream<Socket>);

struct Socket {
    tcp: TcpStream,
    waker: Waker,
}

impl TlsStream {
    pub(crate) async fn connect(ssl: Ssl, tcp: TcpStream) -> Result<Self, String> {
        Self::shake(ssl, tcp, SslStream::connect).await
    }

    pub(crate) async fn accept(ssl: Ssl, tcp: TcpStream) -> Result<Self, String> {
        Self::shake(ssl, tcp, SslStream::accept).await
    }

    async fn shake(
        ssl: Ssl,
        tcp: TcpStream,
        step: fn(&mut SslStream<Socket>) -> Result<(), boring::ssl::Error>,
    ) -> Result<Self, String> {
        let socket = Socket { tcp, waker: Waker::noop().clone() };
        let mut stream = SslStream::new(ssl, socket).unwrap();
        std::future::poll_fn(|cx| {
            stream.get_mut().waker.clone_from(cx.waker());
            match step(&mut stream) {
                Err(why) if why.code() == ErrorCode::WANT_READ => Poll::Pending,
                done => Poll::Ready(done.map_err(|why| why.to_string())),
            }
        })
        .await?;
        Ok(Self(stream))
    }

    pub(crate) fn ssl(&self) -> &SslRef {
        self.0.ssl()
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        op: impl FnOnce(&mut SslStream<Socket>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.0.get_mut().waker.clone_from(cx.waker());
        match op(&mut self.0) {
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }
}

impl Socket {
    fn now<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
        match polled {
            Poll::Ready(done) => done,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(out);
        let mut cx = Context::from_waker(&self.waker);
        Self::now(Pin::new(&mut self.tcp).poll_read(&mut cx, &mut buf))?;
        Ok(buf.filled().len())
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        Self::now(Pin::new(&mut self.tcp).poll_write(&mut cx, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buf.initialize_unfilled();
        let read = match this.poll(cx, |stream| stream.read(room)) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read?,
        };
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll(cx, |stream| stream.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll(cx, SslStream::flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let _ = this.poll(cx, |stream| {
            stream.shutdown().map_err(|why| why.into_io_error().unwrap_or_else(io::Error::other))
        });
        Pin::new(&mut this.0.get_mut().tcp).poll_shutdown(cx)
    }
}
