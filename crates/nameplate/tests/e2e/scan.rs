//! A zone whose DNS is still elsewhere is scanned: what Knot has is found through Unbound, and judged.

use http::Method;
use np_testkit::wait;
use serde_json::{Value, json};

use crate::api::{PROVIDER, text};
use crate::world::{WITHIN, World};

#[tokio::test]
async fn what_a_zone_has_at_its_former_name_server_is_found_accepted_and_rejected() {
    let world = World::among_real_name_servers().await;
    let (api, zone) = (&world.provider.api, &world.provider.zone);
    let records = format!("/zones/{zone}/dns_records");
    let review = format!("{records}/scan/review");
    let (status, triggered) =
        api.call(Method::POST, &format!("{records}/scan/trigger"), None).await.unwrap();
    assert!(status.is_success() && triggered["success"] == true, "{triggered:#}");
    let found = wait::until("something is found", WITHIN, async || {
        let found = api.result(Method::GET, &review, None).await.unwrap();
        let found = found.as_array().unwrap().clone();
        (!found.is_empty()).then_some(found)
    });
    let found = found.await.unwrap();
    let mut shown: Vec<_> = found
        .iter()
        .map(|find| {
            format!("{} {} {}", text(find, "name"), text(find, "type"), text(find, "content"))
        })
        .collect();
    shown.sort_unstable();
    let mut expected = [
        format!("mail.{PROVIDER} A 192.0.2.9"),
        format!("www.{PROVIDER} CNAME customers.{PROVIDER}"),
        format!("{PROVIDER} MX mail.{PROVIDER}"),
        format!("{PROVIDER} TXT \"v=spf1 -all\""),
    ];
    expected.sort_unstable();
    assert_eq!(shown, expected);
    assert!(records_of(&world).await.is_empty(), "nothing is added by itself");

    let of = |kind: &str| found.iter().find(|find| find["type"] == kind).unwrap();
    let body = json!({ "accepts": [of("MX"), of("A")], "rejects": [{ "id": of("TXT")["id"] }] });
    let judged = api.result(Method::POST, &review, Some(&body)).await.unwrap();
    assert_eq!(judged["rejects"], json!([of("TXT")["id"]]));
    let types = |list: &[Value]| -> Vec<String> { list.iter().map(|r| text(r, "type")).collect() };
    assert_eq!(types(judged["accepts"].as_array().unwrap()), ["MX", "A"]);
    let left = api.result(Method::GET, &review, None).await.unwrap();
    assert_eq!(types(left.as_array().unwrap()), ["CNAME"]);
    let mut added = types(&records_of(&world).await);
    added.sort_unstable();
    assert_eq!(added, ["A", "MX"]);

    // The older way asks, waits and adds what is left: the CNAME, and the TXT that was found again.
    let added =
        api.result(Method::POST, &format!("{records}/scan"), Some(&json!({}))).await.unwrap();
    assert_eq!(added, json!({ "recs_added": 2, "total_records_parsed": 2 }));
    assert_eq!(records_of(&world).await.len(), 4);
}

async fn records_of<N>(world: &World<N>) -> Vec<Value> {
    let path = format!("/zones/{}/dns_records", world.provider.zone);
    let all = world.provider.api.result(Method::GET, &path, None).await.unwrap();
    all.as_array().unwrap().clone()
}
