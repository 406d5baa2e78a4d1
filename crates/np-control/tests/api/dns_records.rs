//! DNS records.

use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{Answer, World};

/// A zone's records.
struct Records {
    world: World,
    zone: String,
    path: String,
}

impl Records {
    async fn new() -> Self {
        let world = World::new().await;
        let zone = world.zone("provider.com").await;
        let path = format!("/zones/{zone}/dns_records");
        Self { world, zone, path }
    }

    async fn add(&self, body: Value) -> Value {
        self.world.post(&self.path, body).await.result().clone()
    }

    async fn refused(&self, body: Value) -> (u16, u64, String) {
        own(&self.world.post(&self.path, body).await)
    }

    /// The names and contents of a list.
    async fn list(&self, query: &str) -> Vec<String> {
        let answer = self.world.get(&format!("{}?{query}", self.path)).await;
        let records = answer.result().as_array().unwrap();
        assert_eq!(answer.body["result_info"]["count"], records.len(), "{answer:?}");
        let word = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
        records.iter().map(|r| format!("{} {}", word(r, "name"), word(r, "content"))).collect()
    }

    /// A request with a form; status and body.
    async fn import(&self, form: &str) -> (u16, Value) {
        let request = Request::post(format!("/client/v4{}/import", self.path))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.world.admin))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(form.to_owned()))
            .unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn export(&self) -> String {
        let request = Request::get(format!("/client/v4{}/export", self.path))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.world.admin))
            .body(Body::empty())
            .unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

fn own(answer: &Answer) -> (u16, u64, String) {
    let (status, code, pointer) = answer.failure();
    (status, code, pointer.to_owned())
}

fn refusal(status: u16, code: u64, pointer: &str) -> (u16, u64, String) {
    (status, code, pointer.to_owned())
}

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let records = Records::new().await;
    let body = json!({
        "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 120, "comment": "main site",
        "tags": ["team:web"],
    });
    let made = records.add(body).await;
    assert_eq!(made["name"], "www.provider.com");
    assert_eq!(
        (&made["ttl"], &made["proxied"], &made["proxiable"]),
        (&json!(120), &json!(false), &json!(true))
    );
    assert_eq!((&made["comment"], &made["tags"]), (&json!("main site"), &json!(["team:web"])));
    let path = format!("{}/{}", records.path, made["id"].as_str().unwrap());
    assert_eq!(records.world.get(&path).await.result(), &made);

    let patched =
        records.world.patch(&path, json!({ "content": "192.0.2.2", "proxied": true })).await;
    let patched = patched.result();
    assert_eq!((&patched["content"], &patched["ttl"]), (&json!("192.0.2.2"), &json!(1)));
    assert_eq!(patched["comment"], "main site");
    let reset = records.world.patch(&path, json!({ "comment": null, "tags": [] })).await;
    assert_eq!((reset.result().get("comment"), &reset.result()["tags"]), (None, &json!([])));

    let body = json!({ "type": "TXT", "name": "@", "content": "text" });
    let put = records.world.call(Method::PUT, &path, body).await;
    let put = put.result();
    assert_eq!(
        (&put["type"], &put["name"], &put["id"]),
        (&json!("TXT"), &json!("provider.com"), &made["id"])
    );
    assert_eq!((&put["ttl"], &put["proxied"]), (&json!(1), &json!(false)));

    assert_eq!(records.world.delete(&path).await.result(), &json!({ "id": made["id"] }));
    for answer in [
        records.world.get(&path).await,
        records.world.delete(&path).await,
        records.world.patch(&path, json!({ "ttl": 60 })).await,
    ] {
        assert_eq!(own(&answer), refusal(404, 81044, ""));
    }
    assert_eq!(
        own(&records.world.get(&format!("{}/x", records.path)).await),
        refusal(404, 7003, "")
    );
}

