//! A visitor that says exactly what a test wants: bytes of HTTP/1.1, or frames of HTTP/2.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::{Hello, TlsClientStream, World};

/// The longest wait for bytes that are to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends bytes to port 80, and hands back all that comes until the edge closes the connection.
pub(crate) async fn exchange(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the edge closes");
    String::from_utf8(answer).unwrap()
}

/// Reads until what has come ends with `end`, and hands it back.
pub(crate) async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &[u8]) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !bytes.ends_with(end) {
            bytes.push(stream.read_u8().await.expect("more to come"));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("it comes");
    String::from_utf8(bytes).unwrap()
}

pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

/// An HTTP/2 connection whose frames a test writes itself.
pub(crate) struct Frames(TlsClientStream);

/// A frame that came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frames {
    /// Connects, and says what a client has to say first.
    pub(crate) async fn connect(world: &World, name: &str) -> Self {
        let mut frames = Self::silent(world, name).await;
        write(&mut frames.0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        frames.send(SETTINGS, 0, 0, &[]).await;
        frames
    }

    /// Connects, and says nothing yet.
    pub(crate) async fn silent(world: &World, name: &str) -> Self {
        Self(Hello::to(name).http2().connect(world.edge.https_addr()).await.unwrap())
    }

    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send_raw(&frame(kind, flags, stream, payload)).await;
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        // An edge that has gone is seen by what is read.
        let _ = self.0.write_all(bytes).await;
        let _ = self.0.flush().await;
    }

    /// Sends nothing more.
    pub(crate) async fn end(&mut self) {
        let _ = self.0.shutdown().await;
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let reading = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            Some(Frame { kind: head[3], flags: head[4], stream, payload })
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("a frame, or the end")
    }

    /// The next frame of one of these kinds; `None` at the end of the connection.
    pub(crate) async fn next_of(&mut self, kinds: &[u8]) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if kinds.contains(&frame.kind) {
                return Some(frame);
            }
        }
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Headers as literals without compression (RFC 7541 section 6.2.2).
pub(crate) fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 127);
        [&[length], text.as_bytes()].concat()
    };
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}
