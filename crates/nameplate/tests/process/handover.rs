//! A process that is replaced by a new one while visitors come: nobody is refused, nobody is cut off.

mod load;

use std::{fs, os::unix::fs::symlink};

use hickory_proto::rr::RecordType;
use http::Method;
use np_testkit::{dns::DnsServer, origin::Origin, ports::loopback};
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
};

pub(crate) use self::load::WITHIN;
use self::load::{Load, Way};
use super::{
    roles::node,
    world::{END_WITHIN, EXECUTABLE, Nameplate, visitor::Visitor},
};

pub(crate) const HOST: &str = "app.customer.com";

/// A control, an edge that may be replaced, and a hostname that is served.
pub(crate) struct Served {
    control: Nameplate,
    pub(crate) edge: Nameplate,
    dns: DnsServer,
    _origin: Origin,
    zone: String,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let (dns, origin) = (DnsServer::start().await.unwrap(), Origin::start().await.unwrap());
        dns.set("origin.provider.com", RecordType::A, &["127.0.0.1"]);
        let mut control = Nameplate::new("control").unwrap().resolving_by(dns.address());
        let edge = node("edge", &control).resolving_by(dns.address()).managed().unwrap();
        let link = edge.folder().join("nameplate");
        symlink(EXECUTABLE, &link).unwrap();
        let mut edge = edge.started_as(link);
        control = control.set("checks.http_port", edge.ports.http.to_string());
        control.start().await.unwrap();
        edge.start().await.unwrap();
        assert_eq!(edge.tells().await.unwrap(), "READY=1\n");
        let origin_at = format!("origin.provider.com:{}", origin.address().port());
        let zone = control.zone("provider.com", &origin_at).await.unwrap();
        let this = Self { control, edge, dns, _origin: origin, zone };
        this.add(HOST).await;
        this
    }

    async fn add(&self, host: &str) {
        self.dns.set(host, RecordType::CNAME, &["origin.provider.com."]);
        let path = self.control.hostname(&self.zone, host, "http").await.unwrap();
        self.control.active(&path).await.unwrap();
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(loopback(self.edge.ports.https), &self.control.local_root()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_binary_serves_on_without_a_connection_refused_or_cut() {
    let mut served = Served::start().await;
    let load =
        Load::start(&served.visitor(), HOST, &[Way::Fresh, Way::Fresh, Way::Kept, Way::Http2]);
    load.has_done(20).await;
    // Under way when the process is replaced, and ended only after.
    let mut tunnel = served.visitor().tunnel(HOST).await.unwrap();
    tunnel.echo(b"before").await.unwrap();

    served.edge.signal(Signal::HUP).unwrap();
    assert_eq!(served.edge.tells().await.unwrap(), "RELOADING=1\n");
    let mut old = served.edge.succeeded().await.unwrap();
    tunnel.echo(b"after").await.unwrap();
    load.has_done(20).await;
    drop(tunnel);
    assert_eq!(old.end_within(END_WITHIN).await.unwrap().code(), Some(0));
    load.has_done(20).await;

    // And the new one by a newer one.
    assert_eq!(served.edge.replace().await.unwrap().code(), Some(0));
    load.has_done(20).await;
    let report = load.end().await;
    assert_eq!(report.failures, Vec::<String>::new(), "{report:#?}");
    served.add("later.customer.com").await;
    served.visitor().get("later.customer.com").await.unwrap();
    assert_eq!(served.edge.stop().await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_binary_that_cannot_serve_leaves_the_old_one_serving_and_following() {
    let mut served = Served::start().await;
    let load = Load::start(&served.visitor(), HOST, &[Way::Fresh, Way::Kept]);
    let program = served.edge.folder().join("nameplate");
    fs::remove_file(&program).unwrap();
    symlink("/bin/false", &program).unwrap();
    refused(&served.edge, "it ended (exit status: 1)").await;
    fs::remove_file(&program).unwrap();
    refused(&served.edge, "cannot be started").await;
    symlink(EXECUTABLE, &program).unwrap();
    let key = served.control.data().join("feed.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "no key").unwrap();
    refused(&served.edge, "it ended (exit status: 2)").await;
    assert!(fs::read_to_string(served.edge.log()).unwrap().contains("copy feed.key"));
    fs::write(&key, right).unwrap();
    load.has_done(10).await;
    served.add("later.customer.com").await;
    served.visitor().get("later.customer.com").await.unwrap();
    assert_eq!(served.edge.replace().await.unwrap().code(), Some(0));
    load.has_done(10).await;
    let report = load.end().await;
    assert_eq!(report.failures, Vec::<String>::new(), "{report:#?}");
}

/// Asks for a replacement that must not come to be, and waits for word that the process goes on.
async fn refused(edge: &Nameplate, why: &str) {
    edge.signal(Signal::HUP).unwrap();
    assert_eq!(edge.tells().await.unwrap(), "RELOADING=1\n");
    assert_eq!(edge.tells().await.unwrap(), "READY=1\n");
    let log = np_testkit::wait::until("the reason is logged", load::WITHIN, async || {
        let log = fs::read_to_string(edge.log()).unwrap();
        log.contains(why).then_some(log)
    });
    assert!(log.await.unwrap().contains("process.not_replaced"));
}

#[tokio::test]
async fn who_decides_is_not_replaced_and_says_so() {
    let mut control = Nameplate::new("control").unwrap();
    control.start().await.unwrap();
    control.signal(Signal::HUP).unwrap();
    let why = np_testkit::wait::until("it says so", load::WITHIN, async || {
        let log = fs::read_to_string(control.log()).unwrap();
        log.contains("only `edge` and `dns` can be replaced").then_some(())
    });
    why.await.unwrap();
    control.call(Method::GET, "/user/tokens/verify", Value::Null).await.unwrap();
}

#[tokio::test]
async fn a_name_server_is_replaced_between_two_queries() {
    let mut control = Nameplate::new("control").unwrap();
    control.start().await.unwrap();
    let mut dns = node("dns", &control).managed().unwrap();
    dns.start().await.unwrap();
    dns.tells().await.unwrap();
    let server = loopback(dns.ports.dns);
    let asking = tokio::spawn(async move {
        let socket = UdpSocket::bind(loopback(0)).await.unwrap();
        let mut asked = 0_u16;
        let mut reply = [0; 512];
        loop {
            asked += 1;
            // A query that nobody answers would hold the loop up, and the test with it.
            socket.send_to(&query(asked), server).await.unwrap();
            let (length, _) = socket.recv_from(&mut reply).await.unwrap();
            assert_eq!(reply[..2], asked.to_be_bytes());
            assert!(length > 12);
            let mut stream = TcpStream::connect(server).await.unwrap();
            let query = query(asked);
            stream.write_all(&(query.len() as u16).to_be_bytes()).await.unwrap();
            stream.write_all(&query).await.unwrap();
            let length = stream.read_u16().await.unwrap();
            stream.read_exact(&mut reply[..length.into()]).await.unwrap();
            if asked == u16::MAX {
                return;
            }
        }
    });
    assert_eq!(dns.replace().await.unwrap().code(), Some(0));
    assert_eq!(dns.replace().await.unwrap().code(), Some(0));
    assert!(!asking.is_finished(), "{:?}", asking.await);
    asking.abort();
    assert_eq!(dns.stop().await.unwrap().code(), Some(0));
}

/// A query for the SOA record of the delegation domain.
fn query(id: u16) -> Vec<u8> {
    let mut query = id.to_be_bytes().to_vec();
    query.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in ["dcv", "nameplate", "example"] {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 6, 0, 1]);
    query
}
