//! Over a real replica: what the feed applied is what port 53 answers.

use std::sync::Arc;

use hickory_proto::{
    op::ResponseCode,
    rr::{RData, RecordType},
};
use np_dns::{DnsDeps, DnsMetrics, DnsServer, DnsSettings, DnsSocket};
use np_domain::{
    entry::{Delegation, Entry, Generation},
    id::{HostnameId, ZoneId},
    text::Explanation,
};
use np_feed::{
    Replica,
    message::{Batch, FORMAT, FeedId, Item},
    replica::ReplicaOptions,
};
use prometheus_client::registry::Registry;

use crate::world::{TARGET, delegation, name, over_udp, query};

/// The change at `generation` that leaves `app.customer.com` with `values`.
fn batch(generation: u64, values: &[&str]) -> Batch {
    let to = Generation(generation);
    let values = values.iter().map(Explanation::new).collect();
    let entry = Entry {
        hostname: HostnameId::from_bytes([1; 16]),
        zone: ZoneId::from_bytes([2; 16]),
        name: "app.customer.com".parse().unwrap(),
        tokens: Vec::new(),
        delegation: Some(Delegation { name: name(TARGET), txt: values }),
        routing: None,
    };
    let items = vec![Item::hostname(to, &entry)];
    let (feed, from) = (FeedId([7; 16]), Generation(generation - 1));
    Batch { format: FORMAT, feed, from, to, head: to, reset: false, items, ticket_keys: None }
}

#[tokio::test]
async fn an_applied_batch_is_answered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let replica = Replica::open(folder.path(), &ReplicaOptions::default()).unwrap();
    let dns = DnsServer::start(DnsDeps {
        sockets: vec![DnsSocket::bind(([127, 0, 0, 1], 0).into()).unwrap()],
        settings: DnsSettings::default(),
        delegation: delegation(Arc::new(replica.clone())),
        full_zones: None,
        static_zones: None,
        metrics: DnsMetrics::register(&mut Registry::default()),
    })
    .unwrap();
    let ask = async |name: &str| over_udp(dns.addr(), &query(name, RecordType::TXT)).await;
    let target = format!("{TARGET}.");

    assert_eq!(ask(&target).await.response_code, ResponseCode::NXDomain);
    replica.apply(&batch(1, &["one", "two"])).unwrap();
    let values: Vec<String> = ask(&target.to_uppercase())
        .await
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(values, ["one", "two"]);
    assert_eq!(
        ask("com.9dbb86635115718e.dcv.platform.net.").await.response_code,
        ResponseCode::NoError
    );
    assert_eq!(ask(r"a\.b.dcv.platform.net.").await.response_code, ResponseCode::NXDomain);
    replica.apply(&batch(2, &[])).unwrap();
    let reply = ask(&target).await;
    assert_eq!((reply.response_code, reply.answers.len()), (ResponseCode::NoError, 0));
}
