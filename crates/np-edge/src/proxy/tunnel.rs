//! Connections that go on in another protocol, such as WebSocket: once both sides have agreed, bytes are passed on as
//! they come until one side ends or both are silent for too long.

use std::{
    cell::Cell,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};

use crate::{
    proxy::{client::Client, exchange::Exchange, request_body::RequestBody},
    upstream::{
        Fault,
        connection::{AnswerBody, Connection},
    },
    watch::{Control, Entered},
    worker::Worker,
};

/// What is passed on at a time.
const BUFFER_BYTES: usize = 16 * 1024;

/// A client's wish to go on in another protocol.
pub(crate) struct Upgrade {
    pub(crate) client: OnUpgrade,
    pub(crate) protocol: HeaderValue,
}

impl Upgrade {
    /// Asks the origin for it.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, self.protocol.clone());
    }

    /// Sends the request, and joins both sides once the origin agrees.
    pub(crate) async fn through(
        self,
        worker: &Rc<Worker>,
        exchange: &Exchange,
        connection: Connection,
        request: Request<RequestBody>,
    ) -> Result<Response<AnswerBody>, Fault> {
        let clock = exchange.clock.share();
        let mut response = connection.send_upgrade(request, &clock).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let origin = hyper::upgrade::on(&mut response);
            let idle = worker.shared.settings.limits.tunnel_idle_timeout;
            let place = Place {
                _client: Rc::clone(&exchange.client),
                _control: worker.watch.control(None),
            };
            tokio::task::spawn_local(join(self.client, origin, idle, place));
        }
        Ok(response.map(|incoming| AnswerBody::detached(incoming, &clock)))
    }
}

/// What a tunnel holds: its connection's place, and an entry among the connections that a drain waits for.
struct Place {
    _client: Rc<Client>,
    _control: Entered<Control>,
}

async fn join(client: OnUpgrade, origin: OnUpgrade, idle: Duration, place: Place) {
    if let (Ok(client), Ok(origin)) = (client.await, origin.await) {
        // A side that breaks off has ended the tunnel as much as one that closes.
        let _ = pass(TokioIo::new(client), TokioIo::new(origin), idle).await;
    }
    drop(place);
}

/// Passes bytes on in both directions until both have ended, one has broken off, or nothing moved for `idle`.
pub(crate) async fn pass<A, B>(a: A, b: B, idle: Duration) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let moved = Cell::new(Instant::now());
    let (a_reads, a_writes) = split(a);
    let (b_reads, b_writes) = split(b);
    let both = async {
        tokio::try_join!(one_way(a_reads, b_writes, &moved), one_way(b_reads, a_writes, &moved))
    };
    tokio::select! {
        done = both => done.map(|_| ()),
        () = silence(&moved, idle) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: &Cell<Instant>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        moved.set(Instant::now());
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
        moved.set(Instant::now());
    }
}

async fn silence(moved: &Cell<Instant>, idle: Duration) {
    loop {
        let left = idle.saturating_sub(moved.get().elapsed());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left).await;
    }
}