#[tokio::test]
async fn every_type_is_taken_as_it_is_given_and_shown_as_it_is_documented() {
    let records = Records::new().await;
    for (kind, given, content) in [
        ("AAAA", json!({ "content": "2001:DB8::1" }), "2001:db8::1"),
        (
            "CAA",
            json!({ "data": { "flags": 0, "tag": "issue", "value": "ca.net" } }),
            "0 issue \"ca.net\"",
        ),
        (
            "CERT",
            json!({ "data": { "type": 1, "key_tag": 2, "algorithm": 8, "certificate": "AAEC" } }),
            "1 2 8 AAEC",
        ),
        ("CNAME", json!({ "content": "WWW.other.net." }), "www.other.net"),
        (
            "DNSKEY",
            json!({ "data": { "flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AAEC" } }),
            "257 3 13 AAEC",
        ),
        (
            "DS",
            json!({ "data": { "key_tag": 1, "algorithm": 8, "digest_type": 2, "digest": "AB" } }),
            "1 8 2 ab",
        ),
        (
            "HTTPS",
            json!({ "data": { "priority": 1, "target": ".", "value": "alpn=\"h2\"" } }),
            "1 . alpn=\"h2\"",
        ),
        (
            "LOC",
            json!({ "data": { "lat_degrees": 52, "lat_minutes": 22, "lat_seconds": 23.5, "lat_direction": "N", "long_degrees": 4, "long_direction": "E", "altitude": -2 } }),
            "52 22 23.500 N 4 0 0.000 E -2.00m 0.00m 0.00m 0.00m",
        ),
        ("MX", json!({ "content": "mail.other.net", "priority": 10 }), "mail.other.net"),
        (
            "NAPTR",
            json!({ "data": { "order": 1, "preference": 2, "flags": "s", "service": "x", "regex": "", "replacement": "a.net" } }),
            "1 2 \"s\" \"x\" \"\" a.net",
        ),
        ("NS", json!({ "content": "ns.other.net" }), "ns.other.net"),
        ("OPENPGPKEY", json!({ "content": "AAEC" }), "AAEC"),
        ("PTR", json!({ "content": "a.net" }), "a.net"),
        (
            "SMIMEA",
            json!({ "data": { "usage": 3, "selector": 1, "matching_type": 1, "certificate": "ab" } }),
            "3 1 1 ab",
        ),
        (
            "SRV",
            json!({ "data": { "priority": 1, "weight": 2, "port": 443, "target": "a.net" } }),
            "1 2 443 a.net",
        ),
        ("SSHFP", json!({ "data": { "algorithm": 4, "type": 2, "fingerprint": "ab" } }), "4 2 ab"),
        ("SVCB", json!({ "data": { "priority": 0, "target": "a.net" } }), "0 a.net"),
        (
            "TLSA",
            json!({ "data": { "usage": 3, "selector": 1, "matching_type": 1, "certificate": "ab" } }),
            "3 1 1 ab",
        ),
        ("TXT", json!({ "content": "v=1; \"x\"" }), "v=1; \"x\""),
        (
            "URI",
            json!({ "data": { "weight": 1, "target": "https://a.net/" }, "priority": 10 }),
            "10 1 \"https://a.net/\"",
        ),
    ] {
        let mut body = given.clone();
        body["type"] = json!(kind);
        body["name"] = json!(format!("{}-record", kind.to_lowercase()));
        let made = records.add(body.clone()).await;
        assert_eq!(made["content"], content, "{kind}");
        if let Some(data) = given.get("data").and_then(Value::as_object) {
            for (key, value) in data.iter().filter(|(key, _)| *key != "digest") {
                let shown = made["data"][key].as_f64().zip(value.as_f64());
                assert!(
                    made["data"][key] == *value || shown.is_some_and(|(a, b)| a == b),
                    "{kind} {made}"
                );
            }
        }
        // What is shown can be sent back as it is.
        let path = format!("{}/{}", records.path, made["id"].as_str().unwrap());
        let sent = json!({
            "type": kind, "name": made["name"], "content": made["content"], "ttl": made["ttl"],
            "priority": made.get("priority"), "proxied": made["proxied"], "data": made.get("data"),
        });
        let again = records.world.call(Method::PUT, &path, sent).await;
        assert_eq!(again.result(), &made, "{kind}");
    }
}

