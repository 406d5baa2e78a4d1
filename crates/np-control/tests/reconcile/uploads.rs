//! Uploaded certificates on their way through the reconcilers: deployed, told of as they end, and replaced without a gap.

use std::time::Duration;

use np_domain::{
    certificate::{DcvMethod, Kept, Origin, Presented, State, order::reorder, upload::deliver},
    id::{CertificateId, HostnameId},
    ports::{CertificateChange, CertificateStore as _, Clock as _, Hold, Publish},
};

use crate::world::{Control, TestWorld};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What an upload saves: the certificate that the CA gave, as if somebody had brought it.
async fn upload(world: &TestWorld, id: HostnameId) {
    let mut certificate = world.certificate(id).await;
    let mut brought = certificate.active[0].issued.clone();
    brought.id = CertificateId::from_bytes([9; 16]);
    let certificates = brought.chain.der().to_vec();
    brought.origin = Origin::Uploaded(Presented { certificates, csr: None });
    deliver(&mut certificate, vec![brought], world.clock.now());
    save(world, certificate).await;
}

async fn save(world: &TestWorld, certificate: np_domain::certificate::Certificate) {
    let change = CertificateChange { certificate, events: Vec::new(), publish: Publish::Yes };
    world.store.save_certificate(&change, &Hold::Release).await.unwrap();
}

/// A hostname whose uploaded certificate is deployed.
async fn kept(world: &TestWorld) -> (Control, HostnameId) {
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.point_here("app.customer.com");
    let control = world.control("one");
    world.settle(&control, id, 200).await;
    upload(world, id).await;
    control.pass().await;
    assert!(
        matches!(world.certificate(id).await.attempt, State::Uploaded(_)),
        "no node has it yet"
    );
    for _ in 0..5 {
        world.advance(Duration::from_secs(1)).await;
        control.pass().await;
    }
    (control, id)
}

#[tokio::test]
async fn an_uploaded_one_is_active_once_the_nodes_have_it_and_is_never_renewed() {
    let world = TestWorld::delegated().await;
    let (control, id) = kept(&world).await;
    let certificate = world.certificate(id).await;
    assert!(matches!(certificate.attempt, State::Kept(_)), "{:?}", certificate.attempt);
    assert_eq!(certificate.active.len(), 1);
    let renewals = |events: &[&str]| {
        events.iter().filter(|kind| **kind == "certificate.renewal_started").count()
    };
    let before = renewals(&world.events(id).await);
    for _ in 0..120 {
        world.advance(DAY).await;
        control.pass().await;
    }
    let events = world.events(id).await;
    assert_eq!(renewals(&events), before);
    assert_eq!(events.iter().filter(|kind| **kind == "certificate.expiring").count(), 5);
    assert_eq!(events.last(), Some(&"certificate.expired"));
    let certificate = world.certificate(id).await;
    assert_eq!(certificate.attempt, State::Kept(Kept { look_at: None }));
    assert_eq!(certificate.to_serve().len(), 1, "it is served until somebody replaces it");
}

#[tokio::test]
async fn an_uploaded_one_is_held_until_ownership_is_proven_and_then_deployed_by_itself() {
    let world = TestWorld::delegated().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    world.settle(&control, id, 200).await;
    assert!(world.record(id).await.hostname.ownership.proof().is_none());
    upload(&world, id).await;
    let goes_on = async |seconds: u32| {
        for _ in 0..seconds {
            world.advance(Duration::from_secs(1)).await;
            control.pass().await;
        }
        world.certificate(id).await.attempt
    };
    let held = goes_on(30).await;
    assert!(matches!(held, State::Uploaded(_)), "{held:?}");
    world.point_here("app.customer.com");
    let deployed = goes_on(200).await;
    assert!(world.record(id).await.hostname.ownership.proof().is_some());
    assert!(matches!(deployed, State::Kept(_)), "{deployed:?}");
}

#[tokio::test]
async fn an_uploaded_one_serves_until_the_managed_one_is_on_every_node() {
    let world = TestWorld::delegated().await;
    let (control, id) = kept(&world).await;
    let mut certificate = world.certificate(id).await;
    reorder(&mut certificate, world.clock.now());
    save(&world, certificate).await;
    let mut seen_settled = false;
    for _ in 0..60 {
        let certificate = world.certificate(id).await;
        assert_eq!(certificate.to_serve().len(), 1, "{:?}", certificate.attempt);
        let uploaded = certificate.to_serve()[0].origin.is_uploaded();
        match certificate.attempt {
            State::Issued(_) => assert!(!uploaded),
            State::Settled(_) => {
                assert!(!uploaded);
                seen_settled = true;
                break;
            }
            _ => assert!(uploaded),
        }
        control.pass().await;
        world.advance(Duration::from_secs(1)).await;
    }
    assert!(seen_settled);
    assert_eq!(world.certificate(id).await.active.len(), 1);
}
