//! The ACME adapter against Pebble: real orders, real validation, and a CA that refuses good nonces.

use std::time::Duration;

use crate::{
    acme_world::World,
    support::{complete, exact, in_days, issue, terms, verdict, with_wildcard},
};
use np_control::adapters::acme::{AcmeSettings, ExternalAccount};
use np_domain::{
    certificate::{Actor, Control, ControlProof, DcvMethod, KeyType, Order, Problem, TxtChallenge},
    ports::{Authority, AuthorityError, OrderStatus, OrderTerms},
    secret::SecretBytes,
    text::Explanation,
};
use np_testkit::dns::RecordType;

fn base64url(text: &str) -> Vec<u8> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    BASE64_URL_SAFE_NO_PAD.decode(text).expect(text)
}

#[tokio::test]
async fn certificates_are_issued_by_http() {
    let world = World::start(|_| ()).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let chain = issue(&world.authority(), &world.stage, &wanted).await.unwrap();
    assert_eq!(chain.facts().key_type, Some(KeyType::P256));
    assert!(chain.der().len() >= 2, "the issuer comes along");
}

#[tokio::test]
async fn a_wildcard_with_an_rsa_key_is_issued_by_txt() {
    let world = World::start(|_| ()).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(with_wildcard(&host), DcvMethod::Txt, KeyType::Rsa2048);
    let chain = issue(&world.authority(), &world.stage, &wanted).await.unwrap();
    let mut names: Vec<_> = chain.facts().names.iter().map(Explanation::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["*.app.customer.com", "app.customer.com"]);
}

