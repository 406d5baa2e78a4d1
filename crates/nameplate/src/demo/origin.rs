//! The provider's application: says which host it was asked for, and by whom.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
};

use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use tokio_util::sync::CancellationToken;

use crate::http_server::HttpServer;

/// Connections at a time.
const CONNECTIONS_MAX: usize = 64;
/// What the edge tells the origin.
const FORWARDED: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/// Answers on a free port until `stop`.
pub(super) fn start(stop: CancellationToken) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let server = HttpServer::new(listener, service_fn(answer), CONNECTIONS_MAX)?;
    let address = server.address()?;
    tokio::spawn(server.run(stop));
    Ok(address)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(line(request.headers()).into())))
}

fn line(headers: &HeaderMap) -> String {
    let value = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned()
    };
    let mut line = format!("hello from the origin; host={}", value(header::HOST.as_str()));
    for name in FORWARDED {
        line.push_str(&format!(" {name}={}", value(name)));
    }
    line.push('\n');
    line
}
