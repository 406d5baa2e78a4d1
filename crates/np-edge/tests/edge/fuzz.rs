//! Whatever bytes a client sends, at each layer: the edge ends the connection in time, and serves the next one.

use std::time::Duration;

use np_testkit::fuzz::inputs;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    conformance::{HOST, get, request},
    raw::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PING, PRIORITY, RST_STREAM,
        SETTINGS, WINDOW_UPDATE, frame, headers,
    },
    world::{Hello, World, open_settings, shown_name},
};

/// The longest that an edge may keep a connection whose client has sent all that it sends.
const ENDED_WITHIN: Duration = Duration::from_secs(20);

async fn world() -> World {
    let mut settings = open_settings();
    settings.tls.handshakes_per_source_max = 0;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    world
}

/// Whatever comes back until the edge ends the connection.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(ENDED_WITHIN, stream.read_to_end(&mut rest)).await;
    // A connection that was reset has ended too.
    let _ = read.expect("the edge ends the connection");
    rest
}

/// What a client of ours begins a connection with.
async fn client_hello(hello: Hello) -> Vec<u8> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = tokio::spawn(async move { hello.connect(address).await.err() });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut head = [0; 5];
    socket.read_exact(&mut head).await.unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    socket.read_exact(&mut body).await.unwrap();
    drop(socket);
    client.await.unwrap();
    [&head[..], &body].concat()
}

#[tokio::test]
async fn whatever_bytes_a_client_begins_with_the_edge_goes_on() {
    let world = world().await;
    let corpus = [
        client_hello(Hello::to(HOST)).await,
        client_hello(Hello::to(HOST).http2()).await,
        client_hello(Hello::to(&format!("{}.customer.com", "long".repeat(15)))).await,
        client_hello(Hello { name: None, ..Hello::to(HOST) }).await,
        vec![0x16, 3, 1, 0, 0],
        vec![0x80, 0x2e, 1, 3, 1],
    ];
    for input in inputs(corpus) {
        let mut stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
        // The edge may have closed before all was sent.
        let _ = stream.write_all(&input).await;
        let _ = stream.shutdown().await;
        rest(stream).await;
    }
    let stream = Hello::to(HOST).connect(world.edge.https_addr()).await.unwrap();
    assert_eq!(shown_name(&stream), HOST);
}

#[tokio::test]
async fn whatever_head_a_client_sends_it_is_answered_as_http_or_not_at_all() {
    let world = world().await;
    let corpus = [
        format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
        format!("GET http://{HOST}/a?b HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"),
        format!(
            "POST /a HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n"
        ),
        format!(
            "POST /a HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx: y\r\n\r\n"
        ),
        format!(
            "PUT / HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nbytes"
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: {HOST}\r\ntraceparent: 00-{}-{}-01\r\nX-Forwarded-For: ::1, a\r\nCDN-Loop: x;y=\"z\"\r\n\r\n",
            "a".repeat(32),
            "b".repeat(16)
        ),
        "GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: [::1]:80\r\n\r\n".to_owned(),
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n".to_owned(),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
    ];
    for input in inputs(corpus.map(String::into_bytes)) {
        let mut stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
        let _ = stream.write_all(&input).await;
        let _ = stream.shutdown().await;
        let answer = rest(stream).await;
        let is_http = answer.starts_with(b"HTTP/1.1 ") || answer.starts_with(b"HTTP/1.0 ");
        assert!(answer.is_empty() || is_http, "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(world.get(HOST, "/").await.status(), 200);
}

#[tokio::test]
async fn whatever_frames_a_client_sends_the_edge_goes_on() {
    let world = world().await;
    let whole = END_HEADERS | END_STREAM;
    let body = || {
        let post = request("POST", &[("content-length", "4"), ("te", "trailers")]);
        let trailers = frame(HEADERS, whole, 1, &headers(&[("x", "y")]));
        [frame(HEADERS, END_HEADERS, 1, &post), frame(DATA, 0, 1, b"body"), trailers].concat()
    };
    let corpus = [
        frame(HEADERS, whole, 1, &get()),
        body(),
        [
            frame(HEADERS, END_STREAM, 1, &get()[..9]),
            frame(CONTINUATION, END_HEADERS, 1, &get()[9..]),
        ]
        .concat(),
        [frame(HEADERS, whole, 1, &get()), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])].concat(),
        [
            frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]),
            frame(PING, 0, 0, b"12345678"),
            frame(HEADERS, whole, 3, &get()),
            frame(WINDOW_UPDATE, 0, 3, &[0, 0, 0, 1]),
            frame(PRIORITY, 0, 5, &[0, 0, 0, 3, 7]),
        ]
        .concat(),
    ];
    for input in inputs(corpus) {
        let mut frames = Frames::connect(&world, HOST).await;
        frames.send_raw(&input).await;
        frames.end().await;
        let ended = async { while frames.next().await.is_some() {} };
        let ended = tokio::time::timeout(ENDED_WITHIN, ended).await;
        assert!(ended.is_ok(), "the edge ends the connection");
    }
    assert_eq!(world.get(HOST, "/").await.status(), 200);
}
