//! Leases on due rows.

use std::collections::BTreeSet;

use np_domain::{
    certificate::{self, Holder},
    custom_hostname::HostnameRecord,
    ownership,
    ports::{CertificateStore, Hold, HostnameStore, PackStore},
};

use crate::{
    values::{at, certificate_change, change, claimed, lease, leaving, pack, proven, record},
    world::World,
};

pub(crate) async fn claimed_rows_are_hidden_until_the_lease_ends(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    store.insert(&record, &[]).await.unwrap();
    assert_eq!(store.claim_ownership(at(-1), &lease("a", at(60)), 10).await.unwrap(), []);
    let expected = [record];
    assert_eq!(store.claim_ownership(at(0), &lease("a", at(60)), 10).await.unwrap(), expected);
    assert_eq!(store.claim_ownership(at(59), &lease("b", at(99)), 10).await.unwrap(), []);
    assert_eq!(store.claim_ownership(at(60), &lease("b", at(99)), 10).await.unwrap(), expected);

    // The certificate has a lease of its own.
    let held = expected.map(claimed);
    assert_eq!(store.claim_certificates(at(0), &lease("a", at(60)), 10).await.unwrap(), held);
    assert_eq!(store.claim_certificates(at(59), &lease("b", at(99)), 10).await.unwrap(), []);
    assert_eq!(store.claim_certificates(at(60), &lease("b", at(99)), 10).await.unwrap(), held);
}

pub(crate) async fn release_ends_a_lease_and_keep_prolongs_it(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    store.insert(&record, &[]).await.unwrap();
    let hostname = &record.hostname;
    store.claim_ownership(at(0), &lease("a", at(60)), 10).await.unwrap();
    let mut save = change(hostname, hostname.ownership.clone());
    let keep = Hold::Keep(lease("a", at(120)));
    store.save(std::slice::from_ref(&save), &keep).await.unwrap();
    assert_eq!(store.claim_ownership(at(60), &lease("b", at(99)), 10).await.unwrap(), []);
    save.hostname.version = 1;
    store.save(std::slice::from_ref(&save), &Hold::Release).await.unwrap();
    assert_eq!(store.claim_ownership(at(60), &lease("b", at(99)), 10).await.unwrap().len(), 1);
    save.hostname.version = 2;
    save.hostname.ownership = proven(at(61));
    store.save(&[save], &Hold::Release).await.unwrap();
    let due = store.claim_ownership(at(1_000_000), &lease("b", at(1_000_001)), 10).await.unwrap();
    assert_eq!(due, [], "a proven hostname is not due");

    let certificate = record.certificate.as_ref().unwrap();
    store.claim_certificates(at(0), &lease("a", at(60)), 10).await.unwrap();
    let mut save = certificate_change(certificate);
    store.save_certificate(&save, &Hold::Keep(lease("a", at(120)))).await.unwrap();
    assert_eq!(store.claim_certificates(at(60), &lease("b", at(99)), 10).await.unwrap(), []);
    save.certificate.version = 1;
    store.save_certificate(&save, &Hold::Release).await.unwrap();
    assert_eq!(store.claim_certificates(at(60), &lease("b", at(99)), 10).await.unwrap().len(), 1);
}

pub(crate) async fn hastening_a_zone_makes_its_unproven_hostnames_due(world: World) {
    let store = &world.store;
    let (waiting, held) =
        (record(world.zone.id, "a.customer.com"), record(world.zone.id, "b.customer.com"));
    for record in [&waiting, &held] {
        store.insert(record, &[]).await.unwrap();
    }
    let later = |record: &HostnameRecord, state| change(&record.hostname, state);
    let unproven = ownership::State::new(at(1_000));
    let saves = [later(&waiting, unproven.clone()), later(&held, proven(at(0)))];
    store.save(&saves, &Hold::Release).await.unwrap();
    let claim = async |seconds| {
        store.claim_ownership(at(seconds), &lease("a", at(seconds)), 10).await.unwrap()
    };
    assert_eq!(claim(10).await, []);
    store.hasten_unproven(world.zone.id, at(10)).await.unwrap();
    let due = claim(10).await;
    assert_eq!(
        due.iter().map(|record| record.hostname.id).collect::<Vec<_>>(),
        [waiting.hostname.id]
    );
    assert_eq!(due[0].hostname.ownership, unproven, "the schedule goes on where it was");
}

pub(crate) async fn release_leases_ends_those_of_one_owner_only(world: World) {
    let store = &world.store;
    let record = record(world.zone.id, "app.customer.com");
    store.insert(&record, &[]).await.unwrap();
    store.claim_ownership(at(0), &lease("a", at(60)), 10).await.unwrap();
    store.claim_certificates(at(0), &lease("a", at(60)), 10).await.unwrap();
    let (a, b) = (lease("a", at(60)).owner, lease("b", at(60)).owner);
    store.release_leases(&b, at(1)).await.unwrap();
    assert_eq!(store.claim_ownership(at(1), &lease("b", at(60)), 10).await.unwrap(), []);
    store.release_leases(&a, at(1)).await.unwrap();
    assert_eq!(store.claim_ownership(at(1), &lease("b", at(60)), 10).await.unwrap().len(), 1);
    assert_eq!(store.claim_certificates(at(1), &lease("b", at(60)), 10).await.unwrap().len(), 1);
}

