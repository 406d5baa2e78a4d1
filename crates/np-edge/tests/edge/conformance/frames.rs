//! Frames by themselves: RFC 9113, sections 3.4, 4 and 6.

use super::{
    CALM, COMPRESSION, FLOW_CONTROL, FRAME_SIZE, PROTOCOL, STREAM_CLOSED,
    Want::{Answer, ConnectionError, Nothing, StreamError},
    case, check, get, request,
};
use crate::{
    raw::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, PADDED, PING,
        PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
    },
    world::World,
};

const WHOLE: u8 = END_HEADERS | END_STREAM;
/// The largest frame that is taken when nobody has said otherwise.
const FRAME_BYTES_MAX: usize = 16_384;

fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

#[tokio::test]
async fn a_connection_begins_with_the_preface_and_settings() {
    let world = World::start().await;
    world.proven(super::HOST).publish();
    let mut frames = Frames::connect(&world, super::HOST).await;
    assert_eq!(frames.next().await.map(|frame| frame.kind), Some(SETTINGS), "3.4: SETTINGS first");
    let mut wrong = Frames::silent(&world, super::HOST).await;
    wrong.send_raw(b"PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n").await;
    while let Some(frame) = wrong.next().await {
        assert!([SETTINGS, GOAWAY].contains(&frame.kind), "3.4: {frame:?}");
    }
}

#[tokio::test]
async fn settings_are_acknowledged_and_pings_answered_with_what_they_hold() {
    let world = World::start().await;
    world.proven(super::HOST).publish();
    let mut frames = Frames::connect(&world, super::HOST).await;
    frames.send(PING, 0, 0, b"8 bytes.").await;
    let (mut acknowledged, mut answered) = (false, false);
    while !(acknowledged && answered) {
        let frame = frames.next().await.expect("the connection goes on");
        acknowledged |= frame.kind == SETTINGS && frame.flags == 1 && frame.payload.is_empty();
        answered |= frame.kind == PING && frame.flags == 1 && frame.payload == b"8 bytes.";
    }
    // One that is an answer is not answered.
    frames.send(PING, 1, 0, b"an echo.").await;
    frames.send(PING, 0, 0, b"a second").await;
    loop {
        let frame = frames.next_of(&[PING]).await.expect("the connection goes on");
        assert_ne!(frame.payload, b"an echo.", "6.7");
        if frame.payload == b"a second" {
            break;
        }
    }
}

