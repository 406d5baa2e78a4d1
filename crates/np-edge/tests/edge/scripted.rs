//! An origin that says exactly what a test wants, byte by byte, and keeps what it was sent.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the origin does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Waits for the next request on the connection.
    Stay,
    /// Closes the connection without having said so.
    Close,
}

/// The origin.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers each request with what `reply` makes of it: its head, and its body when it has a length or is chunked.
    pub(crate) async fn start(
        after: After,
        reply: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, reply) = (Arc::clone(&seen), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                tokio::spawn(serve(stream, after, kept, reply));
            }
        });
        Self { port, seen }
    }

    /// What it was sent.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    after: After,
    seen: Arc<Mutex<Vec<String>>>,
    reply: Arc<impl Fn(&str) -> String>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let answer = reply(&request);
        seen.lock().unwrap().push(request);
        if stream.write_all(answer.as_bytes()).await.is_err() || after == After::Close {
            return;
        }
    }
}

/// One request with its body; `None` at the end of the connection. Whatever follows it would be seen as another request.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes.clone()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    if let Some(length) = length {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        bytes.extend(body);
    } else if head.contains("transfer-encoding: chunked") {
        let from = bytes.len();
        while !bytes[from..].ends_with(b"0\r\n\r\n") {
            bytes.push(stream.read_u8().await.ok()?);
        }
    }
    Some(String::from_utf8(bytes).unwrap())
}

/// An answer with a body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
