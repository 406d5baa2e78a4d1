//! A running edge with a replica that the test writes, an origin, and clients.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
};

use async_trait::async_trait;
use boring::{
    ssl::{Ssl, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion},
    x509::X509,
};
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, Response, body::Bytes};
use hyper_util::rt::{TokioExecutor, TokioIo};
use np_domain::{
    Timestamp,
    certificate::KeyKind,
    custom_hostname::Metadata,
    entry::{
        Entry, FeedKey, Generation, HttpToken, Routing, ServedCertificate, ZoneDns, ZoneEntry,
    },
    id::{CertificateId, HostnameId, ZoneId},
    name::Hostname,
    origin::CustomOrigin,
    secret::SecretBytes,
    text::Explanation,
    ticket_key::TicketKey,
    tls_policy::TlsPolicy,
    zone::settings::Serving,
};
use np_edge::{
    Edge, EdgeDeps, EdgeSettings, Metrics, OriginResolver, RunningEdge, listen,
    origin_resolver::OriginLookupError,
};
use np_feed::{
    NodeKey, Replica,
    message::{Batch, FORMAT, FeedId, Item},
    replica::ReplicaOptions,
};
use np_testkit::{clock::TestClock, origin::Origin, wait};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::net::TcpStream;

pub(crate) use crate::tls_stream::TlsStream as TlsClientStream;

/// An address of loopback on which nobody listens.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Leads every origin to loopback, but those below `nowhere.provider.com`, which have no address, and those below
/// `two.provider.com`, which have two of which the first is nobody's.
struct ToLoopback;

#[async_trait]
impl OriginResolver for ToLoopback {
    async fn addresses(&self, name: &Hostname) -> Result<Vec<IpAddr>, OriginLookupError> {
        let within = |parent: &str| name.as_dns().is_within(parent);
        Ok(if within("nowhere.provider.com") {
            Vec::new()
        } else if within("two.provider.com") {
            vec![NOBODY.into(), Ipv4Addr::LOCALHOST.into()]
        } else {
            vec![Ipv4Addr::LOCALHOST.into()]
        })
    }
}

pub(crate) struct World {
    pub(crate) edge: RunningEdge,
    pub(crate) origin: Origin,
    pub(crate) replica: Replica,
    pub(crate) node_key: NodeKey,
    registry: Registry,
    generation: AtomicU64,
    _dir: TempDir,
}

/// Settings with which origins on loopback may be reached.
pub(crate) fn open_settings() -> EdgeSettings {
    let mut settings = EdgeSettings::default();
    settings.origin.allow_private = true;
    settings
}

pub(crate) fn zone_id() -> ZoneId {
    ZoneId::from_bytes([7; 16])
}

impl World {
    /// An edge whose zone falls back to the origin.
    pub(crate) async fn start() -> Self {
        Self::with(open_settings()).await
    }

    pub(crate) async fn with(settings: EdgeSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = ReplicaOptions { map_bytes: 64 * 1024 * 1024 };
        let replica = Replica::open(dir.path(), &options).unwrap();
        let node_key = NodeKey::from_secret(&[3; 32]);
        let mut registry = Registry::default();
        let threads = settings.thread_count();
        let edge = Edge::start(EdgeDeps {
            replica: replica.clone(),
            node_key: node_key.clone(),
            https: listen::bind(([127, 0, 0, 1], 0).into(), threads).unwrap(),
            http: listen::bind(([127, 0, 0, 1], 0).into(), threads).unwrap(),
            settings,
            resolver: Arc::new(ToLoopback),
            clock: Arc::new(TestClock::new()),
            metrics: Metrics::register(&mut registry),
        });
        let edge = edge.unwrap();
        let origin = Origin::start().await.unwrap();
        let generation = AtomicU64::new(0);
        let world = Self { edge, origin, replica, node_key, registry, generation, _dir: dir };
        world.fall_back_to(&format!("origin.provider.com:{}", world.origin.address().port()));
        world
    }

    pub(crate) fn fall_back_to(&self, origin: &str) {
        self.set_zone(origin, Serving::default());
    }

    /// What the zone says about TLS.
    pub(crate) fn zone_tls(&self, tls: TlsPolicy) {
        self.zone_says(Serving { tls, ..Serving::default() });
    }

    /// Makes settings of the zone, which has no other fallback than the world's origin.
    pub(crate) fn zone_says(&self, serving: Serving) {
        self.set_zone(&format!("origin.provider.com:{}", self.origin.address().port()), serving);
    }

    fn set_zone(&self, fallback: &str, serving: Serving) {
        let zone = ZoneEntry {
            zone: zone_id(),
            name: "provider.com".parse().unwrap(),
            fallback: Some(fallback.parse().unwrap()),
            dns: ZoneDns::Unserved,
            serving,
        };
        self.apply(|generation| Item::zone(generation, &zone));
    }

