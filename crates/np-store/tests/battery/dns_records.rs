//! DNS records.

use np_domain::{
    Timestamp,
    dns_record::{
        Comment, Content, DnsRecord, Given, Proxy, RECORDS_PER_NAME_MAX, RecordKind, Settings,
        Tags, Ttl, rules::Conflict,
    },
    entry::FeedKey,
    id::{DnsRecordId, ZoneId},
    origin::FallbackOrigin,
    ports::{
        Direction, DnsRecordChange, DnsRecordChangeError, DnsRecordFilter, DnsRecordOrder,
        DnsRecordStore, DnsRecordTerm, FeedPosition, FeedStore, FeedSubject, Matching, Page,
        Publish, Sought, StoreError, TagTerm, TextMatch, ZoneStore,
    },
    zone::Zone,
};
use uuid::Uuid;

use crate::{values::at, world::World};

fn record(zone: ZoneId, name: &str, kind: &str, content: &str) -> DnsRecord {
    let given = Given { content: Some(content), priority: Some(10), ..Given::default() };
    DnsRecord {
        id: DnsRecordId::from_uuid(Uuid::new_v4()),
        zone,
        name: name.parse().unwrap(),
        content: Content::parse(kind.parse().unwrap(), given).unwrap(),
        ttl: Ttl::Automatic,
        proxy: Proxy::Off,
        comment: None,
        tags: Tags::default(),
        settings: Settings::default(),
        created_at: at(1),
        modified_at: at(1),
        comment_modified_at: None,
        tags_modified_at: None,
        version: 0,
    }
}

fn noted(record: DnsRecord, comment: &str, tags: &[&str]) -> DnsRecord {
    let moment: Option<Timestamp> = Some(at(2));
    DnsRecord {
        comment: Comment::parse(comment).unwrap(),
        tags: Tags::parse(tags.iter().copied()).unwrap(),
        comment_modified_at: moment,
        tags_modified_at: moment,
        ..record
    }
}

fn add(record: &DnsRecord) -> DnsRecordChange {
    DnsRecordChange::Add(Box::new(record.clone()))
}

fn save(record: &DnsRecord) -> DnsRecordChange {
    DnsRecordChange::Save(Box::new(record.clone()))
}

async fn change(
    world: &World,
    changes: &[DnsRecordChange],
) -> Result<Vec<DnsRecord>, DnsRecordChangeError> {
    world.store.change_dns_records(world.zone.id, changes).await
}

fn conflict<T: std::fmt::Debug>(result: Result<T, DnsRecordChangeError>) -> (usize, Conflict) {
    match result {
        Err(DnsRecordChangeError::Conflict { index, conflict }) => (index, conflict),
        other => panic!("expected a conflict, got {other:?}"),
    }
}

