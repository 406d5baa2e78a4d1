//! Certificate packs of zones: the same way as a hostname's certificate, with several names.

use std::time::Duration;

use np_domain::{
    account::Account,
    certificate::{BundleMethod, Certificate, DcvMethod, KeyType, Owner, State, Wanted, order},
    certificate_pack::{Pack, PackHosts, PackKind, PackRecord, Validity},
    entry::FeedKey,
    id::{AccountId, PackId, ZoneId},
    ports::{
        AccountStore, Clock, FeedPosition, FeedStore, PackChange, PackStore, Publish, ZoneStore,
    },
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::Zone,
};

use crate::{
    breakable::Break,
    world::{Control, TestWorld},
};

const HOSTS: [&str; 3] = ["provider.com", "*.provider.com", "www.provider.com"];

impl TestWorld {
    async fn add_pack(&self, number: u8, keys: &[KeyType]) -> PackId {
        let (id, now) = (PackId::from_bytes([number; 16]), self.clock.now());
        let hosts = HOSTS.map(|host| host.parse().unwrap()).to_vec();
        let pack = Pack {
            id,
            zone: self.zone.id,
            kind: PackKind::Advanced,
            hosts: PackHosts::new(hosts, &self.zone.name).unwrap(),
            validity: Validity::Days90,
            branding: false,
            created_at: now,
            leaving_since: None,
        };
        let wanted = Wanted {
            method: DcvMethod::Txt,
            wildcard: true,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: keys.to_vec(),
        };
        let certificate = Certificate::new(id, Owner::Zone(self.zone.id), wanted, now);
        self.store.insert_pack(&PackRecord { pack, certificate }, 9, &[]).await.unwrap();
        id
    }

    async fn pack(&self, id: PackId) -> PackRecord {
        self.store.pack(self.zone.id, id).await.unwrap().expect("the pack is there")
    }

    async fn settle_pack(&self, control: &Control, id: PackId, seconds: u32) {
        for _ in 0..seconds {
            control.pass().await;
            if matches!(self.pack(id).await.certificate.attempt, State::Settled(_)) {
                return;
            }
            self.advance(Duration::from_secs(1)).await;
        }
        panic!("not settled: {:?}", self.pack(id).await.certificate.attempt);
    }

