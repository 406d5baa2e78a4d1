//! One question to one server: by UDP, asked again after silence, and by TCP when the answer is too long for UDP.
//!
//! Each question goes out from a port and with an id of its own; an answer to anything else is passed over.

use std::{io, net::SocketAddr, time::Duration};

use hickory_proto::{
    op::{Edns, Message, Query},
    rr::{Name, RecordType},
};
use np_domain::{
    diagnosis::sight::{Outcome, Question, RecordKind},
    text::Explanation,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout_at},
};

use super::decode;
use crate::adapters::network_words;

/// What we say that we take by UDP (the DNS flag day's value); longer answers come by TCP.
const UDP_PAYLOAD: u16 = 1232;
/// The most bytes of a UDP message that are read.
const UDP_BYTES_MAX: usize = 4096;

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) struct Flags {
    /// RD: to be looked up elsewhere.
    recursion: bool,
    /// CD: without regard to DNSSEC.
    checking_disabled: bool,
}

impl Flags {
    /// To a resolver.
    pub(in crate::adapters) const RESOLVE: Self =
        Self { recursion: true, checking_disabled: false };
    /// To a resolver, DNSSEC unchecked.
    pub(in crate::adapters) const UNCHECKED: Self =
        Self { recursion: true, checking_disabled: true };
    /// To a name server.
    pub(in crate::adapters) const DIRECT: Self =
        Self { recursion: false, checking_disabled: false };
}

/// One question to one server.
pub(in crate::adapters) struct Exchange<'a> {
    pub(in crate::adapters) server: SocketAddr,
    pub(in crate::adapters) question: &'a Question,
    pub(in crate::adapters) flags: Flags,
    pub(in crate::adapters) timeout: Duration,
    /// How often it is asked by UDP.
    pub(in crate::adapters) tries: usize,
}

impl Exchange<'_> {
    /// Asks; ends by `deadline`.
    pub(in crate::adapters) async fn run(&self, deadline: Instant) -> Outcome {
        let message = match self.message() {
            Ok(message) => message,
            Err(why) => return Outcome::Failed(why),
        };
        let mut outcome = Outcome::TimedOut;
        for _ in 0..self.tries {
            let until = deadline.min(Instant::now() + self.timeout);
            outcome = match timeout_at(until, self.ask(&message)).await {
                Ok(Ok(reply)) => return Outcome::Reply(decode::reply(&reply)),
                Ok(Err(error)) => Outcome::Failed(network_words::describe(&error)),
                Err(_) => Outcome::TimedOut,
            };
        }
        outcome
    }

    async fn ask(&self, message: &Message) -> io::Result<Message> {
        let bytes = message.to_vec().map_err(io::Error::other)?;
        let reply = self.by_udp(message, &bytes).await?;
        if reply.metadata.truncation { self.by_tcp(message, &bytes).await } else { Ok(reply) }
    }

    async fn by_udp(&self, message: &Message, bytes: &[u8]) -> io::Result<Message> {
        let local = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(self.server).await?;
        socket.send(bytes).await?;
        let mut buffer = vec![0; UDP_BYTES_MAX];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Ok(reply) = Message::from_vec(&buffer[..length])
                && answers(&reply, message)
            {
                return Ok(reply);
            }
        }
    }

    async fn by_tcp(&self, message: &Message, bytes: &[u8]) -> io::Result<Message> {
        let mut stream = TcpStream::connect(self.server).await?;
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
        let mut reply = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut reply).await?;
        let reply = Message::from_vec(&reply).map_err(io::Error::other)?;
        match answers(&reply, message) {
            true => Ok(reply),
            false => Err(io::Error::other("the answer is to another question")),
        }
    }

    fn message(&self) -> Result<Message, Explanation> {
        let mut name = Name::from_ascii(self.question.name.as_str())
            .map_err(|why| Explanation::new(format!("this is no name to ask about: {why}")))?;
        name.set_fqdn(true);
        let mut message = Message::query();
        message.metadata.recursion_desired = self.flags.recursion;
        message.metadata.checking_disabled = self.flags.checking_disabled;
        message.add_query(Query::query(name, record_type(self.question.kind)));
        let mut edns = Edns::new();
        edns.set_dnssec_ok(true).set_max_payload(UDP_PAYLOAD);
        message.set_edns(edns);
        Ok(message)
    }
}

fn answers(reply: &Message, asked: &Message) -> bool {
    let same_question = match (reply.queries.first(), asked.queries.first()) {
        (Some(one), Some(other)) => {
            one.query_type() == other.query_type()
                && one.name().to_ascii().eq_ignore_ascii_case(&other.name().to_ascii())
        }
        // Some servers repeat no question when they refuse.
        (None, _) => true,
        (Some(_), None) => false,
    };
    reply.metadata.id == asked.metadata.id && same_question
}

/// The type as it travels.
pub(in crate::adapters) fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Caa => RecordType::CAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Txt => RecordType::TXT,
    }
}
