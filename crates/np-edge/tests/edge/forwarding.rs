//! What origins are told, what visitors are told for their zone, and what is written down.

use std::num::NonZeroU32;

use http::Request;
use np_domain::{
    custom_hostname::Metadata,
    zone::settings::{OriginTls, SecurityHeader, Serving},
};
use np_edge::settings::AccessLogSettings;
use tokio::net::TcpStream;

use crate::{
    raw,
    world::{Answer, Hello, World, http1, open_settings, wait_for},
};

const HOST: &str = "app.customer.com";

async fn over_http(world: &World, path: &str) -> Answer {
    let stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    http1(stream).await.send(Request::get(path).header("host", HOST)).await
}

#[tokio::test]
async fn a_load_balancer_says_whose_connection_it_passes_on() {
    let mut settings = open_settings();
    settings.proxy_protocol_from = vec!["127.0.0.0/8".parse().unwrap()];
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    for header in [
        &b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x12\x67\0\x50",
    ] {
        let get = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(&world, &[header, get.as_bytes()].concat()).await;
        assert!(answer.contains("\"x-forwarded-for\":[\"192.0.2.7\"]"), "{answer}");
    }
    let without = raw::exchange(&world, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(without, "", "whoever must say it is not served without");
}

#[tokio::test]
async fn a_trusted_proxys_word_is_kept_and_a_strangers_is_not() {
    for (trusted, expected) in
        [("127.0.0.0/8", "198.51.100.9, 127.0.0.1"), ("10.0.0.1", "127.0.0.1")]
    {
        let mut settings = open_settings();
        settings.origin.trusted_proxies = vec![trusted.parse().unwrap()];
        let world = World::with(settings).await;
        world.proven(HOST).publish();
        let stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
        let request =
            Request::get("/").header("host", HOST).header("x-forwarded-for", "198.51.100.9");
        let seen = http1(stream).await.send(request).await.json();
        assert_eq!(seen["headers"]["x-forwarded-for"][0], expected);
    }
}

#[tokio::test]
async fn the_origin_hears_the_metadata_from_us_alone_and_the_tracing_ids_of_the_client() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let world = World::start().await;
    let said = [("plan", "\"gold\"")].map(|(key, value)| (key.into(), value.into()));
    world.proven(HOST).metadata(Metadata(said.into())).publish();
    world.proven("bare.customer.com").publish();
    for (host, expected) in [(HOST, Some("{\"plan\":\"gold\"}")), ("bare.customer.com", None)] {
        let stream = Hello::to(host).connect(world.edge.https_addr()).await.unwrap();
        let request = Request::get("/")
            .header("host", host)
            .header("x-hostname-metadata", "{\"plan\":\"forged\"}")
            .header("traceparent", PARENT)
            .header("connection", "x-private")
            .header("x-private", "1");
        let seen = http1(stream).await.send(request).await.json();
        let headers = &seen["headers"];
        assert_eq!(headers["x-hostname-metadata"][0].as_str(), expected, "{host}");
        assert_eq!(headers["traceparent"][0], PARENT);
        assert!(headers["x-private"].is_null() && headers["connection"].is_null(), "{headers}");
    }
    let begun = over_http(&world, "/").await.json()["headers"]["traceparent"][0].clone();
    assert_eq!(begun.as_str().map(str::len), Some(PARENT.len()), "{begun}");
}

#[tokio::test]
async fn a_zone_sends_plain_requests_on_to_https_but_never_a_token() {
    const TOKEN: &str = "/.well-known/acme-challenge/abc";
    let world = World::start().await;
    world.zone_says(Serving { redirects_to_https: true, ..Serving::default() });
    world.proven(HOST).token(TOKEN, "abc.def").publish();
    let answer = over_http(&world, "/a?b=c").await;
    assert_eq!(answer.status(), 301);
    assert_eq!(answer.header("location"), Some("https://app.customer.com/a?b=c"));
    assert_eq!(over_http(&world, TOKEN).await.body, "abc.def");
    assert_eq!(world.get(HOST, "/").await.status(), 200);
    world.counts("edge_requests_total{outcome=\"redirected\",class=\"3xx\"}", 1).await;
}

#[tokio::test]
async fn a_zone_has_browsers_told_about_https() {
    let world = World::start().await;
    let security_header =
        SecurityHeader { is_enabled: true, max_age: 60, nosniff: true, ..Default::default() };
    world.zone_says(Serving { security_header, ..Serving::default() });
    world.proven(HOST).publish();
    let secure = world.get(HOST, "/").await;
    assert_eq!(secure.header("strict-transport-security"), Some("max-age=60"));
    assert_eq!(secure.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(over_http(&world, "/").await.header("strict-transport-security"), None);
}

#[tokio::test]
async fn a_zone_chooses_tls_to_its_origins() {
    let world = World::start().await;
    world.zone_says(Serving { origin: Some(OriginTls::Verified), ..Serving::default() });
    world.proven(HOST).publish();
    let stream = Hello::to(HOST).connect(world.edge.https_addr()).await.unwrap();
    let request = Request::get("/").header("host", HOST).header("accept", "application/json");
    let answer = http1(stream).await.send(request).await;
    assert_eq!(answer.json()["error"], "origin_tls", "the origin speaks none");
}

#[tokio::test]
async fn requests_are_counted_by_zone_and_logged_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let mut settings = open_settings();
    settings.access_log =
        Some(AccessLogSettings { file: Some(file.clone()), one_of: NonZeroU32::MIN });
    let world = World::with(settings).await;
    world.proven(HOST).publish();
    assert_eq!(world.get(HOST, "/a?secret=1").await.status(), 200);
    let answer = over_http(&world, "/b").await;
    let lines = || std::fs::read_to_string(&file).unwrap();
    wait_for(async || lines().lines().count() == 2).await;
    let logged: Vec<serde_json::Value> =
        lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, second) = (&logged[0], &logged[1]);
    assert_eq!((&first["path"], &first["status"]), (&"/a".into(), &200.into()), "{first}");
    assert_eq!((&first["host"], &first["outcome"]), (&HOST.into(), &"proxied".into()), "{first}");
    assert_eq!(second["request_id"].as_str(), answer.header("x-request-id"));
    let zone = crate::world::zone_id();
    world
        .counts(&format!("edge_zone_requests_total{{zone=\"{zone}\",outcome=\"proxied\"}}"), 2)
        .await;
}