/// The places and the values of the TXT records that an order wants.
fn texts(order: &Order) -> Vec<(&str, &str)> {
    let proofs = order.controls.iter().map(|control| &control.proof);
    let texts = proofs.filter_map(|proof| match proof {
        ControlProof::Txt { name, value } => Some((name.as_str(), value.as_str())),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn a_wildcard_is_issued_by_records_of_our_own_account() {
    let world = World::start(|_| ()).await;
    let txt = TxtChallenge::Account;
    let authority = world.authority_with(AcmeSettings { txt, ..world.settings() });
    let host = world.stage.host("app.customer.com");
    assert_eq!(authority.issuer().challenge(&host), None, "we are not known there yet");
    let wanted = terms(with_wildcard(&host), DcvMethod::Txt, KeyType::P256);
    let order = authority.place(&wanted).await.unwrap();
    let name = authority.issuer().challenge(&host).unwrap();
    assert!(name.as_str().ends_with("._acme-challenge.app.customer.com"), "{name}");
    let texts = texts(&order);
    assert!(texts.iter().all(|(at, _)| *at == name.as_str()), "{texts:?}");
    assert_ne!(texts[0].1, texts[1].1, "a token for each name");
    world.stage.show(&order);
    complete(&authority, &order).await.unwrap();

    // Somebody else's records at the usual place hinder nothing, and what stands there is no proof for us.
    let order = authority.place(&wanted).await.unwrap();
    world.stage.dns.set("_acme-challenge.app.customer.com", RecordType::TXT, &[texts_of(&order)]);
    world.stage.dns.set(name.as_str(), RecordType::TXT, &["stale"]);
    authority.tell(&order).await.unwrap();
    let verdict = verdict(&authority, &order).await.unwrap();
    assert!(matches!(&verdict, OrderStatus::Invalid(_)), "{verdict:?}");
}

fn texts_of(order: &Order) -> &str {
    texts(order)[0].1
}

#[tokio::test]
async fn one_record_that_stays_proves_a_name_and_its_wildcard_again_and_again() {
    let world =
        World::start(|options| options.issuer_domains = vec!["ca.example".to_owned()]).await;
    let txt = TxtChallenge::Persist;
    let authority = world.authority_with(AcmeSettings { txt, ..world.settings() });
    let host = world.stage.host("app.customer.com");
    let wanted = terms(with_wildcard(&host), DcvMethod::Txt, KeyType::P256);
    let order = authority.place(&wanted).await.unwrap();
    let first: Vec<_> =
        texts(&order).into_iter().map(|(at, value)| (at.to_owned(), value.to_owned())).collect();
    assert_eq!(first[0], first[1], "one record for both");
    assert_eq!(first[0].0, "_validation-persist.app.customer.com");
    let account = authority.issuer().account.unwrap();
    assert_eq!(first[0].1, format!("ca.example; accounturi={account}; policy=wildcard"));
    // The customer wrote it in another way, beside somebody else's.
    let written = format!("ca.example;policy=wildcard;accounturi={account}");
    let other = "other.example; accounturi=https://other/acct/1";
    world.stage.dns.set(&first[0].0, RecordType::TXT, &[other, &written]);
    complete(&authority, &order).await.unwrap();
    // The next order needs nothing.
    let next = authority.place(&wanted).await.unwrap();
    assert_eq!(texts(&next)[0].1, first[0].1);
    complete(&authority, &next).await.unwrap();
}

#[tokio::test]
async fn an_end_that_is_wished_for_reaches_the_ca_whatever_it_does_with_nonces() {
    let world = World::start(|options| options.nonce_reject_percent = 30).await;
    let host = world.stage.host("app.customer.com");
    let end = in_days(14);
    let wanted =
        OrderTerms { not_after: Some(end), ..terms(exact(&host), DcvMethod::Http, KeyType::P256) };
    let chain = issue(&world.authority(), &world.stage, &wanted).await.unwrap();
    assert_eq!(chain.facts().not_after, end);
    assert_eq!(world.secrets.names().len(), 1, "signed with the one account's key");
}

#[tokio::test]
async fn a_wildcard_by_http_is_refused_with_the_methods_that_there_are() {
    let world = World::start(|_| ()).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(with_wildcard(&host), DcvMethod::Http, KeyType::P256);
    let message = "the authority does not validate *.app.customer.com by method http; \
                   set ssl.method to one that it offers: txt";
    let problem = Problem { actor: Actor::Provider, message: Explanation::new(message) };
    let refusal = world.authority().place(&wanted).await.unwrap_err();
    assert_eq!(refusal, AuthorityError::Refused(problem));
}

#[tokio::test]
async fn a_ca_that_wants_a_known_account_gets_it() {
    const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let world = World::start(|options| {
        options.external_accounts.insert("kid-1".to_owned(), KEY.to_owned());
    })
    .await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let refusal = world.authority().place(&wanted).await.unwrap_err();
    assert!(matches!(refusal, AuthorityError::Account(_)), "{refusal}");

    let hmac_key = SecretBytes::new(base64url(KEY));
    let external_account = Some(ExternalAccount { key_id: "kid-1".to_owned(), hmac_key });
    let known = world.authority_with(AcmeSettings { external_account, ..world.settings() });
    issue(&known, &world.stage, &wanted).await.unwrap();
}

#[tokio::test]
async fn certificates_are_of_the_profile_that_is_configured() {
    const SHORT: Duration = Duration::from_secs(6 * 24 * 3600);
    let world = World::start(|options| {
        options.profiles.insert("short".to_owned(), SHORT);
    })
    .await;
    let of = |profile: &str| {
        let profile = Some(profile.to_owned());
        world.authority_with(AcmeSettings { profile, ..world.settings() })
    };
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let chain = issue(&of("short"), &world.stage, &wanted).await.unwrap();
    let life = chain.facts().not_after - chain.facts().not_before;
    assert!((life - SHORT).abs() < time::Duration::MINUTE, "{life}");

    let refusal = of("long").place(&wanted).await.unwrap_err();
    let AuthorityError::Refused(Problem { actor: Actor::Provider, message }) = refusal else {
        panic!("not the provider's to mend: {refusal}")
    };
    assert!(message.as_str().contains("long"), "{message}");
}

#[tokio::test]
async fn an_order_says_when_it_ends() {
    let world = World::start(|_| ()).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let order = world.authority().place(&wanted).await.unwrap();
    let end = order.expires_at.expect("Pebble says when");
    assert!(end > in_days(0) && end < in_days(30), "{end}");
}

#[tokio::test]
async fn refused_nonces_cost_time_and_nothing_else() {
    let world = World::start(|options| options.nonce_reject_percent = 50).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    issue(&world.authority(), &world.stage, &wanted).await.unwrap();
}

#[tokio::test]
async fn a_failed_validation_is_told_in_the_words_of_the_ca() {
    let world = World::start(|_| ()).await;
    let authority = world.authority();
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let order = authority.place(&wanted).await.unwrap();
    authority.tell(&order).await.unwrap();
    let OrderStatus::Invalid(problems) = verdict(&authority, &order).await.unwrap() else {
        panic!("nothing was shown, and yet the order is not invalid");
    };
    let [Problem { actor: Actor::Customer, message }] = problems.as_slice() else {
        panic!("not the customer's to mend: {problems:?}");
    };
    assert!(message.as_str().contains("404"), "{message}");
    authority.tell(&order).await.expect("telling of a dead order does nothing");
    assert_eq!(authority.fetch(&order).await, Err(AuthorityError::OrderGone));
}

#[tokio::test]
async fn any_process_can_take_the_next_step_of_an_order() {
    let world = World::start(|_| ()).await;
    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Txt, KeyType::P256);
    let order = world.authority().place(&wanted).await.unwrap();
    world.stage.show(&order);
    world.authority().tell(&order).await.unwrap();
    world.authority().tell(&order).await.expect("telling twice does no more than once");
    complete(&world.authority(), &order).await.unwrap();
    assert_eq!(world.authority().poll(&order).await, Ok(OrderStatus::Valid));
    assert_eq!(world.secrets.names().len(), 1, "all used one account");
}

#[tokio::test]
async fn many_orders_run_side_by_side_on_one_account() {
    let world = World::start(|options| options.nonce_reject_percent = 20).await;
    let authority = world.authority();
    let issued = (0..8).map(async |n| {
        let host = world.stage.host(&format!("app{n}.customer.com"));
        let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
        issue(&authority, &world.stage, &wanted).await
    });
    for chain in futures_util::future::join_all(issued).await {
        chain.unwrap();
    }
    assert_eq!(world.secrets.names().len(), 1);
}

#[tokio::test]
async fn a_name_that_was_validated_before_needs_no_proof() {
    let world = World::start(|options| options.authorization_reuse_percent = 100).await;
    let authority = world.authority();
    let host = world.stage.host("app.customer.com");
    let by_http = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    issue(&authority, &world.stage, &by_http).await.unwrap();
    for method in [DcvMethod::Http, DcvMethod::Txt] {
        let order = authority.place(&terms(exact(&host), method, KeyType::P256)).await.unwrap();
        assert!(order.controls.iter().all(|Control { satisfied, .. }| *satisfied));
        complete(&authority, &order).await.unwrap();
    }
}

#[tokio::test]
async fn refusals_say_whether_the_name_the_order_or_the_ca_is_at_fault() {
    let mut world =
        World::start(|options| options.blocked_domains.push("blocked.com".to_owned())).await;
    let authority = world.authority();
    let blocked = world.stage.host("app.blocked.com");
    let refusal = authority.place(&terms(exact(&blocked), DcvMethod::Http, KeyType::P256)).await;
    let Err(AuthorityError::Refused(problem)) = refusal else { panic!("not refused") };
    let words = "The certificate authority will not issue for this domain.";
    assert!(problem.message.as_str().starts_with(words), "{}", problem.message);

    let host = world.stage.host("app.customer.com");
    let wanted = terms(exact(&host), DcvMethod::Http, KeyType::P256);
    let order = authority.place(&wanted).await.unwrap();
    let unknown = Order { url: Explanation::new(format!("{}0", order.url)), ..order.clone() };
    assert_eq!(authority.poll(&unknown).await, Err(AuthorityError::OrderGone));

    world.pebble.stop();
    let gone = world.authority().poll(&order).await.unwrap_err();
    let words = "connection refused; check that a server listens there";
    assert_eq!(gone, AuthorityError::Unreachable(Explanation::new(words)));
}
