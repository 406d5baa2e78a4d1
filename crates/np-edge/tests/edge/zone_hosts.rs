//! A zone's own hosts: with its packs' certificates, to where its proxied records lead.

use boring::pkey::Id;
use http::Request;
use np_domain::{
    certificate::KeyKind,
    certificate_pack::PackKind,
    entry::{FeedKey, HostToken, PackEntry, ProxiedAddresses, RecordEntry},
    id::{DnsRecordId, PackId},
    text::Explanation,
};
use np_feed::message::Item;
use np_testkit::{clock::TestClock, origin::Origin};
use tokio::net::TcpStream;

use crate::world::{
    Hello, World, hostname_id, http1, open_settings, served_certificate, shown, shown_name, zone_id,
};

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const LOOPBACK: &[u8] = &[127, 0, 0, 1];

/// A world whose records lead to an origin of their own.
async fn world() -> (World, Origin) {
    let origin = Origin::start().await.unwrap();
    let mut settings = open_settings();
    settings.origin.http_port = origin.address().port();
    (World::with(settings).await, origin)
}

fn pack(world: &World, id: &str, hosts: &[&str]) -> PackEntry {
    let certificates = [KeyKind::Ecdsa, KeyKind::Rsa].map(|kind| {
        let end = TestClock::START + time::Duration::days(90);
        served_certificate(&world.node_key, id, kind, end)
    });
    PackEntry {
        pack: PackId::from_bytes(*hostname_id(id).as_bytes()),
        zone: zone_id(),
        kind: PackKind::Advanced,
        ordered_at: TestClock::START,
        hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
        tokens: Vec::new(),
        challenges: Vec::new(),
        certificates: certificates.into(),
    }
}

fn publish(world: &World, pack: &PackEntry) {
    world.apply(|generation| Item::pack(generation, pack));
}

fn record(world: &World, name: &str, type_code: u16, rdata: &[u8]) {
    let entry = RecordEntry {
        record: DnsRecordId::from_bytes(*hostname_id(name).as_bytes()),
        zone: zone_id(),
        name: name.parse().unwrap(),
        type_code,
        rdata: rdata.into(),
        ttl_seconds: 300,
        proxied: Some(ProxiedAddresses::All),
    };
    world.apply(|generation| Item::record(generation, &entry));
}

async fn name_shown(world: &World, sni: &str) -> String {
    shown_name(&Hello::to(sni).connect(world.edge.https_addr()).await.unwrap())
}

#[tokio::test]
async fn a_host_of_a_pack_is_served_from_its_proxied_record() {
    let (world, origin) = world().await;
    publish(&world, &pack(&world, "provider.com", &["provider.com", "*.provider.com"]));
    record(&world, "www.provider.com", TYPE_A, LOOPBACK);
    record(&world, "docs.provider.com", TYPE_CNAME, b"\x03www\x08provider\x03com\x00");
    record(&world, "cdn.provider.com", TYPE_CNAME, b"\x06bucket\x07storage\x03net\x00");
    record(&world, "loop.provider.com", TYPE_CNAME, b"\x04loop\x08provider\x03com\x00");
    for (host, status) in [
        ("www.provider.com", 200),
        ("docs.provider.com", 200),
        ("cdn.provider.com", 200),
        ("loop.provider.com", 404),
        ("none.provider.com", 404),
        ("provider.com", 404),
    ] {
        assert_eq!(world.get(host, "/").await.status(), status, "{host}");
    }
    assert_eq!(origin.requests(), 3);
    assert_eq!(world.origin.requests(), 0, "the fallback is for customers' names");
    let two_levels = Hello::to("a.www.provider.com").connect(world.edge.https_addr()).await;
    assert!(two_levels.is_err());
}

