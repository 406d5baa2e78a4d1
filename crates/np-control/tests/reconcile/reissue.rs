//! Replacing everything, and revoking what was replaced.

use std::time::Duration;

use np_control::{
    app::reissue::{self, Scope, Terms},
    stores::Stores,
};
use np_domain::{
    certificate::{DcvMethod, State},
    id::HostnameId,
    ports::{AuthorityError, Clock as _},
    text::Explanation,
};

use crate::world::{Control, TestWorld};

const HOSTNAMES: u8 = 4;
const WITHIN: time::Duration = time::Duration::hours(24);

async fn settled(world: &TestWorld, control: &Control) -> Vec<HostnameId> {
    let mut ids = Vec::new();
    for number in 1..=HOSTNAMES {
        ids.push(world.add(number, &format!("app{number}.customer.com"), DcvMethod::Txt).await);
    }
    for id in &ids {
        world.settle(control, *id, 200).await;
    }
    world.advance(Duration::from_secs(3600)).await;
    ids
}

/// An hour at a time, as long as it takes.
async fn carry_out(world: &TestWorld, control: &Control, hours: u32) {
    for _ in 0..hours * 60 {
        world.advance(Duration::from_secs(60)).await;
        control.pass().await;
    }
}

#[tokio::test]
async fn everything_is_replaced_within_the_time_one_after_the_other_and_revoked_afterwards() {
    let world = TestWorld::delegated().await;
    let control = world.control("one");
    let ids = settled(&world, &control).await;
    let old = world.certificate(ids[0]).await.active[0].clone();
    let stores = Stores::of(world.store.clone());
    let now = world.clock.now();
    let terms = Terms { before: now, authority: None, revoke: true };
    let count = reissue::count(&stores, Scope::Everything, terms).await.unwrap();
    assert_eq!((count.all, count.waiting), (u64::from(HOSTNAMES), u64::from(HOSTNAMES)));
    let mark = async || {
        reissue::mark(&stores, Scope::Everything, terms, WITHIN, count.outstanding(), now).await
    };
    assert_eq!(mark().await.unwrap(), u64::from(HOSTNAMES));
    assert_eq!(mark().await.unwrap(), 0, "a second time, nothing changes");

    carry_out(&world, &control, 12).await;
    let half = reissue::count(&stores, Scope::Everything, terms).await.unwrap();
    assert!(half.replaced > 0 && half.waiting > 0, "{half:?}");
    carry_out(&world, &control, 12).await;
    let done = reissue::count(&stores, Scope::Everything, terms).await.unwrap();
    assert_eq!((done.replaced, done.revocations), (u64::from(HOSTNAMES), 0), "{done:?}");
    let leaf = &old.issued.chain.der()[0];
    let inner = world.authority.inner();
    assert_eq!(inner.revoked.len(), usize::from(HOSTNAMES));
    assert!(inner.revoked.contains(leaf));
}

#[tokio::test]
async fn nothing_is_revoked_while_it_is_served_and_a_ca_that_is_away_is_told_later() {
    let world = TestWorld::delegated().await;
    let control = world.control("one");
    let ids = settled(&world, &control).await;
    let stores = Stores::of(world.store.clone());
    let now = world.clock.now();
    let terms = Terms { before: now, authority: None, revoke: true };
    reissue::mark(&stores, Scope::Everything, terms, WITHIN, 4, now).await.unwrap();
    let down = AuthorityError::Unreachable(Explanation::new("connection refused"));
    world.authority.inner().outage = Some(down);
    carry_out(&world, &control, 24).await;
    assert!(world.authority.inner().revoked.is_empty());
    assert!(!world.certificate(ids[0]).await.active.is_empty());
    world.authority.inner().outage = None;
    carry_out(&world, &control, 2).await;
    assert_eq!(world.authority.inner().revoked.len(), usize::from(HOSTNAMES));
    for id in ids {
        let certificate = world.certificate(id).await;
        assert!(
            matches!(certificate.attempt, State::Settled(_)) && certificate.revocations.is_empty()
        );
    }
}

#[tokio::test]
async fn another_cas_certificates_and_other_zones_are_left_alone() {
    let world = TestWorld::delegated().await;
    let control = world.control("one");
    settled(&world, &control).await;
    let other = world.add_zone("other.net").await;
    let stores = Stores::of(world.store.clone());
    let now = world.clock.now();
    let by = |authority| Terms { before: now, authority, revoke: false };
    let google = by(Some(np_domain::certificate::AuthorityName::Google));
    let count = reissue::count(&stores, Scope::Everything, google).await.unwrap();
    assert_eq!(count.outstanding(), 0);
    let count = reissue::count(&stores, Scope::Zone(other.id), by(None)).await.unwrap();
    assert_eq!(count.all, 0);
    let marked = reissue::mark(&stores, Scope::Everything, google, WITHIN, 0, now).await.unwrap();
    assert_eq!(marked, 0);
}
