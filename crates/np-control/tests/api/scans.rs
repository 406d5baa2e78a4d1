//! Scans of zones: asked for once, judged record by record.

use np_domain::{
    Timestamp,
    dns_record::{Content, DnsRecord, Given, Proxy, RecordKind, Settings, Tags, Ttl},
    id::{DnsRecordId, ZoneId},
    ports::{Clock, DnsRecordStore, Lease, LeaseOwner},
    text::Explanation,
};
use serde_json::{Value, json};

use crate::world::World;

fn find(id: u8, zone: ZoneId, name: &str, content: &str, now: Timestamp) -> DnsRecord {
    let given = Given { content: Some(content), ..Given::default() };
    DnsRecord {
        id: DnsRecordId::from_bytes([id; 16]),
        zone,
        name: name.parse().unwrap(),
        content: Content::parse(RecordKind::A, given).unwrap(),
        ttl: Ttl::Automatic,
        proxy: Proxy::Off,
        comment: None,
        tags: Tags::default(),
        settings: Settings::default(),
        created_at: now,
        modified_at: now,
        comment_modified_at: None,
        tags_modified_at: None,
        version: 0,
    }
}

#[tokio::test]
async fn a_scan_is_asked_for_once_and_done_when_its_finds_are_kept() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let trigger = format!("/zones/{zone}/dns_records/scan/trigger");
    for _ in 0..2 {
        let answer = world.post(&trigger, Value::Null).await;
        assert_eq!(answer.body, json!({ "success": true, "errors": [], "messages": [] }));
    }
    let now = world.clock.now();
    let claim = async |owner: &str| {
        let until = now + std::time::Duration::from_secs(9);
        let lease = Lease { owner: LeaseOwner(Explanation::new(owner)), until };
        world.store.claim_scans(now, &lease, 9).await.unwrap()
    };
    let [claimed] = claim("one").await.try_into().unwrap();
    assert_eq!(claimed.id.to_string(), zone);
    assert!(claim("other").await.is_empty(), "it is being worked on");
    assert!(world.store.is_scan_due(claimed.id).await.unwrap());
    world.store.keep_scanned(claimed.id, &[]).await.unwrap();
    assert!(!world.store.is_scan_due(claimed.id).await.unwrap());
}

#[tokio::test]
async fn finds_are_accepted_as_they_are_or_changed_and_rejected() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let (id, now) = (zone.parse().unwrap(), world.clock.now());
    let finds = [
        find(1, id, "www.provider.com", "192.0.2.1", now),
        find(2, id, "mail.provider.com", "192.0.2.2", now),
        find(3, id, "ftp.provider.com", "192.0.2.3", now),
        find(4, id, "api.provider.com", "192.0.2.4", now),
    ];
    world.store.keep_scanned(id, &finds).await.unwrap();
    let review = format!("/zones/{zone}/dns_records/scan/review");
    let listed = world.get(&review).await.result().as_array().unwrap().clone();
    let of =
        |name: &str| listed.iter().find(|f| f["name"] == format!("{name}.provider.com")).unwrap();
    let mut proxied = of("mail").clone();
    proxied["proxied"] = json!(true);
    // One that is not right keeps all others from being added.
    let bad = json!({ "type": "A", "name": "x", "content": "nonsense", "ttl": 1 });
    let refused = world.post(&review, json!({ "accepts": [proxied, bad] })).await;
    assert_eq!(refused.failure(), (400, 9005, "/accepts/1/content"));
    let taken = json!({ "type": "A", "name": "y", "content": "192.0.2.9", "ttl": 1 });
    let refused = world.post(&review, json!({ "accepts": [taken, taken] })).await;
    assert_eq!(refused.failure(), (400, 81058, "/accepts/0/content"));
    let plain = json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 1 });
    let body = json!({ "accepts": [plain, proxied], "rejects": [{ "id": of("ftp")["id"] }] });
    let judged = world.post(&review, body).await;
    let accepted = judged.result()["accepts"].as_array().unwrap();
    assert_eq!(accepted.len(), 2);
    assert_eq!(
        (&accepted[1]["proxied"], &accepted[1]["name"]),
        (&json!(true), &of("mail")["name"])
    );
    let left = world.get(&review).await.result().clone();
    assert_eq!(left, json!([of("api")]));
    let wrong = world.post(&review, json!({ "rejects": [{ "id": "x" }] })).await;
    assert_eq!(wrong.failure().0, 400);
}
