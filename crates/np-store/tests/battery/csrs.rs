//! Certificate signing requests.

use np_domain::{
    certificate::CertName,
    csr::{CsrKeyType, CsrOwner, CsrSubject, CsrTerms, CustomCsr},
    id::{CsrId, ZoneId},
    ports::{CsrOrder, CsrRemoval, CsrStore, HostnameStore, InsertError, Page, ZoneStore},
    secret::SealedBytes,
};
use uuid::Uuid;

use crate::{
    values::{at, record, text},
    world::World,
};

fn csr(world: &World, owner: CsrOwner, name: &str, seconds: i64) -> CustomCsr {
    let host: np_domain::name::Hostname = "app.customer.com".parse().unwrap();
    CustomCsr {
        id: CsrId::from_uuid(Uuid::new_v4()),
        owner,
        account: world.account.id,
        terms: CsrTerms {
            subject: CsrSubject {
                country: text("US"),
                state: text("Texas"),
                locality: text("Austin"),
                organization: text("Customer Inc."),
                unit: Some(text("Sales")),
                common_name: text("app.customer.com"),
            },
            sans: vec![CertName::Exact(host.clone()), CertName::Wildcard(host.wildcard())],
            key_type: CsrKeyType::P256,
            name: text(name),
            description: text("for the shop"),
        },
        request: Box::from([1, 2, 3].as_slice()),
        key: SealedBytes::from_vec(vec![4, 5, 6]),
        created_at: at(seconds),
    }
}

pub(crate) async fn csr_is_found_by_its_owner_only(world: World) {
    let store = &world.store;
    let other = world.add_zone("other.com").await;
    let (of_zone, of_account) =
        (CsrOwner::Zone(world.zone.id), CsrOwner::Account(world.account.id));
    let (mine, ours) = (csr(&world, of_zone, "a", 1), csr(&world, of_account, "b", 2));
    for one in [&mine, &ours] {
        store.insert_csr(one).await.unwrap();
        let again = store.insert_csr(one).await;
        assert!(matches!(again, Err(InsertError::Duplicate { .. })), "{again:?}");
    }
    assert_eq!(store.csr(of_zone, mine.id).await.unwrap(), Some(mine.clone()));
    assert_eq!(store.csr(of_account, ours.id).await.unwrap(), Some(ours.clone()));
    for (owner, id) in
        [(of_account, mine.id), (of_zone, ours.id), (CsrOwner::Zone(other.id), mine.id)]
    {
        assert_eq!(store.csr(owner, id).await.unwrap(), None);
        assert_eq!(store.remove_csr(owner, id).await.unwrap(), CsrRemoval::Unknown);
    }
    assert_eq!(store.remove_csr(of_zone, mine.id).await.unwrap(), CsrRemoval::Removed);
    assert_eq!(store.csr(of_zone, mine.id).await.unwrap(), None);
    assert_eq!(store.remove_csr(of_zone, mine.id).await.unwrap(), CsrRemoval::Unknown);
}

pub(crate) async fn csrs_are_listed_in_the_order_asked_for(world: World) {
    let owner = CsrOwner::Zone(world.zone.id);
    for (name, seconds) in [("b", 1), ("a", 2), ("b", 3)] {
        world.store.insert_csr(&csr(&world, owner, name, seconds)).await.unwrap();
    }
    let list = async |order, number| {
        let page = Page { number, size: 2 };
        let (csrs, total) = world.store.list_csrs(owner, order, page).await.unwrap();
        let of = |csr: CustomCsr| {
            format!("{}{}", csr.terms.name, (csr.created_at - at(0)).whole_seconds())
        };
        (csrs.into_iter().map(of).collect::<Vec<_>>().join(" "), total)
    };
    for (order, first, second) in [
        (CsrOrder::OldestFirst, "b1 a2", "b3"),
        (CsrOrder::NewestFirst, "b3 a2", "b1"),
        (CsrOrder::NameAscending, "a2 b1", "b3"),
        (CsrOrder::NameDescending, "b3 b1", "a2"),
    ] {
        assert_eq!(list(order, 1).await, (first.to_owned(), 3), "{order:?}");
        assert_eq!(list(order, 2).await, (second.to_owned(), 3), "{order:?}");
        assert_eq!(list(order, 3).await, (String::new(), 3), "{order:?}");
    }
}

pub(crate) async fn csr_needs_its_zone_and_goes_with_it(world: World) {
    let nowhere = CsrOwner::Zone(ZoneId::from_uuid(Uuid::new_v4()));
    let refused = world.store.insert_csr(&csr(&world, nowhere, "a", 1)).await;
    assert!(matches!(refused, Err(InsertError::NoParent)), "{refused:?}");
    let owner = CsrOwner::Zone(world.zone.id);
    let csr = csr(&world, owner, "a", 1);
    world.store.insert_csr(&csr).await.unwrap();
    assert!(world.store.remove_zone(world.zone.id).await.unwrap());
    assert_eq!(world.store.csr(owner, csr.id).await.unwrap(), None);
}

pub(crate) async fn csr_goes_once_no_certificate_has_its_key(world: World) {
    let owner = CsrOwner::Zone(world.zone.id);
    let csr = csr(&world, owner, "a", 1);
    world.store.insert_csr(&csr).await.unwrap();
    world.store.insert(&record(world.zone.id, "app.customer.com"), &[]).await.unwrap();
    world.tamper("INSERT INTO csr_uses (csr, certificate) SELECT r.id, c.id FROM custom_csrs r, certificates c").await;
    assert_eq!(world.store.remove_csr(owner, csr.id).await.unwrap(), CsrRemoval::Removed);
    assert_eq!(world.store.csr(owner, csr.id).await.unwrap(), None);
}
