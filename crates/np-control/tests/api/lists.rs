//! Lists of custom hostnames: pages and filters.

use std::time::Duration;

use serde_json::json;

use crate::world::World;

/// Seven hostnames, `h0` to `h6`: the even ones with a certificate, `h4` with a wildcard.
async fn seven() -> (World, String) {
    let world = World::new().await;
    let path = world.hostnames().await;
    for number in 0..7 {
        world.clock.advance(Duration::from_secs(1));
        let mut body = json!({ "hostname": format!("h{number}.customer.com") });
        if number % 2 == 0 {
            body["ssl"] = json!({ "type": "dv", "method": "txt", "wildcard": number == 4 });
        }
        if number == 5 {
            body["custom_origin_server"] = json!("o5.provider.com");
        }
        assert_eq!(world.post(&path, body).await.status, 201);
    }
    (world, path)
}

async fn names(world: &World, path: &str, query: &str) -> Vec<String> {
    let answer = world.get(&format!("{path}?{query}")).await;
    let items = answer.result().as_array().unwrap();
    items.iter().map(|item| item["hostname"].as_str().unwrap()[..2].to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_and_end_with_an_empty_one() {
    let (world, path) = seven().await;
    assert_eq!(names(&world, &path, "per_page=3").await, ["h0", "h1", "h2"]);
    assert_eq!(names(&world, &path, "per_page=3&page=3").await, ["h6"]);
    assert!(names(&world, &path, "per_page=3&page=4").await.is_empty());
    let last = world.get(&format!("{path}?per_page=3&page=3")).await;
    assert_eq!(last.body["result_info"]["cursors"], serde_json::Value::Null);
    let info = json!({ "page": 3, "per_page": 3, "count": 1, "total_count": 7, "total_pages": 3 });
    assert_eq!(last.body["result_info"], info);
}

#[tokio::test]
async fn each_filter_selects() {
    let (world, path) = seven().await;
    let id = world.get(&format!("{path}?hostname=h3.customer.com")).await;
    let id = format!("id={}", id.result()[0]["id"].as_str().unwrap());
    for (query, expected) in [
        (id.as_str(), vec!["h3"]),
        ("hostname=H3.customer.com", vec!["h3"]),
        ("hostname.exact=h3.customer.com", vec!["h3"]),
        ("hostname.exact=customer.com", vec![]),
        ("hostname.contain=3.cust", vec!["h3"]),
        ("hostname.contain=_", vec![]),
        ("hostname.contain=%25", vec![]),
        ("hostname.contain=%FF%zz", vec![]),
        ("hostname.startsWith=h3", vec!["h3"]),
        ("hostname.startsWith=3", vec![]),
        ("ssl=1", vec!["h0", "h2", "h4", "h6"]),
        ("ssl=0", vec!["h1", "h3", "h5"]),
        ("wildcard=true", vec!["h4"]),
        ("ssl=1&hostname.contain=customer&order=ssl&direction=desc&per_page=1", vec!["h6"]),
        ("hostname_status=pending&ssl=0", vec!["h1", "h3", "h5"]),
        ("hostname_status=active", vec![]),
        ("hostname_status=test_active", vec![]),
        ("ssl_status=initializing&direction=desc", vec!["h6", "h4", "h2", "h0"]),
        ("ssl_status=expired", vec![]),
        ("certificate_authority=lets_encrypt&wildcard=false", vec!["h0", "h2", "h6"]),
        ("certificate_authority=google", vec![]),
        ("custom_origin_server=O5.provider.com", vec!["h5"]),
        ("custom_origin_server=nonsense%20", vec![]),
        ("order=hostname&direction=desc&per_page=2", vec!["h6", "h5"]),
        ("order=created_at&direction=desc&per_page=2&page=2", vec!["h4", "h3"]),
        ("order=ssl_status&per_page=4", vec!["h1", "h3", "h5", "h0"]),
    ] {
        assert_eq!(names(&world, &path, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn bad_queries_are_refused_and_not_ignored() {
    let world = World::new().await;
    let path = world.hostnames().await;
    for (query, expected) in [
        ("page=0", (400, 10002, "/page")),
        ("per_page=many", (400, 10002, "/per_page")),
        ("id=nonsense", (400, 1435, "")),
        ("id=x&hostname=y", (400, 1438, "/hostname")),
        ("hostname.exact=x&hostname.contain=y", (400, 1438, "/hostname.contain")),
        ("hostname.contain=", (400, 1437, "/hostname.contain")),
        ("ssl=2", (400, 10002, "/ssl")),
        ("ssl_status=great", (400, 10002, "/ssl_status")),
        ("hostname_status=", (400, 10002, "/hostname_status")),
        ("certificate_authority=acme", (400, 10002, "/certificate_authority")),
        ("order=age", (400, 10002, "/order")),
        ("direction=up", (400, 10002, "/direction")),
        ("cursor=nonsense", (400, 10002, "/cursor")),
        ("cursor=nonsense&page=2", (400, 10002, "/page")),
    ] {
        let answer = world.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.failure(), expected, "{query}");
    }
}

#[tokio::test]
async fn cursors_lead_to_the_end() {
    let (world, path) = seven().await;
    for order in ["created_at", "hostname", "ssl", "ssl_status"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("{path}?per_page=2&order={order}{cursor}");
            let page = world.get(&query).await;
            let items = page.result().as_array().unwrap();
            seen.extend(items.iter().map(|item| item["hostname"].as_str().unwrap().to_owned()));
            assert_eq!(page.body["result_info"]["total_count"], 7);
            match page.body["result_info"]["cursors"]["after"].as_str() {
                Some(after) => cursor = format!("&cursor={after}"),
                None => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7, "{order}");
    }
}
