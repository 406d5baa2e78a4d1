//! Connections to origins: kept, replaced, tried again where that is safe; bodies that stream; HTTP/2 where gRPC needs it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    raw,
    scripted::{After, Scripted, ok},
    world::{Hello, World, http1, open_settings, wait_for},
};

const HOST: &str = "app.customer.com";

fn fall_back_to(world: &World, port: u16) {
    world.fall_back_to(&format!("origin.provider.com:{port}"));
    world.proven(HOST).publish();
}

async fn plain(world: &World) -> TcpStream {
    TcpStream::connect(world.edge.http_addr()).await.unwrap()
}

/// One thread, so that its connections to origins are the ones in use.
async fn one_thread() -> World {
    let mut settings = open_settings();
    settings.threads = std::num::NonZeroUsize::new(1);
    World::with(settings).await
}

#[tokio::test]
async fn one_connection_to_an_origin_serves_many_requests() {
    let world = one_thread().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    fall_back_to(&world, listener.local_addr().unwrap().port());
    let mut client = http1(plain(&world).await).await;
    let serving = tokio::spawn(async move {
        let (mut only, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            raw::read_until(&mut only, b"\r\n\r\n").await;
            only.write_all(ok("fine").as_bytes()).await.unwrap();
        }
    });
    for _ in 0..3 {
        assert_eq!(client.send(Request::get("/").header("host", HOST)).await.body, "fine");
    }
    serving.await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_the_origin_has_closed_costs_no_request() {
    let world = one_thread().await;
    let origin = Scripted::start(After::Close, |_| ok("fine")).await;
    fall_back_to(&world, origin.port);
    let mut client = http1(plain(&world).await).await;
    for _ in 0..5 {
        let answer = client.send(Request::get("/").header("host", HOST)).await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "fine"));
    }
    assert_eq!(origin.seen().len(), 5);
}

/// An origin that answers the first request on its first connection, and closes that after reading the second.
async fn closes_on_the_second(world: &World) -> tokio::task::JoinHandle<Vec<String>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    fall_back_to(world, listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut seen = vec![raw::read_until(&mut first, b"\r\n\r\n").await];
        first.write_all(ok("one").as_bytes()).await.unwrap();
        seen.push(raw::read_until(&mut first, b"\r\n\r\n").await);
        drop(first);
        let again = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await;
        if let Ok(Ok((mut second, _))) = again {
            seen.push(raw::read_until(&mut second, b"\r\n\r\n").await);
            second.write_all(ok("two").as_bytes()).await.unwrap();
        }
        seen
    })
}

