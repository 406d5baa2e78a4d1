//! A visitor's connection that speaks HTTP/2, over the h2 crate itself: hyper's server has no way to send 1xx answers.
//!
//! Each request has a task of its own, on the thread of its connection. A client that gives up requests as fast as it makes
//! them is sent away: each costs us more than it.

use std::{
    cell::Cell,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Reason, RecvStream, SendStream,
    server::{self, SendResponse},
};
use http::{HeaderMap, Request, Response, header};
use http_body::Body;

use crate::{
    interim::Interim,
    proxy::{self, client::Client, reply::Reply, request_body::RequestBody},
    pulse::{Phase, Pulse},
    stream::Stream,
    watch::{Order, Party},
    worker::Worker,
};

/// How much of a request body a client may send ahead, on one stream and on all of a connection.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// How much of an answer is handed over at once without waiting for the client to have room for it.
const UNASKED_BYTES_MAX: usize = 16 * 1024;
/// The most requests that a client may give up before their answer, and in which time (CVE-2023-44487).
const RESETS_MAX: u32 = 200;
const RESETS_WINDOW: Duration = Duration::from_secs(10);

/// Serves the connection to its end.
pub(crate) async fn serve(worker: &Rc<Worker>, client: &Rc<Client>, stream: Stream) {
    let limits = &worker.shared.settings.limits;
    let pulse = stream.pulse();
    pulse.enter(Phase::Quiet);
    let control = worker.watch.control(Some(Arc::clone(&pulse)));
    let header_bytes = u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX);
    let handshake = server::Builder::new()
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(limits.http2_streams_max)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .handshake::<_, Bytes>(stream);
    let greeting = tokio::time::timeout(limits.client_head_timeout, handshake).await;
    let Ok(Ok(mut connection)) = greeting else { return };
    let streams = Rc::new(Streams::new(pulse));
    let mut finishing = false;
    let mut next = async || {
        std::future::poll_fn(|cx| {
            match control.order(cx.waker()) {
                Order::Serve => {}
                Order::Finish => {
                    if !std::mem::replace(&mut finishing, true) {
                        connection.graceful_shutdown();
                    }
                }
                Order::End => return Poll::Ready(None),
            }
            if streams.are_given_up_too_often() {
                connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            }
            connection.poll_accept(cx)
        })
        .await
    };
    while let Some(Ok((request, respond))) = next().await {
        let (worker, client) = (Rc::clone(worker), Rc::clone(client));
        let place = streams.enter();
        tokio::task::spawn_local(async move {
            if exchange(&worker, client, request, respond).await == Err(GivenUp) {
                place.0.given_up();
            }
        });
    }
}

/// The requests under way on one connection, and those given up lately.
struct Streams {
    open: Cell<usize>,
    pulse: Arc<Pulse>,
    given_up: Cell<u32>,
    since: Cell<Instant>,
}

/// One of them, until this is dropped.
struct Place(Rc<Streams>);

impl Streams {
    fn new(pulse: Arc<Pulse>) -> Self {
        let (open, given_up) = (Cell::new(0), Cell::new(0));
        Self { open, pulse, given_up, since: Cell::new(Instant::now()) }
    }

    fn enter(self: &Rc<Self>) -> Place {
        if self.open.replace(self.open.get() + 1) == 0 {
            self.pulse.enter(Phase::Exchange);
        }
        Place(Rc::clone(self))
    }

    fn given_up(&self) {
        if self.since.get().elapsed() > RESETS_WINDOW {
            self.since.set(Instant::now());
            self.given_up.set(0);
        }
        self.given_up.set(self.given_up.get() + 1);
    }

    fn are_given_up_too_often(&self) -> bool {
        self.given_up.get() > RESETS_MAX
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = self.0.open.get().saturating_sub(1);
        self.0.open.set(open);
        if open == 0 {
            self.0.pulse.enter(Phase::Quiet);
        }
    }
}

/// The client has gone, or wants no answer any more.
#[derive(Debug, PartialEq, Eq)]
struct GivenUp;

