//! UDP and TCP themselves: fallback, bounds, and stopping.

use std::{sync::Arc, time::Duration};

use hickory_proto::{op::ResponseCode, rr::RecordType};
use np_dns::{DnsDeps, DnsMetrics, DnsServer, DnsSettings, DnsSocket, NameServer, StartError};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::world::{
    Replica, TARGET, World, delegation, name, next_reply, over_tcp, over_udp, query,
};

#[tokio::test]
async fn values_appear_and_disappear_with_the_replica() {
    let world = World::start();
    let question = query(&format!("{TARGET}."), RecordType::TXT);
    assert_eq!(over_udp(world.dns.addr(), &question).await.answers.len(), 2);
    world.replica.put(TARGET, &[]);
    let reply = over_udp(world.dns.addr(), &question).await;
    assert_eq!((reply.response_code, reply.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(reply.authorities[0].record_type(), RecordType::SOA);
}

#[tokio::test]
async fn a_large_answer_is_cut_over_udp_and_whole_over_tcp() {
    let world = World::start();
    let values = ["a", "b", "c"].map(|letter| letter.repeat(600));
    world.replica.put(TARGET, &values.each_ref().map(String::as_str));
    let question = query(&format!("{TARGET}."), RecordType::TXT);
    assert!(over_udp(world.dns.addr(), &question).await.truncation);
    let mut stream = TcpStream::connect(world.dns.addr()).await.unwrap();
    let reply = over_tcp(&mut stream, &question.to_vec().unwrap()).await.unwrap();
    assert_eq!((reply.truncation, reply.answers.len()), (false, 3));
}

#[tokio::test]
async fn one_connection_carries_many_queries_also_ahead_of_their_answers() {
    let world = World::start();
    let mut stream = TcpStream::connect(world.dns.addr()).await.unwrap();
    let packet = query(&format!("{TARGET}."), RecordType::TXT).to_vec().unwrap();
    let framed = [&u16::try_from(packet.len()).unwrap().to_be_bytes(), &packet[..]].concat();
    stream.write_all(&framed.repeat(10)).await.unwrap();
    for _ in 0..10 {
        assert_eq!(next_reply(&mut stream).await.unwrap().answers.len(), 2);
    }
}

#[tokio::test]
async fn a_connection_ends_when_it_sends_too_much_or_nothing_or_stays_too_long() {
    let world = World::start_with(DnsSettings {
        query_bytes_max: 64,
        tcp_idle_max: Duration::from_millis(50),
        ..DnsSettings::default()
    });
    let mut long = TcpStream::connect(world.dns.addr()).await.unwrap();
    assert_eq!(over_tcp(&mut long, &[0; 65]).await, None);
    let mut meaningless = TcpStream::connect(world.dns.addr()).await.unwrap();
    assert_eq!(over_tcp(&mut meaningless, &[0; 5]).await, None);
    let mut idle = TcpStream::connect(world.dns.addr()).await.unwrap();
    assert_eq!(next_reply(&mut idle).await, None);

    let world = World::start_with(DnsSettings {
        tcp_lifetime_max: Duration::from_millis(50),
        ..DnsSettings::default()
    });
    let mut old = TcpStream::connect(world.dns.addr()).await.unwrap();
    assert_eq!(next_reply(&mut old).await, None);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let world = World::start_with(DnsSettings { tcp_connections_max: 1, ..DnsSettings::default() });
    let packet = query(&format!("{TARGET}."), RecordType::TXT).to_vec().unwrap();
    let mut first = TcpStream::connect(world.dns.addr()).await.unwrap();
    assert!(over_tcp(&mut first, &packet).await.is_some());
    let mut second = TcpStream::connect(world.dns.addr()).await.unwrap();
    let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
    second.write_all(&[&length[..], &packet].concat()).await.unwrap();
    // The first is still answered, and the second is not before the first has gone.
    assert!(over_tcp(&mut first, &packet).await.is_some());
    assert_eq!(second.try_read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    assert!(next_reply(&mut second).await.is_some());
}

#[tokio::test]
async fn a_port_is_free_again_after_the_shutdown() {
    let world = World::start();
    let address = world.dns.addr();
    DnsSocket::bind(address).expect_err("the server listens there");
    world.dns.shutdown().await;
    DnsSocket::bind(address).unwrap();
}

#[tokio::test]
async fn queries_are_counted_by_outcome_and_transport() {
    let world = World::start();
    for (name, times) in [(TARGET, 2), ("none.dcv.platform.net", 1), ("elsewhere.net", 1)] {
        for _ in 0..times {
            over_udp(world.dns.addr(), &query(&format!("{name}."), RecordType::TXT)).await;
        }
    }
    let mut text = String::new();
    encode(&mut text, &world.registry).unwrap();
    for (outcome, count) in [("answered", 2), ("nxdomain", 1), ("refused", 1), ("formerr", 0)] {
        let line = format!(r#"dns_queries_total{{outcome="{outcome}",transport="udp"}} {count}"#);
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused_at_the_start() {
    let bind = || vec![DnsSocket::bind(([127, 0, 0, 1], 0).into()).unwrap()];
    let start = |sockets, name_servers| {
        let mut delegation = delegation(Arc::new(Replica::default()));
        delegation.name_servers = name_servers;
        let metrics = DnsMetrics::register(&mut Registry::default());
        let settings = DnsSettings::default();
        DnsServer::start(DnsDeps {
            sockets,
            settings,
            delegation,
            full_zones: None,
            static_zones: None,
            metrics,
        })
        .unwrap_err()
    };
    let server = |text: &str| NameServer { name: name(text), addresses: Vec::new() };
    assert!(matches!(start(bind(), Vec::new()), StartError::NoNameServer));
    assert!(matches!(
        start(bind(), vec![server("ns1.dcv.platform.net")]),
        StartError::NameServerWithoutAddress { .. }
    ));
    assert!(matches!(start(Vec::new(), vec![server("ns1.other.net")]), StartError::NoSocket));
}