pub(crate) async fn every_type_of_record_comes_back_equal(world: World) {
    let contents = [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("CAA", "0 issue \"ca.net\""),
        ("CERT", "1 2 8 AAEC"),
        ("CNAME", "www.a.net"),
        ("DNSKEY", "257 3 13 AAEC"),
        ("DS", "1 8 2 abcdef"),
        ("HTTPS", "1 . alpn=\"h3,h2\""),
        ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"),
        ("MX", "mail.a.net"),
        ("NAPTR", "100 50 \"s\" \"http\" \"\" _a.b.net"),
        ("NS", "ns1.a.net"),
        ("OPENPGPKEY", "AAEC"),
        ("PTR", "a.net"),
        ("SMIMEA", "3 1 1 abcd"),
        ("SRV", "1 2 443 a.net"),
        ("SSHFP", "4 2 abcd"),
        ("SVCB", "1 a.net port=853"),
        ("TLSA", "3 1 1 abcd"),
        ("TXT", "v=1; a \"b\""),
        ("URI", "10 1 \"https://a.net/\""),
    ];
    assert_eq!(contents.len(), RecordKind::ALL.len());
    let records = contents.map(|(kind, content)| {
        let name = format!("{}.saasprovider.com", kind.to_lowercase());
        noted(record(world.zone.id, &name, kind, content), "a Comment", &["team:DNS"])
    });
    let changes = records.each_ref().map(add);
    assert_eq!(change(&world, &changes).await.unwrap(), records);
    for record in records {
        let found = world.store.dns_record(world.zone.id, record.id).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

pub(crate) async fn record_is_saved_removed_and_told_to_the_feed(world: World) {
    let (store, zone) = (&world.store, world.zone.id);
    let first = record(zone, "www.saasprovider.com", "A", "192.0.2.1");
    store.number().await.unwrap();
    change(&world, &[add(&first)]).await.unwrap();
    let key = FeedKey::Record(first.id);
    assert_eq!(store.position(key).await.unwrap(), FeedPosition::Unnumbered);
    let head = store.number().await.unwrap();
    let last = store.feed_after(np_domain::entry::Generation(head.0 - 1), 9).await.unwrap();
    assert_eq!(last[0].subject, Some(FeedSubject::Record(Box::new(first.clone()))));

    let moved = DnsRecord { name: "new.saasprovider.com".parse().unwrap(), ..first.clone() };
    let saved = change(&world, &[save(&moved)]).await.unwrap().remove(0);
    assert_eq!(saved, DnsRecord { version: 1, ..moved.clone() });
    let stale = change(&world, &[save(&moved)]).await;
    assert!(matches!(stale, Err(DnsRecordChangeError::Store(StoreError::Stale))), "{stale:?}");

    change(&world, &[DnsRecordChange::Remove(first.id)]).await.unwrap();
    assert_eq!(store.dns_record(zone, first.id).await.unwrap(), None);
    let head = store.number().await.unwrap();
    let last = store.feed_after(np_domain::entry::Generation(head.0 - 1), 9).await.unwrap();
    assert_eq!((last[0].key, &last[0].subject), (key, &None));
    for gone in [save(&saved), DnsRecordChange::Remove(first.id)] {
        let refused = change(&world, &[gone]).await;
        assert!(matches!(refused, Err(DnsRecordChangeError::NoRecord { index: 0 })), "{refused:?}");
    }
}

pub(crate) async fn record_is_found_in_its_zone_only(world: World) {
    let other = world.add_zone("other.com").await;
    let first = record(world.zone.id, "www.saasprovider.com", "A", "192.0.2.1");
    change(&world, &[add(&first)]).await.unwrap();
    assert_eq!(world.store.dns_record(other.id, first.id).await.unwrap(), None);
    let foreign =
        world.store.change_dns_records(other.id, &[DnsRecordChange::Remove(first.id)]).await;
    assert!(matches!(foreign, Err(DnsRecordChangeError::NoRecord { .. })), "{foreign:?}");
    let nowhere = ZoneId::from_uuid(Uuid::new_v4());
    let refused = world.store.change_dns_records(nowhere, &[add(&first)]).await;
    assert!(matches!(refused, Err(DnsRecordChangeError::NoZone)), "{refused:?}");
}

pub(crate) async fn rules_between_records_are_judged_of_what_would_be(world: World) {
    let zone = world.zone.id;
    let name = "www.saasprovider.com";
    let a = record(zone, name, "A", "192.0.2.1");
    change(&world, &[add(&a)]).await.unwrap();
    let cname = record(zone, name, "CNAME", "a.net");
    let other = RecordKind::A;
    let clash = Conflict::CnameBesideOthers { other };
    assert_eq!(conflict(change(&world, &[add(&cname)]).await), (0, clash));
    let again = record(zone, name, "A", "192.0.2.1");
    let identical = Conflict::Identical { existing: a.id };
    assert_eq!(conflict(change(&world, &[add(&again)]).await), (0, identical));
    let dearer = DnsRecord { ttl: Ttl::Seconds(60), ..again };
    let same = Conflict::SameContent { existing: a.id };
    assert_eq!(conflict(change(&world, &[add(&dearer)]).await), (0, same));
    // In one batch the name changes from an address to an alias.
    change(&world, &[DnsRecordChange::Remove(a.id), add(&cname)]).await.unwrap();
    // Of a batch that fails nothing stays.
    let good = record(zone, "good.saasprovider.com", "A", "192.0.2.1");
    let refused = conflict(change(&world, &[add(&good), add(&a)]).await);
    assert_eq!(refused, (1, Conflict::BesideCname));
    assert_eq!(world.store.dns_record(zone, good.id).await.unwrap(), None);
}

pub(crate) async fn concurrent_creates_do_not_break_the_rules(world: World) {
    let zone = world.zone.id;
    for round in 0..8 {
        let name = format!("n{round}.saasprovider.com");
        let records = [
            record(zone, &name, "A", "192.0.2.1"),
            record(zone, &name, "CNAME", "a.net"),
            record(zone, &name, "A", "192.0.2.1"),
            record(zone, &name, "CNAME", "b.net"),
        ];
        let tasks = records.map(|record| {
            let store = world.store.clone();
            tokio::spawn(async move { store.change_dns_records(zone, &[add(&record)]).await })
        });
        let mut added = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => added += 1,
                Err(DnsRecordChangeError::Conflict { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(added, 1, "{name}");
    }
}

pub(crate) async fn a_name_takes_a_bounded_number_of_records(world: World) {
    let text =
        |n: usize| record(world.zone.id, "txt.saasprovider.com", "TXT", &format!("text {n}"));
    let full: Vec<DnsRecordChange> = (0..RECORDS_PER_NAME_MAX).map(|n| add(&text(n))).collect();
    change(&world, &full).await.unwrap();
    let refused = conflict(change(&world, &[add(&text(RECORDS_PER_NAME_MAX))]).await);
    assert_eq!(refused, (0, Conflict::TooManyAtName));
}

pub(crate) async fn the_fallback_origins_last_record_stays(world: World) {
    let zone = world.zone.id;
    let name = "origin.saasprovider.com";
    let (one, two) = (record(zone, name, "A", "192.0.2.1"), record(zone, name, "A", "192.0.2.2"));
    change(&world, &[add(&one), add(&two)]).await.unwrap();
    let origin =
        FallbackOrigin { origin: name.parse().unwrap(), created_at: at(1), updated_at: at(1) };
    let with_origin = Zone { fallback: Some(origin), ..world.zone.clone() };
    world.store.save_zone(&with_origin, Publish::Yes).await.unwrap();
    change(&world, &[DnsRecordChange::Remove(one.id)]).await.unwrap();
    let refused = conflict(change(&world, &[DnsRecordChange::Remove(two.id)]).await);
    assert_eq!(refused, (0, Conflict::FallbackOrigin));
    let moved = DnsRecord { name: "other.saasprovider.com".parse().unwrap(), ..two.clone() };
    assert_eq!(conflict(change(&world, &[save(&moved)]).await), (0, Conflict::FallbackOrigin));
    let alias = record(zone, name, "CNAME", "a.net");
    change(&world, &[DnsRecordChange::Remove(two.id), add(&alias)]).await.unwrap();
}

pub(crate) async fn records_go_with_their_zone(world: World) {
    let store = &world.store;
    let first = noted(record(world.zone.id, "www.saasprovider.com", "A", "192.0.2.1"), "c", &["a"]);
    change(&world, &[add(&first)]).await.unwrap();
    store.number().await.unwrap();
    assert!(store.remove_zone(world.zone.id).await.unwrap());
    assert_eq!(store.dns_record(world.zone.id, first.id).await.unwrap(), None);
    let position = store.position(FeedKey::Record(first.id)).await.unwrap();
    assert_eq!(position, FeedPosition::Unnumbered);
}

pub(crate) async fn filters_find_records_by_all_that_the_api_names(world: World) {
    let zone = world.zone.id;
    let www = record(zone, "www.saasprovider.com", "A", "192.0.2.1");
    let www = DnsRecord { proxy: Proxy::On, ..noted(www, "Main 100% site", &["team:Web", "live"]) };
    let txt =
        noted(record(zone, "saasprovider.com", "TXT", "\"v=spf1 \" \"-All\""), "", &["team:mail"]);
    let challenge = record(zone, "_acme-challenge.saasprovider.com", "TXT", "Token_1");
    let mail = record(zone, "saasprovider.com", "MX", "mail.saasprovider.com.");
    let sub = record(zone, "sub.saasprovider.com", "NS", "ns.a.net");
    let below = record(zone, "x.sub.saasprovider.com", "A", "192.0.2.9");
    let all = [&www, &txt, &challenge, &mail, &sub, &below];
    change(&world, &all.map(add)).await.unwrap();
    let find = async |terms: Vec<DnsRecordTerm>, matching| {
        let filter = DnsRecordFilter { terms, matching, ..DnsRecordFilter::default() };
        let page = Page { number: 1, size: 50 };
        let (records, total) = world.store.list_dns_records(zone, &filter, page).await.unwrap();
        assert_eq!(records.len() as u64, total, "{filter:?}");
        let mut ids: Vec<DnsRecordId> = records.iter().map(|record| record.id).collect();
        ids.sort();
        ids
    };
    let s = Sought::new;
    let exact = |text| TextMatch::Exact(s(text));
    let has = |text| TextMatch::Contains(s(text));
    let starts = |text| TextMatch::StartsWith(s(text));
    let ends = |text| TextMatch::EndsWith(s(text));
    let tags = |terms| DnsRecordTerm::Tags(terms, Matching::All);
    use DnsRecordTerm as T;
    let cases: Vec<(Vec<T>, Vec<&DnsRecord>)> = vec![
        (vec![], all.to_vec()),
        (vec![T::Name(exact("WWW.saasprovider.com"))], vec![&www]),
        (vec![T::Name(has("sub."))], vec![&sub, &below]),
        (vec![T::Name(starts("_acme"))], vec![&challenge]),
        (vec![T::Name(ends(".sub.saasprovider.com"))], vec![&below]),
        (vec![T::Name(has("c_e"))], vec![]),
        (vec![T::Content(exact("Token_1"))], vec![&challenge]),
        (vec![T::Content(exact("\"Token_1\""))], vec![&challenge]),
        (vec![T::Content(exact("v=spf1 -all"))], vec![&txt]),
        (vec![T::Content(exact("\"v=spf1 \" \"-all\""))], vec![&txt]),
        (vec![T::Content(exact("mail.saasprovider.com."))], vec![&mail]),
        (vec![T::Content(starts("\"v=spf1"))], vec![&txt]),
        (vec![T::Content(starts("v=spf1"))], vec![&txt]),
        (vec![T::Content(has("192.0.2"))], vec![&www, &below]),
        (vec![T::Content(ends(".9"))], vec![&below]),
        (vec![T::Comment(exact("main 100% SITE"))], vec![&www]),
        (vec![T::Comment(has("100%"))], vec![&www]),
        (vec![T::HasComment(true)], vec![&www]),
        (vec![T::HasComment(false)], vec![&txt, &challenge, &mail, &sub, &below]),
        (vec![T::Kind(RecordKind::Txt)], vec![&txt, &challenge]),
        (vec![T::Proxied(true)], vec![&www]),
        (vec![tags(vec![TagTerm::Has(s("Team"))])], vec![&www, &txt]),
        (vec![tags(vec![TagTerm::Has(s("team")), TagTerm::Lacks(s("live"))])], vec![&txt]),
        (vec![tags(vec![TagTerm::Value(s("team"), exact("web"))])], vec![&www]),
        (vec![tags(vec![TagTerm::Value(s("team"), ends("il"))])], vec![&txt]),
        (
            vec![T::Tags(
                vec![TagTerm::Has(s("live")), TagTerm::Value(s("team"), exact("mail"))],
                Matching::Any,
            )],
            vec![&www, &txt],
        ),
        (vec![T::Search(s("SITE"))], vec![&www]),
        (vec![T::Search(s("mail"))], vec![&txt, &mail]),
        (vec![T::ShadowedBy("sub.saasprovider.com".parse().unwrap())], vec![&below]),
        (vec![T::Shadowing("a.x.sub.saasprovider.com".parse().unwrap())], vec![&sub]),
        (vec![T::Kind(RecordKind::A), T::Name(has("www"))], vec![&www]),
    ];
    let ids = |records: &[&DnsRecord]| {
        let mut ids: Vec<DnsRecordId> = records.iter().map(|record| record.id).collect();
        ids.sort();
        ids
    };
    for (terms, expected) in cases {
        assert_eq!(find(terms.clone(), Matching::All).await, ids(&expected), "{terms:?}");
    }
    let any = vec![T::Kind(RecordKind::Mx), T::Name(has("www"))];
    assert_eq!(find(any, Matching::Any).await, ids(&[&www, &mail]));
}

pub(crate) async fn records_are_listed_in_order_and_by_page(world: World) {
    let zone = world.zone.id;
    let a =
        DnsRecord { ttl: Ttl::Seconds(60), ..record(zone, "b.saasprovider.com", "A", "192.0.2.1") };
    let txt = record(zone, "a.saasprovider.com", "TXT", "zzz");
    let mx = record(zone, "c.saasprovider.com", "MX", "aaa.net");
    change(&world, &[add(&a), add(&txt), add(&mx)]).await.unwrap();
    let list = async |order, direction, number, size| {
        let filter = DnsRecordFilter { order, direction, ..DnsRecordFilter::default() };
        let page = Page { number, size };
        let (records, total) = world.store.list_dns_records(zone, &filter, page).await.unwrap();
        assert_eq!(total, 3);
        records.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    use Direction::{Ascending, Descending};
    for (order, expected) in [
        (DnsRecordOrder::Kind, [a.id, mx.id, txt.id]),
        (DnsRecordOrder::Name, [txt.id, a.id, mx.id]),
        (DnsRecordOrder::Content, [a.id, mx.id, txt.id]),
        (DnsRecordOrder::Ttl, [mx.id, txt.id, a.id]),
        (DnsRecordOrder::Proxied, [a.id, mx.id, txt.id]),
    ] {
        assert_eq!(list(order, Ascending, 1, 9).await, expected, "{order:?}");
        let reversed: Vec<DnsRecordId> = expected.into_iter().rev().collect();
        assert_eq!(list(order, Descending, 1, 9).await, reversed, "{order:?}");
    }
    assert_eq!(list(DnsRecordOrder::Kind, Ascending, 2, 1).await, [mx.id]);
    assert_eq!(list(DnsRecordOrder::Kind, Ascending, 4, 1).await, []);
}

pub(crate) async fn finds_of_a_scan_stay_until_they_are_judged(world: World) {
    let (store, zone) = (&world.store, world.zone.id);
    let one = record(zone, "a.saasprovider.com", "A", "192.0.2.1");
    let two = record(zone, "b.saasprovider.com", "MX", "mail.a.net");
    store
        .keep_scanned(zone, &[record(zone, "old.saasprovider.com", "A", "192.0.2.1")])
        .await
        .unwrap();
    store.keep_scanned(zone, &[two.clone(), one.clone()]).await.unwrap();
    assert_eq!(store.scanned(zone).await.unwrap(), [one.clone(), two.clone()]);
    store.forget_scanned(zone, &[one.id, one.id]).await.unwrap();
    assert_eq!(store.scanned(zone).await.unwrap(), [two]);
    store.keep_scanned(ZoneId::from_uuid(Uuid::new_v4()), &[one]).await.unwrap();
}
