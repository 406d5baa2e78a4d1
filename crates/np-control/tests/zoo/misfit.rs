//! Name servers and resolvers that do what no real one would: each answer is made by a function of the test's.

use std::{net::SocketAddr, sync::Arc};

use hickory_proto::{
    op::{Message, Metadata, OpCode, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::TXT},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// What a server says to a question: the name without its last dot, and the type.
pub(crate) type Act = Arc<dyn Fn(&str, RecordType) -> Said + Send + Sync>;

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) code: Option<ResponseCode>,
    /// `name ttl type content`.
    pub(crate) records: Vec<String>,
    /// The SOA of a negative answer: its name and TTL.
    pub(crate) soa: Option<(String, u32)>,
    pub(crate) is_authority: bool,
    /// Nothing is said at all.
    pub(crate) silent: bool,
}

impl Said {
    /// Nothing but a code.
    pub(crate) fn code(code: ResponseCode) -> Self {
        Self { code: Some(code), ..Self::default() }
    }

    /// These records, with authority.
    pub(crate) fn records(records: &[String]) -> Self {
        Self { records: records.to_vec(), is_authority: true, ..Self::default() }
    }
}

/// A server by UDP on that address. Ends when dropped.
pub(crate) struct Misfit {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Misfit {
    pub(crate) async fn start(address: SocketAddr, act: Act) -> Self {
        let socket = UdpSocket::bind(address).await.unwrap();
        let address = socket.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
                let Ok(request) = Message::from_vec(&buffer[..length]) else { continue };
                if let Some(response) = response(&request, &act) {
                    socket.send_to(&response.to_vec().unwrap(), from).await.ok();
                }
            }
        });
        Self { address, serving }
    }
}

impl Drop for Misfit {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn response(request: &Message, act: &Act) -> Option<Message> {
    let query = request.queries.first().unwrap().clone();
    let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let said = act(&name, query.query_type());
    if said.silent {
        return None;
    }
    let mut response = Message::response(request.metadata.id, OpCode::Query);
    response.metadata = Metadata::response_from_request(&request.metadata);
    response.metadata.authoritative = said.is_authority;
    response.metadata.recursion_available = true;
    response.metadata.response_code = said.code.unwrap_or(ResponseCode::NoError);
    response.add_query(query);
    response.add_answers(said.records.iter().map(|line| record(line)));
    if let Some((zone, ttl)) = &said.soa {
        let line = format!("{zone} {ttl} SOA ns.{zone}. hostmaster.{zone}. 1 60 60 60 {ttl}");
        response.add_authority(record(&line));
    }
    Some(response)
}

fn record(line: &str) -> Record {
    let mut parts = line.splitn(4, ' ');
    let mut part = || parts.next().unwrap();
    let (name, ttl, kind, content) = (part(), part(), part(), part());
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    let data = match kind {
        "TXT" => RData::TXT(TXT::new(vec![content.to_owned()])),
        kind => RData::try_from_str(kind.parse().unwrap(), content).unwrap(),
    };
    Record::from_rdata(name, ttl.parse().unwrap(), data)
}
