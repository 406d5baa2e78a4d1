//! The built-in CA: looks with the real resolver and probe, signs what it has seen, and nothing else.

use std::{sync::Arc, time::Duration as StdDuration};

use np_control::adapters::{
    clock::SystemClock,
    http_probe::{HttpTokenProbe, ProbeSettings},
    keys,
    local_ca::{LocalAuthority, LocalCaError, LocalSettings},
    resolver::{DnsResolver, ResolverSettings},
    x509::chain_facts,
};
use np_domain::{
    Timestamp,
    certificate::{Actor, DcvMethod, KeyType, Order, Problem},
    ports::{Authority, AuthorityError, Clock, OrderStatus, OrderTerms, Vault, VaultError},
    secret::{SealedBytes, SecretBytes},
    text::Explanation,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use time::Duration;
use x509_parser::{extensions::ParsedExtension, parse_x509_certificate};

use crate::support::{
    MemorySecrets, NAME, OpenVault, Stage, complete, exact, in_days, issue, terms, verdict,
    with_wildcard,
};

/// A clock that a test has set.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn settings() -> LocalSettings {
    LocalSettings::new(NAME, "validate.ca.net".parse().expect("a name"))
}

struct World {
    stage: Stage,
    secrets: MemorySecrets,
}

impl World {
    async fn start() -> Self {
        Self { stage: Stage::start().await, secrets: MemorySecrets::default() }
    }

    /// The CA in a process that has just started.
    async fn authority(&self) -> LocalAuthority {
        self.authority_at(SystemClock.now(), settings()).await
    }

    async fn authority_at(&self, now: Timestamp, settings: LocalSettings) -> LocalAuthority {
        self.opened(now, settings, &OpenVault).await.expect("a root")
    }

    async fn opened(
        &self,
        now: Timestamp,
        settings: LocalSettings,
        vault: &dyn Vault,
    ) -> Result<LocalAuthority, LocalCaError> {
        let asking = ResolverSettings {
            servers: vec![self.stage.dns.address()],
            timeout: StdDuration::from_millis(500),
            ..ResolverSettings::default()
        };
        let resolver = Arc::new(DnsResolver::new(asking).expect("a resolver"));
        let looking = ProbeSettings {
            port: self.stage.web.port(),
            allow_reserved: true,
            ..ProbeSettings::default()
        };
        let probe = Arc::new(HttpTokenProbe::new(looking, resolver.clone()));
        let clock = Arc::new(At(now));
        LocalAuthority::open(settings, resolver, probe, clock, &self.secrets, vault).await
    }
}

fn der(pem: &str) -> Box<[u8]> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate").as_ref().into()
}

/// A placed order for one name by HTTP, with its proofs visible.
async fn shown(world: &World, authority: &LocalAuthority) -> Order {
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let order = authority.place(&wanted).await.expect("an order");
    world.stage.show(&order);
    order
}

#[tokio::test]
async fn certificates_are_issued_by_http_txt_and_cname_under_the_root() {
    let world = World::start().await;
    let authority = world.authority().await;
    let host = world.stage.host("app.customer.com");
    for wanted in [
        terms(exact(&host), DcvMethod::Http, KeyType::P256),
        terms(with_wildcard(&host), DcvMethod::Txt, KeyType::Rsa2048),
        terms(with_wildcard(&host), DcvMethod::Cname, KeyType::P256),
    ] {
        let chain = issue(&authority, &world.stage, &wanted).await.unwrap();
        assert_eq!(chain.facts().key_type, Some(wanted.key_type));
        let under_root = [chain.der()[0].clone(), der(authority.root_pem())];
        let any_key = keys::request(&exact(&host), KeyType::P256).unwrap().key;
        assert!(chain_facts(&under_root, &any_key).unwrap().is_linked);
    }
    assert_eq!(world.secrets.names(), ["local-ca/root"]);
    assert!(!authority.root_pem().contains("PRIVATE"));
}

