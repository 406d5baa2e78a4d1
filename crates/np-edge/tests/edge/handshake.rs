//! Which certificate is shown to whom, and who is refused.

use boring::{pkey::Id, ssl::SslVersion};
use http::Request;
use np_domain::{
    certificate::KeyKind,
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
};
use np_testkit::clock::TestClock;

use crate::world::{Hello, World, http1, shown, shown_name, wait_for};

const OK: &str = "edge_tls_handshakes_total{outcome=\"ok\"}";

async fn refused(world: &World, hello: Hello) -> String {
    match hello.connect(world.edge.https_addr()).await {
        Ok(stream) => panic!("{:?} was served {}", hello.name, shown_name(&stream)),
        Err(error) => error,
    }
}

async fn name_shown(world: &World, sni: &str) -> String {
    shown_name(&Hello::to(sni).connect(world.edge.https_addr()).await.unwrap())
}

#[tokio::test]
async fn each_name_is_shown_its_own_certificate() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    world.proven("shop.other.org").publish();
    assert_eq!(name_shown(&world, "app.customer.com").await, "app.customer.com");
    assert_eq!(name_shown(&world, "shop.other.org").await, "shop.other.org");
    assert_eq!(name_shown(&world, "SHOP.Other.org").await, "shop.other.org");
    world.counts(OK, 3).await;
}

#[tokio::test]
async fn a_wildcard_serves_one_level_below_and_loses_to_an_exact_name() {
    let world = World::start().await;
    world.proven("customer.com").wildcard().publish();
    world.proven("app.customer.com").publish();
    world.proven("plain.org").publish();
    assert_eq!(name_shown(&world, "other.customer.com").await, "customer.com");
    assert_eq!(name_shown(&world, "app.customer.com").await, "app.customer.com");
    refused(&world, Hello::to("two.levels.customer.com")).await;
    refused(&world, Hello::to("www.plain.org")).await;
}

#[tokio::test]
async fn a_wildcard_serves_an_exact_name_until_that_has_a_certificate() {
    let world = World::start().await;
    world.proven("customer.com").wildcard().publish();
    world.proven("app.customer.com").without_certificate().publish();
    world.unproven("shop.customer.com").publish();
    assert_eq!(name_shown(&world, "app.customer.com").await, "customer.com");
    assert_eq!(name_shown(&world, "shop.customer.com").await, "customer.com");
}

#[tokio::test]
async fn whoever_is_not_served_is_refused_and_counted() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    world.unproven("new.customer.com").publish();
    world.proven("bare.customer.com").without_certificate().publish();
    let unknown = refused(&world, Hello::to("unknown.customer.com")).await;
    assert!(unknown.contains("UNRECOGNIZED_NAME"), "{unknown}");
    refused(&world, Hello::to("new.customer.com")).await;
    refused(&world, Hello::to("bare.customer.com")).await;
    refused(&world, Hello { name: None, ..Hello::to("") }).await;
    for (outcome, times) in [("unknown_sni", 2), ("no_certificate", 1), ("no_sni", 1), ("ok", 0)] {
        world.counts(&format!("edge_tls_handshakes_total{{outcome=\"{outcome}\"}}"), times).await;
    }
}

#[tokio::test]
async fn the_entry_proven_last_is_served() {
    let world = World::start().await;
    let later = TestClock::START + time::Duration::hours(1);
    let at = |stream: &_| {
        shown(stream).serial_number().to_bn().unwrap().to_hex_str().unwrap().to_string()
    };
    world.proven("app.customer.com").of_hostname("first").publish();
    let address = world.edge.https_addr();
    let first = at(&Hello::to("app.customer.com").connect(address).await.unwrap());
    let second = world.proven("app.customer.com").of_hostname("second").proven_at(later).publish();
    wait_for(async || at(&Hello::to("app.customer.com").connect(address).await.unwrap()) != first)
        .await;
    world.withdraw(second.hostname);
    wait_for(async || at(&Hello::to("app.customer.com").connect(address).await.unwrap()) == first)
        .await;
}

#[tokio::test]
async fn a_rotated_certificate_is_shown_without_dropping_open_connections() {
    let world = World::start().await;
    let address = world.edge.https_addr();
    world.proven("app.customer.com").publish();
    let open = Hello::to("app.customer.com").connect(address).await.unwrap();
    let old = shown(&open).to_der().unwrap();
    let mut open = http1(open).await;
    let get = || Request::get("/").header("host", "app.customer.com");
    assert_eq!(open.send(get()).await.status(), 200);
    world.proven("app.customer.com").publish();
    wait_for(async || {
        let stream = Hello::to("app.customer.com").connect(address).await.unwrap();
        shown(&stream).to_der().unwrap() != old
    })
    .await;
    assert_eq!(open.send(get()).await.status(), 200);
}

