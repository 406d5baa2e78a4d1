//! What one asks `nameplate` at a terminal: why a hostname is not active, what replacing everything takes, what years would bring.

use hickory_proto::rr::RecordType;
use np_testkit::{dns::DnsServer, ports::loopback};
use serde_json::Value;

use super::world::Nameplate;

/// The exit code and the report of `nameplate doctor <arguments> --json`.
async fn doctor(nameplate: &Nameplate, arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["doctor", "--json"], arguments].concat();
    let output = nameplate.run(&arguments).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

fn checks(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["verdict"] == "problem").map(|f| f["check"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_doctor_examines_hostnames_that_were_added_and_those_that_are_to_be() {
    let dns = DnsServer::start().await.unwrap();
    dns.set("elsewhere.customer.com", RecordType::CNAME, &["shop.other.net."]);
    let mut nameplate = Nameplate::new("serve").unwrap().resolving_by(dns.address());
    nameplate.start().await.unwrap();
    let zone = nameplate.zone("provider.com", "origin.provider.com").await.unwrap();
    nameplate.hostname(&zone, "elsewhere.customer.com", "http").await.unwrap();

    let (code, report) = doctor(&nameplate, &["elsewhere.customer.com"]).await;
    assert_eq!(code, Some(3), "{report}");
    assert!(checks(&report).contains(&"hostname.wrong_target"), "{report}");

    let (api, token) =
        (format!("http://{}", loopback(nameplate.ports.api)), nameplate.token().unwrap());
    let remote = ["elsewhere.customer.com", "--api", &api, "--token", &token];
    let (code, report) = doctor(&nameplate, &remote).await;
    assert_eq!(code, Some(3), "{report}");
    assert!(checks(&report).contains(&"hostname.wrong_target"), "{report}");

    let (code, report) = doctor(&nameplate, &["new.customer.com"]).await;
    assert_eq!(code, Some(3), "{report}");
    assert!(report["summary"].as_str().unwrap().contains("was not added yet"), "{report}");
    let to_do = report["to_do"].to_string();
    assert!(to_do.contains(&zone) && to_do.contains("new.customer.com CNAME"), "{to_do}");

    let (code, report) = doctor(&nameplate, &["provider.com"]).await;
    assert_eq!(code, Some(3), "{report}");
    assert!(checks(&report).contains(&"add.zone_name"), "{report}");
}

#[tokio::test]
async fn the_doctor_examines_the_installation() {
    let dns = DnsServer::start().await.unwrap();
    let mut nameplate = Nameplate::new("serve").unwrap().resolving_by(dns.address());
    nameplate.start().await.unwrap();
    let (_, report) = doctor(&nameplate, &[]).await;
    let verdict = |check: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|f| f["check"] == check).map(|f| f["verdict"].clone())
    };
    for check in ["process", "data", "master_key", "database", "clock", "authority"] {
        assert_eq!(verdict(check), Some("good".into()), "{check} in {report}");
    }
    // The test's name server knows nothing.
    assert_eq!(verdict("resolvers"), Some("problem".into()), "{report}");
}

#[tokio::test]
async fn replacing_everything_has_a_plan() {
    let mut nameplate = Nameplate::new("serve").unwrap();
    nameplate.start().await.unwrap();
    let output = nameplate.run(&["reissue", "--all", "--plan"]).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("0 certificates of CAs, 0 of them issued before"), "{text}");
    let output = nameplate.run(&["reissue", "--plan"]).await.unwrap();
    assert!(!output.status.success(), "it takes a scope");
}

#[tokio::test]
async fn a_simulation_says_whether_every_promise_was_kept() {
    let nameplate = Nameplate::new("serve").unwrap();
    let small = ["simulate", "--hostnames", "5", "--days", "3", "--seed", "1"];
    let output = nameplate.run(&small).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("seed 1") && text.contains("every promise was kept"), "{text}");
}