#[tokio::test]
async fn what_may_be_repeated_is_sent_again_when_an_old_connection_breaks_before_its_answer() {
    let world = one_thread().await;
    let origin = closes_on_the_second(&world).await;
    let mut client = http1(plain(&world).await).await;
    assert_eq!(client.send(Request::get("/").header("host", HOST)).await.body, "one");
    assert_eq!(client.send(Request::get("/").header("host", HOST)).await.body, "two");
    assert_eq!(origin.await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_the_origin_may_have_acted_on_is_not_sent_twice() {
    let world = one_thread().await;
    let origin = closes_on_the_second(&world).await;
    let mut client = http1(plain(&world).await).await;
    assert_eq!(client.send(Request::get("/").header("host", HOST)).await.body, "one");
    let post = Request::post("/").header("host", HOST).header("accept", "application/json");
    let answer = client.send(post).await;
    assert_eq!((answer.status(), answer.json()["error"].as_str()), (502, Some("origin_broken")));
    assert_eq!(origin.await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_takes_no_connection() {
    let world = World::start().await;
    let origin = Scripted::start(After::Stay, |_| ok("fine")).await;
    world.fall_back_to(&format!("two.provider.com:{}", origin.port));
    world.proven(HOST).publish();
    let answer =
        http1(plain(&world).await).await.send(Request::post("/").header("host", HOST)).await;
    assert_eq!((answer.status(), origin.seen().len()), (200, 1));
}

#[tokio::test]
async fn bodies_stream_in_both_directions() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    fall_back_to(&world, listener.local_addr().unwrap().port());
    let mut client = plain(&world).await;
    let head = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n");
    raw::write(&mut client, head.as_bytes()).await;
    raw::write(&mut client, b"5\r\nfirst\r\n").await;
    let (mut origin, _) = listener.accept().await.unwrap();
    raw::read_until(&mut origin, b"first\r\n").await;
    raw::write(&mut client, b"3\r\nend\r\n0\r\n\r\n").await;
    raw::read_until(&mut origin, b"0\r\n\r\n").await;
    raw::write(&mut origin, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
        .await;
    raw::read_until(&mut client, b"part\r\n").await;
    raw::write(&mut origin, b"4\r\nrest\r\n0\r\n\r\n").await;
    raw::read_until(&mut client, b"rest\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn megabytes_pass_both_ways_over_http2() {
    let world = World::start().await;
    world.proven(HOST).publish();
    let body = "0123456789abcdef".repeat(256 * 1024);
    let stream = Hello::to(HOST).http2().connect(world.edge.https_addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::post(format!("https://{HOST}/")).body(()).unwrap();
    let (answer, mut sending) = client.send_request(request, false).unwrap();
    let (upload, mut received) = (Bytes::from(body.clone()), Vec::new());
    sending.send_data(upload, true).unwrap();
    let mut answer = answer.await.unwrap().into_body();
    while let Some(part) = answer.data().await {
        let part = part.unwrap();
        answer.flow_control().release_capacity(part.len()).unwrap();
        received.extend_from_slice(&part);
    }
    let seen: serde_json::Value = serde_json::from_slice(&received).unwrap();
    assert_eq!(seen["body"].as_str(), Some(body.as_str()));
}

/// An origin that speaks HTTP/2 without TLS and answers as gRPC servers do.
async fn grpc_origin() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    tokio::spawn(async move {
                        let te = request.headers().get("te").cloned();
                        let mut body = request.into_body();
                        let mut answer = respond.send_response(Response::new(()), false).unwrap();
                        // Each message is answered when it comes: both directions at once.
                        while let Some(Ok(part)) = body.data().await {
                            body.flow_control().release_capacity(part.len()).unwrap();
                            answer.send_data(part, false).unwrap();
                        }
                        let mut trailers = HeaderMap::new();
                        trailers.insert("grpc-status", HeaderValue::from_static("0"));
                        trailers.extend(
                            te.map(|te| (http::header::TE, te))
                                .map(|(_, te)| (http::HeaderName::from_static("x-te"), te)),
                        );
                        answer.send_trailers(trailers).unwrap();
                    });
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn grpc_reaches_its_origin_over_http2_and_its_outcome_comes_back_in_trailers() {
    let world = World::start().await;
    fall_back_to(&world, grpc_origin().await);
    let stream = Hello::to(HOST).http2().connect(world.edge.https_addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let mut client = client.clone().ready().await.unwrap();
        let request = Request::post(format!("https://{HOST}/service/method"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false).unwrap();
        let mut answer = answer.await.unwrap().into_body();
        for message in ["one", "two"] {
            sending.send_data(Bytes::from(message), false).unwrap();
            assert_eq!(answer.data().await.unwrap().unwrap(), message);
            answer.flow_control().release_capacity(3).unwrap();
        }
        sending.send_data(Bytes::new(), true).unwrap();
        assert!(answer.data().await.is_none());
        let trailers = answer.trailers().await.unwrap().unwrap();
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers["x-te"], "trailers");
    }
}

#[tokio::test]
async fn trailers_of_an_http1_origin_reach_http2_visitors() {
    let world = World::start().await;
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
                  4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n";
    let origin = Scripted::start(After::Stay, move |_| answer.to_owned()).await;
    fall_back_to(&world, origin.port);
    let stream = Hello::to(HOST).http2().connect(world.edge.https_addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::get(format!("https://{HOST}/")).body(()).unwrap();
    let mut answer = client.send_request(request, true).unwrap().0.await.unwrap().into_body();
    assert_eq!(answer.data().await.unwrap().unwrap(), "body");
    assert!(answer.data().await.is_none());
    assert_eq!(answer.trailers().await.unwrap().unwrap()["x-sum"], "1");
}

#[tokio::test]
async fn an_origin_is_left_alone_when_its_visitor_goes() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    fall_back_to(&world, listener.local_addr().unwrap().port());
    let mut client = plain(&world).await;
    raw::write(&mut client, format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await;
    let (mut origin, _) = listener.accept().await.unwrap();
    raw::read_until(&mut origin, b"\r\n\r\n").await;
    drop(client);
    let mut rest = Vec::new();
    origin.read_to_end(&mut rest).await.unwrap();
    world.counts("edge_requests_total{outcome=\"aborted\",class=\"none\"}", 1).await;
    wait_for(async || world.value("edge_connections") == Some(0)).await;
}
