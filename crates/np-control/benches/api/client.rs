//! A small HTTP/1.1 client: one connection, one request at a time. It must cost little, because it shares the machine with
//! what is measured.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What ends the head of an answer.
const END: &[u8] = b"\r\n\r\n";
/// What the length of a body stands after.
const LENGTH: &[u8] = b"\r\ncontent-length:";

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    token: String,
    request: String,
    answer: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (request, answer) = (String::new(), Vec::with_capacity(1 << 17));
        Ok(Self { stream, token: token.to_owned(), request, answer })
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> anyhow::Result<Answer<'_>> {
        use std::fmt::Write as _;
        self.request.clear();
        write!(
            self.request,
            "{method} /client/v4{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )?;
        self.stream.write_all(self.request.as_bytes()).await?;
        self.answer.clear();
        let head = loop {
            if let Some(end) = find(&self.answer, END) {
                break end + END.len();
            }
            self.read().await?;
        };
        let text = |range| std::str::from_utf8(self.answer.get(range).unwrap_or_default());
        let status = text(9..12)?.parse().context("a status")?;
        let after = find(&self.answer[..head], LENGTH).context("a length")? + LENGTH.len();
        let length = text(after..head)?.split("\r\n").next().unwrap_or_default();
        let length: usize = length.trim().parse().context("a length")?;
        while self.answer.len() < head + length {
            self.read().await?;
        }
        Ok(Answer { status, body: &self.answer[head..head + length] })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        let count = self.stream.read_buf(&mut self.answer).await?;
        anyhow::ensure!(count > 0, "the server closed the connection");
        Ok(())
    }
}

/// Where `part`, in small letters, stands first.
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part))
}

impl Answer<'_> {
    /// Fails with what was said, unless it has this status.
    pub(crate) fn expect(&self, status: u16) -> anyhow::Result<()> {
        let said = || String::from_utf8_lossy(self.body).into_owned();
        anyhow::ensure!(self.status == status, "{} instead of {status}: {}", self.status, said());
        Ok(())
    }
}