#[tokio::test]
async fn an_end_that_is_wished_for_is_the_certificates_also_after_a_restart() {
    let world = World::start().await;
    let host = world.stage.host("app.customer.com");
    let end = in_days(30);
    let wanted =
        OrderTerms { not_after: Some(end), ..terms(exact(&host), DcvMethod::Http, KeyType::P256) };
    let order = world.authority().await.place(&wanted).await.unwrap();
    world.stage.show(&order);
    let chain = complete(&world.authority().await, &order).await.unwrap();
    assert_eq!(chain.facts().not_after, end);
}

#[tokio::test]
async fn leaves_have_the_extensions_of_a_server_certificate() {
    let world = World::start().await;
    let authority = world.authority().await;
    let order = shown(&world, &authority).await;
    let chain = complete(&authority, &order).await.unwrap();
    let (_, leaf) = parse_x509_certificate(&chain.der()[0]).unwrap();
    let root = der(authority.root_pem());
    let (_, root) = parse_x509_certificate(&root).unwrap();

    assert_eq!(leaf.raw_serial().len(), 16);
    assert!(!leaf.is_ca() && root.is_ca());
    assert!(leaf.extended_key_usage().unwrap().unwrap().value.server_auth);
    assert!(leaf.key_usage().unwrap().unwrap().value.digital_signature());
    let subject_key = root.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.clone()),
        _ => None,
    });
    let authority_key = leaf.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.clone(),
        _ => None,
    });
    assert!(subject_key.is_some());
    assert_eq!(authority_key, subject_key);
}

#[tokio::test]
async fn nothing_is_signed_whose_proof_was_not_seen() {
    let world = World::start().await;
    let authority = world.authority().await;
    let host = world.stage.host("app.customer.com");
    for (method, words) in [
        (DcvMethod::Http, "answered with status 404 instead of 200"),
        (
            DcvMethod::Txt,
            "looking up TXT at _acme-challenge.app.customer.com failed: the name does not exist",
        ),
    ] {
        let wanted = terms(exact(&host), method, KeyType::P256);
        let order = authority.place(&wanted).await.unwrap();
        let csr = keys::request(&wanted.names, wanted.key_type).unwrap().csr;
        assert_eq!(authority.finalize(&order, &csr).await, Ok(OrderStatus::Pending));
        authority.tell(&order).await.unwrap();
        let Ok(OrderStatus::Invalid(problems)) = authority.finalize(&order, &csr).await else {
            panic!("signed without proof");
        };
        let [Problem { actor: Actor::Customer, message }] = problems.as_slice() else {
            panic!("not the customer's to mend: {problems:?}");
        };
        assert!(message.as_str().starts_with("app.customer.com: "), "{message}");
        assert!(message.as_str().contains(words), "{message}");

        world.stage.show(&order);
        let ended = verdict(&authority, &order).await.unwrap();
        assert_eq!(ended, OrderStatus::Invalid(problems), "a failed order stays failed");
        assert_eq!(authority.fetch(&order).await, Err(AuthorityError::OrderGone));
    }
}

#[tokio::test]
async fn another_body_or_value_is_no_proof() {
    let world = World::start().await;
    let authority = world.authority().await;
    let first = shown(&world, &authority).await;
    let host = world.stage.host("app.customer.com");
    let order = authority.place(&terms(exact(&host), DcvMethod::Txt, KeyType::P256)).await.unwrap();
    world.stage.dns.set(
        "_acme-challenge.app.customer.com",
        hickory_proto::rr::RecordType::TXT,
        &["something else"],
    );
    authority.tell(&order).await.unwrap();
    let words = "app.customer.com: no TXT record at _acme-challenge.app.customer.com has the value";
    assert!(matches!(
        authority.poll(&order).await,
        Ok(OrderStatus::Invalid(p)) if p[0].message.as_str().starts_with(words)
    ));
    complete(&authority, &first).await.expect("the other order is none the worse");
}