/// One request.
async fn exchange(
    worker: &Rc<Worker>,
    client: Rc<Client>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), GivenUp> {
    let interim = Interim::http2();
    let expects = request.headers().contains_key(header::EXPECT);
    let request = request.map(|body| {
        let body = RequestBody::http2(body);
        if expects { body.expected(interim.clone()) } else { body }
    });
    let mut answer = pin!(proxy::answer(worker, client, request, interim.clone()));
    let response = std::future::poll_fn(|cx| {
        if respond.poll_reset(cx).is_ready() {
            return Poll::Ready(Err(GivenUp));
        }
        let answered = answer.as_mut().poll(cx).map(Ok);
        for response in interim.waiting() {
            // One that cannot be sent is left out.
            let _ = respond.send_informational(response);
        }
        answered
    });
    let (head, reply) = response.await?.into_parts();
    let ended = reply.is_end_stream();
    let sent = respond.send_response(Response::from_parts(head, ()), ended);
    let stream = sent.map_err(|_| GivenUp)?;
    if ended { Ok(()) } else { send(stream, reply).await }
}

async fn send(mut stream: SendStream<Bytes>, reply: Reply) -> Result<(), GivenUp> {
    let mut reply = pin!(reply);
    loop {
        let frame = std::future::poll_fn(|cx| {
            if stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Err(GivenUp));
            }
            reply.as_mut().poll_frame(cx).map(Ok)
        });
        let Some(frame) = frame.await? else {
            return stream.send_data(Bytes::new(), true).map_err(|_| GivenUp);
        };
        let Ok(frame) = frame else {
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        };
        match frame.into_data() {
            Ok(data) => {
                let ended = reply.is_end_stream();
                send_data(&mut stream, &reply, data, ended).await?;
                if ended {
                    return Ok(());
                }
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_else(|_| HeaderMap::new());
                return stream.send_trailers(trailers).map_err(|_| GivenUp);
            }
        }
    }
}

/// Sends a part of a body as the client has room for it.
async fn send_data(
    stream: &mut SendStream<Bytes>,
    reply: &Pin<&mut Reply>,
    mut data: Bytes,
    ended: bool,
) -> Result<(), GivenUp> {
    while data.len() > UNASKED_BYTES_MAX {
        let room = room(stream, reply, data.len()).await?;
        let part = data.split_to(room.min(data.len()));
        let last = ended && data.is_empty();
        stream.send_data(part, last).map_err(|_| GivenUp)?;
        if last {
            return Ok(());
        }
    }
    // A body that is whole may wait in the connection; of others every part waits here, or they would gather there.
    if !(ended && reply.is_first()) {
        room(stream, reply, 1).await?;
    }
    stream.send_data(data, ended).map_err(|_| GivenUp)
}

async fn room(
    stream: &mut SendStream<Bytes>,
    reply: &Pin<&mut Reply>,
    wanted: usize,
) -> Result<usize, GivenUp> {
    stream.reserve_capacity(wanted);
    let clock = &reply.exchange().clock;
    std::future::poll_fn(|cx| {
        if clock.expired().is_some() {
            stream.send_reset(Reason::CANCEL);
            return Poll::Ready(Err(GivenUp));
        }
        if stream.poll_reset(cx).is_ready() {
            return Poll::Ready(Err(GivenUp));
        }
        loop {
            match stream.capacity() {
                0 => {}
                room => return Poll::Ready(Ok(room)),
            }
            match stream.poll_capacity(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(Err(GivenUp)),
                Poll::Pending => {
                    clock.wait_for(Party::Client, cx.waker());
                    return Poll::Pending;
                }
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gives_requests_up_too_often_is_noticed() {
        let streams = Rc::new(Streams::new(Arc::default()));
        for _ in 0..RESETS_MAX {
            streams.enter().0.given_up();
        }
        assert!(!streams.are_given_up_too_often());
        streams.given_up();
        assert!(streams.are_given_up_too_often());
        assert_eq!(streams.open.get(), 0);
    }
}