pub(crate) async fn the_longest_due_come_first_and_no_more_than_asked_for(world: World) {
    let store = &world.store;
    for (name, due) in [("c.customer.com", 3), ("a.customer.com", 1), ("b.customer.com", 2)] {
        let mut record = record(world.zone.id, name);
        record.hostname.ownership = ownership::State::new(at(due));
        if let certificate::State::Ordering(ordering) =
            &mut record.certificate.as_mut().unwrap().attempt
        {
            ordering.next_try = at(due);
        }
        store.insert(&record, &[]).await.unwrap();
    }
    let names = |records: &[HostnameRecord]| {
        records.iter().map(|record| record.hostname.name.to_string()).collect::<Vec<_>>()
    };
    let lease = lease("a", at(60));
    let first = store.claim_ownership(at(9), &lease, 2).await.unwrap();
    assert_eq!(names(&first), ["a.customer.com", "b.customer.com"]);
    let rest = store.claim_ownership(at(9), &lease, 2).await.unwrap();
    assert_eq!(names(&rest), ["c.customer.com"]);
    let due = store.claim_certificates(at(2), &lease, 5).await.unwrap();
    let holders: Vec<_> = due.iter().map(|record| &record.holder).collect();
    let expected: Vec<_> = first.iter().map(|r| Holder::Hostname(r.hostname.clone())).collect();
    assert_eq!(holders, expected.iter().collect::<Vec<_>>());
}

pub(crate) async fn hostnames_and_packs_wait_in_one_line(world: World) {
    let store = &world.store;
    let mut expected = Vec::new();
    for due in 1..=3 {
        let mut hostname = record(world.zone.id, &format!("h{due}.customer.com"));
        let certificate = hostname.certificate.as_mut().unwrap();
        certificate.attempt = next_try(certificate, 2 * due);
        expected.push((2 * due, certificate.id));
        store.insert(&hostname, &[]).await.unwrap();
        let mut pack = pack(world.zone.id, &["provider.com"]);
        pack.certificate.attempt = next_try(&pack.certificate, 2 * due - 1);
        expected.push((2 * due - 1, pack.certificate.id));
        store.insert_pack(&pack, 9, &[]).await.unwrap();
    }
    expected.sort();
    let mut claimed = Vec::new();
    for _ in 0..2 {
        let lease = lease("a", at(60));
        let due = store.claim_certificates(at(9), &lease, 3).await.unwrap();
        assert_eq!(due.len(), 3);
        claimed.extend(due.iter().map(|record| record.certificate.id));
    }
    assert_eq!(claimed, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    store.release_leases(&lease("a", at(60)).owner, at(9)).await.unwrap();
    assert_eq!(store.claim_certificates(at(9), &lease("b", at(60)), 9).await.unwrap().len(), 6);
}

fn next_try(certificate: &certificate::Certificate, due: i64) -> certificate::State {
    match certificate.attempt.clone() {
        certificate::State::Ordering(ordering) => {
            certificate::State::Ordering(certificate::Ordering { next_try: at(due), ..ordering })
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn two_claimants_never_share_a_row(world: World) {
    const ROWS: usize = 60;
    for number in 0..ROWS {
        let record = record(world.zone.id, &format!("h{number}.customer.com"));
        world.store.insert(&record, &[]).await.unwrap();
    }
    let mut tasks = Vec::new();
    for owner in ["a", "b", "c", "d"] {
        let store = world.store.clone();
        tasks.push(tokio::spawn(async move {
            let (mut claimed, lease) = (Vec::new(), lease(owner, at(60)));
            loop {
                let records = store.claim_ownership(at(0), &lease, 3).await.unwrap();
                let certificates = store.claim_certificates(at(0), &lease, 3).await.unwrap();
                if records.is_empty() && certificates.is_empty() {
                    return claimed;
                }
                claimed.extend(records.iter().map(|r| r.hostname.id.to_string()));
                claimed.extend(certificates.iter().map(|r| r.certificate.id.to_string()));
            }
        }));
    }
    let mut claimed = Vec::new();
    for task in tasks {
        claimed.extend(task.await.unwrap());
    }
    assert_eq!(claimed.len(), 2 * ROWS);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 2 * ROWS);
}

pub(crate) async fn leaving_hostnames_are_claimed_and_their_certificates_are_not(world: World) {
    let record = record(world.zone.id, "app.customer.com");
    world.store.insert(&record, &[]).await.unwrap();
    let leave = change(&record.hostname, leaving(at(0)));
    world.store.save(&[leave], &Hold::Release).await.unwrap();
    let lease = lease("a", at(60));
    assert_eq!(world.store.claim_certificates(at(9), &lease, 9).await.unwrap(), []);
    assert_eq!(world.store.claim_ownership(at(9), &lease, 9).await.unwrap().len(), 1);
}
