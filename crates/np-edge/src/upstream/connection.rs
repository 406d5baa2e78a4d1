//! One connection to an origin, which speaks HTTP/1.1, and the answer that comes over it.
//!
//! The connection has no task of its own: whoever waits for its answer drives it. A request then costs no switch between
//! tasks, and a connection lives and dies with its exchange unless it goes back to the pool.

use std::{
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use crate::{
    proxy::request_body::RequestBody,
    pulse::Pulse,
    stream::Stream,
    upstream::{Fault, Place, pool::Pool},
    watch::{Clock, Party},
};

/// The largest body that is taken over whole before the answer goes on, when it has come with its head.
const WHOLE_BODY_MAX: u64 = 16 * 1024;
/// The largest head of an answer.
const ANSWER_HEAD_BYTES_MAX: usize = 128 * 1024;

type Driver = http1::Connection<TokioIo<Stream>, RequestBody>;

/// The connection.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    driver: Box<Driver>,
    pulse: Arc<Pulse>,
}

/// A request was not answered. It is here again if nothing of it was sent.
pub(crate) struct SendError {
    pub(crate) fault: Fault,
    pub(crate) unsent: Option<Request<RequestBody>>,
}

/// An answer and its body.
pub(crate) type Answer = Response<AnswerBody>;

impl Connection {
    pub(super) async fn over(stream: Stream) -> Result<Self, Fault> {
        let pulse = stream.pulse();
        let mut builder = http1::Builder::new();
        builder.max_buf_size(ANSWER_HEAD_BYTES_MAX);
        let shaken = builder.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = shaken.map_err(|why| Fault::Broken(why.to_string()))?;
        Ok(Self { sender, driver: Box::new(driver), pulse })
    }

    /// Whether a request can be sent. Whatever an origin says unasked ends the connection.
    pub(super) fn is_open(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut *self.driver).poll(&mut cx).is_pending() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn send(
        mut self,
        request: Request<RequestBody>,
        clock: &Rc<Clock>,
        pool: &Rc<Pool>,
        place: Place,
    ) -> Result<Answer, SendError> {
        let mut driver = Some(self.driver);
        let failed = request.body().failure();
        let mut answer = pin!(self.sender.try_send_request(request));
        let pulse = &self.pulse;
        let response = std::future::poll_fn(|cx| {
            if let Some(party) = clock.expired() {
                return Poll::Ready(Err(SendError { fault: silent(party), unsent: None }));
            }
            clock.wait_for(Party::Origin, cx.waker());
            if let Some(open) = &mut driver
                && Pin::new(&mut **open).poll(cx).is_ready()
            {
                driver = None;
            }
            match answer.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut why)) => {
                    let unsent = why.take_message();
                    let fault = match failed.get() {
                        true => Fault::Client,
                        false => Fault::Broken(chain(why.error())),
                    };
                    Poll::Ready(Err(SendError { fault, unsent }))
                }
                Poll::Pending => {
                    if pulse.is_blocked() {
                        clock.wait_for(Party::OriginIntake, cx.waker());
                    }
                    Poll::Pending
                }
            }
        });
        let response = response.await?;
        clock.moved();
        let (head, incoming) = response.into_parts();
        let lease = driver.map(|driver| Lease {
            connection: Self { sender: self.sender, driver, pulse: self.pulse },
            pool: Rc::clone(pool),
            place,
        });
        let mut body = AnswerBody { incoming, lease, whole: None, clock: Rc::clone(clock) };
        body.take_whole().await;
        Ok(Response::from_parts(head, body))
    }

    /// Sends a request that asks for another protocol. The connection gets a task, for it will not come back.
    pub(crate) async fn send_upgrade(
        mut self,
        request: Request<RequestBody>,
        clock: &Rc<Clock>,
    ) -> Result<Response<Incoming>, Fault> {
        tokio::task::spawn_local(self.driver.with_upgrades());
        let mut answer = pin!(self.sender.send_request(request));
        let answered = std::future::poll_fn(|cx| {
            if let Some(party) = clock.expired() {
                return Poll::Ready(Err(silent(party)));
            }
            clock.wait_for(Party::Origin, cx.waker());
            answer.as_mut().poll(cx).map_err(|why| Fault::Broken(chain(&why)))
        });
        let answered = answered.await;
        clock.moved();
        answered
    }
}

pub(super) fn silent(party: Party) -> Fault {
    match party {
        Party::Client => Fault::ClientSilent,
        Party::Edge | Party::Origin | Party::OriginIntake => Fault::Silent,
    }
}

/// An error with its causes.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is to be done with the connection once the answer has ended.
struct Lease {
    connection: Connection,
    pool: Rc<Pool>,
    place: Place,
}

/// The body of an answer, which drives the connection that it comes over.
pub(crate) struct AnswerBody {
    incoming: Incoming,
    lease: Option<Lease>,
    /// The body, when all of it has come.
    whole: Option<Bytes>,
    clock: Rc<Clock>,
}

impl AnswerBody {
    /// The body of an answer whose connection has a task of its own.
    pub(crate) fn detached(incoming: Incoming, clock: &Rc<Clock>) -> Self {
        Self { incoming, lease: None, whole: None, clock: Rc::clone(clock) }
    }

    /// Takes a small body over when it came with its head, as most do: then the answer leaves as one, and the connection
    /// is free at once.
    async fn take_whole(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
            return;
        }
        let length = match self.incoming.size_hint().exact() {
            Some(length) if length <= WHOLE_BODY_MAX => length,
            _ => return,
        };
        let first = std::future::poll_fn(|cx| Poll::Ready(self.poll_incoming(cx))).await;
        match first {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.into_data().unwrap_or_default();
                let is_whole = u64::try_from(bytes.len()) == Ok(length);
                self.whole = Some(bytes);
                if is_whole {
                    self.release();
                }
            }
            Poll::Ready(_) | Poll::Pending => {}
        }
    }

    /// Gives the connection back if it can be used again.
    fn release(&mut self) {
        if let Some(Lease { mut connection, pool, place }) = self.lease.take()
            && connection.is_open()
        {
            pool.put(place, connection);
        }
    }

    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // The first look tells the driver that there is room, the driver fills it, the second look takes it.
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let Some(lease) = &mut self.lease else { return Poll::Pending };
        if Pin::new(&mut *lease.connection.driver).poll(cx).is_ready() {
            self.lease = None;
        }
        Pin::new(&mut self.incoming).poll_frame(cx)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        if let Some(party) = this.clock.expired() {
            return Poll::Ready(Some(Err(silent(party))));
        }
        if let Some(whole) = this.whole.take() {
            return Poll::Ready(Some(Ok(Frame::data(whole))));
        }
        match this.poll_incoming(cx) {
            Poll::Pending => {
                this.clock.wait_for(Party::Origin, cx.waker());
                Poll::Pending
            }
            Poll::Ready(Some(Ok(frame))) => {
                // Until the next look it is the client that has to take this.
                this.clock.moved();
                this.clock.wait_for(Party::Client, cx.waker());
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(why))) => Poll::Ready(Some(Err(Fault::Broken(chain(&why))))),
            Poll::Ready(None) => {
                this.release();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.incoming.size_hint();
        let Some(whole) = &self.whole else { return left };
        let held = whole.len() as u64;
        match left.exact() {
            Some(left) => SizeHint::with_exact(left + held),
            None => SizeHint::default(),
        }
    }
}
