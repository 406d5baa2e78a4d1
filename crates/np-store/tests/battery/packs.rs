//! Certificate packs of zones, each with its certificate.

use np_domain::{
    certificate::{self, CertificateRecord, Holder},
    certificate_pack::PackKind,
    entry::{FeedKey, Generation},
    event::EventKind,
    ports::{
        CertificateChange, CertificateStore, FeedPosition, FeedStore, FeedSubject, Hold,
        HostnameStore, InsertError, InsertPackError, PackStore, Publish, StoreError, ZoneStore,
    },
};

use crate::{
    values::{at, event, lease, pack, pack_change, record, zone},
    world::World,
};

const ROOM: u32 = 2;

pub(crate) async fn pack_is_found_in_its_zone_only_and_listed_in_order(world: World) {
    let store = &world.store;
    let other = zone(world.zone.account, "other.com");
    store.insert_zone(&other).await.unwrap();
    let (mut late, early) = (
        pack(world.zone.id, &["provider.com", "*.provider.com"]),
        pack(world.zone.id, &["provider.com"]),
    );
    late.pack.created_at = at(5);
    let created = event(0, EventKind::PackOrdered);
    for record in [&late, &early] {
        store.insert_pack(record, ROOM, std::slice::from_ref(&created)).await.unwrap();
    }
    assert_eq!(store.pack(world.zone.id, late.pack.id).await.unwrap(), Some(late.clone()));
    assert_eq!(store.pack(other.id, late.pack.id).await.unwrap(), None);
    assert_eq!(store.packs(world.zone.id).await.unwrap(), [early, late.clone()]);
    assert_eq!(store.packs(other.id).await.unwrap(), []);
    assert_eq!(store.pack_history(late.pack.id, 9).await.unwrap(), [created]);
}

pub(crate) async fn a_zone_has_room_for_so_many_packs_and_one_universal_one(world: World) {
    let (store, id) = (&world.store, world.zone.id);
    let mut universal = pack(id, &["provider.com", "*.provider.com"]);
    universal.pack.kind = PackKind::Universal;
    store.insert_pack(&universal, 0, &[]).await.unwrap();
    let mut second = pack(id, &["provider.com", "*.provider.com"]);
    second.pack.kind = PackKind::Universal;
    match store.insert_pack(&second, 0, &[]).await {
        Err(InsertPackError::Insert(InsertError::Duplicate { existing })) => {
            assert_eq!(existing.as_str(), universal.pack.id.to_string());
        }
        other => panic!("{other:?}"),
    }
    for _ in 0..ROOM {
        store.insert_pack(&pack(id, &["provider.com"]), ROOM, &[]).await.unwrap();
    }
    let full = store.insert_pack(&pack(id, &["provider.com"]), ROOM, &[]).await;
    assert!(matches!(full, Err(InsertPackError::Full(ROOM))), "{full:?}");
    let mut nowhere = pack(id, &["provider.com"]);
    nowhere.pack.zone = np_domain::id::ZoneId::from_bytes([0xee; 16]);
    let refused = store.insert_pack(&nowhere, ROOM, &[]).await;
    assert!(matches!(refused, Err(InsertPackError::Insert(InsertError::NoParent))), "{refused:?}");
}

pub(crate) async fn certificate_of_a_pack_is_saved_with_the_packs_version(world: World) {
    let store = &world.store;
    let record = pack(world.zone.id, &["provider.com"]);
    let id = record.pack.id;
    store.insert_pack(&record, ROOM, &[]).await.unwrap();
    store.number().await.unwrap();
    let mut save = CertificateChange {
        certificate: record.certificate.clone(),
        events: vec![event(1, EventKind::CertificateDeployed)],
        publish: Publish::Yes,
    };
    save.certificate.attempt =
        certificate::State::Settled(certificate::Settled { renew_at: at(1000), ask_at: None });
    store.save_certificate(&save, &Hold::Release).await.unwrap();
    let found = store.pack(world.zone.id, id).await.unwrap().unwrap();
    assert_eq!(found.pack, record.pack);
    assert_eq!(found.certificate.attempt, save.certificate.attempt);
    assert_eq!(found.certificate.version, 1);
    assert_eq!(store.pack_history(id, 9).await.unwrap(), save.events);
    assert_eq!(store.position(FeedKey::Pack(id)).await.unwrap(), FeedPosition::Unnumbered);
    let again = store.save_certificate(&save, &Hold::Release).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");

    let mut edit = pack_change(&record);
    edit.record.pack.branding = false;
    let stale = store.save_pack(&edit).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    edit.record.certificate = found.certificate;
    store.save_pack(&edit).await.unwrap();
    let found = store.pack(world.zone.id, id).await.unwrap().unwrap();
    assert_eq!((found.pack.branding, found.certificate.version), (false, 2));
}

