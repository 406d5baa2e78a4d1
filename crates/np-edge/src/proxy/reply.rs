//! The body of an answer on its way to the client. It holds its exchange, which so ends with the last byte.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{
    metrics::RequestOutcome,
    proxy::{exchange::Exchange, failure::Failure},
    upstream::{Fault, connection::AnswerBody},
};

/// The body.
pub(crate) struct Reply {
    source: Source,
    exchange: Exchange,
    /// How the exchange ended if all of this arrives.
    outcome: RequestOutcome,
    frames: u64,
}

enum Source {
    Whole(Bytes),
    Origin(AnswerBody),
}

impl Reply {
    /// A body of the edge's own.
    pub(crate) fn whole(bytes: Bytes, exchange: Exchange, outcome: RequestOutcome) -> Self {
        Self { source: Source::Whole(bytes), exchange, outcome, frames: 0 }.settled()
    }

    /// The origin's body.
    pub(crate) fn origin(body: AnswerBody, exchange: Exchange) -> Self {
        let (source, outcome) = (Source::Origin(body), RequestOutcome::Proxied);
        Self { source, exchange, outcome, frames: 0 }.settled()
    }

    /// The exchange, such as for noting that it was given up.
    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Whether nothing of it has been sent before what was just taken.
    pub(crate) fn is_first(&self) -> bool {
        self.frames <= 1
    }

    fn settled(mut self) -> Self {
        if self.is_end_stream() {
            self.exchange.outcome = self.outcome;
        }
        self
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        let frame = match &mut this.source {
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(Ok(Frame::data(bytes)))
            }
            Source::Origin(body) => ready!(Pin::new(body).poll_frame(cx)),
        };
        match &frame {
            Some(Ok(frame)) => {
                this.frames += 1;
                this.exchange.sent_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if this.is_end_stream() {
                    this.exchange.outcome = this.outcome;
                }
            }
            Some(Err(fault)) => {
                this.exchange.failure = Failure::of(fault);
                this.exchange.detail = Some(fault.to_string());
            }
            None => this.exchange.outcome = this.outcome,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Origin(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Origin(body) => body.size_hint(),
        }
    }
}
