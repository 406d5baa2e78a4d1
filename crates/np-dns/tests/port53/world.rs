//! A running server whose replica is a map that the test changes, and raw exchanges with it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};
use np_dns::{
    DelegationData, DelegationDeps, DnsDeps, DnsMetrics, DnsServer, DnsSettings, DnsSocket, Held,
    NameServer, RunningDns, StaticRecord, StaticZones, Unreadable,
};
use np_domain::{delegation::DelegationDomain, name::DnsName, text::Explanation};
use prometheus_client::registry::Registry;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// The delegation domain of these tests.
pub(crate) const DOMAIN: &str = "dcv.platform.net";
/// Where the values of `app.customer.com` stand.
pub(crate) const TARGET: &str = "app.customer.com.9dbb86635115718e.dcv.platform.net";
/// Longer than any answer on loopback takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names with their values.
#[derive(Default)]
pub(crate) struct Replica(Mutex<BTreeMap<String, Vec<String>>>);

impl Replica {
    /// Puts `values` at `name`.
    pub(crate) fn put(&self, name: &str, values: &[&str]) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), values);
    }
}

impl DelegationData for Replica {
    fn lookup(&self, name: &str) -> Result<Held, Unreadable> {
        let names = self.0.lock().unwrap();
        let above = |held: &String| held.ends_with(&format!(".{name}"));
        Ok(match names.get(name) {
            Some(values) if values.is_empty() => Held::NoData,
            Some(values) => Held::Txt(values.iter().map(Explanation::new).collect()),
            None if names.keys().any(above) => Held::NoData,
            None => Held::NoSuchName,
        })
    }
}

/// The server and what it reads.
pub(crate) struct World {
    pub(crate) dns: RunningDns,
    pub(crate) replica: Arc<Replica>,
    pub(crate) zones: Arc<StaticZones>,
    pub(crate) registry: Registry,
}

impl World {
    /// A server with default settings, `customer.com` and the customer's delegation.
    pub(crate) fn start() -> Self {
        Self::start_with(DnsSettings::default())
    }

    pub(crate) fn start_with(settings: DnsSettings) -> Self {
        let (replica, zones) = (Arc::new(Replica::default()), Arc::new(StaticZones::new()));
        replica.put(TARGET, &["token-one", "token-two"]);
        zones.add_zone(&name("customer.com")).unwrap();
        let alias = StaticRecord::Cname(name(TARGET));
        zones.put(&name("_acme-challenge.app.customer.com"), alias).unwrap();
        let mut registry = Registry::default();
        let deps = DnsDeps {
            sockets: vec![DnsSocket::bind(([127, 0, 0, 1], 0).into()).unwrap()],
            settings,
            delegation: delegation(replica.clone()),
            full_zones: None,
            static_zones: Some(zones.clone()),
            metrics: DnsMetrics::register(&mut registry),
        };
        Self { dns: DnsServer::start(deps).unwrap(), replica, zones, registry }
    }
}

/// The delegation domain over `replica`.
pub(crate) fn delegation(replica: Arc<dyn DelegationData>) -> DelegationDeps {
    DelegationDeps {
        domain: DelegationDomain::new(name(DOMAIN)),
        name_servers: vec![NameServer {
            name: name("ns1.dcv.platform.net"),
            addresses: vec![[127, 0, 0, 1].into()],
        }],
        contact: None,
        data: replica,
    }
}

pub(crate) fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

/// A query without EDNS.
pub(crate) fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

/// What the server replies over UDP.
pub(crate) async fn over_udp(server: SocketAddr, query: &Message) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&query.to_vec().unwrap(), server).await.unwrap();
    let mut buffer = vec![0; 65_536];
    let (length, _) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    Message::from_vec(&buffer[..length]).unwrap()
}

/// What the server replies on an open TCP connection; `None` when it closes.
pub(crate) async fn over_tcp(stream: &mut TcpStream, query: &[u8]) -> Option<Message> {
    let length = u16::try_from(query.len()).unwrap();
    stream.write_all(&[&length.to_be_bytes(), query].concat()).await.ok()?;
    next_reply(stream).await
}

/// The next message on the connection; `None` when the server closes.
pub(crate) async fn next_reply(stream: &mut TcpStream) -> Option<Message> {
    let length = timeout(PATIENCE, stream.read_u16()).await.unwrap().ok()?;
    let mut reply = vec![0; usize::from(length)];
    timeout(PATIENCE, stream.read_exact(&mut reply)).await.unwrap().ok()?;
    Some(Message::from_vec(&reply).unwrap())
}