    /// As the control side hands them to all edges.
    pub(crate) fn share_ticket_keys(&self, keys: &[TicketKey]) {
        let at = Generation(self.generation.load(Ordering::SeqCst));
        let sealed = keys.iter().map(|key| self.node_key.seal_ticket_key(key));
        let (format, feed, ticket_keys) = (FORMAT, FeedId([9; 16]), Some(sealed.collect()));
        let (reset, items) = (false, Vec::new());
        let batch = Batch { format, feed, from: at, to: at, head: at, reset, items, ticket_keys };
        self.replica.apply(&batch).unwrap();
    }

    pub(crate) fn publish(&self, entry: &Entry) {
        self.apply(|generation| Item::hostname(generation, entry));
    }

    pub(crate) fn withdraw(&self, hostname: HostnameId) {
        self.apply(|generation| Item::gone(generation, FeedKey::Hostname(hostname)));
    }

    pub(crate) fn apply(&self, item: impl FnOnce(Generation) -> Item) {
        let from = self.generation.fetch_add(1, Ordering::SeqCst);
        let (from, to) = (Generation(from), Generation(from + 1));
        let (format, feed, reset) = (FORMAT, FeedId([9; 16]), from.0 == 0);
        let (items, ticket_keys) = (vec![item(to)], None);
        let batch = Batch { format, feed, from, to, head: to, reset, items, ticket_keys };
        self.replica.apply(&batch).unwrap();
    }

    /// A proven hostname with an ECDSA certificate.
    pub(crate) fn proven(&self, name: &str) -> EntryBuilder<'_> {
        EntryBuilder::new(self, name).certificate(KeyKind::Ecdsa)
    }

    /// A hostname that nobody has proven.
    pub(crate) fn unproven(&self, name: &str) -> EntryBuilder<'_> {
        let mut builder = EntryBuilder::new(self, name);
        builder.entry.routing = None;
        builder
    }

    /// Waits until a counter has this value: a client may see an answer before it is counted.
    pub(crate) async fn counts(&self, line: &str, expected: u64) {
        let so = async || (self.value(line) == Some(expected)).then_some(());
        let seen = wait::until(line, std::time::Duration::from_secs(10), so).await;
        assert!(seen.is_ok(), "{line} {expected}: {}", self.exported());
    }

    /// What a metric says now.
    pub(crate) fn value(&self, line: &str) -> Option<u64> {
        self.exported().lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok())
    }

    fn exported(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    /// GET over a new TLS connection.
    pub(crate) async fn get(&self, name: &str, path: &str) -> Answer {
        let request = Request::get(path).header("host", name);
        let stream = Hello::to(name).connect(self.edge.https_addr()).await.unwrap();
        http1(stream).await.send(request).await
    }
}

/// Builds the entry of one hostname.
pub(crate) struct EntryBuilder<'a> {
    world: &'a World,
    entry: Entry,
}

impl<'a> EntryBuilder<'a> {
    fn new(world: &'a World, name: &str) -> Self {
        let name: Hostname = name.parse().unwrap();
        let routing = Routing {
            proven_at: TestClock::START,
            wildcard: false,
            origin: None,
            tls: TlsPolicy::default(),
            metadata: Metadata::default(),
            certificates: Vec::new(),
        };
        let entry = Entry {
            hostname: hostname_id(name.as_str()),
            zone: zone_id(),
            name,
            tokens: Vec::new(),
            delegation: None,
            routing: Some(routing),
        };
        Self { world, entry }
    }

    fn routing(mut self, change: impl FnOnce(&mut Routing)) -> Self {
        change(self.entry.routing.as_mut().unwrap());
        self
    }

    /// The same name as another hostname.
    pub(crate) fn of_hostname(mut self, id: &str) -> Self {
        self.entry.hostname = hostname_id(id);
        self
    }

    pub(crate) fn token(mut self, path: &str, body: &str) -> Self {
        let (path, body) = (Explanation::new(path), Explanation::new(body));
        self.entry.tokens.push(HttpToken { path, body });
        self
    }

    pub(crate) fn certificate(self, kind: KeyKind) -> Self {
        self.certificate_until(kind, TestClock::START + time::Duration::days(90))
    }

    pub(crate) fn certificate_until(self, kind: KeyKind, not_after: Timestamp) -> Self {
        let name = self.entry.name.as_str().to_owned();
        let certificate = served_certificate(&self.world.node_key, &name, kind, not_after);
        self.routing(|routing| routing.certificates.push(certificate))
    }

    pub(crate) fn without_certificate(self) -> Self {
        self.routing(|routing| routing.certificates.clear())
    }

    pub(crate) fn wildcard(self) -> Self {
        self.routing(|routing| routing.wildcard = true)
    }

    pub(crate) fn tls(self, tls: TlsPolicy) -> Self {
        self.routing(|routing| routing.tls = tls)
    }

    pub(crate) fn proven_at(self, at: Timestamp) -> Self {
        self.routing(|routing| routing.proven_at = at)
    }

    pub(crate) fn origin(self, origin: CustomOrigin) -> Self {
        self.routing(|routing| routing.origin = Some(origin))
    }

    pub(crate) fn metadata(self, metadata: Metadata) -> Self {
        self.routing(|routing| routing.metadata = metadata)
    }

