//! What the resolver adapter makes of the answers of a real server.
#![allow(clippy::unwrap_used, reason = "a failure in the arrangement of a test is a failed test")]

use std::{net::SocketAddr, time::Duration};

use hickory_proto::rr::RecordType;
use np_control::adapters::resolver::{DnsResolver, ResolverSettings};
use np_domain::{
    name::DnsName,
    ports::{LookupFailure, Resolver},
    quorum::Rule,
};
use np_testkit::{
    dns::{DnsServer, Fault},
    knot::{Knot, Zone},
    unbound::Unbound,
};

fn asking(server: SocketAddr) -> DnsResolver {
    asking_all(&[server])
}

fn asking_all(servers: &[SocketAddr]) -> DnsResolver {
    DnsResolver::new(ResolverSettings {
        servers: servers.to_vec(),
        timeout: Duration::from_millis(250),
        attempts: 1,
        validate_dnssec: false,
        rule: Rule::Majority,
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

const AT: &str = "a.customer.com";

/// Resolvers that say these values, or nothing.
async fn saying(texts: &[Option<&str>]) -> (Vec<DnsServer>, DnsResolver) {
    let mut servers = Vec::new();
    for text in texts {
        let server = DnsServer::start().await.unwrap();
        if let Some(text) = text {
            server.set(AT, RecordType::TXT, &[text]);
        }
        servers.push(server);
    }
    let addresses: Vec<_> = servers.iter().map(DnsServer::address).collect();
    (servers, asking_all(&addresses))
}

#[tokio::test]
async fn what_most_resolvers_show_counts_and_the_others_are_named() {
    let (servers, resolver) = saying(&[Some("token"), None, Some("token")]).await;
    let seen = resolver.txt(&name(AT)).await.unwrap();
    let [seen] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(seen.value.as_str(), "token");
    for server in [&servers[0], &servers[2]] {
        assert!(seen.from.as_str().contains(&server.address().to_string()), "{}", seen.from);
    }
}

#[tokio::test]
async fn resolvers_that_disagree_are_told_with_who_said_what() {
    let (servers, resolver) = saying(&[Some("token"), None]).await;
    let Err(LookupFailure::Disagreement(why)) = resolver.txt(&name(AT)).await else {
        panic!("no disagreement")
    };
    let [one, two] = [0, 1].map(|index: usize| servers[index].address());
    assert!(why.as_str().contains(&format!("resolver {one} says \"token\"")), "{why}");
    let none = format!("resolver {two} says that the name does not exist");
    assert!(why.as_str().contains(&none), "{why}");
}

#[tokio::test]
async fn a_resolver_that_is_silent_is_waited_for_no_longer_than_the_others_need() {
    let (servers, resolver) = saying(&[Some("token"), Some("token"), Some("token")]).await;
    servers[1].fail(AT, Fault::Drop);
    assert_eq!(values(&resolver, AT).await.unwrap(), ["token"]);
    // Of two, the one that answers is the only voice.
    let (servers, resolver) = saying(&[Some("token"), Some("token")]).await;
    servers[1].fail(AT, Fault::Drop);
    assert_eq!(values(&resolver, AT).await.unwrap(), ["token"]);
}

#[tokio::test]
async fn a_signed_zone_is_read_and_a_bogus_one_told_from_servers_that_fail() {
    let good = Zone::new("good.test", "app TXT token\napp CAA 0 issue \"letsencrypt.org\"");
    let bogus = Zone::new("bogus.test", "app TXT token");
    let knot = Knot::start_signed(&[good.clone(), bogus.clone()]).await.unwrap();
    let anchor = knot.ds(&good).await.unwrap();
    // The parent names a key that the zone does not have.
    let other = knot.ds(&bogus).await.unwrap();
    let (head, _) = other.rsplit_once(' ').unwrap();
    let wrong = format!("{head} {}", "ab".repeat(32));
    let zones =
        [("good.test", knot.address()), ("bogus.test", knot.address()), ("gone.test", nobody())];
    let anchors = [anchor.as_str(), wrong.as_str()];
    let one = Unbound::start_validating(&zones, &anchors).await.unwrap();
    let two = Unbound::start_validating(&zones, &anchors).await.unwrap();
    let resolver = DnsResolver::new(ResolverSettings {
        servers: vec![one.address(), two.address()],
        ..ResolverSettings::default()
    })
    .unwrap();
    assert_eq!(values(&resolver, "app.good.test").await.unwrap(), ["token"]);
    let seen = resolver.txt(&name("app.good.test")).await.unwrap();
    for unbound in [&one, &two] {
        assert!(seen[0].from.as_str().contains(&unbound.address().to_string()));
    }
    let caa = resolver.caa(&name("app.good.test")).await.unwrap();
    assert_eq!(caa[0].1.to_string(), "0 issue \"letsencrypt.org\"");
    let failed = values(&resolver, "app.bogus.test").await;
    assert!(matches!(&failed, Err(LookupFailure::Bogus(_))), "{failed:?}");
    let failed = values(&resolver, "app.gone.test").await;
    let expected = matches!(
        &failed,
        Err(LookupFailure::Unreachable(_) | LookupFailure::ServerFailure | LookupFailure::TimedOut)
    );
    assert!(expected, "{failed:?}");
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.local_addr().unwrap()
}

#[tokio::test]
async fn caa_is_followed_along_cnames_and_says_where_it_stands() {
    let records = "app CNAME target\ntarget CAA 128 issue \"pki.goog; accounturi=x\"\ntarget CAA 0 iodef \"mailto:a@b.test\"";
    let knot = Knot::start(&[Zone::new("customer.test", records)]).await.unwrap();
    let unbound = Unbound::start(&[("customer.test", knot.address())]).await.unwrap();
    let resolver = asking(unbound.address());
    let mut caa = resolver.caa(&name("app.customer.test")).await.unwrap();
    caa.sort();
    let texts: Vec<_> = caa.iter().map(|(at, caa)| format!("{at} {caa}")).collect();
    assert_eq!(
        texts,
        [
            "target.customer.test 0 iodef \"mailto:a@b.test\"",
            "target.customer.test 128 issue \"pki.goog; accounturi=x\""
        ]
    );
    assert!(resolver.caa(&name("customer.test")).await.unwrap().is_empty());
    assert!(resolver.caa(&name("nowhere.customer.test")).await.unwrap().is_empty());
}

#[tokio::test]
async fn all_addresses_are_those_of_every_resolver_and_a_failure_hides_none() {
    let (one, two) = (DnsServer::start().await.unwrap(), DnsServer::start().await.unwrap());
    one.set(AT, RecordType::A, &["192.0.2.7"]);
    two.set(AT, RecordType::A, &["198.51.100.7"]);
    let resolver = asking_all(&[one.address(), two.address()]);
    let addresses = resolver.all_addresses(&name(AT)).await.unwrap();
    assert_eq!(
        addresses,
        ["192.0.2.7", "198.51.100.7"].map(|a| a.parse::<std::net::IpAddr>().unwrap())
    );
    one.fail(AT, Fault::ServerFailure);
    two.fail(AT, Fault::ServerFailure);
    assert_eq!(resolver.all_addresses(&name(AT)).await, Err(LookupFailure::ServerFailure));
}
