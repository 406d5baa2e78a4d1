//! Bodies that nobody read to their end, such as of a request without permission.
//!
//! The server closes the connection then, because it cannot tell where the next request begins. A client that is not told
//! so (RFC 9112 section 9.6) sends its next request into a connection that is being closed.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header::CONNECTION};
use hyper::body::{Frame, SizeHint};

/// Tells the client that the connection ends with an answer to a body that was not read.
pub(crate) async fn told(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let ended = Arc::new(AtomicBool::new(false));
    let watched = |body| Body::new(Watched { body, ended: Arc::clone(&ended) });
    let mut response = next.run(request.map(watched)).await;
    if !ended.load(Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A body that says when it has been read.
struct Watched {
    body: Body,
    ended: Arc<AtomicBool>,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.ended.store(true, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
