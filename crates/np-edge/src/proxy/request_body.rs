//! The body of a client's request on its way to the origin. It is passed on as it comes; nothing is gathered.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use thiserror::Error;

use crate::{
    interim::Interim,
    watch::{Clock, Party},
};

/// The client did not send its request to the end.
#[derive(Debug, Error)]
#[error("the request broke off")]
pub(crate) struct BrokenOff;

/// The body.
pub(crate) struct RequestBody {
    source: Source,
    clock: Option<Rc<Clock>>,
    failure: Rc<Cell<bool>>,
    /// Where to say that the client may send, when it waits to be told.
    expected: Option<Interim>,
}

enum Source {
    Empty,
    Http1(Incoming),
    Http2 { stream: RecvStream, ended: bool },
}

impl RequestBody {
    pub(crate) fn empty() -> Self {
        Self { source: Source::Empty, clock: None, failure: Rc::default(), expected: None }
    }

    pub(crate) fn http1(incoming: Incoming) -> Self {
        let source = if incoming.is_end_stream() { Source::Empty } else { Source::Http1(incoming) };
        Self { source, clock: None, failure: Rc::default(), expected: None }
    }

    pub(crate) fn http2(stream: RecvStream) -> Self {
        let source = match stream.is_end_stream() {
            true => Source::Empty,
            false => Source::Http2 { stream, ended: false },
        };
        Self { source, clock: None, failure: Rc::default(), expected: None }
    }

    /// Tells the client to send (`Expect: 100-continue`) once somebody reads.
    pub(crate) fn expected(self, interim: Interim) -> Self {
        Self { expected: Some(interim), ..self }
    }

    /// Notes on `clock` when the client has to send.
    pub(crate) fn timed(self, clock: Rc<Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.source, Source::Empty)
    }

    /// Turns true when the client broke off.
    pub(crate) fn failure(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.failure)
    }
}

impl Source {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Http1(incoming) => Pin::new(incoming).poll_frame(cx).map_err(|_| BrokenOff),
            Self::Http2 { stream, ended: false } => match ready!(stream.poll_data(cx)) {
                Some(Ok(bytes)) => {
                    // What is passed on may be followed by more.
                    let _ = stream.flow_control().release_capacity(bytes.len());
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                Some(Err(_)) => Poll::Ready(Some(Err(BrokenOff))),
                None => {
                    *self = match std::mem::replace(self, Self::Empty) {
                        Self::Http2 { stream, .. } => Self::Http2 { stream, ended: true },
                        other => other,
                    };
                    self.poll(cx)
                }
            },
            Self::Http2 { stream, ended: true } => {
                let trailers = ready!(stream.poll_trailers(cx));
                *self = Self::Empty;
                match trailers {
                    Ok(Some(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                    Ok(None) => Poll::Ready(None),
                    Err(_) => Poll::Ready(Some(Err(BrokenOff))),
                }
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = self.get_mut();
        if let Some(interim) = this.expected.take() {
            interim.send(StatusCode::CONTINUE, &HeaderMap::new());
        }
        let polled = this.source.poll(cx);
        match (&polled, &this.clock) {
            (Poll::Pending, Some(clock)) => clock.wait_for(Party::Client, cx.waker()),
            (Poll::Ready(Some(Err(_))), _) => this.failure.set(true),
            (Poll::Ready(_), Some(clock)) => clock.moved(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Http1(incoming) => incoming.is_end_stream(),
            Source::Http2 { stream, ended } => !ended && stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Http1(incoming) => incoming.size_hint(),
            Source::Http2 { .. } => SizeHint::default(),
        }
    }
}
