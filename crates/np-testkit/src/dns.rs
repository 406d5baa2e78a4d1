//! A DNS server that the test programs while it runs: the customers' zones, the provider's, and what a resolver would find
//! beyond them, in one place. It answers like an authority that also follows CNAMEs, fails when told to, and counts.
//!
//! There is no DNSSEC here, no wildcards and no zone cuts; for those take [`Knot`](crate::knot::Knot) behind
//! [`Unbound`](crate::unbound::Unbound).

mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use hickory_proto::rr::RecordType;

use crate::ports;
use world::{Known, World, lower, parse_data};

/// How long the answers may be remembered, in seconds. None at all, so that a change is seen by the next question.
const TTL_SECONDS: u32 = 0;
/// How many CNAMEs are followed for one question.
const CNAME_DEPTH_MAX: usize = 16;
/// The largest answer sent by UDP to one who did not say that he takes more.
const UDP_BYTES_MAX: usize = 512;
/// The largest UDP message there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// How long a server that questions are forwarded to may take.
const FORWARD_WITHIN: Duration = Duration::from_secs(5);

/// What goes wrong with the answer to a question about a name (not to one that only leads there by a CNAME).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It comes after this time.
    Delay(Duration),
    /// It never comes.
    Drop,
    /// It is REFUSED.
    Refuse,
    /// It is SERVFAIL.
    ServerFailure,
}

/// The server, on one port of 127.0.0.1 for UDP and TCP. Ends when dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    _tasks: JoinSet<()>,
}

impl DnsServer {
    /// Starts one that knows no name, and so answers NXDOMAIN.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let (udp, tcp) = ports::bind_tcp_and_udp()?;
        let address = udp.local_addr()?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        let world = Arc::<Mutex<World>>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(Arc::new(UdpSocket::from_std(udp)?), Arc::clone(&world)));
        tasks.spawn(serve_tcp(TcpListener::from_std(tcp)?, Arc::clone(&world)));
        Ok(Self { address, world, _tasks: tasks })
    }

    /// Where to ask, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes these the records of that name and type, in place of those before. Each is written as in a zone file
    /// (`192.0.2.7`, `0 issue "ca.example"`), but for TXT, which is the text itself, without quotes.
    ///
    /// # Panics
    /// When the name or a record cannot be read: a mistake in the test.
    pub fn set(&self, name: &str, record_type: RecordType, data: &[&str]) {
        let parse = |text: &&str| {
            parse_data(record_type, text)
                .unwrap_or_else(|e| panic!("{name} {record_type} {text}: {e:#}"))
        };
        let data: Vec<RData> = data.iter().map(parse).collect();
        self.world().records.entry(lower(name)).or_default().insert(record_type, data);
    }

    /// Removes the records of that name and type.
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    pub fn remove(&self, name: &str, record_type: RecordType) {
        let name = lower(name);
        let mut world = self.world();
        if let Some(records) = world.records.get_mut(&name) {
            records.remove(&record_type);
        }
        world.records.retain(|_, records| !records.is_empty());
    }

    /// Passes questions about `suffix` and everything below it to another server, and its answers back.
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    pub fn forward(&self, suffix: &str, server: SocketAddr) {
        self.world().forwards.insert(lower(suffix), server);
    }

    /// Makes every answer about the name go wrong, until [`mend`](Self::mend).
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    pub fn fail(&self, name: &str, fault: Fault) {
        self.fail_next(name, fault, u32::MAX);
    }

    /// Makes the next `times` answers about the name go wrong.
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    pub fn fail_next(&self, name: &str, fault: Fault, times: u32) {
        self.world().faults.insert(lower(name), (fault, times));
    }

    /// Makes answers about the name right again.
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    pub fn mend(&self, name: &str) {
        self.world().faults.remove(&lower(name));
    }

    /// How often that was asked, by UDP and TCP together.
    ///
    /// # Panics
    /// When the name cannot be read: a mistake in the test.
    #[must_use]
    pub fn queries(&self, name: &str, record_type: RecordType) -> u32 {
        self.world().counts.get(&(lower(name), record_type)).copied().unwrap_or_default()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }
}

