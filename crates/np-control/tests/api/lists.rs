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
        ("ssl=1&hostname.contain=customer&order=ssl&direction=desc&per_page=1", vec!["h0"]),
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
        ("ssl_status=active", (400, 10002, "/ssl_status")),
    ] {
        let answer = world.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.failure(), expected, "{query}");
    }
}
