//! Ownership, from the first look to giving up.

use std::time::Duration;

use np_domain::{
    certificate::DcvMethod,
    entry::{FeedKey, Generation},
    id::HostnameId,
    ownership::{Failure, Method, State},
    ports::{Clock, FeedPosition, FeedStore, Hold, HostnameChange, HostnameStore, Publish},
};

use crate::world::TestWorld;

async fn proven_by(world: &TestWorld, id: HostnameId) -> Option<Method> {
    world.record(id).await.hostname.ownership.proof().map(|proof| proof.by)
}

#[tokio::test]
async fn txt_http_and_cname_each_prove_ownership_at_the_first_look() {
    let world = TestWorld::new().await;
    let txt = world.add(1, "txt.customer.com", DcvMethod::Txt).await;
    let http = world.add(2, "http.customer.com", DcvMethod::Txt).await;
    let cname = world.add(3, "cname.customer.com", DcvMethod::Txt).await;
    let none = world.add(4, "none.customer.com", DcvMethod::Txt).await;
    let token =
        |record: np_domain::custom_hostname::HostnameRecord| record.hostname.token.to_string();
    let customers = &world.customers;
    let name = "_cf-custom-hostname.txt.customer.com".to_owned();
    let value = token(world.record(txt).await);
    customers.txt.lock().unwrap().insert(name, vec!["v=spf1 -all".into(), value]);
    let url = format!("http.customer.com/.well-known/cf-custom-hostname-challenge/{http}");
    let value = token(world.record(http).await) + "\n";
    customers.http.lock().unwrap().insert(url, value);
    let chain = [
        ("cname.customer.com", "alias.customer.com"),
        ("alias.customer.com", "customers.provider.com"),
    ];
    customers
        .cname
        .lock()
        .unwrap()
        .extend(chain.map(|(from, to)| (from.to_owned(), to.to_owned())));

    world.control("one").pass().await;

    assert_eq!(proven_by(&world, txt).await, Some(Method::Txt));
    assert_eq!(proven_by(&world, http).await, Some(Method::Http));
    assert_eq!(proven_by(&world, cname).await, Some(Method::Cname));
    assert_eq!(proven_by(&world, none).await, None);
    assert_eq!(world.record(none).await.hostname.ownership.failures(), [Failure::NotPointedHere]);
}

#[tokio::test]
async fn the_token_is_asked_for_at_its_exact_path_by_its_exact_name_and_space_behind_it_is_nothing()
{
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let token = world.record(id).await.hostname.token;
    let place = format!("app.customer.com/.well-known/cf-custom-hostname-challenge/{id}");
    world.customers.http.lock().unwrap().insert(place.clone(), format!("{token} \r\n"));
    world.control("one").pass().await;
    assert_eq!(proven_by(&world, id).await, Some(Method::Http));
    let expected = format!("Cloudflare Custom Hostname Verification {place}");
    assert!(world.customers.asked.lock().unwrap().contains(&expected));
}

#[tokio::test]
async fn a_cname_chain_is_followed_ten_times_and_no_further() {
    let world = TestWorld::new().await;
    let id = world.add(1, "h0.customer.com", DcvMethod::Txt).await;
    let hop = |n: usize| format!("h{n}.customer.com");
    {
        let mut cname = world.customers.cname.lock().unwrap();
        (0..10).for_each(|n| drop(cname.insert(hop(n), hop(n + 1))));
        cname.insert(hop(10), "customers.provider.com".into());
    }
    let control = world.control("one");
    control.pass().await;
    assert_eq!(world.record(id).await.hostname.ownership.failures(), [Failure::CnameTooLong]);

    world.customers.cname.lock().unwrap().insert(hop(9), "customers.provider.com".into());
    world.advance(Duration::from_secs(60)).await;
    control.pass().await;
    assert_eq!(proven_by(&world, id).await, Some(Method::Cname));
}

#[tokio::test]
async fn a_cname_loop_is_named() {
    let world = TestWorld::new().await;
    let id = world.add(1, "a.customer.com", DcvMethod::Txt).await;
    let chain = [("a.customer.com", "b.customer.com"), ("b.customer.com", "a.customer.com")];
    world
        .customers
        .cname
        .lock()
        .unwrap()
        .extend(chain.map(|(from, to)| (from.to_owned(), to.to_owned())));
    world.control("one").pass().await;
    assert_eq!(world.record(id).await.hostname.ownership.failures(), [Failure::CnameLoop]);
}

