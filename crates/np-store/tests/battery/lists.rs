//! Pages and filters of hostnames.

use np_domain::{
    certificate::{Active, AuthorityName, Standing},
    id::HostnameId,
    origin::{CustomOrigin, OriginSni},
    ownership::Kind,
    ports::{
        CertificateStore, Direction, Hold, HostnameFilter, HostnameList, HostnameStore, NameFilter,
        Order, Start, Total,
    },
};

use crate::{
    states::issued_until,
    values::{at, bare, certificate, certificate_change, change, leaving, proven, record, text},
    world::World,
};

/// The first page of everything, in order of creation.
pub(crate) fn all(size: u32) -> HostnameList {
    HostnameList {
        filter: HostnameFilter::default(),
        order: Order::Created,
        direction: Direction::Ascending,
        start: Start::Page(1),
        size,
        now: at(0),
    }
}

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

    for (number, range) in [(1, 0..3), (2, 3..6), (3, 6..7), (4, 7..7), (u32::MAX, 7..7)] {
        let list = HostnameList { start: Start::Page(number), ..all(3) };
        let page = world.store.list(world.zone.id, &list).await.unwrap();
        let listed: Vec<_> =
            page.records.iter().map(|r| (r.hostname.created_at, r.hostname.id)).collect();
        assert_eq!(listed, expected[range], "page {number}");
        assert_eq!(page.total, Total::Exact(7), "page {number}");
    }
}

