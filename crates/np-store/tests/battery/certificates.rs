//! Certificates beside their hostnames.

use np_domain::{
    certificate,
    entry::FeedKey,
    event::EventKind,
    ports::{
        CertificateStore, FeedPosition, FeedStore, HistoryStore, Hold, HostnameStore, Publish,
        StoreError,
    },
};

use crate::{
    values::{at, bare, certificate, certificate_change, change, event, leaving, record},
    world::World,
};

pub(crate) async fn certificate_is_saved_beside_its_hostname(world: World) {
    let record = record(world.zone.id, "app.customer.com");
    let id = record.hostname.id;
    world.store.insert(&record, &[]).await.unwrap();
    world.store.number().await.unwrap();

    let mut save = certificate_change(record.certificate.as_ref().unwrap());
    save.certificate.attempt =
        certificate::State::Settled(certificate::Settled { renew_at: at(1000), ask_at: None });
    save.events = vec![event(1, EventKind::CertificateDeployed)];
    save.publish = Publish::Yes;
    world.store.save_certificate(&save, &Hold::Release).await.unwrap();

    let found = world.store.record_of(id).await.unwrap().unwrap();
    assert_eq!(found.hostname, record.hostname, "the hostname has a version of its own");
    let expected = certificate::Certificate { version: 1, ..save.certificate.clone() };
    assert_eq!(found.certificate, Some(expected));
    assert_eq!(world.store.history(id, 9).await.unwrap(), save.events);
    let position = world.store.position(FeedKey::Hostname(id)).await.unwrap();
    assert_eq!(position, FeedPosition::Unnumbered);

    let again = world.store.save_certificate(&save, &Hold::Release).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

pub(crate) async fn certificate_of_a_removed_hostname_is_stale(world: World) {
    let record = record(world.zone.id, "app.customer.com");
    world.store.insert(&record, &[]).await.unwrap();
    let leave = change(&record.hostname, leaving(at(1)));
    world.store.save(&[leave], &Hold::Release).await.unwrap();
    assert_eq!(world.store.record_of(record.hostname.id).await.unwrap(), None);
    world.store.remove(record.hostname.id).await.unwrap();
    let mut save = certificate_change(record.certificate.as_ref().unwrap());
    save.events = vec![event(1, EventKind::CertificateIssued)];
    let refused = world.store.save_certificate(&save, &Hold::Release).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
}

pub(crate) async fn edit_adds_a_certificate_or_changes_it_or_leaves_it(world: World) {
    let record = bare(world.zone.id, "app.customer.com");
    let (zone, id) = (world.zone.id, record.hostname.id);
    world.store.insert(&record, &[]).await.unwrap();
    let mut edit = change(&record.hostname, record.hostname.ownership.clone());
    let mut add = certificate_change(&certificate(id));
    world.store.save_edit(&edit, Some(&add)).await.unwrap();
    let found = world.store.find(zone, id).await.unwrap().unwrap();
    assert_eq!(found.certificate.as_ref(), Some(&add.certificate), "added at version 0");

    edit.hostname.version = 1;
    add.certificate.wanted.wildcard = true;
    world.store.save_edit(&edit, Some(&add)).await.unwrap();
    let found = world.store.find(zone, id).await.unwrap().unwrap().certificate.unwrap();
    assert_eq!((found.version, found.wanted.wildcard), (1, true));

    edit.hostname.version = 2;
    world.store.save_edit(&edit, None).await.unwrap();
    let found = world.store.find(zone, id).await.unwrap().unwrap();
    assert_eq!((found.hostname.version, found.certificate.unwrap().version), (3, 1));

    // Both or neither: the hostname's version is right and the certificate's is not.
    edit.hostname.version = 3;
    let refused = world.store.save_edit(&edit, Some(&add)).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    let found = world.store.find(zone, id).await.unwrap().unwrap();
    assert_eq!(found.hostname.version, 3);
    let another = certificate_change(&certificate(id));
    let refused = world.store.save_edit(&edit, Some(&another)).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "a second certificate: {refused:?}");
}
