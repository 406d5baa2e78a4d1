//! Port 80: web servers of every kind, each on an address of its own.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use crate::fault::Fault;

/// What each address answers; `{host}` is the host that was asked for.
const ANSWERS: [(&str, Answer); 9] = [
    ("127.0.9.1", Answer::Says("200 OK", "", "body")),
    ("127.0.9.10", Answer::Says("200 OK", "", "hello")),
    ("127.0.9.11", Answer::Says("404 Not Found", "", "")),
    ("127.0.9.12", Answer::Says("302 Found", "Location: http://{host}/\r\n", "")),
    ("127.0.9.13", Answer::Says("302 Found", "Location: http://shop.zoo-rival.net/\r\n", "")),
    ("127.0.9.14", Answer::Says("301 Moved", "Location: https://{host}/\r\n", "")),
    ("127.0.9.15", Answer::Says("200 OK", "CF-Ray: 8f\r\nServer: cloudflare\r\n", "hello")),
    ("127.0.9.16", Answer::Silence),
    ("127.0.9.9", Answer::Says("200 OK", "", "shop")),
];

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Status, headers, body.
    Says(&'static str, &'static str, &'static str),
    Silence,
}

/// The web servers, all on one port. End when dropped.
pub(crate) struct WebServers {
    pub(crate) port: u16,
    _serving: JoinSet<()>,
}

impl WebServers {
    pub(crate) async fn start() -> Self {
        let first = TcpListener::bind((ANSWERS[0].0, 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut serving = JoinSet::new();
        serving.spawn(serve(first, ANSWERS[0].1));
        for (address, answer) in &ANSWERS[1..] {
            let address = SocketAddr::new(address.parse().unwrap(), port);
            serving.spawn(serve(TcpListener::bind(address).await.unwrap(), *answer));
        }
        Self { port, _serving: serving }
    }
}

async fn serve(listener: TcpListener, answer: Answer) {
    let mut connections = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => return,
                }
            }
            let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
            let host =
                text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            let Answer::Says(status, headers, body) = answer else {
                return std::future::pending().await;
            };
            let headers = headers.replace("{host}", host.trim());
            let length = body.len();
            let reply =
                format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
            stream.write_all(reply.as_bytes()).await.ok();
        });
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    let at =
        |name, ip: &str, expected| Fault::new(name, format!("app A {ip}"), expected).wants_http();
    let mut reserved = Fault::new(
        "a private address",
        "app A 127.0.9.9",
        &[
            "hostname.reserved_address problem customer",
            "hostname.addresses_elsewhere problem customer",
        ],
    );
    reserved.allow_reserved = false;
    vec![
        Fault::new(
            "the proof on port 80",
            crate::pointing::RIGHT,
            &["http.token_served good provider"],
        )
        .wants_http(),
        Fault::new(
            "port 80 closed at the target",
            "app CNAME closed.zoo-provider.com.",
            &["http.port_closed problem provider"],
        )
        .wants_http(),
        at(
            "port 80 closed",
            "127.0.9.99",
            &["http.port_closed problem customer", "hostname.addresses_elsewhere problem customer"],
        ),
        at(
            "silence on port 80",
            "127.0.9.16",
            &["http.timeout problem customer", "hostname.addresses_elsewhere problem customer"],
        ),
        Fault::new(
            "IPv6 where nobody listens",
            "app A 127.0.9.1\napp AAAA ::1",
            &[
                "http.aaaa_unreachable problem customer",
                "hostname.addresses_elsewhere problem customer",
            ],
        )
        .wants_http(),
        at(
            "a circle of redirects",
            "127.0.9.12",
            &[
                "http.redirect_loop problem customer",
                "hostname.addresses_elsewhere problem customer",
            ],
        ),
        at(
            "a redirect to another host",
            "127.0.9.13",
            &[
                "http.redirect_foreign problem customer",
                "hostname.addresses_elsewhere problem customer",
            ],
        ),
        at(
            "a redirect to https",
            "127.0.9.14",
            &[
                "http.redirect_refused problem customer",
                "hostname.addresses_elsewhere problem customer",
            ],
        ),
        at(
            "another body",
            "127.0.9.10",
            &["http.wrong_body problem customer", "hostname.addresses_elsewhere problem customer"],
        ),
        at(
            "not found",
            "127.0.9.11",
            &["http.status problem customer", "hostname.addresses_elsewhere problem customer"],
        ),
        at(
            "a proxy in front",
            "127.0.9.15",
            &[
                "hostname.proxy_in_front problem customer",
                "http.wrong_body problem customer",
                "hostname.addresses_elsewhere problem customer",
            ],
        ),
        reserved,
    ]
}