#[tokio::test]
async fn an_order_is_looked_at_again_after_a_restart() {
    let world = World::start().await;
    let before = world.authority().await;
    let order = shown(&world, &before).await;
    before.tell(&order).await.unwrap();
    assert_eq!(before.poll(&order).await, Ok(OrderStatus::Ready));

    let after = world.authority().await;
    assert_eq!(after.root_pem(), before.root_pem(), "the root is shared");
    assert_eq!(after.poll(&order).await, Ok(OrderStatus::Ready));
    complete(&after, &order).await.unwrap();

    world.stage.clear_files();
    let later = world.authority().await;
    assert!(matches!(later.poll(&order).await, Ok(OrderStatus::Invalid(_))));
    assert_eq!(world.authority().await.fetch(&order).await, Err(AuthorityError::OrderGone));
}

#[tokio::test]
async fn each_step_may_be_repeated() {
    let world = World::start().await;
    let authority = world.authority().await;
    let order = shown(&world, &authority).await;
    complete(&authority, &order).await.unwrap();
    let chain = authority.fetch(&order).await.unwrap();
    authority.tell(&order).await.unwrap();
    let csr = keys::request(&[order.controls[0].name.clone()], order.key_type).unwrap().csr;
    assert_eq!(authority.finalize(&order, &csr).await, Ok(OrderStatus::Valid));
    assert_eq!(authority.fetch(&order).await.unwrap(), chain, "signed once");
}

#[tokio::test]
async fn requests_for_something_else_than_was_ordered_are_refused() {
    let world = World::start().await;
    let authority = world.authority().await;
    let order = shown(&world, &authority).await;
    authority.tell(&order).await.unwrap();
    let (host, other) = (world.stage.host("app.customer.com"), world.stage.host("www.victim.com"));
    for (csr, words) in [
        (keys::request(&exact(&other), KeyType::P256).unwrap().csr, "other names"),
        (keys::request(&with_wildcard(&host), KeyType::P256).unwrap().csr, "other names"),
        (keys::request(&exact(&host), KeyType::Rsa2048).unwrap().csr, "another kind of key"),
        (Box::from(*b"no request"), "cannot be read"),
    ] {
        let refusal = authority.finalize(&order, &csr).await.unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    complete(&authority, &order).await.unwrap();
}

#[tokio::test]
async fn a_wildcard_by_http_and_an_order_of_no_names_are_refused() {
    let world = World::start().await;
    let authority = world.authority().await;
    let host = world.stage.host("app.customer.com");
    for (names, words) in [
        (with_wildcard(&host), "set ssl.method to one that it offers: txt, cname"),
        (Vec::new(), "1 to 100 names, not 0"),
    ] {
        let wanted = terms(names, DcvMethod::Http, KeyType::P256);
        let refusal = authority.place(&wanted).await.unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[tokio::test]
async fn no_leaf_outlives_the_root_and_no_order_its_time() {
    let world = World::start().await;
    let now = SystemClock.now();
    let long = LocalSettings { leaf_life: Duration::days(20_000), ..settings() };
    let authority = world.authority_at(now, long).await;
    let order = shown(&world, &authority).await;
    let chain = complete(&authority, &order).await.unwrap();
    let root = der(authority.root_pem());
    let (_, root) = parse_x509_certificate(&root).unwrap();
    assert_eq!(chain.not_after(), root.validity().not_after.to_datetime());
    assert!(chain.facts().not_before < now);

    let late = now + Duration::days(8);
    let late = world.authority_at(late, settings()).await;
    assert_eq!(late.poll(&order).await, Err(AuthorityError::OrderGone));
    let forged = Order { url: Explanation::new("local-ca:00/9999999999/AA"), ..order };
    assert_eq!(authority.poll(&forged).await, Err(AuthorityError::OrderGone));
}

#[tokio::test]
async fn a_root_under_another_master_key_is_not_replaced() {
    struct Stranger;
    impl Vault for Stranger {
        fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes {
            OpenVault.seal(context, secret)
        }

        fn open(&self, _: &'static str, _: &SealedBytes) -> Result<SecretBytes, VaultError> {
            Err(VaultError)
        }
    }
    let world = World::start().await;
    let root = world.authority().await.root_pem().to_owned();
    let opened = world.opened(SystemClock.now(), settings(), &Stranger).await;
    assert!(matches!(opened, Err(LocalCaError::Sealed(VaultError))));
    assert_eq!(world.authority().await.root_pem(), root);
}