async fn listed(world: &World, filter: HostnameFilter) -> Vec<HostnameId> {
    let list = HostnameList { filter, ..all(50) };
    let page = world.store.list(world.zone.id, &list).await.unwrap();
    assert_eq!(page.total, Total::Exact(page.records.len() as u64), "{list:?}");
    page.records.into_iter().map(|record| record.hostname.id).collect()
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
                ..Default::default()
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

/// Hostnames that differ in all that is filtered by; the certificate of the fourth ends at second 50.
async fn motley(world: &World) -> Vec<HostnameId> {
    let zone = world.zone.id;
    let mut records =
        ["a.x.com", "b.x.com", "c.x.com", "d.x.com", "e.x.com"].map(|name| record(zone, name));
    records[0].certificate = None;
    let origin =
        CustomOrigin { server: "o.provider.com:81".parse().unwrap(), sni: OriginSni::Origin };
    records[1].hostname.origin = Some(origin);
    records[1].certificate.as_mut().unwrap().wanted.authority = Some(AuthorityName::Google);
    for (second, record) in records.iter_mut().enumerate() {
        record.hostname.created_at = at(second as i64);
        world.store.insert(record, &[]).await.unwrap();
    }
    let prove = change(&records[2].hostname, proven(at(3)));
    world.store.save(&[prove], &Hold::Release).await.unwrap();
    let mut serve = certificate_change(records[3].certificate.as_ref().unwrap());
    let issued = issued_until(at(50));
    serve.certificate.active = vec![Active { issued, deployed_at: at(5), suggestion: None }];
    world.store.save_certificate(&serve, &Hold::Release).await.unwrap();
    records.iter().map(|record| record.hostname.id).collect()
}

async fn listed_at(world: &World, list: HostnameList, ids: &[HostnameId]) -> Vec<usize> {
    let page = world.store.list(world.zone.id, &list).await.unwrap();
    assert_eq!(page.total, Total::Exact(page.records.len() as u64), "{list:?}");
    let place = |id| ids.iter().position(|known| *known == id).unwrap();
    page.records.iter().map(|record| place(record.hostname.id)).collect()
}

pub(crate) async fn filters_by_states_follow_them_and_the_time(world: World) {
    let ids = motley(&world).await;
    let all_of = HostnameFilter::default;
    let standings = |standing| HostnameFilter { standings: Some(vec![standing]), ..all_of() };
    let authorities = |name| HostnameFilter { authorities: Some(vec![name]), ..all_of() };
    let ownership = |kind| HostnameFilter { ownership: Some(vec![kind]), ..all_of() };
    let origin = |text_| HostnameFilter { origin: Some(text(text_)), ..all_of() };
    for (filter, expected) in [
        (standings(Standing::Ordering), vec![1, 2, 4]),
        (standings(Standing::Serving), vec![3]),
        (standings(Standing::Over), vec![]),
        (HostnameFilter { standings: Some(vec![]), ..all_of() }, vec![]),
        (authorities(None), vec![2, 3, 4]),
        (authorities(Some(AuthorityName::Google)), vec![1]),
        (ownership(Kind::Proven), vec![2]),
        (ownership(Kind::Unproven), vec![0, 1, 3, 4]),
        (origin("o.provider.com:81"), vec![1]),
        (origin("o.provider.com"), vec![]),
        (
            HostnameFilter { ownership: Some(vec![Kind::Proven]), ..origin("o.provider.com:81") },
            vec![],
        ),
    ] {
        let list = HostnameList { filter, ..all(50) };
        assert_eq!(listed_at(&world, list.clone(), &ids).await, expected, "{list:?}");
    }
    for order in [Order::Created, Order::Name, Order::Standing] {
        let later = |filter| HostnameList { filter, order, now: at(50), ..all(50) };
        let over = later(standings(Standing::Over));
        assert_eq!(listed_at(&world, over, &ids).await, [3], "{order:?}");
        let serving = later(standings(Standing::Serving));
        assert_eq!(listed_at(&world, serving, &ids).await, [0; 0], "{order:?}");
    }
}

pub(crate) async fn each_order_goes_both_ways(world: World) {
    let ids = motley(&world).await;
    for (order, expected) in [
        (Order::Created, [0, 1, 2, 3, 4]),
        (Order::Name, [0, 1, 2, 3, 4]),
        (Order::Certificate, [0, 1, 2, 3, 4]),
        (Order::Standing, [0, 1, 2, 4, 3]),
    ] {
        let list = |direction| HostnameList { order, direction, ..all(50) };
        let mut listed = listed_at(&world, list(Direction::Ascending), &ids).await;
        assert_eq!(listed, expected, "{order:?}");
        listed.reverse();
        assert_eq!(listed_at(&world, list(Direction::Descending), &ids).await, listed, "{order:?}");
    }
}

/// Reads a list to its end by its positions.
pub(crate) async fn walked(world: &World, mut list: HostnameList) -> Vec<HostnameId> {
    let mut ids = Vec::new();
    loop {
        let page = world.store.list(world.zone.id, &list).await.unwrap();
        ids.extend(page.records.iter().map(|record| record.hostname.id));
        match page.next {
            Some(next) => list.start = Start::After(next),
            None => return ids,
        }
    }
}

pub(crate) async fn positions_lead_through_every_order(world: World) {
    let ids = motley(&world).await;
    for order in [Order::Created, Order::Name, Order::Certificate, Order::Standing] {
        for direction in [Direction::Ascending, Direction::Descending] {
            for filter in [
                HostnameFilter::default(),
                HostnameFilter { with_certificate: Some(true), ..Default::default() },
                HostnameFilter {
                    name: Some(NameFilter::Contains(text("x.com"))),
                    ..Default::default()
                },
            ] {
                let whole = HostnameList { order, direction, filter, now: at(50), ..all(50) };
                let expected = listed_at(&world, whole.clone(), &ids).await;
                let by_two = walked(&world, HostnameList { size: 2, ..whole.clone() }).await;
                let by_two: Vec<_> = by_two
                    .iter()
                    .map(|id| ids.iter().position(|known| known == id).unwrap())
                    .collect();
                assert_eq!(by_two, expected, "{whole:?}");
            }
        }
    }
}

pub(crate) async fn what_comes_and_goes_moves_nothing_else(world: World) {
    let ids = motley(&world).await;
    for order in [Order::Created, Order::Name] {
        let first = HostnameList { order, size: 2, ..all(2) };
        let page = world.store.list(world.zone.id, &first).await.unwrap();
        let gone = page.records[1].clone();
        let leave = change(&gone.hostname, leaving(at(60)));
        world.store.save(&[leave], &Hold::Release).await.unwrap();
        let mut early = record(world.zone.id, &format!("a.{order:?}.com").to_lowercase());
        early.hostname.created_at = at(-10);
        world.store.insert(&early, &[]).await.unwrap();

        let rest = HostnameList { start: Start::After(page.next.unwrap()), ..first };
        let rest = walked(&world, rest).await;
        assert_eq!(rest, ids[2..], "{order:?}");
    }
    assert_eq!(world.store.count(world.zone.id).await.unwrap(), 5);
}

pub(crate) async fn the_count_follows_every_change(world: World) {
    let zone = world.zone.id;
    for number in 0..5 {
        world.store.insert(&record(zone, &format!("h{number}.x.com")), &[]).await.unwrap();
    }
    let page = world.store.list(zone, &all(5)).await.unwrap();
    let _ = world.store.insert(&record(zone, "h1.x.com"), &[]).await.unwrap_err();
    assert_eq!(world.store.count(zone).await.unwrap(), 5);
    let gone = &page.records[0].hostname;
    world.store.save(&[change(gone, leaving(at(1)))], &Hold::Release).await.unwrap();
    assert_eq!(world.store.count(zone).await.unwrap(), 4);
    world.store.remove(gone.id).await.unwrap();
    assert_eq!(world.store.count(zone).await.unwrap(), 4);
}
