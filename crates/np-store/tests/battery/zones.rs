//! Zones.

use np_domain::{
    entry::FeedKey,
    id::AccountId,
    origin::FallbackOrigin,
    ports::{
        AccountStore, FeedPosition, FeedStore, Hold, HostnameStore, InsertError, Page, Publish,
        StoreError, TextFilter, TextRelation, VisibleZones, ZoneFilter, ZoneOrder, ZoneStore,
        ZoneTerm,
    },
    zone::{State, Status, Zone, ZoneKind},
};
use uuid::Uuid;

use crate::{
    values::{self, at, change, leaving, record, text},
    world::World,
};

pub(crate) async fn zone_is_found_listed_and_saved(world: World) {
    assert_eq!(world.store.zone(world.zone.id).await.unwrap(), Some(world.zone.clone()));
    world.store.number().await.unwrap();
    let fallback = FallbackOrigin {
        origin: "origin.saasprovider.com:8443".parse().unwrap(),
        created_at: at(1),
        updated_at: at(2),
    };
    let changed = Zone { fallback: Some(fallback), modified_at: at(2), ..world.zone.clone() };
    world.store.save_zone(&changed, Publish::Yes).await.unwrap();
    let saved = Zone { version: 1, ..changed.clone() };
    assert_eq!(world.store.zone(world.zone.id).await.unwrap(), Some(saved));
    let position = world.store.position(FeedKey::Zone(world.zone.id)).await.unwrap();
    assert_eq!(position, FeedPosition::Unnumbered);
    let again = world.store.save_zone(&changed, Publish::No).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

pub(crate) async fn changes_of_zones_count_as_revisions(world: World) {
    let store = &world.store;
    let before = store.zones_revision();
    let edited = Zone { paused: true, ..world.zone.clone() };
    store.save_zone(&edited, Publish::No).await.unwrap();
    let saved = store.zones_revision();
    let looked_at = Zone { version: 1, ..edited };
    store.save_activation(&[looked_at], Publish::No).await.unwrap();
    let activated = store.zones_revision();
    assert!(store.remove_zone(world.zone.id).await.unwrap());
    assert!(before < saved && saved < activated && activated < store.zones_revision());
}

pub(crate) async fn zone_name_is_taken_once_per_account(world: World) {
    let again = values::zone(world.account.id, "saasprovider.com");
    match world.store.insert_zone(&again).await {
        Err(InsertError::Duplicate { existing }) => {
            assert_eq!(existing.as_str(), world.zone.id.to_string());
        }
        other => panic!("expected a duplicate, got {other:?}"),
    }
    let nobody = values::zone(AccountId::from_uuid(Uuid::new_v4()), "new.com");
    let refused = world.store.insert_zone(&nobody).await;
    assert!(matches!(refused, Err(InsertError::NoParent)), "{refused:?}");
}

pub(crate) async fn zone_with_hostnames_stays_and_with_leaving_ones_goes(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    store.insert(&record, &[]).await.unwrap();
    assert!(!store.remove_zone(world.zone.id).await.unwrap());

    let leave = change(&record.hostname, leaving(at(1)));
    store.save(&[leave], &Hold::Release).await.unwrap();
    store.number().await.unwrap();
    assert!(store.remove_zone(world.zone.id).await.unwrap());
    assert_eq!(store.zone(world.zone.id).await.unwrap(), None);
    let head = store.number().await.unwrap();
    let last = store.feed_after(np_domain::entry::Generation(head.0 - 1), 9).await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].key, &last[0].subject), (FeedKey::Zone(world.zone.id), &None));

    // The leaving hostname can still be brought to its end.
    let lease = values::lease("a", at(60));
    assert_eq!(store.claim_ownership(at(9), &lease, 9).await.unwrap().len(), 1);
    store.remove(record.hostname.id).await.unwrap();
}

pub(crate) async fn zones_are_listed_by_name(world: World) {
    let a = world.add_zone("a.com").await;
    let b = world.add_zone("b.com").await;
    let list = async |filter: ZoneFilter, number| {
        let page = Page { number, size: 2 };
        let (zones, total) = world.store.list_zones(&filter, page).await.unwrap();
        (zones.into_iter().map(|zone| zone.id).collect::<Vec<_>>(), total)
    };
    let all = ZoneFilter::default();
    assert_eq!(list(all.clone(), 1).await, (vec![a.id, b.id], 3));
    assert_eq!(list(all.clone(), 2).await, (vec![world.zone.id], 3));
    assert_eq!(list(all, 3).await, (vec![], 3));
    let by_name = found(ZoneTerm::Name(named(TextRelation::Equal, "B.com")));
    assert_eq!(list(by_name, 1).await, (vec![b.id], 1));
    let among = ZoneFilter {
        account: Some(world.account.id),
        among: Some(vec![a.id, world.zone.id]),
        ..ZoneFilter::default()
    };
    assert_eq!(list(among, 1).await, (vec![a.id, world.zone.id], 2));
    let none = ZoneFilter { among: Some(vec![]), ..ZoneFilter::default() };
    assert_eq!(list(none, 1).await, (vec![], 0));
    let others =
        ZoneFilter { account: Some(AccountId::from_uuid(Uuid::new_v4())), ..ZoneFilter::default() };
    assert_eq!(list(others, 1).await, (vec![], 0));
}