#[tokio::test]
async fn each_fault_has_its_code_and_names_its_field() {
    let records = Records::new().await;
    let a = |more: Value| {
        let mut body = json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 1 });
        more.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        body
    };
    for (body, expected) in [
        (a(json!({ "content": "x" })), refusal(400, 9005, "/content")),
        (a(json!({ "type": "AAAA" })), refusal(400, 9006, "/content")),
        (a(json!({ "type": "CNAME", "content": "a b" })), refusal(400, 9007, "/content")),
        (a(json!({ "ttl": 59 })), refusal(400, 9021, "/ttl")),
        (a(json!({ "ttl": 1.5 })), refusal(400, 9021, "/ttl")),
        (a(json!({ "ttl": 1e300 })), refusal(400, 9021, "/ttl")),
        (a(json!({ "ttl": "60" })), refusal(400, 1400, "/ttl")),
        (a(json!({ "name": "a..b" })), refusal(400, 9000, "/name")),
        (a(json!({ "name": "www.other.net." })), refusal(400, 9000, "/name")),
        (a(json!({ "name": null })), refusal(400, 9000, "/name")),
        (a(json!({ "type": "SPF" })), refusal(400, 1004, "/type")),
        (a(json!({ "type": null })), refusal(400, 1004, "/type")),
        (a(json!({ "content": null })), refusal(400, 9005, "/content")),
        (a(json!({ "type": "TXT", "proxied": true })), refusal(400, 9004, "/proxied")),
        (a(json!({ "type": "MX", "content": "mail" })), refusal(400, 1004, "/priority")),
        (
            a(json!({ "type": "NS", "name": "@", "content": "ns.a.net" })),
            refusal(400, 1004, "/name"),
        ),
        (
            a(json!({ "type": "CNAME", "name": "@", "content": "a.net" })),
            refusal(400, 1004, "/proxied"),
        ),
        (
            a(json!({ "type": "CNAME", "content": "www.provider.com" })),
            refusal(400, 9039, "/content"),
        ),
        (
            a(json!({ "type": "CAA", "content": null, "data": { "flags": 256 } })),
            refusal(400, 1004, "/data/flags"),
        ),
        (a(json!({ "type": "CAA", "data": { "flags": [] } })), refusal(400, 1400, "/data/flags")),
        (a(json!({ "type": "CAA", "content": null })), refusal(400, 1004, "/data")),
        (a(json!({ "tags": ["good", "b d"] })), refusal(400, 1004, "/tags/1")),
        (a(json!({ "comment": "x".repeat(501) })), refusal(400, 1004, "/comment")),
        (
            a(json!({ "settings": { "ipv4_only": true, "ipv6_only": true } })),
            refusal(400, 1004, "/settings"),
        ),
        (a(json!({ "private_routing": true })), refusal(400, 1004, "/private_routing")),
        (json!([]), refusal(400, 1400, "")),
    ] {
        assert_eq!(records.refused(body.clone()).await, expected, "{body}");
    }
    let refused = records.world.post(&records.path, a(json!({ "type": "MX" }))).await;
    assert_eq!(refused.body["errors"][0]["error_chain"][0]["code"], 9101);
}

#[tokio::test]
async fn records_of_one_name_keep_the_rules() {
    let records = Records::new().await;
    let a = json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 60 });
    let made = records.add(a.clone()).await;
    let answer = records.world.post(&records.path, a.clone()).await;
    assert_eq!(own(&answer), refusal(400, 81058, "/content"));
    assert!(answer.message().contains(made["id"].as_str().unwrap()), "{answer:?}");
    let other = json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 120 });
    assert_eq!(records.refused(other).await, refusal(400, 81057, "/content"));
    let cname = json!({ "type": "CNAME", "name": "www", "content": "a.net" });
    assert_eq!(records.refused(cname).await, refusal(400, 81053, "/name"));
    records.add(json!({ "type": "CNAME", "name": "alias", "content": "a.net" })).await;
    let beside = json!({ "type": "TXT", "name": "alias", "content": "text" });
    assert_eq!(records.refused(beside).await, refusal(400, 81054, "/name"));
}