#[tokio::test]
async fn a_withdrawn_name_is_refused_and_its_open_connections_serve_nothing() {
    let world = World::start().await;
    let address = world.edge.https_addr();
    let entry = world.proven("app.customer.com").publish();
    let mut open = http1(Hello::to("app.customer.com").connect(address).await.unwrap()).await;
    world.withdraw(entry.hostname);
    wait_for(async || Hello::to("app.customer.com").connect(address).await.is_err()).await;
    let answer = open.send(Request::get("/").header("host", "app.customer.com")).await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn an_expired_certificate_is_served_and_counted() {
    let world = World::start().await;
    let ended = TestClock::START - time::Duration::days(1);
    world
        .proven("app.customer.com")
        .without_certificate()
        .certificate_until(KeyKind::Ecdsa, ended)
        .publish();
    assert_eq!(name_shown(&world, "app.customer.com").await, "app.customer.com");
    world.counts("edge_expired_certificates_served_total", 1).await;
}

#[tokio::test]
async fn one_unusable_certificate_does_not_hide_the_other() {
    let world = World::start().await;
    let mut entry = world.proven("app.customer.com").certificate(KeyKind::Rsa).publish();
    entry.routing.as_mut().unwrap().certificates[0].chain[0] = [0x30, 0][..].into();
    world.publish(&entry);
    let stream = Hello::to("app.customer.com").connect(world.edge.https_addr()).await.unwrap();
    assert_eq!(shown(&stream).public_key().unwrap().id(), Id::RSA);
    world.counts("edge_unusable_certificates_total", 1).await;
}

#[tokio::test]
async fn a_client_is_shown_the_kind_of_key_that_it_can_check() {
    let world = World::start().await;
    world.proven("app.customer.com").certificate(KeyKind::Rsa).publish();
    let kind = async |hello: Hello| {
        let stream = hello.connect(world.edge.https_addr()).await.unwrap();
        shown(&stream).public_key().unwrap().id()
    };
    let hello = Hello::to("app.customer.com");
    let rsa_only =
        Hello { signatures: Some("rsa_pss_rsae_sha256:rsa_pkcs1_sha256"), ..hello.clone() };
    let rsa_suites = Hello { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", ..hello.clone() };
    assert_eq!(kind(hello.clone()).await, Id::EC);
    assert_eq!(kind(hello.version(SslVersion::TLS1_2)).await, Id::EC);
    assert_eq!(kind(rsa_only.clone()).await, Id::RSA);
    assert_eq!(kind(rsa_only.version(SslVersion::TLS1_2)).await, Id::RSA);
    assert_eq!(kind(rsa_suites.clone()).await, Id::EC);
    assert_eq!(kind(rsa_suites.version(SslVersion::TLS1_2)).await, Id::RSA);
}

#[tokio::test]
async fn each_name_has_its_own_versions() {
    use SslVersion as V;
    let world = World::start().await;
    let policy = |min_version, tls_1_3| TlsPolicy { min_version, tls_1_3, ..TlsPolicy::default() };
    world.proven("default.customer.com").publish();
    world.proven("modern.customer.com").tls(policy(Some(TlsVersion::V1_3), None)).publish();
    world.proven("old.customer.com").tls(policy(Some(TlsVersion::V1_0), None)).publish();
    world.proven("fixed.customer.com").tls(policy(None, Some(Switch::Off))).publish();
    for (name, spoken) in [
        ("default.customer.com", &[V::TLS1_2, V::TLS1_3][..]),
        ("modern.customer.com", &[V::TLS1_3]),
        ("old.customer.com", &[V::TLS1, V::TLS1_1, V::TLS1_2, V::TLS1_3]),
        ("fixed.customer.com", &[V::TLS1_2]),
    ] {
        for version in [V::TLS1, V::TLS1_1, V::TLS1_2, V::TLS1_3] {
            let done = Hello::to(name).version(version).connect(world.edge.https_addr()).await;
            assert_eq!(
                done.is_ok(),
                spoken.contains(&version),
                "{name} {version:?} {:?}",
                done.err()
            );
        }
    }
}

#[tokio::test]
async fn a_names_ciphers_are_the_only_ones_up_to_tls_1_2() {
    let world = World::start().await;
    let ciphers = CipherList::parse(["AES128-SHA", "ECDHE-RSA-AES128-SHA"]).ok();
    let tls = TlsPolicy { ciphers, ..TlsPolicy::default() };
    world
        .proven("app.customer.com")
        .without_certificate()
        .certificate(KeyKind::Rsa)
        .tls(tls)
        .publish();
    let hello = Hello::to("app.customer.com").version(SslVersion::TLS1_2);
    let stream = hello.connect(world.edge.https_addr()).await.unwrap();
    assert_eq!(stream.ssl().current_cipher().unwrap().name(), "AES128-SHA");
    refused(&world, Hello { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", ..hello }).await;
}

#[tokio::test]
async fn settings_of_a_wildcard_reach_the_names_below_it() {
    let world = World::start().await;
    let tls = TlsPolicy { min_version: Some(TlsVersion::V1_3), ..TlsPolicy::default() };
    world.proven("customer.com").wildcard().tls(tls).publish();
    for name in ["customer.com", "app.customer.com"] {
        refused(&world, Hello::to(name).version(SslVersion::TLS1_2)).await;
        assert_eq!(name_shown(&world, name).await, "customer.com");
    }
}

#[tokio::test]
async fn http2_is_offered_unless_the_name_has_it_off() {
    let world = World::start().await;
    let tls = TlsPolicy { http2: Some(Switch::Off), ..TlsPolicy::default() };
    world.proven("on.customer.com").publish();
    world.proven("off.customer.com").tls(tls).publish();
    let agreed = async |name: &str| {
        let stream = Hello::to(name).http2().connect(world.edge.https_addr()).await.unwrap();
        stream.ssl().selected_alpn_protocol().map(<[u8]>::to_vec)
    };
    assert_eq!(agreed("on.customer.com").await.as_deref(), Some(&b"h2"[..]));
    assert_eq!(agreed("off.customer.com").await.as_deref(), Some(&b"http/1.1"[..]));
}
