//! Behind a real resolver, as a CA uses one.

use std::collections::BTreeSet;

use hickory_proto::{
    op::ResponseCode,
    rr::{RData, RecordType},
};
use np_dns::StaticRecord;
use np_testkit::unbound::Unbound;

use crate::world::{World, name, over_udp, query};

#[tokio::test]
async fn a_resolver_finds_the_values_through_the_customers_alias() {
    let world = World::start();
    let stubs = [("customer.com", world.dns.addr()), ("platform.net", world.dns.addr())];
    let unbound = Unbound::start(&stubs).await.unwrap();
    let ask = async |name: &str, kind| {
        let mut question = query(name, kind);
        question.metadata.recursion_desired = true;
        over_udp(unbound.address(), &question).await
    };

    let reply = ask("_acme-challenge.app.customer.com.", RecordType::TXT).await;
    // Sorted, because Unbound turns the order of records with every answer.
    let values: BTreeSet<String> = reply
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(values, BTreeSet::from(["token-one", "token-two"].map(str::to_owned)));

    // The CAA look-up of a CA follows the same alias and must end in an answer.
    let reply = ask("_acme-challenge.app.customer.com.", RecordType::CAA).await;
    assert_eq!(reply.response_code, ResponseCode::NoError);
    // Another customer's order has ended; a third never delegated.
    let closed = "old.customer.com.9dbb86635115718e.dcv.platform.net";
    world.replica.put(closed, &[]);
    let alias = StaticRecord::Cname(name(closed));
    world.zones.put(&name("_acme-challenge.old.customer.com"), alias).unwrap();
    let reply = ask("_acme-challenge.old.customer.com.", RecordType::TXT).await;
    assert_eq!((reply.response_code, reply.answers.len()), (ResponseCode::NoError, 1));
    let reply = ask("_acme-challenge.none.customer.com.", RecordType::TXT).await;
    assert_eq!(reply.response_code, ResponseCode::NXDomain);
}
