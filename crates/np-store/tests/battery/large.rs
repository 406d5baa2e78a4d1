//! Lists of a zone with more hostnames than are ever sorted at once, and adding many.

use np_domain::{
    certificate::Standing,
    id::HostnameId,
    origin::{CustomOrigin, OriginSni},
    ports::{
        AddError, Addition, Direction, Hold, HostnameFilter, HostnameList, HostnameStore,
        InsertError, NameFilter, Order, Total,
    },
};

use crate::{
    lists::{all, walked},
    values::{at, bare, change, proven, record, text},
    world::World,
};

/// More than are found by an index and sorted.
const MANY: usize = 6_500;

/// `h<number>.<word>.com` in order of creation; the words are `even` and `odd`, and `rare` for numbers that 1,000 divides.
async fn many(world: &World) -> Vec<HostnameId> {
    let additions: Vec<Addition> = (0..MANY)
        .map(|number| {
            let word = match number {
                rare if rare % 1_000 == 999 => "rare",
                even if even % 2 == 0 => "even",
                _ => "odd",
            };
            let name = format!("h{number}.{word}.com");
            let mut record = match number % 3 {
                0 => bare(world.zone.id, &name),
                _ => record(world.zone.id, &name),
            };
            record.hostname.created_at = at(number as i64);
            if number % 2 == 0 {
                let server = "even.provider.com".parse().unwrap();
                record.hostname.origin = Some(CustomOrigin { server, sni: OriginSni::Origin });
            }
            Addition { record, events: Vec::new(), hostnames_max: None }
        })
        .collect();
    let ids = additions.iter().map(|addition| addition.record.hostname.id).collect();
    for added in world.store.add(additions).await {
        added.unwrap();
    }
    ids
}

fn named(name: NameFilter) -> HostnameFilter {
    HostnameFilter { name: Some(name), ..HostnameFilter::default() }
}

pub(crate) async fn every_filter_leads_through_a_large_zone(world: World) {
    let ids = many(&world).await;
    let number = |id: &HostnameId| ids.iter().position(|known| known == id).unwrap();
    let contains = |part| named(NameFilter::Contains(text(part)));
    let with = |filter, with| HostnameFilter { with_certificate: Some(with), ..filter };
    let origin = HostnameFilter { origin: Some(text("even.provider.com")), ..Default::default() };
    type Rule = fn(usize) -> bool;
    let cases: [(HostnameFilter, Rule); 10] = [
        (HostnameFilter::default(), |_| true),
        (with(HostnameFilter::default(), true), |n| n % 3 != 0),
        (contains("rare"), |n| n % 1_000 == 999),
        (contains("even"), |n| n % 2 == 0),
        (contains("ve"), |n| n % 2 == 0),
        (contains("h64"), |n| n.to_string().starts_with("64")),
        (contains("nowhere"), |_| false),
        (named(NameFilter::StartsWith(text("h"))), |_| true),
        (named(NameFilter::StartsWith(text("h12"))), |n| n.to_string().starts_with("12")),
        (with(origin.clone(), false), |n| n % 6 == 0),
    ];
    for (filter, rule) in cases {
        for order in [Order::Created, Order::Name, Order::Certificate] {
            let list = HostnameList {
                filter: filter.clone(),
                order,
                direction: Direction::Descending,
                ..all(1_000)
            };
            let mut expected: Vec<usize> = (0..MANY).filter(|n| rule(*n)).collect();
            match order {
                Order::Created | Order::Standing => expected.sort_by_key(|n| *n),
                Order::Name => expected.sort_by_cached_key(|n| format!("h{n}.")),
                Order::Certificate => expected.sort_by_key(|n| (n % 3 != 0, *n)),
            }
            expected.reverse();
            let seen: Vec<usize> = walked(&world, list.clone()).await.iter().map(number).collect();
            assert!(seen == expected, "{list:?}: {} of {}", seen.len(), expected.len());
            let page = world.store.list(world.zone.id, &list).await.unwrap();
            match page.total {
                Total::Exact(count) => assert_eq!(count, expected.len() as u64, "{list:?}"),
                // A sample of the ends of the zone.
                Total::Estimate(count) => {
                    assert!(count >= page.records.len() as u64 && count <= MANY as u64, "{list:?}");
                }
            }
        }
    }
}

