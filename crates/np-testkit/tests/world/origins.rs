//! The origins, seen through `curl` and by hand.

use np_testkit::nginx::Nginx;
use np_testkit::origin::Origin;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::curl;

#[tokio::test]
async fn the_origin_says_what_it_was_asked_in_both_protocols() {
    let origin = Origin::start().await.unwrap();
    let url = format!("http://{}/cart?item=7", origin.address());
    for (protocol, version) in [("--http1.1", "HTTP/1.1"), ("--http2-prior-knowledge", "HTTP/2.0")]
    {
        let said =
            curl(&[protocol, "--data", "pay", "--header", "X-Customer: 1", &url]).await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            (&said["method"], &said["path"], &said["body"]),
            (&json!("POST"), &json!("/cart?item=7"), &json!("pay"))
        );
        assert_eq!(
            (&said["version"], &said["headers"]["x-customer"]),
            (&json!(version), &json!(["1"]))
        );
    }
    assert_eq!(origin.requests(), 2);
}

#[tokio::test]
async fn the_origin_answers_with_the_status_in_the_path() {
    let origin = Origin::start().await.unwrap();
    let said = curl(&[
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        &format!("http://{}/status/503", origin.address()),
    ])
    .await;
    assert_eq!(said, Err("503curl: (22) The requested URL returned error: 503\n".to_owned()));
}

#[tokio::test]
async fn the_origin_echoes_every_byte_after_an_upgrade() {
    let origin = Origin::start().await.unwrap();
    let mut stream = TcpStream::connect(origin.address()).await.unwrap();
    stream
        .write_all(
            b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        )
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    stream.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hello");
}

#[tokio::test]
async fn nginx_says_what_the_edge_told_it() {
    let nginx = Nginx::start().await.unwrap();
    let url = format!("http://{}/cart", nginx.address());
    let said = curl(&[
        "--header",
        "Host: app.customer.example",
        "--header",
        "X-Forwarded-Proto: https",
        &url,
    ])
    .await
    .unwrap();
    assert_eq!(
        said.lines().take(2).collect::<Vec<_>>(),
        ["host=app.customer.example", "uri=/cart"]
    );
    assert!(said.contains("x-forwarded-proto=https\n"), "{said}");
}
