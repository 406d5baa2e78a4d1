//! Requests on their way to origins, and the pages of those that do not get there.

use std::time::Duration;

use http::Request;
use np_domain::origin::{CustomOrigin, OriginSni};
use np_testkit::origin::Origin;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::world::{Answer, Hello, World, http1, http2, open_settings};

async fn connect(world: &World, name: &str) -> crate::world::Http1 {
    http1(Hello::to(name).connect(world.edge.https_addr()).await.unwrap()).await
}

async fn get_json(world: &World, name: &str) -> Answer {
    let request = Request::get("/").header("host", name).header("accept", "application/json");
    connect(world, name).await.send(request).await
}

#[tokio::test]
async fn the_origin_sees_the_host_and_who_asks() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let request = Request::get("/a/b?c=d")
        .header("host", "app.customer.com")
        .header("x-forwarded-for", "198.51.100.9")
        .header("x-request-id", "from-the-client");
    let answer = connect(&world, "app.customer.com").await.send(request).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("x-request-id"), Some("from-the-client"));
    let seen = answer.json();
    assert_eq!((&seen["method"], &seen["path"]), (&"GET".into(), &"/a/b?c=d".into()));
    let headers = &seen["headers"];
    assert_eq!(headers["host"], serde_json::json!(["app.customer.com"]));
    assert_eq!(headers["x-forwarded-for"], serde_json::json!(["127.0.0.1"]));
    assert_eq!(headers["x-forwarded-proto"], serde_json::json!(["https"]));
    assert_eq!(headers["x-forwarded-host"], serde_json::json!(["app.customer.com"]));
    assert_eq!(headers["x-request-id"], serde_json::json!(["from-the-client"]));
    world.counts("edge_requests_total{outcome=\"proxied\",class=\"2xx\"}", 1).await;
}

#[tokio::test]
async fn http2_requests_reach_the_origin_with_their_host() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let stream =
        Hello::to("app.customer.com").http2().connect(world.edge.https_addr()).await.unwrap();
    let answer = http2(stream, Request::get("https://app.customer.com/x")).await;
    assert_eq!((answer.status(), answer.response.version()), (200, http::Version::HTTP_2));
    let seen = answer.json();
    assert_eq!(seen["path"], "/x");
    assert_eq!(seen["headers"]["host"], serde_json::json!(["app.customer.com"]));
    assert_eq!(seen["headers"]["x-forwarded-proto"], serde_json::json!(["https"]));
}

#[tokio::test]
async fn a_websocket_passes_through() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let mut stream = Hello::to("app.customer.com").connect(world.edge.https_addr()).await.unwrap();
    let upgrade = "GET /socket HTTP/1.1\r\nHost: app.customer.com\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    for frame in [&b"\x81\x05hello"[..], b"\x82\x01x"] {
        stream.write_all(frame).await.unwrap();
        stream.flush().await.unwrap();
        let mut echo = vec![0; frame.len()];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, frame);
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_an_open_websocket() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let address = world.edge.http_addr();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let upgrade = b"GET /socket HTTP/1.1\r\nHost: app.customer.com\r\nConnection: Upgrade\r\n\
                    Upgrade: websocket\r\n\r\n";
    crate::raw::write(&mut stream, upgrade).await;
    crate::raw::read_until(&mut stream, b"\r\n\r\n").await;
    let World { edge, origin, replica, .. } = world;
    let shutdown = tokio::spawn(edge.shutdown());
    crate::world::wait_for(async || tokio::net::TcpStream::connect(address).await.is_err()).await;
    crate::raw::write(&mut stream, b"still here").await;
    crate::raw::read_until(&mut stream, b"still here").await;
    assert!(!shutdown.is_finished());
    drop(stream);
    shutdown.await.unwrap();
    drop((origin, replica));
}

#[tokio::test]
async fn a_request_for_another_name_than_the_connections_is_misdirected() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    world.proven("shop.other.org").publish();
    let mut connection = connect(&world, "app.customer.com").await;
    for host in ["shop.other.org", "unknown.other.org"] {
        let answer = connection.send(Request::get("/").header("host", host)).await;
        assert_eq!(answer.status(), 421, "{host}");
    }
    let answer = connection.send(Request::get("/").header("host", "app.customer.com:443")).await;
    assert_eq!(answer.status(), 200);
    let stream =
        Hello::to("app.customer.com").http2().connect(world.edge.https_addr()).await.unwrap();
    assert_eq!(http2(stream, Request::get("https://shop.other.org/")).await.status(), 421);
}