#[tokio::test]
async fn frames_have_the_size_the_stream_and_the_values_that_they_must_have() {
    let large = vec![0; FRAME_BYTES_MAX + 1];
    let open = || frame(HEADERS, END_HEADERS, 1, &request("POST", &[]));
    check(vec![
        case("4.1", "a frame of an unknown kind", [frame(0x16, 0, 0, b"12345678")], Nothing),
        case("4.1", "flags that mean nothing", [frame(PING, 0xfe, 0, b"12345678")], Nothing),
        case("4.1", "the reserved bit", [frame(HEADERS, WHOLE, 1 | 1 << 31, &get())], Answer(1)),
        case(
            "4.2",
            "DATA of 2^14 bytes",
            [open(), frame(DATA, END_STREAM, 1, &large[..FRAME_BYTES_MAX])],
            Answer(1),
        ),
        case(
            "4.2",
            "DATA of more",
            [open(), frame(DATA, 0, 1, &large)],
            StreamError(1, &[FRAME_SIZE]),
        ),
        case(
            "4.2",
            "HEADERS of more",
            [frame(HEADERS, WHOLE, 1, &large)],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case("6.1", "DATA on stream 0", [frame(DATA, 0, 0, b"x")], ConnectionError(&[PROTOCOL])),
        case(
            "6.1",
            "DATA with more padding than it has",
            [open(), frame(DATA, PADDED, 1, &[9, b'x'])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.1",
            "DATA with padding",
            [open(), frame(DATA, PADDED | END_STREAM, 1, &[2, b'x', 0, 0])],
            Answer(1),
        ),
        case(
            "6.2",
            "HEADERS on stream 0",
            [frame(HEADERS, WHOLE, 0, &get())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.2",
            "HEADERS with more padding than they have",
            [frame(HEADERS, WHOLE | PADDED, 1, &[200, 0x82])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.2",
            "HEADERS with padding",
            [frame(HEADERS, WHOLE | PADDED, 1, &[&[3][..], &get(), &[0; 3]].concat())],
            Answer(1),
        ),
        case(
            "6.2",
            "HEADERS with a priority",
            [frame(HEADERS, WHOLE | 0x20, 1, &[&[0, 0, 0, 0, 15][..], &get()].concat())],
            Answer(1),
        ),
        case(
            "6.3",
            "PRIORITY on stream 0",
            [frame(PRIORITY, 0, 0, &[0, 0, 0, 1, 15])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.3",
            "PRIORITY of 4 bytes",
            [open(), frame(PRIORITY, 0, 1, &[0; 4])],
            StreamError(1, &[FRAME_SIZE]),
        ),
        case(
            "6.3",
            "PRIORITY before a request",
            [frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]), frame(HEADERS, WHOLE, 1, &get())],
            Answer(1),
        ),
        case(
            "6.4",
            "RST_STREAM on stream 0",
            [frame(RST_STREAM, 0, 0, &[0, 0, 0, 8])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.4",
            "RST_STREAM of 3 bytes",
            [open(), frame(RST_STREAM, 0, 1, &[0; 3])],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case(
            "6.5",
            "an acknowledgement with settings",
            [frame(SETTINGS, 1, 0, &setting(3, 1))],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case(
            "6.5",
            "SETTINGS on a stream",
            [frame(SETTINGS, 0, 1, &setting(3, 1))],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.5",
            "SETTINGS of 5 bytes",
            [frame(SETTINGS, 0, 0, &[0; 5])],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case(
            "6.5.2",
            "ENABLE_PUSH of 2",
            [frame(SETTINGS, 0, 0, &setting(2, 2))],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.5.2",
            "a window of 2^31",
            [frame(SETTINGS, 0, 0, &setting(4, 1 << 31))],
            ConnectionError(&[FLOW_CONTROL]),
        ),
        case(
            "6.5.2",
            "frames of less than 2^14",
            [frame(SETTINGS, 0, 0, &setting(5, 16_383))],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.5.2",
            "frames of 2^24",
            [frame(SETTINGS, 0, 0, &setting(5, 1 << 24))],
            ConnectionError(&[PROTOCOL]),
        ),
        case("6.5.2", "an unknown setting", [frame(SETTINGS, 0, 0, &setting(0xff, 7))], Nothing),
        case(
            "6.5.3",
            "one setting twice",
            [
                frame(SETTINGS, 0, 0, &[setting(4, 100), setting(4, 70_000)].concat()),
                frame(HEADERS, WHOLE, 1, &get()),
            ],
            Answer(1),
        ),
        case(
            "6.6",
            "PUSH_PROMISE of a client",
            [open(), frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &get()].concat())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.7",
            "PING on a stream",
            [frame(PING, 0, 1, b"12345678")],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.7",
            "PING of 6 bytes",
            [frame(PING, 0, 0, b"123456")],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case(
            "6.8",
            "GOAWAY on a stream",
            [frame(GOAWAY, 0, 1, &[0; 8])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.9",
            "a window update of 0",
            [frame(WINDOW_UPDATE, 0, 0, &[0; 4])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.9",
            "a window update of 0 on a stream",
            [open(), frame(WINDOW_UPDATE, 0, 1, &[0; 4])],
            StreamError(1, &[PROTOCOL]),
        ),
        case(
            "6.9",
            "a window update of 3 bytes",
            [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1])],
            ConnectionError(&[FRAME_SIZE]),
        ),
        case(
            "6.9.1",
            "a window above 2^31 - 1",
            [
                frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
                frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            ],
            ConnectionError(&[FLOW_CONTROL]),
        ),
        case(
            "6.9.1",
            "a stream's window above 2^31 - 1",
            [
                open(),
                frame(WINDOW_UPDATE, 0, 1, &0x7fff_ffff_u32.to_be_bytes()),
                frame(WINDOW_UPDATE, 0, 1, &0x7fff_ffff_u32.to_be_bytes()),
            ],
            StreamError(1, &[FLOW_CONTROL]),
        ),
        case(
            "6.10",
            "CONTINUATION on stream 0",
            [frame(HEADERS, END_STREAM, 1, &get()), frame(CONTINUATION, END_HEADERS, 0, &[])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.10",
            "CONTINUATION of nothing",
            [frame(CONTINUATION, END_HEADERS, 1, &get())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.10",
            "CONTINUATION after the end of the headers",
            [open(), frame(CONTINUATION, END_HEADERS, 1, &[])],
            ConnectionError(&[PROTOCOL, STREAM_CLOSED]),
        ),
        case(
            "6.10",
            "CONTINUATION after DATA",
            [open(), frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, &[])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "6.10",
            "headers in three parts",
            [
                frame(HEADERS, END_STREAM, 1, &get()[..9]),
                frame(CONTINUATION, 0, 1, &get()[9..20]),
                frame(CONTINUATION, END_HEADERS, 1, &get()[20..]),
            ],
            Answer(1),
        ),
        case(
            "4.3",
            "a frame of another kind within headers",
            [frame(HEADERS, END_STREAM, 1, &get()), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "5.5",
            "an unknown frame within headers",
            [frame(HEADERS, END_STREAM, 1, &get()), frame(0x16, 0, 1, b"x")],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "4.3",
            "headers of another stream within headers",
            [frame(HEADERS, END_STREAM, 1, &get()), frame(HEADERS, WHOLE, 3, &get())],
            ConnectionError(&[PROTOCOL]),
        ),
        case(
            "4.3",
            "no header block",
            [frame(HEADERS, WHOLE, 1, &[0xff; 12])],
            ConnectionError(&[COMPRESSION]),
        ),
        case(
            "10.5",
            "headers without end",
            {
                let mut sent = [const { Vec::new() }; 200];
                sent[0] = frame(HEADERS, END_STREAM, 1, &get());
                sent[1..].fill(frame(CONTINUATION, 0, 1, &[]));
                sent
            },
            ConnectionError(&[PROTOCOL, CALM]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn no_more_is_sent_than_the_client_has_room_for() {
    let world = World::start().await;
    world.proven(super::HOST).publish();
    let mut frames = Frames::connect(&world, super::HOST).await;
    // 6.9.1: a window of one byte; 6.9.2: then one of two, which leaves one more.
    frames.send(SETTINGS, 0, 0, &setting(4, 1)).await;
    frames.send(HEADERS, WHOLE, 1, &get()).await;
    let first = frames.next_of(&[DATA]).await.unwrap();
    assert_eq!(first.payload.len(), 1);
    frames.send(SETTINGS, 0, 0, &setting(4, 2)).await;
    let second = frames.next_of(&[DATA]).await.unwrap();
    assert_eq!(second.payload.len(), 1);
    // 6.9.2: below nothing, and up again by three: one byte of it is owed.
    frames.send(SETTINGS, 0, 0, &setting(4, 0)).await;
    frames.send(WINDOW_UPDATE, 0, 1, &3_u32.to_be_bytes()).await;
    let third = frames.next_of(&[DATA]).await.unwrap();
    assert_eq!(third.payload.len(), 1);
}
