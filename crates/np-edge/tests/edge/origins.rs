//! How origins are found, and how TLS is spoken to them.

use std::{net::TcpListener, time::Duration};

use boring::{
    pkey::PKey,
    ssl::{NameType, Ssl, SslContext, SslContextBuilder, SslMethod},
    x509::X509,
};
use hickory_resolver::proto::rr::RecordType;
use http::Request;
use np_edge::{
    DnsOriginResolver, DnsSettings, EdgeSettings, OriginResolver, settings::OriginScheme,
};
use np_testkit::dns::DnsServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    tls_stream::TlsStream,
    world::{Hello, World, http1, open_settings},
};

#[tokio::test]
async fn origins_are_asked_of_the_name_servers_and_answers_are_kept() {
    let dns = DnsServer::start().await.unwrap();
    dns.set("target.provider.com", RecordType::A, &["192.0.2.7", "192.0.2.8"]);
    dns.set("target.provider.com", RecordType::AAAA, &["2001:db8::7"]);
    let name_servers = vec![dns.address()];
    let timeout = Duration::from_secs(1);
    let ttl_min = Duration::from_secs(60);
    let settings = DnsSettings { name_servers, timeout, ttl_min, ..DnsSettings::default() };
    let resolver = DnsOriginResolver::new(&settings).unwrap();
    let found = resolver.addresses(&"target.provider.com".parse().unwrap()).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found[..2].iter().all(std::net::IpAddr::is_ipv4), "{found:?}");
    let asked = dns.queries("target.provider.com", RecordType::A);
    resolver.addresses(&"target.provider.com".parse().unwrap()).await.unwrap();
    assert_eq!(dns.queries("target.provider.com", RecordType::A), asked);
    let none = resolver.addresses(&"none.provider.com".parse().unwrap()).await.unwrap();
    assert!(none.is_empty());
}

/// An origin with a certificate for `name`, which answers one request with the SNI that it was asked for.
async fn tls_origin(name: &str) -> (u16, Vec<u8>) {
    let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let mut context = SslContextBuilder::new(SslMethod::tls()).unwrap();
    context.set_certificate(&X509::from_der(certified.cert.der()).unwrap()).unwrap();
    let key = PKey::private_key_from_pkcs8(&certified.signing_key.serialize_der()).unwrap();
    context.set_private_key(&key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(answer_with_sni(listener, context.build()));
    (port, certified.cert.pem().into_bytes())
}

async fn answer_with_sni(listener: tokio::net::TcpListener, context: SslContext) {
    while let Ok((tcp, _)) = listener.accept().await {
        let ssl = Ssl::new(&context).unwrap();
        let Ok(mut stream) = TlsStream::accept(ssl, tcp).await else { continue };
        let sni = stream.ssl().servername(NameType::HOST_NAME).unwrap_or_default().to_owned();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            sni.len()
        );
        let _ = stream.write_all((head + &sni).as_bytes()).await;
        let _ = stream.flush().await;
    }
}

async fn through(settings: EdgeSettings, port: u16) -> (u16, String) {
    let world = World::with(settings).await;
    world.fall_back_to(&format!("origin.provider.com:{port}"));
    world.proven("app.customer.com").publish();
    let stream = Hello::to("app.customer.com").connect(world.edge.https_addr()).await.unwrap();
    let request =
        Request::get("/").header("host", "app.customer.com").header("accept", "application/json");
    let answer = http1(stream).await.send(request).await;
    (answer.status(), answer.body)
}

#[tokio::test]
async fn a_trusted_origin_is_asked_under_the_requests_host() {
    let (port, root) = tls_origin("app.customer.com").await;
    let mut settings = open_settings();
    settings.origin.scheme = OriginScheme::Tls;
    settings.origin.trusted_roots = Some(root);
    assert_eq!(through(settings, port).await, (200, "app.customer.com".into()));
}

#[tokio::test]
async fn an_origin_that_cannot_be_trusted_is_refused_unless_unverified() {
    let (port, _) = tls_origin("other.provider.com").await;
    let mut settings = open_settings();
    settings.origin.scheme = OriginScheme::Tls;
    let (status, page) = through(settings.clone(), port).await;
    assert_eq!(status, 502, "{page}");
    assert!(page.contains("origin_tls"), "{page}");
    settings.origin.scheme = OriginScheme::TlsUnverified;
    assert_eq!(through(settings, port).await, (200, "app.customer.com".into()));
}