#[tokio::test]
async fn names_below_one_wildcard_share_connections_but_not_with_the_name_itself() {
    let world = World::start().await;
    world.proven("customer.com").wildcard().publish();
    let mut connection = connect(&world, "a.customer.com").await;
    for (host, status) in [("b.customer.com", 200), ("customer.com", 421)] {
        let answer = connection.send(Request::get("/").header("host", host)).await;
        assert_eq!(answer.status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_custom_origin_wins_over_the_fallback() {
    let world = World::start().await;
    let own = Origin::start().await.unwrap();
    let server = format!("own.provider.com:{}", own.address().port()).parse().unwrap();
    let origin = CustomOrigin { server, sni: OriginSni::Origin };
    world.proven("app.customer.com").origin(origin).publish();
    world.proven("other.customer.com").publish();
    assert_eq!(world.get("app.customer.com", "/").await.status(), 200);
    assert_eq!(world.get("other.customer.com", "/").await.status(), 200);
    assert_eq!((own.requests(), world.origin.requests()), (1, 1));
}

#[tokio::test]
async fn a_changed_fallback_is_used_by_the_next_requests() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    assert_eq!(world.get("app.customer.com", "/").await.status(), 200);
    let next = Origin::start().await.unwrap();
    world.fall_back_to(&format!("origin.provider.com:{}", next.address().port()));
    crate::world::wait_for(async || {
        world.get("app.customer.com", "/").await;
        next.requests() > 0
    })
    .await;
}

#[tokio::test]
async fn an_origin_that_is_down_is_told_in_json_to_those_who_ask_for_it() {
    let world = World::start().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    world.fall_back_to(&format!("origin.provider.com:{free}"));
    world.proven("app.customer.com").publish();
    let answer = get_json(&world, "app.customer.com").await;
    assert_eq!((answer.status(), answer.header("content-type")), (502, Some("application/json")));
    let page = answer.json();
    assert_eq!(page["error"], "origin_unreachable");
    assert_eq!(page["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(page["request_id"].as_str().map(str::len), Some(32));
    let page = world.get("app.customer.com", "/").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    world.counts("edge_requests_total{outcome=\"refused\",class=\"5xx\"}", 2).await;
}

#[tokio::test]
async fn an_origin_without_address_and_none_at_all_are_told_apart() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    world.fall_back_to("origin.nowhere.provider.com");
    assert_eq!(get_json(&world, "app.customer.com").await.json()["error"], "origin_unresolved");
    let server = "nowhere.provider.com".parse().unwrap();
    let origin = CustomOrigin { server, sni: OriginSni::Origin };
    world.proven("own.customer.com").origin(origin).publish();
    assert_eq!(get_json(&world, "own.customer.com").await.json()["error"], "origin_unresolved");
}

#[tokio::test]
async fn a_private_origin_is_refused_unless_allowed() {
    let world = World::with(np_edge::EdgeSettings::default()).await;
    world.proven("app.customer.com").publish();
    let answer = get_json(&world, "app.customer.com").await;
    assert_eq!(
        (answer.status(), answer.json()["error"].as_str()),
        (502, Some("origin_address_forbidden"))
    );
    assert_eq!(world.origin.requests(), 0);
}

#[tokio::test]
async fn a_silent_origin_times_out() {
    let mut settings = open_settings();
    settings.origin.response_timeout = Duration::from_millis(100);
    let world = World::with(settings).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.fall_back_to(&format!("origin.provider.com:{}", silent.local_addr().unwrap().port()));
    world.proven("app.customer.com").publish();
    let answer = get_json(&world, "app.customer.com").await;
    assert_eq!((answer.status(), answer.json()["error"].as_str()), (504, Some("origin_timeout")));
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let mut settings = open_settings();
    settings.limits.header_bytes_max = 1024;
    let world = World::with(settings).await;
    world.proven("app.customer.com").publish();
    let request =
        Request::get("/").header("host", "app.customer.com").header("x", "a".repeat(1024));
    let answer = connect(&world, "app.customer.com").await.send(request).await;
    assert_eq!(answer.status(), 431);
}

#[tokio::test]
async fn a_shutdown_lets_requests_under_way_finish_and_closes_idle_connections() {
    let world = World::start().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.fall_back_to(&format!("origin.provider.com:{}", slow.local_addr().unwrap().port()));
    world.proven("app.customer.com").publish();
    let idle = connect(&world, "app.customer.com").await;
    let mut busy = connect(&world, "app.customer.com").await;
    let get = || Request::get("/").header("host", "app.customer.com");
    let under_way = tokio::spawn(async move { busy.send(get()).await });
    let (mut origin, _) = slow.accept().await.unwrap();
    let address = world.edge.https_addr();
    let shutdown = tokio::spawn(world.edge.shutdown());
    crate::world::wait_for(async || idle.is_closed()).await;
    origin.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await.unwrap();
    assert_eq!(under_way.await.unwrap().body, "done");
    shutdown.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_is_over_when_the_drain_time_is() {
    let mut settings = open_settings();
    settings.limits.drain_timeout = Duration::from_millis(50);
    let world = World::with(settings).await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.fall_back_to(&format!("origin.provider.com:{}", slow.local_addr().unwrap().port()));
    world.proven("app.customer.com").publish();
    let mut busy = connect(&world, "app.customer.com").await;
    let get = Request::get("/").header("host", "app.customer.com");
    let under_way = tokio::spawn(async move { busy.try_send(get).await });
    let _origin = slow.accept().await.unwrap();
    world.edge.shutdown().await;
    assert!(under_way.await.unwrap().is_err());
}
