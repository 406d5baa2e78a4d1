//! A certificate pack for the zone's own hosts: delegated once, then issued, served by the edge, and routed by DNS records.

use http::{Method, StatusCode};
use np_testkit::dns::RecordType;
use np_testkit::wait;
use serde_json::{Value, json};

use crate::api::{PROVIDER, text};
use crate::visitor::served;
use crate::world::{WITHIN, World};

#[tokio::test]
async fn a_zones_hosts_are_issued_by_delegation_routed_by_proxied_records_and_gone_with_the_pack() {
    let world = World::start().await;
    let (api, zone) = (&world.provider.api, &world.provider.zone);
    let packs = format!("/zones/{zone}/ssl/certificate_packs");
    let body = json!({
        "type": "advanced",
        "hosts": [PROVIDER, format!("*.{PROVIDER}")],
        "validation_method": "txt",
        "validity_days": 90,
        "certificate_authority": "lets_encrypt",
    });
    let order = format!("{packs}/order");
    let ordered = api.result(Method::POST, &order, Some(&body)).await.unwrap();
    let one = format!("{packs}/{}", text(&ordered, "id"));
    let delegation = &ordered["dcv_delegation_records"][0];
    let target = format!("{}.", text(delegation, "cname_target"));
    world.ground.names.set(&text(delegation, "cname"), RecordType::CNAME, &[&target]);
    let again = json!({ "validation_method": "txt" });
    let verification = format!("/zones/{zone}/ssl/verification/{}", text(&ordered, "id"));
    api.result(Method::PATCH, &verification, Some(&again)).await.unwrap();

    let mut last = Value::Null;
    let active = wait::until("the pack is active", WITHIN, async || {
        last = api.result(Method::GET, &one, None).await.unwrap();
        (last["status"] == "active").then_some(())
    });
    let waited = active.await;
    waited.unwrap_or_else(|why| panic!("{why:#}: {last:#}"));
    let host = format!("www.{PROVIDER}");
    // Verified by the visitor; without a record there is nowhere to go.
    let visit = world.visitor.https(&host, "/").await.unwrap();
    assert_eq!(visit.answer.status, StatusCode::NOT_FOUND);
    // With a proxied one, the origin that it names answers; below it, nobody.
    let record =
        json!({ "type": "A", "name": "www", "content": "127.0.0.1", "ttl": 1, "proxied": true });
    let records = format!("/zones/{zone}/dns_records");
    let record = api.result(Method::POST, &records, Some(&record)).await.unwrap();
    let visit = served(&world.visitor, &host).await;
    assert!(visit.answer.body.contains(&host), "{}", visit.answer.body);
    let other = world.visitor.https(&format!("api.{PROVIDER}"), "/").await.unwrap();
    assert_eq!(other.answer.status, StatusCode::NOT_FOUND);
    let record = format!("{records}/{}", text(&record, "id"));
    let grey = json!({ "proxied": false });
    api.result(Method::PATCH, &record, Some(&grey)).await.unwrap();
    let unrouted = wait::until("the record routes no more", WITHIN, async || {
        let visit = world.visitor.https(&host, "/").await.unwrap();
        (visit.answer.status == StatusCode::NOT_FOUND).then_some(())
    });
    unrouted.await.unwrap();

    api.result(Method::DELETE, &one, None).await.unwrap();
    let gone = wait::until("the edge forgets the pack", WITHIN, async || {
        world.visitor.is_refused(&host).await.then_some(())
    });
    gone.await.unwrap();
}