pub(crate) async fn pages_by_number_are_exact_in_a_large_zone(world: World) {
    let ids = many(&world).await;
    for (filter, rule) in [
        (HostnameFilter::default(), (|_| true) as fn(usize) -> bool),
        (named(NameFilter::Contains(text("even"))), |n| n % 2 == 0),
        (HostnameFilter { standings: Some(vec![Standing::Absent]), ..Default::default() }, |n| {
            n % 3 == 0
        }),
    ] {
        let expected: Vec<_> = (0..MANY).filter(|n| rule(*n)).map(|n| ids[n]).collect();
        for page in [1_u32, 2, 21, 500] {
            let start = np_domain::ports::Start::Page(page);
            let list = HostnameList { filter: filter.clone(), start, ..all(100) };
            let listed = world.store.list(world.zone.id, &list).await.unwrap();
            let listed: Vec<_> = listed.records.iter().map(|record| record.hostname.id).collect();
            let begin = (page as usize - 1) * 100;
            let expected = expected.get(begin..).unwrap_or_default();
            assert_eq!(listed, expected[..expected.len().min(100)], "page {page} of {filter:?}");
        }
    }
}

fn addition(world: &World, name: &str, hostnames_max: Option<u64>) -> Addition {
    Addition { record: record(world.zone.id, name), events: Vec::new(), hostnames_max }
}

pub(crate) async fn those_that_cannot_be_added_do_not_hinder_the_others(world: World) {
    let first = addition(&world, "a.x.com", None);
    let again = addition(&world, "a.x.com", None);
    let mut nowhere = addition(&world, "b.x.com", None);
    nowhere.record.hostname.zone = np_domain::id::ZoneId::from_bytes([9; 16]);
    let mut taken = addition(&world, "c.x.com", None);
    taken.record.certificate.as_mut().unwrap().id = first.record.certificate.as_ref().unwrap().id;
    let last = addition(&world, "d.x.com", None);
    let additions = vec![first.clone(), again, nowhere, taken.clone(), last.clone()];
    let outcomes = world.store.add(additions).await;
    let first_id = first.record.hostname.id.to_string();
    assert!(outcomes[0].is_ok() && outcomes[4].is_ok(), "{outcomes:?}");
    assert!(
        matches!(&outcomes[1], Err(AddError::Insert(InsertError::Duplicate { existing })) if existing.as_str() == first_id),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[2], Err(AddError::Insert(InsertError::NoParent))), "{outcomes:?}");
    assert!(
        matches!(outcomes[3], Err(AddError::Insert(InsertError::Duplicate { .. }))),
        "{outcomes:?}"
    );
    let found = world.store.find(world.zone.id, taken.record.hostname.id).await.unwrap();
    assert_eq!(found, None, "a refused hostname must leave nothing behind");
    assert_eq!(
        world.store.find(world.zone.id, last.record.hostname.id).await.unwrap(),
        Some(last.record)
    );
    assert_eq!(world.store.count(world.zone.id).await.unwrap(), 2);
}

pub(crate) async fn no_zone_gets_more_than_it_may_have(world: World) {
    let mut tasks = Vec::new();
    for caller in 0..8 {
        let store = world.store.clone();
        let mut additions: Vec<_> =
            (0..4).map(|n| addition(&world, &format!("h{caller}-{n}.x.com"), Some(10))).collect();
        additions.push(addition(&world, "same.x.com", Some(10)));
        tasks.push(tokio::spawn(async move { store.add(additions).await }));
    }
    let (mut added, mut full) = (0, 0);
    for task in tasks {
        for outcome in task.await.unwrap() {
            match outcome {
                Ok(()) => added += 1,
                Err(AddError::Full) => full += 1,
                Err(AddError::Insert(InsertError::Duplicate { .. })) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(added, 10, "{full} refused");
    assert_eq!(world.store.count(world.zone.id).await.unwrap(), 10);
}

pub(crate) async fn counts_that_are_added_up_stay_the_same(world: World) {
    for number in 0..40 {
        let record = record(world.zone.id, &format!("h{number}.x.com"));
        world.store.insert(&record, &[]).await.unwrap();
        for second in 0..30 {
            let mut change = change(&record.hostname, proven(at(second)));
            change.hostname.version = second as u64 * 2;
            world.store.save(std::slice::from_ref(&change), &Hold::Release).await.unwrap();
            change.hostname.ownership = record.hostname.ownership.clone();
            change.hostname.version += 1;
            world.store.save(&[change], &Hold::Release).await.unwrap();
        }
    }
    // Enough rows for a reader to have them added up, while others read.
    for _ in 0..50 {
        let page = world.store.list(world.zone.id, &all(5)).await.unwrap();
        assert_eq!(page.total, Total::Exact(40));
        assert_eq!(world.store.count(world.zone.id).await.unwrap(), 40);
        tokio::task::yield_now().await;
    }
}