/// The answer to one request, as bytes; none when it is to be dropped.
async fn answer(request: &[u8], world: &Mutex<World>) -> anyhow::Result<Option<Vec<u8>>> {
    let request = Message::from_vec(request)?;
    ensure!(
        request.metadata.message_type == MessageType::Query
            && request.metadata.op_code == OpCode::Query,
        "not a query"
    );
    let query = request.queries.first().context("no question")?.clone();
    let fault = {
        let mut world = locked(world);
        world.count(&query);
        world.take_fault(query.name())
    };
    let mut response = empty_response(&request, &query);
    match fault {
        Some(Fault::Drop) => return Ok(None),
        Some(Fault::Refuse) => response.metadata.response_code = ResponseCode::Refused,
        Some(Fault::ServerFailure) => response.metadata.response_code = ResponseCode::ServFail,
        Some(Fault::Delay(time)) => {
            sleep(time).await;
            fill(&mut response, &query, world).await;
        }
        None => fill(&mut response, &query, world).await,
    }
    Ok(Some(response.to_vec()?))
}

/// A response that answers nothing yet.
fn empty_response(request: &Message, query: &Query) -> Message {
    let mut response = Message::response(request.metadata.id, OpCode::Query);
    response.metadata = Metadata::response_from_request(&request.metadata);
    response.metadata.authoritative = true;
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    if let Some(edns) = &request.edns {
        let mut ours = Edns::new();
        ours.set_max_payload(edns.max_payload());
        response.set_edns(ours);
    }
    response
}

/// Answers the question, following CNAMEs here and on servers that questions are forwarded to.
async fn fill(response: &mut Message, query: &Query, world: &Mutex<World>) {
    let mut name = query.name().clone();
    for _ in 0..CNAME_DEPTH_MAX {
        let known = locked(world).look_up(&name, query.query_type());
        match known {
            Known::Alias(target) => {
                response.add_answer(Record::from_rdata(
                    name,
                    TTL_SECONDS,
                    RData::CNAME(CNAME(target.clone())),
                ));
                name = target;
            }
            Known::Elsewhere(server) => {
                match ask(server, &name, query.query_type()).await {
                    Ok(theirs) => take_over(response, theirs),
                    Err(_) => response.metadata.response_code = ResponseCode::ServFail,
                }
                return;
            }
            Known::Records(data) => {
                response.add_answers(
                    data.into_iter()
                        .map(|data| Record::from_rdata(name.clone(), TTL_SECONDS, data)),
                );
                return;
            }
            Known::NoData | Known::NoName => {
                if matches!(known, Known::NoName) {
                    response.metadata.response_code = ResponseCode::NXDomain;
                }
                response.add_authorities(locked(world).authority(&name));
                return;
            }
        }
    }
    response.metadata.response_code = ResponseCode::ServFail;
}

fn take_over(response: &mut Message, theirs: Message) {
    response.metadata.response_code = theirs.metadata.response_code;
    response.add_answers(theirs.answers);
    response.add_authorities(theirs.authorities);
}

/// Asks another server, by TCP, so that no answer is too long.
async fn ask(server: SocketAddr, name: &Name, record_type: RecordType) -> anyhow::Result<Message> {
    let mut request = Message::query();
    request.add_query(Query::query(name.clone(), record_type));
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        write_framed(&mut stream, &request.to_vec()?).await?;
        Ok(Message::from_vec(&read_framed(&mut stream).await?)?)
    };
    timeout(FORWARD_WITHIN, exchange).await?
}

async fn serve_udp(socket: Arc<UdpSocket>, world: Arc<Mutex<World>>) {
    let mut answering = JoinSet::new();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // An error here is about an answer sent before, to one who has gone.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        while answering.try_join_next().is_some() {}
        let (request, socket, world) =
            (buffer[..length].to_vec(), Arc::clone(&socket), Arc::clone(&world));
        answering.spawn(async move {
            if let Ok(Some(response)) = answer(&request, &world).await {
                socket.send_to(&fitting(response), from).await.ok();
            }
        });
    }
}

/// The answer, or if it is too long for UDP, the request to come back by TCP.
fn fitting(response: Vec<u8>) -> Vec<u8> {
    let Ok(message) = Message::from_vec(&response) else { return response };
    let bytes_max = message.edns.as_ref().map_or(UDP_BYTES_MAX, |edns| edns.max_payload().into());
    if response.len() <= bytes_max {
        return response;
    }
    message.truncate().to_vec().unwrap_or(response)
}

async fn serve_tcp(listener: TcpListener, world: Arc<Mutex<World>>) {
    let mut connections = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let world = Arc::clone(&world);
        connections.spawn(async move {
            while let Ok(request) = read_framed(&mut stream).await {
                let Ok(Some(response)) = answer(&request, &world).await else { break };
                if write_framed(&mut stream, &response).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn read_framed(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await
}

fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
