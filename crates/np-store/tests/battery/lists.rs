//! Pages and filters of hostnames.

use np_domain::{
    id::HostnameId,
    ports::{Hold, HostnameFilter, HostnameStore, NameFilter, Page},
};

use crate::{
    values::{at, bare, certificate, certificate_change, change, leaving, record, text},
    world::World,
};

pub(crate) async fn pages_are_in_order_of_creation_and_end(world: World) {
    let mut expected = Vec::new();
    for number in 0..7 {
        let mut record = record(world.zone.id, &format!("h{number}.customer.com"));
        // Two at a time at one moment: then the id decides.
        record.hostname.created_at = at(100 - number / 2);
        world.store.insert(&record, &[]).await.unwrap();
        expected.push((record.hostname.created_at, record.hostname.id));
    }
    expected.sort();
    let gone = record(world.zone.id, "gone.customer.com");
    world.store.insert(&gone, &[]).await.unwrap();
    world.store.save(&[change(&gone.hostname, leaving(at(1)))], &Hold::Release).await.unwrap();
    let other = world.add_zone("other.com").await;
    world.store.insert(&record(other.id, "h1.customer.com"), &[]).await.unwrap();

    let everything = HostnameFilter::default();
    for (number, range) in [(1, 0..3), (2, 3..6), (3, 6..7), (4, 7..7), (u32::MAX, 7..7)] {
        let page = Page { number, size: 3 };
        let (records, total) = world.store.list(world.zone.id, &everything, page).await.unwrap();
        let listed: Vec<_> =
            records.iter().map(|r| (r.hostname.created_at, r.hostname.id)).collect();
        assert_eq!(listed, expected[range], "page {number}");
        assert_eq!(total, 7, "page {number}");
    }
}

async fn listed(world: &World, filter: HostnameFilter) -> Vec<HostnameId> {
    let page = Page { number: 1, size: 50 };
    let (records, total) = world.store.list(world.zone.id, &filter, page).await.unwrap();
    assert_eq!(total, records.len() as u64, "{filter:?}");
    records.into_iter().map(|record| record.hostname.id).collect()
}

pub(crate) async fn filters_narrow_the_list_and_the_total(world: World) {
    let mut ids = Vec::new();
    let zone = world.zone.id;
    let mut wildcard = record(zone, "shop.customer.com");
    wildcard.certificate.as_mut().unwrap().wanted.wildcard = true;
    let records = [record(zone, "app.customer.com"), wildcard, bare(zone, "app.other.net")];
    for (second, mut record) in records.into_iter().enumerate() {
        record.hostname.created_at = at(second as i64);
        world.store.insert(&record, &[]).await.unwrap();
        ids.push(record.hostname.id);
    }
    let name = |name| HostnameFilter { name: Some(name), ..HostnameFilter::default() };
    for (filter, expected) in [
        (HostnameFilter::default(), vec![0, 1, 2]),
        (name(NameFilter::Exact(text("App.Customer.com"))), vec![0]),
        (name(NameFilter::Exact(text("app.customer"))), vec![]),
        (name(NameFilter::Contains(text("customer"))), vec![0, 1]),
        (name(NameFilter::StartsWith(text("app."))), vec![0, 2]),
        (name(NameFilter::StartsWith(text("app.o"))), vec![2]),
        (HostnameFilter { id: Some(ids[1]), ..Default::default() }, vec![1]),
        (HostnameFilter { with_certificate: Some(true), ..Default::default() }, vec![0, 1]),
        (HostnameFilter { with_certificate: Some(false), ..Default::default() }, vec![2]),
        (HostnameFilter { wildcard: Some(true), ..Default::default() }, vec![1]),
        (HostnameFilter { wildcard: Some(false), ..Default::default() }, vec![0, 2]),
        (
            HostnameFilter {
                name: Some(NameFilter::Contains(text("app"))),
                id: Some(ids[0]),
                with_certificate: Some(true),
                wildcard: Some(false),
            },
            vec![0],
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|index: usize| ids[index]).collect();
        assert_eq!(listed(&world, filter.clone()).await, expected, "{filter:?}");
    }
}

pub(crate) async fn filters_follow_edits_of_the_certificate(world: World) {
    let record = bare(world.zone.id, "app.customer.com");
    let id = record.hostname.id;
    world.store.insert(&record, &[]).await.unwrap();
    let with = HostnameFilter { with_certificate: Some(true), ..Default::default() };
    let wildcard = HostnameFilter { wildcard: Some(true), ..Default::default() };
    assert_eq!(listed(&world, with.clone()).await, []);

    let mut add = certificate_change(&certificate(id));
    let mut edit = change(&record.hostname, record.hostname.ownership.clone());
    world.store.save_edit(&edit, Some(&add)).await.unwrap();
    assert_eq!(listed(&world, with).await, [id]);
    assert_eq!(listed(&world, wildcard.clone()).await, []);

    add.certificate.wanted.wildcard = true;
    edit.hostname.version = 1;
    world.store.save_edit(&edit, Some(&add)).await.unwrap();
    assert_eq!(listed(&world, wildcard).await, [id]);
}

pub(crate) async fn signs_of_patterns_are_plain_text(world: World) {
    world.store.insert(&record(world.zone.id, "app.customer.com"), &[]).await.unwrap();
    for part in ["%", "_", "!", "\\", "a%p", "' OR 1=1 --"] {
        let filter =
            HostnameFilter { name: Some(NameFilter::Contains(text(part))), ..Default::default() };
        assert_eq!(listed(&world, filter).await, [], "{part}");
    }
}