    async fn delete_pack(&self, id: PackId) {
        let mut record = self.pack(id).await;
        record.pack.leaving_since = Some(self.clock.now());
        let change = PackChange { record, events: Vec::new(), publish: Publish::Yes };
        self.store.save_pack(&change).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_issued_until_every_name_shows_control() {
    let world = TestWorld::new().await;
    let id = world.add_pack(1, &[KeyType::P256]).await;
    let control = world.control("one");
    control.pass().await;
    let mut order = world.pack(id).await.certificate.open_order().expect("an order").clone();
    assert_eq!(order.controls.len(), 3, "one token for each name, two of them at one place");
    let last = order.controls.pop().unwrap();
    world.customers.show(&order);
    for _ in 0..5 {
        world.advance(Duration::from_secs(70)).await;
        control.pass().await;
    }
    let certificate = world.pack(id).await.certificate;
    assert!(matches!(certificate.attempt, State::AwaitingControl(_)), "{:?}", certificate.attempt);
    let problems = certificate.problems();
    assert_eq!(problems.len(), 1, "the ones that are there are no problem");
    let missing = format!("_acme-challenge.{}", last.name.base());
    assert!(problems[0].message.as_str().contains(&missing), "{problems:?}");
    assert_eq!(world.authority.inner().signed, 0);

    order.controls = vec![last];
    world.customers.show(&order);
    world.settle_pack(&control, id, 200).await;
    let certificate = world.pack(id).await.certificate;
    let names = &certificate.active[0].issued.chain.facts().names;
    let mut names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["*.provider.com", "provider.com", "www.provider.com"]);
    let events = world.store.pack_history(id, 99).await.unwrap();
    let mut kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    kinds.dedup();
    assert_eq!(kinds.first(), Some(&"certificate.deployed"), "{kinds:?}");
    assert!(kinds.contains(&"certificate.control_unseen"), "{kinds:?}");
}

#[tokio::test]
async fn a_pack_has_a_certificate_for_each_kind_of_key_and_is_renewed_beside_what_is_served() {
    let world = TestWorld::delegated().await;
    let id = world.add_pack(1, &[KeyType::P256, KeyType::Rsa2048]).await;
    let control = world.control("one");
    world.settle_pack(&control, id, 200).await;
    let first = world.pack(id).await.certificate;
    assert_eq!(first.active.len(), 2);
    let State::Settled(settled) = &first.attempt else { panic!("{:?}", first.attempt) };
    world.advance((settled.renew_at - world.clock.now()).unsigned_abs()).await;
    control.pass().await;
    let renewing = world.pack(id).await.certificate;
    assert!(!matches!(renewing.attempt, State::Settled(_)), "a renewal began");
    assert_eq!(renewing.active, first.active, "the old one is served meanwhile");
    world.settle_pack(&control, id, 200).await;
    let renewed = world.pack(id).await.certificate;
    assert_eq!(renewed.active.len(), 2);
    for old in &first.active {
        assert!(renewed.active.iter().all(|new| new.issued.id != old.issued.id));
    }
}

#[tokio::test]
async fn a_deleted_pack_leaves_the_nodes_first_and_the_store_last() {
    let world = TestWorld::delegated().await;
    let id = world.add_pack(1, &[KeyType::P256]).await;
    let control = world.control("one");
    world.settle_pack(&control, id, 200).await;
    world.delete_pack(id).await;
    // The nodes have not confirmed.
    control.pass().await;
    assert!(!world.store.pack_history(id, 9).await.unwrap().is_empty(), "it is kept");
    world.advance(Duration::from_secs(31)).await;
    control.pass().await;
    assert!(world.store.pack_history(id, 9).await.unwrap().is_empty(), "it is gone");
    let position = world.store.position(FeedKey::Pack(id)).await.unwrap();
    assert!(matches!(position, FeedPosition::At(_)), "its tombstone stays: {position:?}");
    assert_eq!(control.pass().await, 0, "nothing is left to do");
}

/// Runs a pack from nothing to active to gone with a failure at save number `save`; whether that save was reached.
async fn survives(save: i64, when: Break) -> bool {
    let world = TestWorld::delegated().await;
    let id = world.add_pack(1, &[KeyType::P256]).await;
    let (breaking, store) = world.breaking_control(save, when);
    let healthy = world.control("healthy");
    let mut is_deleted = false;
    for _ in 0..400 {
        let control = if store.has_broken() { &healthy } else { &breaking };
        control.pass().await;
        match world.store.pack(world.zone.id, id).await.unwrap() {
            Some(record) if matches!(record.certificate.attempt, State::Settled(_)) => {
                let (placed, signed) = {
                    let inner = world.authority.inner();
                    (inner.placed, inner.signed)
                };
                assert!(placed <= 2 && signed <= 2, "{placed} orders, {signed} signed");
                assert_eq!(record.certificate.active.len(), 1);
                world.delete_pack(id).await;
                is_deleted = true;
            }
            None if world.store.pack_history(id, 9).await.unwrap().is_empty() => {
                assert!(is_deleted);
                return store.has_broken();
            }
            _ => {}
        }
        world.advance(Duration::from_secs(1)).await;
    }
    panic!("stuck after a failure {when:?} save {save}");
}

#[tokio::test]
async fn a_failure_at_any_save_still_ends_in_one_active_certificate_and_a_clean_removal() {
    for when in [Break::Before, Break::After] {
        let mut save = 1;
        while survives(save, when).await {
            save += 1;
        }
        assert!(save > 5, "only {} saves were broken", save - 1);
    }
}

#[tokio::test]
async fn a_host_that_another_accounts_zone_took_is_neither_ordered_again_nor_told_to_nodes() {
    let world = TestWorld::delegated().await;
    let id = world.add_pack(1, &[KeyType::P256]).await;
    let control = world.control("one");
    world.settle_pack(&control, id, 60).await;
    let account = AccountId::from_bytes([7; 16]);
    let named =
        Account { id: account, name: Explanation::new("Other"), created_at: world.clock.now() };
    world.store.insert_account(&named).await.unwrap();
    let below = Zone {
        id: ZoneId::from_bytes([7; 16]),
        account,
        name: "www.provider.com".parse().unwrap(),
        ..world.zone.clone()
    };
    world.store.insert_zone(&below).await.unwrap();
    let mut record = world.pack(id).await;
    order::reorder(&mut record.certificate, world.clock.now());
    let change = PackChange { record, events: Vec::new(), publish: Publish::Yes };
    world.store.save_pack(&change).await.unwrap();
    control.pass().await;
    let certificate = world.pack(id).await.certificate;
    assert!(matches!(certificate.attempt, State::Ordering(_)), "{:?}", certificate.attempt);
    let said = certificate.problems()[0].message.to_string();
    assert!(said.contains("www.provider.com is within a zone of another account"), "{said}");
    world.store.remove_zone(below.id).await.unwrap();
    world.settle_pack(&control, id, 60).await;
}
