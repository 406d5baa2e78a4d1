//! What the resolver adapter makes of the answers of a real server.

use std::{net::SocketAddr, time::Duration};

use hickory_proto::rr::RecordType;
use np_control::adapters::resolver::{DnsResolver, ResolverSettings};
use np_domain::{
    name::DnsName,
    ports::{LookupFailure, Resolver},
};
use np_testkit::dns::{DnsServer, Fault};

fn asking(server: SocketAddr) -> DnsResolver {
    DnsResolver::new(ResolverSettings {
        servers: vec![server],
        timeout: Duration::from_millis(250),
        attempts: 1,
        validate_dnssec: false,
    })
    .expect("settings that name a server")
}

fn name(text: &str) -> DnsName {
    text.parse().expect(text)
}

async fn values(resolver: &DnsResolver, at: &str) -> Result<Vec<String>, LookupFailure> {
    let seen = resolver.txt(&name(at)).await?;
    Ok(seen.into_iter().map(|seen| seen.value.as_str().to_owned()).collect())
}

#[tokio::test]
async fn txt_values_are_joined_and_name_the_server() {
    let server = DnsServer::start().await.unwrap();
    let resolver = asking(server.address());
    let long = "x".repeat(300);
    server.set("a.customer.com", RecordType::TXT, &["one", &long]);
    let seen = resolver.txt(&name("a.customer.com")).await.unwrap();
    let mut texts: Vec<_> = seen.iter().map(|seen| seen.value.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["one", long.as_str()]);
    assert_eq!(seen[0].from.as_str(), format!("resolver {}", server.address()));
}

#[tokio::test]
async fn cnames_are_followed_for_txt_and_addresses_and_reported_by_cname() {
    let server = DnsServer::start().await.unwrap();
    let resolver = asking(server.address());
    server.set("a.customer.com", RecordType::CNAME, &["b.customer.com."]);
    server.set("b.customer.com", RecordType::CNAME, &["c.customer.com."]);
    server.set("c.customer.com", RecordType::TXT, &["token"]);
    server.set("c.customer.com", RecordType::A, &["192.0.2.7"]);
    server.set("c.customer.com", RecordType::AAAA, &["2001:db8::7"]);

    assert_eq!(values(&resolver, "a.customer.com").await.unwrap(), ["token"]);
    let addresses = resolver.addresses(&name("a.customer.com")).await.unwrap();
    assert_eq!(
        addresses,
        ["2001:db8::7", "192.0.2.7"].map(|a| a.parse::<std::net::IpAddr>().unwrap())
    );
    for (at, to) in [("a", Some("b")), ("b", Some("c")), ("c", None), ("nowhere", None)] {
        let found = resolver.cname(&name(&format!("{at}.customer.com"))).await.unwrap();
        assert_eq!(found, to.map(|to| name(&format!("{to}.customer.com"))), "{at}");
    }
}

#[tokio::test]
async fn each_failure_is_told_from_the_others() {
    let server = DnsServer::start().await.unwrap();
    let resolver = asking(server.address());
    server.set("empty.customer.com", RecordType::A, &["192.0.2.7"]);
    for (host, fault) in
        [("broken", Fault::ServerFailure), ("closed", Fault::Refuse), ("silent", Fault::Drop)]
    {
        server.set(&format!("{host}.customer.com"), RecordType::TXT, &["token"]);
        server.fail(&format!("{host}.customer.com"), fault);
    }
    for (host, expected) in [
        ("nowhere", LookupFailure::NoSuchName),
        ("empty", LookupFailure::NoRecords),
        ("broken", LookupFailure::ServerFailure),
        ("closed", LookupFailure::Refused),
        ("silent", LookupFailure::TimedOut),
    ] {
        let host = format!("{host}.customer.com");
        assert_eq!(values(&resolver, &host).await, Err(expected.clone()), "{host}");
        let cname = resolver.cname(&name(&host)).await;
        match expected.is_trouble() {
            true => assert_eq!(cname, Err(expected), "{host}"),
            false => assert_eq!(cname, Ok(None), "{host}"),
        }
    }
}

#[tokio::test]
async fn a_mended_record_is_seen_by_the_next_look() {
    let server = DnsServer::start().await.unwrap();
    let resolver = asking(server.address());
    assert_eq!(values(&resolver, "a.customer.com").await, Err(LookupFailure::NoSuchName));
    server.set("a.customer.com", RecordType::TXT, &["old"]);
    assert_eq!(values(&resolver, "a.customer.com").await.unwrap(), ["old"]);
    server.set("a.customer.com", RecordType::TXT, &["new"]);
    assert_eq!(values(&resolver, "a.customer.com").await.unwrap(), ["new"]);
}

#[tokio::test]
async fn addresses_need_only_one_family_to_be_answered() {
    let server = DnsServer::start().await.unwrap();
    let resolver = asking(server.address());
    server.set("a.customer.com", RecordType::A, &["192.0.2.7"]);
    assert_eq!(
        resolver.addresses(&name("a.customer.com")).await.unwrap(),
        ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]
    );
    let nowhere = resolver.addresses(&name("nowhere.customer.com")).await;
    assert_eq!(nowhere, Err(LookupFailure::NoSuchName));
}
