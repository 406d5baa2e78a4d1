//! Connections to origins over HTTP/2, for requests that need it: gRPC has its outcome in trailers, which few HTTP/1.1
//! servers send. Without TLS it is spoken without asking (RFC 9113 section 3.3); with TLS where the origin agrees.

use std::{cell::RefCell, collections::HashMap, pin::pin, rc::Rc, task::Poll};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use crate::{
    proxy::request_body::RequestBody,
    stream::Stream,
    upstream::{
        Fault, Place,
        connection::{SendError, chain, silent},
    },
    watch::{Clock, Party},
};

/// The most origins to which connections are kept.
const PLACES_MAX: usize = 4096;
/// How much of an answer an origin may send ahead.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Runs hyper's parts of a connection on this thread.
#[derive(Debug, Clone, Copy)]
struct ThisThread;

impl<F: Future + 'static> hyper::rt::Executor<F> for ThisThread {
    fn execute(&self, part: F) {
        tokio::task::spawn_local(async move { drop(part.await) });
    }
}

/// The connections of one thread: one to each place.
#[derive(Default)]
pub(crate) struct Shared(RefCell<HashMap<Place, SendRequest<RequestBody>>>);

impl Shared {
    /// The connection to a place, if it is open.
    pub(super) fn find(&self, place: &Place) -> Option<SendRequest<RequestBody>> {
        let known = self.0.borrow().get(place).cloned()?;
        if known.is_closed() {
            self.0.borrow_mut().remove(place);
            return None;
        }
        Some(known)
    }

    /// Makes a connection over a fresh stream, and keeps it.
    pub(super) async fn over(
        &self,
        stream: Stream,
        place: &Place,
    ) -> Result<SendRequest<RequestBody>, Fault> {
        let mut builder = http2::Builder::new(ThisThread);
        builder
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        let shaken = builder.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = shaken.map_err(|why| Fault::Broken(chain(&why)))?;
        tokio::task::spawn_local(async move { drop(driver.await) });
        let mut known = self.0.borrow_mut();
        if known.len() >= PLACES_MAX {
            known.retain(|_, sender| !sender.is_closed());
        }
        if known.len() < PLACES_MAX {
            known.insert(place.clone(), sender.clone());
        }
        Ok(sender)
    }
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send(
    mut sender: SendRequest<RequestBody>,
    request: Request<RequestBody>,
    clock: &Rc<Clock>,
) -> Result<Response<Incoming>, SendError> {
    let failed = request.body().failure();
    let mut answer = pin!(sender.try_send_request(request));
    let answered = std::future::poll_fn(|cx| {
        if let Some(party) = clock.expired() {
            return Poll::Ready(Err(SendError { fault: silent(party), unsent: None }));
        }
        clock.wait_for(Party::Origin, cx.waker());
        answer.as_mut().poll(cx).map_err(|mut why| {
            let unsent = why.take_message();
            let fault = match failed.get() {
                true => Fault::Client,
                false => Fault::Broken(chain(why.error())),
            };
            SendError { fault, unsent }
        })
    });
    let answered = answered.await;
    clock.moved();
    answered
}
