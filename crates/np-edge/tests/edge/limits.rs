//! What a visitor may use up, and that others go on being served.

use std::time::Duration;

use http::Request;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    raw::{self, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM},
    scripted::{After, Scripted, ok},
    world::{World, http1, open_settings, wait_for},
};

const HOST: &str = "app.customer.com";
const SHORT: Duration = Duration::from_millis(100);

async fn plain(world: &World) -> TcpStream {
    TcpStream::connect(world.edge.http_addr()).await.unwrap()
}

/// Waits for the end of a connection.
async fn ends(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest));
    // A connection that is reset has ended too.
    let _ = reading.await.expect("the edge ends the connection");
    String::from_utf8_lossy(&rest).into_owned()
}

async fn serves_others(world: &World) {
    let answer = http1(plain(world).await).await.send(Request::get("/").header("host", HOST)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_ends_its_connection() {
    let mut settings = open_settings();
    settings.limits.client_head_timeout = SHORT;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    let mut slow = plain(&world).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    assert_eq!(ends(slow).await, "");
    serves_others(&world).await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_after_its_idle_time() {
    let mut settings = open_settings();
    settings.limits.client_idle_timeout = SHORT;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    assert_eq!(ends(plain(&world).await).await, "", "one that has never asked");
    let mut asked = http1(plain(&world).await).await;
    assert_eq!(asked.send(Request::get("/").header("host", HOST)).await.status(), 200);
    wait_for(async || asked.is_closed()).await;
    let mut frames = Frames::connect(&world, HOST).await;
    while frames.next().await.is_some() {}
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_with_408() {
    let mut settings = open_settings();
    settings.limits.client_io_timeout = SHORT;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    let mut slow = plain(&world).await;
    let head = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 10\r\n\r\n12345");
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = ends(slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    serves_others(&world).await;
}

#[tokio::test]
async fn a_visitor_that_takes_nothing_is_given_up() {
    let mut settings = open_settings();
    settings.limits.client_io_timeout = SHORT;
    let world = World::with(settings).await;
    let large = ok(&"x".repeat(32 * 1024 * 1024));
    let origin = Scripted::start(After::Stay, move |request| match request.contains("/large") {
        true => large.clone(),
        false => ok("fine"),
    })
    .await;
    world.fall_back_to(&format!("origin.provider.com:{}", origin.port));
    world.proven(HOST).publish();
    let mut stuck = plain(&world).await;
    let get = format!("GET /large HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    stuck.write_all(get.as_bytes()).await.unwrap();
    wait_for(async || world.value("edge_connections") == Some(1)).await;
    wait_for(async || world.value("edge_connections") == Some(0)).await;
    serves_others(&world).await;
    drop(stuck);
}

#[tokio::test]
async fn a_connection_that_is_old_enough_ends_between_two_requests() {
    let mut settings = open_settings();
    settings.limits.connection_age_max = SHORT;
    settings.limits.client_head_timeout = SHORT;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    let mut client = http1(plain(&world).await).await;
    wait_for(async || {
        let answer = client.try_send(Request::get("/").header("host", HOST)).await;
        answer.is_err() || client.is_closed()
    })
    .await;
    serves_others(&world).await;
}

#[tokio::test]
async fn as_many_connections_as_are_allowed_are_served_on_both_ports() {
    let mut settings = open_settings();
    settings.limits.connections_max = 1;
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    for _ in 0..3 {
        serves_others(&world).await;
        assert_eq!(world.get(HOST, "/").await.status(), 200);
    }
}

#[tokio::test]
async fn requests_that_are_given_up_at_once_again_and_again_end_the_connection() {
    let world = World::start().await;
    let origin = Scripted::start(After::Stay, |_| ok("fine")).await;
    world.fall_back_to(&format!("origin.provider.com:{}", origin.port));
    world.proven(HOST).publish();
    let mut frames = Frames::connect(&world, HOST).await;
    let get = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", HOST)];
    let get = raw::headers(&get);
    for number in 0..2000u32 {
        let stream = 2 * number + 1;
        frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &get).await;
        frames.send(RST_STREAM, 0, stream, &8u32.to_be_bytes()).await;
    }
    let goaway = frames.next_of(&[GOAWAY]).await;
    // Where the end comes before the farewell could be read, it has come all the same.
    if let Some(goaway) = goaway {
        assert_eq!(goaway.payload[4..8], 11u32.to_be_bytes(), "ENHANCE_YOUR_CALM");
    }
    assert_eq!(world.get(HOST, "/").await.status(), 200, "others are served");
}

#[tokio::test]
async fn a_visitor_may_have_only_so_many_requests_under_way() {
    let mut settings = open_settings();
    settings.limits.http2_streams_max = 2;
    let world = World::with(settings).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.fall_back_to(&format!("origin.provider.com:{}", silent.local_addr().unwrap().port()));
    world.proven(HOST).publish();
    let mut frames = Frames::connect(&world, HOST).await;
    let get = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", HOST)];
    for stream in [1, 3, 5] {
        frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &raw::headers(&get)).await;
    }
    let refused = frames.next_of(&[RST_STREAM]).await.unwrap();
    assert_eq!((refused.stream, &refused.payload[..]), (5, &7u32.to_be_bytes()[..]));
}