#[tokio::test]
async fn who_never_acts_is_moved_after_the_schedule_and_given_up_seven_days_later() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    let control = world.control("one");
    let mut looks = 0;
    while let State::Unproven(unproven) = world.record(id).await.hostname.ownership {
        world.clock.set(unproven.next_check);
        control.pass().await;
        looks += 1;
    }
    assert_eq!(looks, np_domain::schedule::OWNERSHIP_TRIES);
    assert!(matches!(world.record(id).await.hostname.ownership, State::Moved(_)));

    world.clock.advance(Duration::from_secs(7 * 24 * 3600 - 1));
    control.pass().await;
    assert!(matches!(world.record(id).await.hostname.ownership, State::Moved(_)));
    world.clock.advance(Duration::from_secs(1));
    control.pass().await;
    assert!(matches!(world.record(id).await.hostname.ownership, State::GivenUp(_)));
}

#[tokio::test]
async fn the_zone_that_proves_a_name_last_has_it() {
    let world = TestWorld::new().await;
    let other = world.add_zone("other.com").await;
    let control = world.control("one");
    let show = |target: &str| {
        world.customers.cname.lock().unwrap().insert("app.customer.com".into(), target.into())
    };

    let first = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    show("customers.provider.com");
    control.pass().await;
    let second = world.add_to(&other, 2, "app.customer.com", DcvMethod::Txt).await;
    show("customers.other.com");
    control.pass().await;

    assert!(matches!(world.record(first).await.hostname.ownership, State::Moved(_)));
    assert_eq!(proven_by(&world, second).await, Some(Method::Cname));
}

#[tokio::test]
async fn two_zones_whose_proofs_are_saved_at_once_end_with_one_of_them() {
    for _ in 0..10 {
        let world = TestWorld::new().await;
        let other = world.add_zone("other.com").await;
        let ids = [
            world.add(1, "app.customer.com", DcvMethod::Txt).await,
            world.add_to(&other, 2, "app.customer.com", DcvMethod::Txt).await,
        ];
        let mut tokens = Vec::new();
        for id in ids {
            tokens.push(world.record(id).await.hostname.token.to_string());
        }
        let name = "_cf-custom-hostname.app.customer.com".to_owned();
        world.customers.txt.lock().unwrap().insert(name, tokens);
        // Both processes claim one each, and check at the same time.
        let (one, two) = (world.control("one"), world.control("two"));
        tokio::join!(one.pass(), two.pass());
        let mut proven = 0;
        for id in ids {
            proven += usize::from(proven_by(&world, id).await.is_some());
        }
        assert_eq!(proven, 1);
    }
}

#[tokio::test]
async fn a_deleted_hostname_leaves_the_nodes_first_and_the_store_last() {
    let world = TestWorld::new().await;
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.nodes_catch_up().await;
    let mut hostname = world.record(id).await.hostname;
    hostname.ownership =
        np_domain::ownership::leave(&hostname.ownership, world.clock.now()).unwrap().state;
    let change = HostnameChange { hostname, events: vec![], publish: Publish::Yes };
    world.store.save(&[change], &Hold::Release).await.unwrap();

    let control = world.control("one");
    control.pass().await;
    assert_eq!(
        world.store.position(FeedKey::Hostname(id)).await.unwrap(),
        FeedPosition::Unnumbered
    );
    assert!(is_kept(&world, id).await, "a node still serves it");

    // The lease of the pass that could not finish runs out.
    world.advance(Duration::from_secs(60)).await;
    control.pass().await;
    assert!(!is_kept(&world, id).await, "no node serves it any more");
}

/// Whether the store still has the hostname; panics when the feed has forgotten that it ever had.
async fn is_kept(world: &TestWorld, id: HostnameId) -> bool {
    world.store.number().await.unwrap();
    let items = world.store.feed_after(Generation(0), 100).await.unwrap();
    let item =
        items.iter().find(|item| item.key == FeedKey::Hostname(id)).expect("the feed knows it");
    item.subject.is_some()
}
