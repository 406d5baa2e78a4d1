//! The life of a process: its first start, its end, and what a power cut leaves.

use std::fs;

use hickory_proto::rr::RecordType;
use http::Method;
use np_testkit::{dns::DnsServer, origin::Origin, ports::loopback};
use serde_json::Value;

use super::world::{Nameplate, mode, visitor::visit};

#[tokio::test]
async fn the_first_start_keeps_its_secrets_to_the_owner_and_shows_the_token_once() {
    let mut nameplate = Nameplate::new("serve").unwrap();
    nameplate.start().await.unwrap();
    let data = nameplate.data();
    assert_eq!(mode(&data), 0o700);
    for file in ["master.key", "feed.key", "admin-token", "node-id", "nameplate.db"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let token = nameplate.token().unwrap();
    assert!(fs::read_to_string(nameplate.output()).unwrap().contains(&token));
    assert!(!fs::read_to_string(nameplate.log()).unwrap().contains(&token));
    nameplate.call(Method::GET, "/user/tokens/verify", Value::Null).await.unwrap();
    nameplate.stop().await.unwrap();
    nameplate.start().await.unwrap();
    assert!(!fs::read_to_string(nameplate.output()).unwrap().contains(&token));
    nameplate.call(Method::GET, "/user/tokens/verify", Value::Null).await.unwrap();
}

#[tokio::test]
async fn another_databases_master_key_is_refused_until_the_right_one_is_back() {
    let mut nameplate = Nameplate::new("serve").unwrap();
    nameplate.start().await.unwrap();
    nameplate.stop().await.unwrap();
    let path = nameplate.data().join("master.key");
    let right = fs::read(&path).unwrap();
    fs::write(&path, "00".repeat(32)).unwrap();
    let output = nameplate.run(&["serve"]).await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let remedy = "master.key is not the key of this database; restore the right file";
    assert!(errors.contains("data.master_key_file: ") && errors.contains(remedy), "{errors}");
    fs::write(&path, right).unwrap();
    nameplate.start().await.unwrap();
}

#[tokio::test]
async fn sigterm_ends_it_cleanly() {
    let mut nameplate = Nameplate::new("serve").unwrap();
    nameplate.start().await.unwrap();
    let status = nameplate.stop().await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(fs::read_to_string(nameplate.log()).unwrap().contains("process.ended"));
}

#[tokio::test]
async fn the_admin_port_tells_how_it_is_doing() {
    let mut nameplate = Nameplate::new("serve").unwrap();
    nameplate.start().await.unwrap();
    assert_eq!(nameplate.admin("/healthz").await.unwrap(), (200, "ok\n".to_owned()));
    let (status, body) = nameplate.admin("/readyz").await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["ready"]), (200, &Value::Bool(true)), "{body}");
    let names: Vec<_> = body["checks"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["process", "store", "edge", "dns"]);
    let (status, metrics) = nameplate.admin("/metrics").await.unwrap();
    assert_eq!(status, 200);
    for metric in [
        "nameplate_edge_connections 0",
        "nameplate_dns_queries_total{",
        "nameplate_authority_breaker{authority=\"lets_encrypt\"} 0",
        "nameplate_authority_queue{authority=\"lets_encrypt\"} 0",
        "# EOF",
    ] {
        assert!(metrics.contains(metric), "{metric} not in:\n{metrics}");
    }
}

#[tokio::test]
async fn what_the_api_acknowledged_goes_on_after_kill_9() {
    let (dns, origin) = (DnsServer::start().await.unwrap(), Origin::start().await.unwrap());
    dns.set("origin.provider.com", RecordType::A, &["127.0.0.1"]);
    let mut nameplate = Nameplate::new("serve").unwrap().resolving_by(dns.address());
    nameplate.start().await.unwrap();
    let origin = format!("origin.provider.com:{}", origin.address().port());
    let zone = nameplate.zone("provider.com", &origin).await.unwrap();
    let path = nameplate.hostname(&zone, "app.customer.com", "http").await.unwrap();
    nameplate.kill9().await.unwrap();
    dns.set("app.customer.com", RecordType::CNAME, &["origin.provider.com."]);
    nameplate.start().await.unwrap();
    let ssl = serde_json::json!({ "ssl": { "type": "dv", "method": "http" } });
    nameplate.call(Method::PATCH, &path, ssl).await.unwrap();
    nameplate.active(&path).await.unwrap();
    let edge = loopback(nameplate.ports.https);
    let visited = visit(edge, "app.customer.com", &nameplate.local_root()).await.unwrap();
    assert_eq!(visited.0, 200, "{}", visited.1);
}