#[tokio::test]
async fn a_txt_is_found_by_the_content_it_was_made_with() {
    let records = Records::new().await;
    for content in ["gfj9Xq-Rg85nM", "\"quoted text\"", "v=spf1 include:a.net ~all"] {
        let name = "_acme-challenge.provider.com";
        records.add(json!({ "type": "TXT", "name": name, "content": content, "ttl": 120 })).await;
        for sought in [content.to_owned(), format!("\"{}\"", content.trim_matches('"'))] {
            let sought = sought.replace('"', "%22").replace(' ', "%20").replace('=', "%3D");
            for field in ["content", "content.exact"] {
                let query = format!("type=TXT&name={name}&{field}={sought}&per_page=1");
                assert_eq!(records.list(&query).await, [format!("{name} {content}")], "{query}");
            }
        }
    }
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let records = Records::new().await;
    records.add(json!({ "type": "A", "name": "b", "content": "192.0.2.1", "proxied": true })).await;
    records.add(json!({ "type": "A", "name": "a", "content": "192.0.2.2", "comment": "note", "tags": ["k:v"] })).await;
    records
        .add(json!({ "type": "MX", "name": "@", "content": "b.provider.com", "priority": 1 }))
        .await;
    let (a, b, mx) =
        ("a.provider.com 192.0.2.2", "b.provider.com 192.0.2.1", "provider.com b.provider.com");
    for (query, expected) in [
        ("", vec![a, b, mx]),
        ("order=name&direction=desc", vec![mx, b, a]),
        ("type=A", vec![a, b]),
        ("name=B.provider.com.", vec![b]),
        ("name=@", vec![mx]),
        ("proxied=true", vec![b]),
        ("comment.present=", vec![a]),
        ("tag=k:v", vec![a]),
        ("tag.absent=k", vec![b, mx]),
        ("search=NOTE", vec![a]),
        ("match=any&type=MX&name.startswith=a.", vec![a, mx]),
        ("content.contains=b.provider", vec![mx]),
        ("page=2&per_page=2", vec![mx]),
        ("page=9", vec![]),
    ] {
        assert_eq!(records.list(query).await, expected, "{query}");
    }
    let info = records.world.get(&format!("{}?per_page=1", records.path)).await.body["result_info"]
        .clone();
    assert_eq!(
        info,
        json!({ "page": 1, "per_page": 1, "count": 1, "total_count": 3, "total_pages": 3 })
    );
    for (query, pointer) in [
        ("type=X", "/type"),
        ("proxied=maybe", "/proxied"),
        ("match=some", "/match"),
        ("order=age", "/order"),
        ("direction=up", "/direction"),
        ("page=0", "/page"),
    ] {
        let answer = records.world.get(&format!("{}?{query}", records.path)).await;
        assert_eq!(own(&answer), refusal(400, 10002, pointer));
    }
}

#[tokio::test]
async fn a_batch_happens_as_a_whole_or_not_at_all() {
    let records = Records::new().await;
    let batch = format!("{}/batch", records.path);
    let old = records.add(json!({ "type": "A", "name": "old", "content": "192.0.2.1" })).await;
    let kept = records.add(json!({ "type": "A", "name": "kept", "content": "192.0.2.2" })).await;
    let body = json!({
        "deletes": [{ "id": old["id"] }],
        "patches": [{ "id": kept["id"], "ttl": 60 }],
        "puts": [{ "id": kept["id"], "type": "A", "name": "moved", "content": "192.0.2.3" }],
        "posts": [{ "type": "CNAME", "name": "old", "content": "a.net" }],
    });
    let done = records.world.post(&batch, body).await;
    let done = done.result();
    assert_eq!(done["deletes"][0]["id"], old["id"]);
    assert_eq!(done["puts"][0]["name"], "moved.provider.com");
    let all = ["moved.provider.com 192.0.2.3", "old.provider.com a.net"];
    assert_eq!(records.list("").await, all);

    for (body, expected) in [
        (
            json!({ "posts": [{ "type": "A", "name": "x", "content": "192.0.2.1" }, { "type": "A", "name": "old", "content": "192.0.2.1" }] }),
            refusal(400, 81054, "/posts/1/name"),
        ),
        (
            json!({ "posts": [{ "type": "A", "name": "x", "content": "y" }] }),
            refusal(400, 9005, "/posts/0/content"),
        ),
        (
            json!({ "patches": [{ "id": kept["id"], "content": "y" }] }),
            refusal(400, 9005, "/patches/0/content"),
        ),
        (json!({ "deletes": [{ "id": old["id"] }] }), refusal(404, 81044, "/deletes/0/id")),
        (json!({ "deletes": [{ "id": "x" }] }), refusal(400, 1400, "/deletes/0/id")),
        (json!({ "posts": {} }), refusal(400, 1400, "/posts")),
    ] {
        assert_eq!(own(&records.world.post(&batch, body.clone()).await), expected, "{body}");
        assert_eq!(records.list("").await, all);
    }
}

