//! Renewal with an ACME CA: when it wants it, and what it wants to be told (RFC 9773).

use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine};
use np_domain::{
    Timestamp,
    certificate::{DcvMethod, KeyType},
    ports::{Authority, AuthorityError, OrderTerms},
};
use np_testkit::wait;

use crate::{
    acme_world::World,
    support::{complete, exact, in_days, issue, terms},
};

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[tokio::test]
async fn the_ca_says_when_to_renew_and_when_to_ask_again() {
    let world = World::start(|_| ()).await;
    let authority = world.authority();
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let chain = issue(&authority, &world.stage, &wanted).await.unwrap();
    let leaf = &chain.der()[0];

    let said = authority.renewal_advice(leaf).await.unwrap().expect("Pebble suggests a window");
    assert!(said.ask_after.is_some_and(|wait| wait >= Duration::from_secs(60)), "{said:?}");
    let facts = chain.facts();
    assert!(said.suggestion.start > facts.not_before && said.suggestion.end < facts.not_after);

    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let window = now - Duration::from_secs(7200)..now - Duration::from_secs(3600);
    world.pebble.suggest_renewal(&pem(leaf), window.clone()).await.unwrap();
    let said = authority.renewal_advice(leaf).await.unwrap().expect("a window");
    let expected = (Timestamp::from(window.start), Timestamp::from(window.end));
    assert_eq!((said.suggestion.start, said.suggestion.end), expected);
    assert_eq!(said.suggestion.explanation, None);
    assert_eq!(world.authority().renewal_advice(leaf).await, Ok(Some(said)), "without an account");
}

#[tokio::test]
async fn of_what_it_does_not_know_the_ca_says_nothing_and_takes_no_renewal() {
    let (world, elsewhere) = tokio::join!(World::start(|_| ()), World::start(|_| ()));
    let host = elsewhere.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let foreign = issue(&elsewhere.authority(), &elsewhere.stage, &wanted).await.unwrap();
    let authority = world.authority();
    for leaf in [&*foreign.der()[0], b"no certificate"] {
        assert_eq!(authority.renewal_advice(leaf).await, Ok(None));
        let renewal = OrderTerms { replaces: Some(leaf.into()), ..wanted.clone() };
        let refusal = authority.place(&renewal).await;
        assert!(matches!(refusal, Err(AuthorityError::NotReplaceable(_))), "{refusal:?}");
    }
    world.stage.host("app.customer.com");
    issue(&authority, &world.stage, &wanted).await.expect("an order that names nothing");
}

#[tokio::test]
async fn an_order_renews_a_certificate_once() {
    let world = World::start(|options| options.nonce_reject_percent = 10).await;
    let authority = world.authority();
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let first = issue(&authority, &world.stage, &wanted).await.unwrap();
    assert!(!authority.place(&wanted).await.unwrap().is_renewal);

    // Together with an end that is wished for, as packs have it.
    let end = in_days(14);
    let replaces = Some(first.der()[0].clone());
    let renewal = OrderTerms { replaces, not_after: Some(end), ..wanted.clone() };
    let order = authority.place(&renewal).await.unwrap();
    assert!(order.is_renewal);
    world.stage.show(&order);
    let second = complete(&authority, &order).await.unwrap();
    assert_eq!(second.facts().not_after, end);

    let refusal = authority.place(&renewal).await;
    assert!(matches!(refusal, Err(AuthorityError::NotReplaceable(_))), "{refusal:?}");
    let next = OrderTerms { replaces: Some(second.der()[0].clone()), ..wanted };
    // Pebble hands a certificate out a moment before it knows which order it is of, and calls that an error of its own.
    let known = async || match authority.place(&next).await {
        Err(AuthorityError::Unreachable(_)) => None,
        placed => Some(placed),
    };
    let placed = wait::until("an order that Pebble knows", Duration::from_secs(20), known).await;
    assert!(placed.unwrap().unwrap().is_renewal);
}
