//! Our own DNS server, seen through `dig`.

use std::time::Duration;

use np_testkit::dns::{DnsServer, Fault, RecordType};

use crate::client::dig;

#[tokio::test]
async fn records_are_answered_until_they_are_removed() {
    let dns = DnsServer::start().await.unwrap();
    let address = ["+short", "app.customer.example", "A"];
    dns.set("App.Customer.example", RecordType::A, &["192.0.2.7", "192.0.2.8"]);
    assert_eq!(dig(dns.address(), &address).await, "192.0.2.7\n192.0.2.8\n");
    assert_eq!(
        dig(dns.address(), &[&["+tcp"], &address[..]].concat()).await,
        "192.0.2.7\n192.0.2.8\n"
    );
    dns.remove("app.customer.example", RecordType::A);
    assert_eq!(dig(dns.address(), &address).await, "");
    assert_eq!(dns.queries("app.customer.example", RecordType::A), 3);
    assert_eq!(dns.queries("app.customer.example", RecordType::AAAA), 0);
}

#[tokio::test]
async fn every_kind_of_record_comes_back_as_it_was_set() {
    let dns = DnsServer::start().await.unwrap();
    let long = "x".repeat(300);
    for (record_type, set, answered) in [
        (RecordType::AAAA, "2001:db8::1", "2001:db8::1\n".to_owned()),
        (RecordType::CAA, "0 issue \"ca.example\"", "0 issue \"ca.example\"\n".to_owned()),
        (RecordType::NS, "ns.example.net.", "ns.example.net.\n".to_owned()),
        (RecordType::TXT, "a \"quoted\" text", "\"a \\\"quoted\\\" text\"\n".to_owned()),
        (RecordType::TXT, &long, format!("\"{}\" \"{}\"\n", "x".repeat(255), "x".repeat(45))),
    ] {
        dns.set("name.example", record_type, &[set]);
        let question = ["+short", "name.example", &record_type.to_string()];
        assert_eq!(dig(dns.address(), &question).await, answered, "{record_type}");
    }
}

#[tokio::test]
async fn a_missing_name_and_a_missing_type_are_told_apart() {
    let dns = DnsServer::start().await.unwrap();
    dns.set("example", RecordType::SOA, &["ns.example. hostmaster.example. 1 60 60 60 60"]);
    dns.set("a.b.example", RecordType::A, &["192.0.2.7"]);
    for (name, status) in
        [("a.b.example", "NOERROR"), ("b.example", "NOERROR"), ("c.example", "NXDOMAIN")]
    {
        let said = dig(dns.address(), &[name, "TXT"]).await;
        assert!(said.contains(&format!("status: {status}")), "{name}: {said}");
        assert!(said.contains("ANSWER: 0, AUTHORITY: 1"), "{name}: {said}");
    }
}

#[tokio::test]
async fn aliases_are_followed_here_and_on_other_servers() {
    let (dns, ours) = (DnsServer::start().await.unwrap(), DnsServer::start().await.unwrap());
    dns.set("_acme-challenge.app.example", RecordType::CNAME, &["app.dcv.provider.example"]);
    dns.forward("dcv.provider.example", ours.address());
    ours.set("app.dcv.provider.example", RecordType::TXT, &["token"]);
    let said = dig(dns.address(), &["+short", "_acme-challenge.app.example", "TXT"]).await;
    assert_eq!(said, "app.dcv.provider.example.\n\"token\"\n");
    assert_eq!(ours.queries("app.dcv.provider.example", RecordType::TXT), 1);
}

#[tokio::test]
async fn an_alias_of_itself_is_a_server_failure() {
    let dns = DnsServer::start().await.unwrap();
    dns.set("loop.example", RecordType::CNAME, &["loop.example"]);
    assert!(dig(dns.address(), &["loop.example", "A"]).await.contains("status: SERVFAIL"));
}

#[tokio::test]
async fn faults_happen_as_often_as_asked() {
    let dns = DnsServer::start().await.unwrap();
    dns.set("name.example", RecordType::A, &["192.0.2.7"]);
    let question = ["name.example", "A"];
    dns.fail_next("name.example", Fault::ServerFailure, 1);
    assert!(dig(dns.address(), &question).await.contains("status: SERVFAIL"));
    assert!(dig(dns.address(), &question).await.contains("status: NOERROR"));
    dns.fail("name.example", Fault::Refuse);
    assert!(dig(dns.address(), &question).await.contains("status: REFUSED"));
    dns.fail("name.example", Fault::Drop);
    assert!(
        dig(dns.address(), &[&["+time=1"], &question[..]].concat())
            .await
            .contains("no servers could be reached")
    );
    dns.fail("name.example", Fault::Delay(Duration::from_millis(50)));
    assert!(dig(dns.address(), &question).await.contains("status: NOERROR"));
    dns.mend("name.example");
    assert!(dig(dns.address(), &question).await.contains("status: NOERROR"));
}

#[tokio::test]
async fn an_answer_too_long_for_udp_comes_by_tcp() {
    let dns = DnsServer::start().await.unwrap();
    let texts: Vec<String> = (0..40).map(|n| format!("{n:050}")).collect();
    dns.set("long.example", RecordType::TXT, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        dig(dns.address(), &["+ignore", "long.example", "TXT"]).await.contains("flags: qr aa tc")
    );
    assert_eq!(dig(dns.address(), &["+short", "long.example", "TXT"]).await.lines().count(), 40);
}