#[tokio::test]
async fn the_fallback_origins_record_cannot_be_deleted() {
    let records = Records::new().await;
    let made = records
        .add(json!({ "type": "A", "name": "origin", "content": "192.0.2.1", "proxied": true }))
        .await;
    let fallback = format!("/zones/{}/custom_hostnames/fallback_origin", records.zone);
    let set = json!({ "origin": "origin.provider.com" });
    records.world.call(Method::PUT, &fallback, set).await.result();
    let path = format!("{}/{}", records.path, made["id"].as_str().unwrap());
    assert_eq!(own(&records.world.delete(&path).await), refusal(400, 1554, ""));
    records.world.delete(&fallback).await.result();
    records.world.delete(&path).await.result();
}

#[tokio::test]
async fn an_exported_zone_is_imported_again() {
    let records = Records::new().await;
    records.add(json!({ "type": "CNAME", "name": "www", "content": "a.net", "proxied": true, "comment": "site" })).await;
    records
        .add(json!({ "type": "TXT", "name": "@", "content": "say \"hi\"", "tags": ["k:v"] }))
        .await;
    let before = records.list("order=name").await;
    let file = records.export().await;
    assert!(
        file.contains("www.provider.com.\t1\tIN\tCNAME\ta.net. ; site cf_tags=cf-proxied:true"),
        "{file}"
    );
    let form = |file: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"z\"\r\n\r\n{file}\r\n--x\r\nContent-Disposition: form-data; name=\"proxied\"\r\n\r\nfalse\r\n--x--\r\n"
        )
    };
    let (status, again) = records.import(&form(&file)).await;
    assert_eq!(
        (status, &again["result"]),
        (200, &json!({ "recs_added": 0, "total_records_parsed": 2 }))
    );
    let all = records.world.get(&records.path).await;
    for record in all.result().as_array().unwrap() {
        records.world.delete(&format!("{}/{}", records.path, record["id"].as_str().unwrap())).await;
    }
    let (_, again) = records.import(&form(&file)).await;
    assert_eq!(again["result"]["recs_added"], 2, "{again}");
    assert_eq!(records.list("order=name").await.len(), before.len());
    assert_eq!(records.list("proxied=true").await, ["www.provider.com a.net"]);

    let fault = |body: &Value| {
        (
            body["errors"][0]["code"].clone(),
            body["errors"][0]["message"].as_str().unwrap().to_owned(),
        )
    };
    let (status, bad) = records.import(&form("x A 192.0.2.1\ny A z\n")).await;
    assert_eq!((status, fault(&bad).0), (400, json!(1553)));
    assert!(fault(&bad).1.contains("Line 2"), "{bad}");
    let (status, bad) = records.import(&form("x A 192.0.2.1\nwww A 192.0.2.1\n")).await;
    assert_eq!((status, fault(&bad).0), (400, json!(81054)));
    assert!(fault(&bad).1.contains("Line 2"), "{bad}");
    let (status, bad) = records.import("--x--\r\n").await;
    assert_eq!((status, fault(&bad).0), (400, json!(1553)));
    let (status, bad) = records.import(&form(&"x".repeat(20_000))).await;
    assert_eq!((status, fault(&bad).0), (413, json!(10413)));
}