pub(crate) async fn zones_are_listed_for_those_who_may_see_them(world: World) {
    let (other, b) = (values::account(), world.add_zone("b.com").await);
    world.store.insert_account(&other).await.unwrap();
    let c = values::zone(other.id, "c.com");
    world.store.insert_zone(&c).await.unwrap();
    let own = world.account.id;
    let listed =
        async |every_account, accounts: &[AccountId], zones: &[_], not: [&[_]; 1], not_in: &[_]| {
            let visible = VisibleZones::Some {
                every_account,
                accounts: accounts.to_vec(),
                zones: zones.to_vec(),
                except_accounts: not_in.to_vec(),
                except_zones: not[0].to_vec(),
            };
            let filter = ZoneFilter { visible, ..ZoneFilter::default() };
            let page = Page { number: 1, size: 10 };
            let (zones, total) = world.store.list_zones(&filter, page).await.unwrap();
            assert_eq!(zones.len() as u64, total);
            zones.iter().map(|zone| zone.name.to_string()).collect::<Vec<_>>().join(" ")
        };
    assert_eq!(listed(false, &[], &[], [&[]], &[]).await, "");
    assert_eq!(listed(true, &[], &[], [&[]], &[]).await, "b.com c.com saasprovider.com");
    assert_eq!(listed(false, &[own], &[], [&[]], &[]).await, "b.com saasprovider.com");
    assert_eq!(listed(false, &[own], &[c.id], [&[b.id]], &[]).await, "c.com saasprovider.com");
    assert_eq!(listed(true, &[], &[], [&[b.id]], &[other.id]).await, "saasprovider.com");
}

fn found(term: ZoneTerm) -> ZoneFilter {
    ZoneFilter { terms: vec![term], ..ZoneFilter::default() }
}

fn named(relation: TextRelation, wanted: &str) -> TextFilter {
    TextFilter { relation, text: text(wanted), is_case_sensitive: false }
}

pub(crate) async fn zones_are_found_by_each_term_and_by_all_or_any(world: World) {
    use TextRelation::{Contains, EndsWith, Equal, NotEqual, StartsWith};
    let other = values::account();
    let other = np_domain::account::Account { name: text("Äpfel & 100% GmbH"), ..other };
    world.store.insert_account(&other).await.unwrap();
    let state = State::unproven(values::START);
    let shop = Zone { kind: ZoneKind::Full, state, ..values::zone(other.id, "my-shop.com") };
    world.store.insert_zone(&shop).await.unwrap();
    world.add_zone("shop.de").await;
    let names = async |filter: ZoneFilter| {
        let page = Page { number: 1, size: 9 };
        let (zones, total) = world.store.list_zones(&filter, page).await.unwrap();
        let names: Vec<_> = zones.iter().map(|zone| zone.name.to_string()).collect();
        assert_eq!(names.len() as u64, total, "{filter:?}");
        names.join(" ")
    };
    let sensitive = |filter: TextFilter| TextFilter { is_case_sensitive: true, ..filter };
    for (term, expected) in [
        (ZoneTerm::Name(named(Equal, "SHOP.de")), "shop.de"),
        (ZoneTerm::Name(sensitive(named(Equal, "SHOP.de"))), ""),
        (ZoneTerm::Name(named(NotEqual, "shop.de")), "my-shop.com saasprovider.com"),
        (ZoneTerm::Name(named(StartsWith, "Shop")), "shop.de"),
        (ZoneTerm::Name(named(EndsWith, ".Com")), "my-shop.com saasprovider.com"),
        (ZoneTerm::Name(named(EndsWith, "x-very-long-name-that-is-longer.my-shop.com")), ""),
        (ZoneTerm::Name(named(Contains, "shop")), "my-shop.com shop.de"),
        (ZoneTerm::Name(named(Contains, "s_op")), ""),
        (ZoneTerm::Name(named(Contains, "%")), ""),
        (ZoneTerm::AccountName(named(Contains, "100% g")), "my-shop.com"),
        (ZoneTerm::AccountName(sensitive(named(Contains, "100% g"))), ""),
        (ZoneTerm::AccountName(named(StartsWith, "provider")), "saasprovider.com shop.de"),
        (ZoneTerm::Account(other.id), "my-shop.com"),
        (ZoneTerm::Status(Status::Initializing), "my-shop.com"),
        (ZoneTerm::Status(Status::Moved), ""),
        (ZoneTerm::Kinds(vec![ZoneKind::Full]), "my-shop.com"),
        (ZoneTerm::Kinds(vec![]), ""),
    ] {
        assert_eq!(names(found(term.clone())).await, expected, "{term:?}");
    }
    let two = vec![ZoneTerm::Status(Status::Active), ZoneTerm::Name(named(Contains, "shop"))];
    let all = ZoneFilter { terms: two, ..ZoneFilter::default() };
    assert_eq!(names(all.clone()).await, "shop.de");
    let any = ZoneFilter { is_any: true, ..all };
    assert_eq!(names(any.clone()).await, "my-shop.com saasprovider.com shop.de");
    let of_account = ZoneFilter { account: Some(world.account.id), ..any.clone() };
    assert_eq!(names(of_account).await, "saasprovider.com shop.de");
    let none = ZoneFilter { among: Some(vec![]), ..any };
    assert_eq!(names(none).await, "");

    let ordered = async |order, is_descending| {
        names(ZoneFilter { order, is_descending, ..ZoneFilter::default() }).await
    };
    assert_eq!(ordered(ZoneOrder::Name, true).await, "shop.de saasprovider.com my-shop.com");
    assert_eq!(ordered(ZoneOrder::Status, false).await, "saasprovider.com shop.de my-shop.com");
    assert_eq!(ordered(ZoneOrder::Status, true).await, "my-shop.com shop.de saasprovider.com");
    let mut accounts = [(world.account.id, "saasprovider.com shop.de"), (other.id, "my-shop.com")];
    accounts.sort();
    let expected = accounts.map(|(_, zones)| zones).join(" ");
    assert_eq!(ordered(ZoneOrder::Account, false).await, expected);
    let by_account = ordered(ZoneOrder::AccountName, false).await;
    assert!(by_account.contains("saasprovider.com shop.de"), "{by_account}");
}