    pub(crate) fn publish(self) -> Entry {
        self.world.publish(&self.entry);
        self.entry
    }
}

/// An id that follows from a text.
pub(crate) fn hostname_id(text: &str) -> HostnameId {
    let mut bytes = [0u8; 16];
    for (index, byte) in text.bytes().enumerate() {
        bytes[index % 16] = bytes[index % 16].wrapping_mul(31).wrapping_add(byte);
    }
    HostnameId::from_bytes(bytes)
}

/// A self-signed certificate for the name and the names one level below it.
pub(crate) fn served_certificate(
    node_key: &NodeKey,
    name: &str,
    kind: KeyKind,
    not_after: Timestamp,
) -> ServedCertificate {
    let key = match kind {
        KeyKind::Ecdsa => rcgen::KeyPair::generate().unwrap().serialize_der(),
        KeyKind::Rsa => {
            let rsa = boring::rsa::Rsa::generate(2048).unwrap();
            let key = boring::pkey::PKey::from_rsa(rsa).unwrap();
            key.private_key_to_der_pkcs8().unwrap()
        }
    };
    let pair = rcgen::KeyPair::try_from(key.as_slice()).unwrap();
    let mut params =
        rcgen::CertificateParams::new(vec![name.to_owned(), format!("*.{name}")]).unwrap();
    params.not_after = not_after;
    let certificate = params.self_signed(&pair).unwrap();
    ServedCertificate {
        id: CertificateId::from_bytes([1; 16]),
        kind,
        chain: vec![certificate.der().as_ref().into()],
        key: node_key.seal(&SecretBytes::new(key)),
        not_after,
    }
}

/// What a client offers in its handshake.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) name: Option<String>,
    pub(crate) min: SslVersion,
    pub(crate) max: SslVersion,
    pub(crate) ciphers: &'static str,
    pub(crate) signatures: Option<&'static str>,
    pub(crate) alpn: &'static [u8],
}

impl Hello {
    pub(crate) fn to(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            min: SslVersion::TLS1,
            max: SslVersion::TLS1_3,
            ciphers: "ALL",
            signatures: None,
            alpn: b"",
        }
    }

    pub(crate) fn version(self, version: SslVersion) -> Self {
        Self { min: version, max: version, ..self }
    }

    pub(crate) fn http2(self) -> Self {
        Self { alpn: b"\x02h2\x08http/1.1", ..self }
    }

    /// Shakes hands; the certificate is not checked.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<TlsClientStream, String> {
        let mut context = SslContextBuilder::new(SslMethod::tls()).unwrap();
        context.set_min_proto_version(Some(self.min)).unwrap();
        context.set_max_proto_version(Some(self.max)).unwrap();
        context.set_cipher_list(self.ciphers).unwrap();
        context.set_verify(SslVerifyMode::NONE);
        if let Some(signatures) = self.signatures {
            context.set_sigalgs_list(signatures).unwrap();
        }
        if !self.alpn.is_empty() {
            context.set_alpn_protos(self.alpn).unwrap();
        }
        let mut ssl = Ssl::new(&context.build()).unwrap();
        if let Some(name) = &self.name {
            ssl.set_hostname(name).unwrap();
        }
        let tcp = TcpStream::connect(to).await.unwrap();
        TlsClientStream::connect(ssl, tcp).await
    }
}

/// The certificate that the server showed.
pub(crate) fn shown(stream: &TlsClientStream) -> X509 {
    stream.ssl().peer_certificate().unwrap()
}

/// Its first DNS name.
pub(crate) fn shown_name(stream: &TlsClientStream) -> String {
    let names = shown(stream).subject_alt_names().unwrap();
    names.get(0).unwrap().dnsname().unwrap().to_owned()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<()>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

async fn read(response: Response<hyper::body::Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { response: Response::from_parts(head, ()), body }
}

/// A client connection that speaks HTTP/1.1.
pub(crate) struct Http1(hyper::client::conn::http1::SendRequest<Empty<Bytes>>);

pub(crate) async fn http1<S>(stream: S) -> Http1
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    Http1(sender)
}

impl Http1 {
    /// Whether the edge has closed the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    pub(crate) async fn send(&mut self, request: http::request::Builder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(
        &mut self,
        request: http::request::Builder,
    ) -> Result<Answer, hyper::Error> {
        self.0.ready().await?;
        let response = self.0.send_request(request.body(Empty::new()).unwrap()).await?;
        Ok(read(response).await)
    }
}

/// One request over HTTP/2.
pub(crate) async fn http2(stream: TlsClientStream, request: http::request::Builder) -> Answer {
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    read(sender.send_request(request).await.unwrap()).await
}

/// Asks until it is so. Changes travel in milliseconds, so a minute means never.
pub(crate) async fn wait_for(mut so: impl AsyncFnMut() -> bool) {
    let minute = std::time::Duration::from_secs(60);
    let probe = async || so().await.then_some(());
    wait::until("a change to be seen", minute, probe).await.unwrap();
}
