//! Approvals by e-mail.

use np_domain::{
    approval::{Approval, Link},
    certificate::{AuthorityName, ValidationAddress},
    id::{PackId, ZoneId},
    ports::ApprovalStore,
};

use crate::{
    values::{at, text},
    world::World,
};

fn approval(order: &str, domain: &str) -> Approval {
    Approval {
        order: text(order),
        domain: domain.parse().unwrap(),
        names: ["app", "*.app"].map(|name| format!("{name}.{domain}").parse().unwrap()).into(),
        authority: AuthorityName::Google,
        zone: ZoneId::from_bytes([1; 16]),
        certificate: PackId::from_bytes([2; 16]),
        expires_at: at(1000),
        mailings: 0,
        mailed_at: None,
        given: None,
    }
}

fn link(hash: u8, address: &str) -> Link {
    Link { hash: [hash; 32], address: address.parse().unwrap() }
}

pub(crate) async fn approval_is_found_by_its_order_and_by_its_links(world: World) {
    let store = &world.store;
    let asked = approval("order/1", "a.com");
    let links = [link(1, "admin@a.com"), link(2, "postmaster@a.com")];
    store.ask_approval(&asked, &links).await.unwrap();
    store.ask_approval(&approval("order/1", "b.com"), &[]).await.unwrap();
    let found = store.approvals(&text("order/1")).await.unwrap();
    assert_eq!(found, [asked.clone(), approval("order/1", "b.com")]);
    assert_eq!(store.approvals(&text("order/2")).await.unwrap(), []);
    let by_link = store.approval_by_link(&[2; 32]).await.unwrap();
    let postmaster: ValidationAddress = "postmaster@a.com".parse().unwrap();
    assert_eq!(by_link, Some((asked.clone(), postmaster)));
    // New mails: new links in the place of the old ones.
    let again = Approval { mailings: 1, mailed_at: Some(at(5)), ..asked };
    store.ask_approval(&again, &[link(3, "admin@a.com")]).await.unwrap();
    assert_eq!(store.approval_by_link(&[2; 32]).await.unwrap(), None);
    assert_eq!(store.approval_by_link(&[3; 32]).await.unwrap().map(|(a, _)| a), Some(again));
}

pub(crate) async fn approval_is_given_once_and_not_after_its_end(world: World) {
    let store = &world.store;
    let asked = approval("order/1", "a.com");
    let links = [link(1, "admin@a.com"), link(2, "postmaster@a.com")];
    store.ask_approval(&asked, &links).await.unwrap();
    assert!(!store.give_approval(&[9; 32], at(10)).await.unwrap(), "nobody knows the link");
    assert!(!store.give_approval(&[1; 32], at(1000)).await.unwrap(), "it has ended");
    let (one, other) =
        tokio::join!(store.give_approval(&[1; 32], at(10)), store.give_approval(&[2; 32], at(10)));
    assert!(one.unwrap() != other.unwrap(), "one of two gives it");
    let given = store.approvals(&text("order/1")).await.unwrap().remove(0);
    assert!(given.given.as_ref().is_some_and(|given| given.at == at(10)), "{given:?}");
    // Asking again changes nothing about it.
    store.ask_approval(&Approval { mailings: 7, ..asked }, &[]).await.unwrap();
    assert_eq!(store.approvals(&text("order/1")).await.unwrap(), [given]);
    assert!(store.approval_by_link(&[1; 32]).await.unwrap().is_some(), "its links stay");
}

pub(crate) async fn mailings_are_counted_by_domain_and_swept_with_their_orders(world: World) {
    let store = &world.store;
    for (order, domain, mailings, mailed_at) in [
        ("order/1", "a.com", 2, Some(at(50))),
        ("order/2", "a.com", 3, Some(at(60))),
        ("order/3", "a.com", 0, None),
        ("order/4", "b.com", 4, Some(at(60))),
    ] {
        let asked = Approval { mailings, mailed_at, ..approval(order, domain) };
        store.ask_approval(&asked, &[link(mailings as u8, "admin@a.com")]).await.unwrap();
    }
    let domain = "a.com".parse().unwrap();
    for (since, expected) in [(0, 5), (50, 5), (51, 3), (61, 0)] {
        assert_eq!(store.mailings(&domain, at(since)).await.unwrap(), expected, "{since}");
    }
    assert_eq!(store.sweep_approvals(at(999), 10).await.unwrap(), 0);
    assert_eq!(store.sweep_approvals(at(1000), 3).await.unwrap(), 3);
    assert_eq!(store.sweep_approvals(at(1000), 3).await.unwrap(), 1);
    assert_eq!(store.approval_by_link(&[2; 32]).await.unwrap(), None, "links go with it");
}
