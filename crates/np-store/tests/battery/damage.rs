//! Rows that cannot be read: damaged, or written by a newer program.

use np_domain::{
    entry::Generation,
    ports::{CertificateStore, FeedStore, HostnameStore, StoreError},
};

use crate::{
    values::{at, claimed, lease, record},
    world::World,
};

pub(crate) async fn damaged_row_names_itself_and_hides_no_other(world: World) {
    let (store, zone) = (&world.store, world.zone.id);
    let records: Vec<_> = ["a.customer.com", "b.customer.com", "c.customer.com"]
        .map(|name| record(zone, name))
        .into();
    for record in &records {
        store.insert(record, &[]).await.unwrap();
    }
    world.tamper("UPDATE hostnames SET document = '{\"v\":2}' WHERE name = 'a.customer.com'").await;
    world
        .tamper(
            "UPDATE certificates SET document = 'no JSON' WHERE hostname = \
             (SELECT id FROM hostnames WHERE name = 'b.customer.com')",
        )
        .await;

    for (record, named) in [(&records[0], "hostnames"), (&records[1], "certificates")] {
        match store.find(zone, record.hostname.id).await {
            Err(StoreError::Corrupt { table, id, .. }) => {
                assert_eq!(table, named);
                let expected = [
                    record.hostname.id.to_string(),
                    record.certificate.as_ref().unwrap().id.to_string(),
                ];
                assert!(expected.contains(&id.to_string()), "{id}");
            }
            other => panic!("expected damage in {named}, got {other:?}"),
        }
    }
    let whole = [records[2].clone()];
    let listed = store.list(zone, &crate::lists::all(9)).await.unwrap();
    assert_eq!(listed.records, whole);
    let lease = lease("a", at(60));
    assert_eq!(store.claim_ownership(at(0), &lease, 9).await.unwrap(), whole);
    assert_eq!(store.claim_certificates(at(0), &lease, 9).await.unwrap(), whole.map(claimed));

    let head = store.number().await.unwrap();
    let mut told = Vec::new();
    let mut after = Generation(0);
    // One at a time, so that pages of nothing but damage occur.
    while let Some(item) = store.feed_after(after, 1).await.unwrap().pop() {
        after = item.generation;
        told.push(item.key);
    }
    assert_eq!(head, Generation(4));
    assert_eq!(told.len(), 2, "the zone and the one that is whole: {told:?}");
}
