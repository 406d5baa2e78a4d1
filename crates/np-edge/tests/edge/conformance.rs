//! HTTP/2 as RFC 9113 and RFC 7541 have it: what a client must not send, what the edge says to it, and what it must take.
//!
//! The cases are those of the RFCs' sections, each sent as frames on a connection of its own. A connection error is a GOAWAY with
//! one of the codes, or the end of the connection; a stream error is RST_STREAM with one of them, an answer of 400 (RFC 9113,
//! section 8.1.1), or, where the RFC lets the edge be stricter, a connection error.
//!
//! In three places the h2 crate does not say what the RFCs have it say, and no harm comes of it: whatever cannot be read (a frame of
//! a wrong size, a setting out of range, a header block), and a stream that has ended, ends the connection as PROTOCOL_ERROR;
//! pseudo-fields among trailers are left out and not refused; the first frame need not be SETTINGS.

mod frames;
mod header_blocks;
mod messages;
mod streams;

use crate::{
    raw::{self, Frames, GOAWAY, HEADERS, PING, RST_STREAM, frame},
    world::World,
};

pub(crate) const HOST: &str = "app.customer.com";

pub(crate) const PROTOCOL: u32 = 1;
pub(crate) const FLOW_CONTROL: u32 = 3;
pub(crate) const STREAM_CLOSED: u32 = 5;
pub(crate) const FRAME_SIZE: u32 = 6;
pub(crate) const REFUSED: u32 = 7;
pub(crate) const COMPRESSION: u32 = 9;
pub(crate) const CALM: u32 = 11;

/// What the edge must do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    /// End the connection, for one of these reasons.
    ConnectionError(&'static [u32]),
    /// End the stream with this number, for one of these reasons, and go on with the connection.
    StreamError(u32, &'static [u32]),
    /// Answer this stream with 200.
    Answer(u32),
    /// Go on as if nothing had been.
    Nothing,
}

/// What a client sends, and what must come of it.
pub(crate) struct Case {
    pub(crate) section: &'static str,
    pub(crate) what: &'static str,
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) want: Want,
}

pub(crate) fn case<const N: usize>(
    section: &'static str,
    what: &'static str,
    sent: [Vec<u8>; N],
    want: Want,
) -> Case {
    Case { section, what, sent: sent.into(), want }
}

/// Headers of a request for `/`.
pub(crate) fn get() -> Vec<u8> {
    request("GET", &[])
}

/// Headers of a request with more fields.
pub(crate) fn request(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = raw::headers(&[
        (":method", method),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", HOST),
    ]);
    block.extend(raw::headers(more));
    block
}

/// Sends each case's frames, and looks at what comes.
pub(crate) async fn check(cases: Vec<Case>) {
    let world = World::start().await;
    world.proven(HOST).publish();
    let mut wrong = Vec::new();
    for case in cases {
        let mut frames = Frames::connect(&world, HOST).await;
        frames.send_raw(&case.sent.concat()).await;
        // Whoever goes on answers this.
        frames.send_raw(&frame(PING, 0, 0, b"are you?")).await;
        let seen = seen(&mut frames, case.want).await;
        if let Err(seen) = seen {
            wrong.push(format!("{} {}: {:?}, but {seen}", case.section, case.what, case.want));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn seen(frames: &mut Frames, want: Want) -> Result<(), String> {
    let mut pinged = false;
    let mut stream_ended = false;
    loop {
        match want {
            Want::Nothing if pinged => return Ok(()),
            Want::StreamError(..) if pinged && stream_ended => return Ok(()),
            _ => {}
        }
        let Some(frame) = frames.next().await else {
            return match want {
                Want::ConnectionError(_) | Want::StreamError(..) => Ok(()),
                _ => Err("the connection ended".to_owned()),
            };
        };
        let code = |at: usize| {
            let bytes = frame.payload.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>());
            bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
        };
        match (frame.kind, want) {
            // A graceful end says that first.
            (GOAWAY, _) if code(4) == 0 => {}
            (GOAWAY, Want::ConnectionError(codes) | Want::StreamError(_, codes))
                if codes.contains(&code(4)) || code(4) == PROTOCOL =>
            {
                return Ok(());
            }
            (GOAWAY, _) => return Err(format!("GOAWAY {}", code(4))),
            (RST_STREAM, Want::StreamError(stream, codes))
                if frame.stream == stream && codes.contains(&code(0)) =>
            {
                stream_ended = true;
            }
            // After its answer a stream may be reset, as one that nobody reads any more.
            (RST_STREAM, _) if code(0) == 0 => {}
            (RST_STREAM, _) => return Err(format!("RST_STREAM {} {}", frame.stream, code(0))),
            (HEADERS, Want::StreamError(stream, _))
                if frame.stream == stream && frame.payload.first() == Some(&STATUS_400) =>
            {
                stream_ended = true;
            }
            (HEADERS, Want::StreamError(stream, _)) if frame.stream == stream => {
                return Err(format!("an answer: {:02x?}", frame.payload));
            }
            (HEADERS, Want::Answer(stream)) if frame.stream == stream => {
                return match frame.payload.first() {
                    Some(&STATUS_200) => Ok(()),
                    _ => Err(format!("another answer: {:02x?}", frame.payload)),
                };
            }
            (PING, Want::ConnectionError(_)) if frame.payload == b"are you?" => {
                return Err("the connection goes on".to_owned());
            }
            (PING, _) if frame.payload == b"are you?" => pinged = true,
            _ => {}
        }
    }
}

/// `:status: 200` and `:status: 400` in the static table.
const STATUS_200: u8 = 0x88;
const STATUS_400: u8 = 0x8c;
