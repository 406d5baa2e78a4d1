//! Plays the issuance reconciler for the first hostname of a zone: what it would save, without a CA.

use std::time::Duration;

use np_domain::{
    certificate::{
        Active, AuthorityName, AwaitingControl, CertName, Certificate, Control, ControlProof,
        IssuedCertificate, KeyType, Order as CaOrder, Origin, Settled, State, Tries,
        ValidationAddress,
        chain::{ChainFacts, ValidatedChain},
    },
    custom_hostname::HostnameRecord,
    id::CertificateId,
    name::Hostname,
    ports::{
        CertificateChange, CertificateStore as _, Clock as _, Direction, Hold, HostnameFilter,
        HostnameList, HostnameStore as _, Order, Publish, Start,
    },
    secret::SealedBytes,
    text::Explanation,
};

use crate::world::World;

const LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// The URL of its order.
pub(crate) const ORDER: &str = "https://ca.invalid/order/1";

/// Places its order: one TXT record is wanted.
pub(crate) async fn place_order(world: &World, hostnames: &str) {
    place(world, hostnames, |name| ControlProof::Txt {
        name: name.acme_challenge(),
        value: Explanation::new("digest"),
    })
    .await;
}

/// Places its order: an approval is wanted.
pub(crate) async fn place_email_order(world: &World, hostnames: &str) {
    place(world, hostnames, |name| ControlProof::Email { addresses: ValidationAddress::of(name) })
        .await;
}

async fn place(world: &World, hostnames: &str, proof: impl Fn(&Hostname) -> ControlProof) {
    let record = first(world, hostnames).await;
    let now = world.clock.now();
    let order = order(&record.hostname.name, proof(&record.hostname.name));
    let awaiting =
        AwaitingControl { order, tries: Tries::new(now), placed_at: now, next_check: now };
    let certificate = record.certificate.unwrap();
    save(world, Certificate { attempt: State::AwaitingControl(awaiting), ..certificate }).await;
}

/// Brings it a certificate that is served.
pub(crate) async fn activate(world: &World, hostnames: &str) {
    let record = first(world, hostnames).await;
    let now = world.clock.now();
    let active = vec![Active {
        issued: issued(world, &record.hostname.name),
        deployed_at: now,
        suggestion: None,
    }];
    let attempt = State::Settled(Settled { renew_at: now + LIFE, ask_at: None });
    save(world, Certificate { active, attempt, ..record.certificate.unwrap() }).await;
}

/// The first hostname, as soon as there is one.
pub(crate) async fn first(world: &World, hostnames: &str) -> HostnameRecord {
    let zone = hostnames.split('/').nth(2).unwrap().parse().unwrap();
    let list = HostnameList {
        filter: HostnameFilter::default(),
        order: Order::Created,
        direction: Direction::Ascending,
        start: Start::Page(1),
        size: 1,
        now: world.clock.now(),
    };
    loop {
        let listed = world.store.list(zone, &list).await;
        if let Some(record) = listed.unwrap().records.pop() {
            return record;
        }
        tokio::task::yield_now().await;
    }
}

async fn save(world: &World, certificate: Certificate) {
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::Yes };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();
    world.bells.saved.ring_all();
}

fn order(hostname: &Hostname, proof: ControlProof) -> CaOrder {
    let control = Control { name: CertName::Exact(hostname.clone()), proof, satisfied: false };
    CaOrder {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new(ORDER),
        key_type: KeyType::P256,
        controls: vec![control],
        expires_at: None,
        is_renewal: false,
    }
}

fn issued(world: &World, hostname: &Hostname) -> IssuedCertificate {
    let now = world.clock.now();
    let facts = ChainFacts {
        der: vec![b"leaf".as_slice().into()],
        names: vec![Explanation::new(hostname.to_string())],
        not_before: now,
        not_after: now + LIFE,
        issuer: Explanation::new("Test CA"),
        serial: Explanation::new("42"),
        signature: Explanation::new("ECDSAWithSHA256"),
        key_type: Some(KeyType::P256),
        key_matches: true,
        is_linked: true,
    };
    IssuedCertificate {
        id: CertificateId::from_bytes([7; 16]),
        origin: Origin::Authority(AuthorityName::LetsEncrypt),
        chain: ValidatedChain::restored(facts),
        key: SealedBytes::from_vec(b"sealed".to_vec()),
        key_type: KeyType::P256,
        issued_at: now,
    }
}