pub(crate) async fn leaving_pack_is_claimed_told_of_and_removed(world: World) {
    let store = &world.store;
    let record = pack(world.zone.id, &["provider.com"]);
    let id = record.pack.id;
    store.insert_pack(&record, ROOM, &[]).await.unwrap();
    store.remove_pack(id).await.unwrap();
    assert!(store.pack(world.zone.id, id).await.unwrap().is_some(), "it is not leaving");
    let mut leave = pack_change(&record);
    leave.record.pack.leaving_since = Some(at(3));
    leave.publish = Publish::Yes;
    store.save_pack(&leave).await.unwrap();
    assert_eq!(store.pack(world.zone.id, id).await.unwrap(), None);
    assert_eq!(store.packs(world.zone.id).await.unwrap(), []);
    let mut late =
        CertificateChange { certificate: record.certificate, events: vec![], publish: Publish::No };
    late.certificate.version = 1;
    let refused = store.save_certificate(&late, &Hold::Release).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "nothing is obtained for it: {refused:?}");

    assert_eq!(store.claim_certificates(at(2), &lease("a", at(9)), 9).await.unwrap(), []);
    let claimed = store.claim_certificates(at(3), &lease("a", at(9)), 9).await.unwrap();
    let mut expected = leave.record.clone();
    expected.certificate.version = 1;
    let holder = Holder::Pack(expected.pack);
    assert_eq!(claimed, [CertificateRecord { holder, certificate: expected.certificate }]);
    store.number().await.unwrap();
    store.remove_pack(id).await.unwrap();
    store.remove_pack(id).await.unwrap();
    let items = store.feed_after(Generation(0), 9).await.unwrap();
    let item = items.iter().find(|item| item.key == FeedKey::Pack(id)).unwrap();
    assert_eq!(item.subject, None, "its tombstone stays");
}

pub(crate) async fn removing_a_zone_takes_its_packs_along(world: World) {
    let store = &world.store;
    let record = pack(world.zone.id, &["provider.com"]);
    store.insert_pack(&record, ROOM, &[]).await.unwrap();
    let head = store.number().await.unwrap();
    let told = store.feed_after(Generation(0), 9).await.unwrap();
    let told = told.into_iter().find(|item| item.key == FeedKey::Pack(record.pack.id)).unwrap();
    let expected =
        FeedSubject::Pack(Box::new(record.clone()), Box::new(world.zone.clone()), Vec::new());
    assert_eq!(told.subject, Some(expected));
    let mut zone = world.zone.clone();
    store.save_zone(&zone, Publish::Yes).await.unwrap();
    zone.version = 1;
    let position = store.position(FeedKey::Pack(record.pack.id)).await.unwrap();
    assert_eq!(position, FeedPosition::Unnumbered, "its entry depends on the zone");
    let head = head.max(store.number().await.unwrap());
    assert!(store.remove_zone(world.zone.id).await.unwrap());
    assert_eq!(store.packs(world.zone.id).await.unwrap(), []);
    store.number().await.unwrap();
    let items = store.feed_after(head, 9).await.unwrap();
    let mut told: Vec<_> = items.into_iter().map(|item| (item.key, item.subject)).collect();
    told.sort_by_key(|(key, _)| *key);
    let gone = [(FeedKey::Pack(record.pack.id), None), (FeedKey::Zone(world.zone.id), None)];
    assert_eq!(told, gone);
}

pub(crate) async fn certificate_of_a_hostname_is_found_by_its_id_in_its_zone_only(world: World) {
    let store = &world.store;
    let other = zone(world.zone.account, "other.com");
    store.insert_zone(&other).await.unwrap();
    let record = record(world.zone.id, "app.customer.com");
    store.insert(&record, &[]).await.unwrap();
    let id = record.certificate.as_ref().unwrap().id;
    assert_eq!(store.hostname_of(other.id, id).await.unwrap(), None);
    assert_eq!(store.hostname_of(world.zone.id, id).await.unwrap(), Some(record));
}