#[tokio::test]
async fn a_wildcard_record_leads_hosts_without_one_of_their_own() {
    let (world, origin) = world().await;
    publish(&world, &pack(&world, "provider.com", &["provider.com", "*.provider.com"]));
    record(&world, "*.provider.com", TYPE_A, LOOPBACK);
    assert_eq!(world.get("any.provider.com", "/").await.status(), 200);
    assert_eq!(origin.requests(), 1);
}

#[tokio::test]
async fn a_client_is_shown_the_kind_of_certificate_that_it_can_check() {
    let (world, _origin) = world().await;
    publish(&world, &pack(&world, "provider.com", &["provider.com"]));
    let old = Hello {
        signatures: Some("rsa_pss_rsae_sha256:rsa_pkcs1_sha256"),
        ..Hello::to("provider.com")
    };
    for (hello, kind) in [(Hello::to("provider.com"), Id::EC), (old, Id::RSA)] {
        let stream = hello.connect(world.edge.https_addr()).await.unwrap();
        assert_eq!(shown(&stream).public_key().unwrap().id(), kind);
    }
}

#[tokio::test]
async fn an_exact_custom_hostname_comes_before_a_pack_and_a_pack_before_its_wildcard() {
    let (world, _origin) = world().await;
    publish(&world, &pack(&world, "pack.provider.com", &["provider.com", "*.provider.com"]));
    world.proven("app.provider.com").publish();
    world.proven("provider.com").wildcard().publish();
    assert_eq!(name_shown(&world, "app.provider.com").await, "app.provider.com");
    assert_eq!(name_shown(&world, "www.provider.com").await, "pack.provider.com");
    assert_eq!(name_shown(&world, "provider.com").await, "provider.com");
}

#[tokio::test]
async fn of_two_packs_the_advanced_one_is_served_and_then_the_later_one_until_it_is_gone() {
    let (world, _origin) = world().await;
    let hosts = &["provider.com"][..];
    let mut universal = pack(&world, "universal.provider.com", hosts);
    universal.kind = PackKind::Universal;
    universal.ordered_at += time::Duration::days(2);
    let early = pack(&world, "early.provider.com", hosts);
    let mut late = pack(&world, "late.provider.com", hosts);
    late.ordered_at += time::Duration::days(1);
    let mut waiting = pack(&world, "waiting.provider.com", hosts);
    waiting.ordered_at += time::Duration::days(3);
    waiting.certificates.clear();
    for one in [&universal, &late, &early, &waiting] {
        publish(&world, one);
    }
    for (gone, shown) in [(late.pack, "late"), (early.pack, "early"), (universal.pack, "universal")]
    {
        assert!(name_shown(&world, "provider.com").await.starts_with(shown), "{shown}");
        world.apply(|generation| Item::gone(generation, FeedKey::Pack(gone)));
        let host = format!("{shown}.provider.com");
        crate::world::wait_for(async || {
            let stream = Hello::to("provider.com").connect(world.edge.https_addr()).await;
            stream.map_or(true, |stream| shown_name(&stream) != host)
        })
        .await;
    }
    let refused = Hello::to("provider.com").connect(world.edge.https_addr()).await;
    assert!(refused.is_err(), "the one without a certificate serves nothing");
}

#[tokio::test]
async fn tokens_of_a_pack_are_answered_at_their_host_before_there_is_a_certificate() {
    const PATH: &str = "/.well-known/acme-challenge/abc";
    let (world, _origin) = world().await;
    let mut waiting = pack(&world, "provider.com", &["provider.com", "www.provider.com"]);
    waiting.certificates.clear();
    waiting.tokens = vec![HostToken {
        host: "www.provider.com".parse().unwrap(),
        path: Explanation::new(PATH),
        body: Explanation::new("abc.def"),
    }];
    publish(&world, &waiting);
    for (host, status) in [("www.provider.com", 200), ("provider.com", 404)] {
        let stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
        let answer = http1(stream).await.send(Request::get(PATH).header("host", host)).await;
        assert_eq!(answer.status(), status, "{host}");
    }
}
