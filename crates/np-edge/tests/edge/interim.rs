//! 1xx answers: the origin's, and hints that the edge gives itself.

use std::future::poll_fn;

use http::Request;
use np_domain::tls_policy::{Switch, TlsPolicy};
use tokio::net::TcpStream;

use crate::{
    clients, raw,
    scripted::{After, Scripted, ok},
    world::{Hello, World},
};

const HOST: &str = "app.customer.com";
const LINK: &str = "</app.css>; rel=preload; as=style";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: app.customer.com\r\nAccept: text/html\r\n\r\n";

fn hinting() -> TlsPolicy {
    TlsPolicy { early_hints: Some(Switch::On), ..TlsPolicy::default() }
}

async fn origin(world: &World, answer: String) -> Scripted {
    let origin = Scripted::start(After::Stay, move |_| answer.clone()).await;
    world.fall_back_to(&format!("origin.provider.com:{}", origin.port));
    origin
}

fn hint_then_page() -> String {
    format!("HTTP/1.1 103 Early Hints\r\nLink: {LINK}\r\n\r\n{}", ok("page"))
}

async fn over_http1(world: &World) -> String {
    let mut stream = Hello::to(HOST).connect(world.edge.https_addr()).await.unwrap();
    raw::write(&mut stream, GET).await;
    raw::read_until(&mut stream, b"page").await
}

/// The statuses of all answers to one request, with their `Link`.
async fn over_http2(world: &World) -> Vec<(u16, Option<String>)> {
    let stream = Hello::to(HOST).http2().connect(world.edge.https_addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::get("https://app.customer.com/").header("accept", "text/html");
    let (mut answer, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
    let mut seen = Vec::new();
    while let Some(Ok(interim)) = poll_fn(|cx| answer.poll_informational(cx)).await {
        let link = interim.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        seen.push((interim.status().as_u16(), link));
    }
    seen.push((answer.await.unwrap().status().as_u16(), None));
    seen
}

#[tokio::test]
async fn hints_of_the_origin_reach_http1_and_http2_visitors_alike() {
    let world = World::start().await;
    let _origin = origin(&world, hint_then_page()).await;
    world.proven(HOST).tls(hinting()).publish();
    let answer = over_http1(&world).await;
    assert!(
        answer
            .starts_with(&format!("HTTP/1.1 103 Early Hints\r\nlink: {LINK}\r\n\r\nHTTP/1.1 200")),
        "{answer}"
    );
    assert_eq!(over_http2(&world).await, [(103, Some(LINK.to_owned())), (200, None)]);
}

#[tokio::test]
async fn nghttp_is_given_the_hint_before_the_page() {
    let world = World::start().await;
    let _origin = origin(&world, hint_then_page()).await;
    world.proven(HOST).tls(hinting()).publish();
    let url = format!("https://{}/", world.edge.https_addr());
    let authority = format!(":authority: {HOST}");
    let arguments = ["--verbose", "-H", &authority, "-H", "accept: text/html", &url];
    let said = clients::said("nghttp", &arguments, "").await;
    let hint = said.find(":status: 103").unwrap_or_else(|| panic!("{said}"));
    let link = said.find(&format!("link: {LINK}")).unwrap_or_else(|| panic!("{said}"));
    let page = said.find(":status: 200").unwrap_or_else(|| panic!("{said}"));
    assert!(hint < link && link < page, "{said}");
}

#[tokio::test]
async fn a_hostname_without_early_hints_gets_none() {
    let world = World::start().await;
    let _origin = origin(&world, hint_then_page()).await;
    world.proven(HOST).publish();
    assert!(over_http1(&world).await.starts_with("HTTP/1.1 200"));
    assert_eq!(over_http2(&world).await, [(200, None)]);
}

#[tokio::test]
async fn links_that_came_with_a_page_are_hinted_when_it_is_asked_for_again() {
    let mut settings = crate::world::open_settings();
    // One thread: each remembers for itself.
    settings.threads = std::num::NonZeroUsize::new(1);
    let world = World::with(settings).await;
    let page = format!("HTTP/1.1 200 OK\r\nLink: {LINK}\r\nContent-Length: 4\r\n\r\npage");
    let _origin = origin(&world, page).await;
    world.proven(HOST).tls(hinting()).publish();
    assert!(over_http1(&world).await.starts_with("HTTP/1.1 200"));
    assert!(
        over_http1(&world).await.starts_with(&format!("HTTP/1.1 103 Early Hints\r\nlink: {LINK}"))
    );
    assert_eq!(over_http2(&world).await, [(103, Some(LINK.to_owned())), (200, None)]);
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_interim_answer() {
    let world = World::start().await;
    let _origin = origin(&world, format!("HTTP/1.1 102 Processing\r\n\r\n{}", ok("page"))).await;
    world.proven(HOST).publish();
    let answer = raw::exchange(&world, b"GET / HTTP/1.0\r\nHost: app.customer.com\r\n\r\n").await;
    assert!(answer.contains(" 200 OK") && !answer.contains(" 102 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_to_be_asked_is_asked_before_it_sends_its_body() {
    let world = World::start().await;
    world.proven(HOST).publish();
    let mut stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nHost: app.customer.com\r\nContent-Length: 4\r\n\
                 Expect: 100-continue\r\n\r\n";
    raw::write(&mut stream, head).await;
    let asked = raw::read_until(&mut stream, b"\r\n\r\n").await;
    assert!(asked.starts_with("HTTP/1.1 100 "), "{asked}");
    raw::write(&mut stream, b"body").await;
    let answer = raw::read_until(&mut stream, b"\"}").await;
    assert!(answer.starts_with("HTTP/1.1 200") || answer.contains("\"body\":\"body\""), "{answer}");
}
