//! The states of streams: RFC 9113, sections 5.1, 5.3 and 5.4.

use super::{
    PROTOCOL, REFUSED, STREAM_CLOSED,
    Want::{Answer, ConnectionError, Nothing, StreamError},
    case, check, get, request,
};
use crate::{
    raw::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PRIORITY, RST_STREAM,
        WINDOW_UPDATE, frame,
    },
    scripted::{After, Scripted},
    world::{World, open_settings},
};

const WHOLE: u8 = END_HEADERS | END_STREAM;

#[tokio::test]
async fn a_stream_takes_only_what_its_state_allows() {
    let whole = || frame(HEADERS, WHOLE, 1, &get());
    let open = || frame(HEADERS, END_HEADERS, 1, &request("POST", &[]));
    let reset = || frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    check(vec![
        case(
            "5.1",
            "DATA on an idle stream",
            [frame(DATA, END_STREAM, 1, b"x")],
            ConnectionError(&[PROTOCOL, STREAM_CLOSED]),
        ),
        case("5.1", "RST_STREAM on an idle stream", [reset()], ConnectionError(&[PROTOCOL])),
        case(
            "5.1",
            "WINDOW_UPDATE on an idle stream",
            [frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 9])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "5.1",
            "CONTINUATION on an idle stream",
            [frame(CONTINUATION, END_HEADERS, 1, &get())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "5.1",
            "PRIORITY on an idle stream",
            [frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])],
            Nothing,
        ),
        case(
            "5.1",
            "DATA after the end of the stream",
            [whole(), frame(DATA, END_STREAM, 1, b"x")],
            StreamError(1, &[STREAM_CLOSED, PROTOCOL]),
        ),
        case(
            "5.1",
            "HEADERS after the end of the stream",
            [whole(), whole()],
            StreamError(1, &[STREAM_CLOSED, PROTOCOL]),
        ),
        case(
            "5.1",
            "CONTINUATION after the end of the stream",
            [whole(), frame(CONTINUATION, END_HEADERS, 1, &[])],
            ConnectionError(&[PROTOCOL, STREAM_CLOSED]),
        ),
        case(
            "5.1",
            "WINDOW_UPDATE after the end of the stream",
            [whole(), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 9])],
            Answer(1),
        ),
        case(
            "5.1",
            "PRIORITY after the end of the stream",
            [whole(), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])],
            Answer(1),
        ),
        case("5.1", "RST_STREAM after the end of the stream", [whole(), reset()], Nothing),
        case(
            "5.1",
            "PRIORITY after RST_STREAM",
            [open(), reset(), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])],
            Nothing,
        ),
        case(
            "5.1",
            "HEADERS after RST_STREAM",
            [open(), reset(), whole()],
            ConnectionError(&[STREAM_CLOSED, PROTOCOL]),
        ),
        case(
            "5.1",
            "CONTINUATION after RST_STREAM",
            [open(), reset(), frame(CONTINUATION, END_HEADERS, 1, &[])],
            ConnectionError(&[STREAM_CLOSED, PROTOCOL]),
        ),
        case(
            "5.1.1",
            "a stream with an even number",
            [frame(HEADERS, WHOLE, 2, &get())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "5.1.1",
            "a stream with a smaller number than the last",
            [frame(HEADERS, WHOLE, 5, &get()), frame(HEADERS, WHOLE, 3, &get())],
            ConnectionError(&[PROTOCOL, STREAM_CLOSED]),
        ),
        case("5.1.1", "streams that are left out", [frame(HEADERS, WHOLE, 77, &get())], Answer(77)),
        case(
            "5.3",
            "a priority that the RFC has given up",
            [frame(PRIORITY, 0, 3, &[0x80, 0, 0, 1, 7]), whole()],
            Answer(1),
        ),
    ])
    .await;
}

#[tokio::test]
async fn no_more_streams_are_open_than_the_edge_has_said() {
    let mut settings = open_settings();
    settings.limits.http2_streams_max = 2;
    let world = World::with(settings).await;
    world.proven(super::HOST).publish();
    // Nobody is answered, so that all stay open.
    let silent = Scripted::start(After::Stay, |_| String::new()).await;
    world.fall_back_to(&format!("origin.provider.com:{}", silent.port));
    let mut frames = Frames::connect(&world, super::HOST).await;
    for stream in [1, 3, 5] {
        frames.send(HEADERS, WHOLE, stream, &get()).await;
    }
    let refused = frames.next_of(&[RST_STREAM]).await.unwrap();
    assert_eq!((refused.stream, refused.payload), (5, REFUSED.to_be_bytes().to_vec()));
}
