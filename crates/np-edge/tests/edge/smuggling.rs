//! Requests that two servers could read differently: refused, or passed on so that they cannot.

use crate::{
    raw::{self, CONTINUATION, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM},
    scripted::{After, Scripted, ok},
    world::World,
};

const HOST: &str = "app.customer.com";

async fn world() -> (World, Scripted) {
    let world = World::start().await;
    let origin = Scripted::start(After::Stay, |_| ok("fine")).await;
    world.fall_back_to(&format!("origin.provider.com:{}", origin.port));
    world.proven(HOST).publish();
    (world, origin)
}

#[tokio::test]
async fn http1_requests_that_can_be_read_in_two_ways_are_refused() {
    let (world, origin) = world().await;
    let refused = [
        "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "Content-Length: +4\r\n\r\nabcd",
        "Content-Length: 4, 4\r\n\r\nabcd",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x4\r\n\r\nabcd",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\nabcd",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "X: a\r\n folded\r\n\r\n",
        " X: a\r\n\r\n",
        "X: a\0b\r\n\r\n",
        "X\0: a\r\n\r\n",
        "X(y): a\r\n\r\n",
        "Host: other.customer.com\r\n\r\n",
    ];
    for rest in refused {
        let request = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{rest}");
        let answer = raw::exchange(&world, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{rest:?}: {answer}");
    }
    let old =
        format!("POST / HTTP/1.0\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert!(raw::exchange(&world, old.as_bytes()).await.contains(" 400 "));
    let tunnel =
        format!("CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\nConnection: close\r\n\r\n");
    assert!(raw::exchange(&world, tunnel.as_bytes()).await.contains(" 400 "));
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
}

#[tokio::test]
async fn a_chunked_request_with_a_length_too_is_one_request_and_the_connection_ends() {
    let (world, origin) = world().await;
    let smuggled = format!("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    for framing in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked", smuggled.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}", smuggled.len()),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n{smuggled}");
        let answer = raw::exchange(&world, request.as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    for seen in origin.seen() {
        assert!(seen.starts_with("POST / ") && !seen.contains("content-length"), "{seen}");
        assert!(seen.ends_with("\r\n\r\n0\r\n\r\n"), "{seen}");
    }
}

#[tokio::test]
async fn lines_that_end_without_a_carriage_return_are_passed_on_with_one() {
    let (world, origin) = world().await;
    let request = format!("GET /a HTTP/1.1\nHost: {HOST}\nConnection: close\nX: a\n\n");
    raw::exchange(&world, request.as_bytes()).await;
    for seen in origin.seen() {
        assert_eq!(seen.matches('\n').count(), seen.matches("\r\n").count(), "{seen:?}");
    }
}

#[tokio::test]
async fn malformed_http2_requests_reach_no_origin_and_leave_others_alone() {
    let (world, origin) = world().await;
    let good = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", HOST)];
    let with = |extra: &[(&'static str, &'static str)]| [&good[..], extra].concat();
    let cases = [
        with(&[("connection", "close")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("keep-alive", "1")]),
        with(&[("proxy-connection", "close")]),
        with(&[("upgrade", "websocket")]),
        with(&[("te", "gzip")]),
        with(&[("X-Upper", "a")]),
        with(&[("x", "a\r\nx-smuggled: 1")]),
        with(&[("x\n", "a")]),
        with(&[("", "a")]),
        with(&[("content-length", "5")]),
        with(&[("x", "a"), (":path", "/late")]),
        with(&[(":path", "/twice")]),
        with(&[(":status", "200")]),
        with(&[(":unknown", "1")]),
        with(&[("host", "other.customer.com")]),
        good[1..].to_vec(),
        [&good[..2], &good[3..]].concat(),
        vec![good[0], good[1], (":path", ""), good[3]],
    ];
    for case in cases {
        let mut frames = Frames::connect(&world, HOST).await;
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &raw::headers(&case)).await;
        let refusal = frames.next_of(&[RST_STREAM, GOAWAY, HEADERS]).await;
        // An answer of our own is 400, which HPACK's table has as index 12.
        let fine = refusal.as_ref().is_none_or(|f| f.kind != HEADERS || f.payload[0] == 0x8c);
        assert!(fine, "{case:?}: {refusal:?}");
    }
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
    let mut frames = Frames::connect(&world, HOST).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &raw::headers(&good)).await;
    let answer = frames.next_of(&[RST_STREAM, GOAWAY, HEADERS]).await.unwrap();
    assert_eq!((answer.kind, answer.payload[0]), (HEADERS, 0x88), "200");
}

#[tokio::test]
async fn headers_in_endless_continuations_end_the_connection() {
    let (world, origin) = world().await;
    let mut frames = Frames::connect(&world, HOST).await;
    frames.send(HEADERS, END_STREAM, 1, &raw::headers(&[(":method", "GET")])).await;
    let part = raw::headers(&[("x", &"a".repeat(100))]).repeat(100);
    let flood = async {
        for _ in 0..10_000 {
            frames.send(CONTINUATION, 0, 1, &part).await;
        }
    };
    // Whether writing fails or is never taken, the connection ends.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), flood).await;
    while let Some(frame) = frames.next().await {
        assert_ne!(frame.kind, HEADERS, "{frame:?}");
    }
    assert!(origin.seen().is_empty());
    assert_eq!(world.get(HOST, "/").await.status(), 200, "others are served");
}
