//! Adding many custom hostnames by one call.

use serde_json::{Value, json};

use crate::world::{World, settings};

#[tokio::test]
async fn each_of_many_has_its_own_outcome_in_order() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let one = world.post(&path, json!({ "hostname": "a.customer.com" })).await;
    let existing = one.result()["id"].as_str().unwrap().to_owned();
    let body = json!({ "hostnames": [
        { "hostname": "b.customer.com", "ssl": { "type": "dv", "method": "txt" } },
        { "hostname": "a.customer.com" },
        { "hostname": "not a name" },
        { "ssl": {} },
        "c.customer.com",
        { "hostname": "provider.com" },
        { "hostname": "d.customer.com", "custom_origin_server": "o.provider.com" },
        { "hostname": "d.customer.com" },
    ] });
    let answer = world.post(&format!("{path}/bulk"), body).await;
    assert_eq!(answer.status, 200);
    let items = answer.result().as_array().unwrap();
    let outcomes: Vec<_> = items
        .iter()
        .map(|item| {
            let error = &item["errors"][0];
            let pointer = error["source"]["pointer"].as_str().unwrap_or_default();
            assert_eq!(item["success"], json!(item["errors"] == json!([])));
            assert_eq!(item["result"].is_null(), item["success"] == json!(false));
            (item["status"].as_u64().unwrap(), error["code"].as_u64().unwrap_or(0), pointer)
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (201, 0, ""),
            (409, 1406, "/hostnames/1/hostname"),
            (400, 1407, "/hostnames/2/hostname"),
            (400, 1407, "/hostnames/3/hostname"),
            (400, 1400, "/hostnames/4"),
            (403, 1407, "/hostnames/5/hostname"),
            (201, 0, ""),
            (409, 1406, "/hostnames/7/hostname"),
        ]
    );
    assert!(items[1]["errors"][0]["message"].as_str().unwrap().contains(&existing));
    assert_eq!(items[0]["result"]["hostname"], "b.customer.com");
    assert_eq!(world.get(&path).await.body["result_info"]["total_count"], 3);
    assert_eq!(world.counted("hostname.created"), Some(3));
}

#[tokio::test]
async fn a_body_without_a_list_or_with_too_long_a_one_is_refused() {
    let world =
        World::with(np_control::api::ApiSettings { body_bytes_max: 1 << 20, ..settings() }).await;
    let path = format!("{}/bulk", world.hostnames().await);
    let too_many: Vec<Value> =
        (0..1001).map(|n| json!({ "hostname": format!("h{n}.customer.com") })).collect();
    for hostnames in [json!(null), json!("a.customer.com"), json!([]), json!(too_many)] {
        let answer = world.post(&path, json!({ "hostnames": hostnames })).await;
        assert_eq!(answer.failure(), (400, 1400, "/hostnames"));
    }
    let thousand = json!({ "hostnames": too_many[..1000] });
    let answer = world.post(&path, thousand).await;
    assert!(answer.result().as_array().unwrap().iter().all(|item| item["success"] == true));
}

#[tokio::test]
async fn the_quota_holds_for_many() {
    let limited = np_control::api::ApiSettings { hostnames_per_zone_max: Some(2), ..settings() };
    let world = World::with(limited).await;
    let path = world.hostnames().await;
    let names = ["a", "b", "c"].map(|name| json!({ "hostname": format!("{name}.customer.com") }));
    let answer = world.post(&format!("{path}/bulk"), json!({ "hostnames": names })).await;
    let statuses: Vec<_> =
        answer.result().as_array().unwrap().iter().map(|item| item["status"].clone()).collect();
    assert_eq!(statuses, [201, 201, 403]);
    assert_eq!(answer.result()[2]["errors"][0]["code"], 1405);
}
