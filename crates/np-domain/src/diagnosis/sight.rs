//! What the world showed: the answers of resolvers and of name servers, and of web servers, none of them judged yet.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use super::Evidence;
pub use crate::caa::Caa;
use crate::{Timestamp, name::DnsName, text::Explanation};

/// Everything that was seen of one hostname.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// DNS, in the order in which it was asked.
    pub answers: Vec<Answer>,
    /// HTTP, one look for each address.
    pub web: Vec<WebLook>,
    /// Whether a limit ended the look before everything was asked.
    pub cut_short: bool,
}

/// A type of records that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Which CAs may issue (RFC 8659).
    Caa,
    /// An alias.
    Cname,
    /// Name servers.
    Ns,
    /// Where a zone begins.
    Soa,
    /// Texts.
    Txt,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Txt => "TXT",
        })
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// About which name.
    pub name: DnsName,
    /// For which records.
    pub kind: RecordKind,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// A recursive resolver of ours.
    Resolver(SocketAddr),
    /// A name server of the name's zone, asked directly.
    Authority {
        /// The zone that lists it.
        zone: DnsName,
        /// Its name.
        name: DnsName,
        /// Its address; `None` when it has none that may be asked.
        address: Option<SocketAddr>,
    },
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolver(address) => write!(f, "resolver {address}"),
            Self::Authority { name, address: Some(address), .. } => {
                write!(f, "name server {name} ({address})")
            }
            Self::Authority { name, address: None, .. } => write!(f, "name server {name}"),
        }
    }
}

/// What one server said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub server: Server,
    /// What was asked.
    pub question: Question,
    /// What was said.
    pub outcome: Outcome,
    /// Whether a resolver was asked to leave DNSSEC unchecked (the CD flag, RFC 4035 section 3.2.2).
    pub unchecked: bool,
    /// When.
    pub at: Timestamp,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Reply(Reply),
    /// None in time.
    TimedOut,
    /// None at all, or not one that can be read; why.
    Failed(Explanation),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The code.
    pub code: Code,
    /// Whether the server has authority over the name (AA).
    pub authoritative: bool,
    /// Whether the resolver found DNSSEC to hold (AD).
    pub authentic: bool,
    /// The answer's records, CNAMEs on the way included.
    pub records: Vec<Record>,
    /// How long a negative answer may be remembered, in seconds: the smaller of the SOA's TTL and its minimum (RFC 2308).
    pub negative_ttl: Option<u32>,
    /// Why it failed, where the server tells.
    pub trouble: Option<Trouble>,
}

/// An extended DNS error (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The code.
    pub code: u16,
    /// The server's own words; often none.
    pub text: Explanation,
}

/// The codes that matter here, with their names in the registry.
const TROUBLES: [(u16, &str); 10] = [
    (6, "DNSSEC Bogus"),
    (7, "Signature Expired"),
    (8, "Signature Not Yet Valid"),
    (9, "DNSKEY Missing"),
    (10, "RRSIGs Missing"),
    (11, "No Zone Key Bit Set"),
    (12, "NSEC Missing"),
    (22, "No Reachable Authority"),
    (23, "Network Error"),
    (24, "Invalid Data"),
];

impl Trouble {
    /// Whether DNSSEC does not hold.
    pub fn is_bogus(&self) -> bool {
        (6..=12).contains(&self.code)
    }

    /// Whether no name server could be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.code, 22 | 23)
    }

    /// Its name, and what the server adds.
    pub fn words(&self) -> Explanation {
        let name = TROUBLES.iter().find(|(code, _)| *code == self.code).map(|(_, name)| *name);
        let name = name.map_or_else(|| format!("extended error {}", self.code), str::to_owned);
        match self.text.as_str() {
            "" => Explanation::new(name),
            text => Explanation::new(format!("{name}: {text}")),
        }
    }
}

/// The code of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Code {
    /// NOERROR.
    #[default]
    NoError,
    /// NXDOMAIN.
    NxDomain,
    /// SERVFAIL.
    ServFail,
    /// REFUSED.
    Refused,
    /// Any other.
    Other(u16),
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoError => f.write_str("NOERROR"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::ServFail => f.write_str("SERVFAIL"),
            Self::Refused => f.write_str("REFUSED"),
            Self::Other(code) => write!(f, "code {code}"),
        }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub name: DnsName,
    /// How long it may be remembered, in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Which CA may issue.
    Caa(Caa),
    /// An alias.
    Cname(DnsName),
    /// A name server.
    Ns(DnsName),
    /// A text, its strings joined.
    Txt(Box<str>),
}

impl Data {
    /// The type.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::A(_) => RecordKind::A,
            Self::Aaaa(_) => RecordKind::Aaaa,
            Self::Caa(_) => RecordKind::Caa,
            Self::Cname(_) => RecordKind::Cname,
            Self::Ns(_) => RecordKind::Ns,
            Self::Txt(_) => RecordKind::Txt,
        }
    }

    /// The address of an A or AAAA record.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some((*address).into()),
            Self::Aaaa(address) => Some((*address).into()),
            _ => None,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => fmt::Display::fmt(address, f),
            Self::Aaaa(address) => fmt::Display::fmt(address, f),
            Self::Caa(caa) => fmt::Display::fmt(caa, f),
            Self::Cname(name) | Self::Ns(name) => fmt::Display::fmt(name, f),
            Self::Txt(text) => f.write_str(text),
        }
    }
}

impl Reply {
    /// Whether the server knows: there are records, or there are none.
    pub fn is_good(&self) -> bool {
        matches!(self.code, Code::NoError | Code::NxDomain)
    }

    /// The records of this type that stand at the name itself.
    pub fn at<'a>(
        &'a self,
        name: &'a DnsName,
        kind: RecordKind,
    ) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.name == *name && record.data.kind() == kind)
    }

    fn words(&self) -> String {
        let texts: Vec<_> = self
            .records
            .iter()
            .map(|r| format!("{} {} {}", r.name, r.data.kind(), r.data))
            .collect();
        let trouble = self
            .trouble
            .as_ref()
            .map(|trouble| format!(" ({})", trouble.words()))
            .unwrap_or_default();
        match self.code {
            Code::ServFail => format!("{}{trouble}", self.code),
            Code::NoError if texts.is_empty() => "no such record".to_owned(),
            Code::NoError => texts.join("; "),
            code if texts.is_empty() => code.to_string(),
            code => format!("{code}; {}", texts.join("; ")),
        }
    }
}

impl Answer {
    /// The answer, if there was one.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.outcome {
            Outcome::Reply(reply) => Some(reply),
            Outcome::TimedOut | Outcome::Failed(_) => None,
        }
    }

    /// Whether it can be relied on: from a resolver that knows, or from a name server with authority that does.
    pub fn is_good(&self) -> bool {
        let has_authority = |reply: &Reply| match self.server {
            Server::Resolver(_) => true,
            Server::Authority { .. } => reply.authoritative,
        };
        self.reply().is_some_and(|reply| reply.is_good() && has_authority(reply))
    }

    /// Whether a name server gave it.
    pub fn is_from_authority(&self) -> bool {
        matches!(self.server, Server::Authority { .. })
    }

    /// Until when it is remembered at most.
    pub fn remembered_until(&self) -> Option<Timestamp> {
        let reply = self.reply()?;
        let smallest = reply.records.iter().map(|record| record.ttl).min();
        let ttl = smallest.or(reply.negative_ttl)?;
        Some(self.at + Duration::from_secs(ttl.into()))
    }

    /// It, as evidence.
    pub fn evidence(&self) -> Evidence {
        let (answer, ttl) = match &self.outcome {
            Outcome::Reply(reply) => {
                let smallest = reply.records.iter().map(|record| record.ttl).min();
                (reply.words(), smallest.or(reply.negative_ttl))
            }
            Outcome::TimedOut => ("no answer in time".to_owned(), None),
            Outcome::Failed(why) => (why.as_str().to_owned(), None),
        };
        let unchecked = if self.unchecked { " (DNSSEC unchecked)" } else { "" };
        Evidence {
            server: Explanation::new(self.server.to_string()),
            question: Explanation::new(format!("{}{unchecked}", self.question)),
            answer: Explanation::new(answer),
            ttl,
            at: self.at,
        }
    }
}

/// What one address showed of one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLook {
    /// What it was for.
    pub purpose: Purpose,
    /// What was asked for.
    pub url: Explanation,
    /// The address that was connected to.
    pub address: SocketAddr,
    /// The body that is wanted.
    pub expected: Option<Explanation>,
    /// What came.
    pub outcome: WebOutcome,
    /// When.
    pub at: Timestamp,
}

/// What a look over HTTP is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The CA's proof: without it there is no certificate.
    Control,
    /// The ownership token: one way of several.
    Ownership,
    /// Who is there.
    Presence,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebOutcome {
    /// The address is private or otherwise reserved, and was not connected to.
    Reserved,
    /// No connection.
    NotConnected(Explanation),
    /// No connection, or no answer, in time.
    TimedOut,
    /// A connection, but nothing that is HTTP.
    Broken(Explanation),
    /// An answer.
    Answered(WebAnswer),
}

/// The way from the URL to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// The URLs on the way, the first included, each with who answered with which status.
    pub hops: Vec<Hop>,
    /// How it ended.
    pub end: WebEnd,
    /// Headers of the first answer that tell who gave it: `server`, `via` and the like, lower case.
    pub headers: Vec<(Box<str>, Explanation)>,
}

/// One URL on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The host asked for.
    pub host: Explanation,
    /// The URL.
    pub url: Explanation,
    /// Who answered.
    pub from: SocketAddr,
    /// The status.
    pub status: u16,
}

/// How the way ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebEnd {
    /// With an answer that is no redirect; the body's beginning.
    Body(Explanation),
    /// In a circle.
    Circle,
    /// With more redirects than are followed.
    TooManyRedirects,
    /// With a redirect that is not followed.
    NotFollowed {
        /// Where it leads.
        location: Explanation,
        /// The host that it leads to, where it can be told.
        host: Option<Explanation>,
        /// Why not.
        why: Explanation,
    },
    /// With a host on the way that did not answer.
    Lost(Explanation),
}

impl WebLook {
    /// Whether what is wanted was shown.
    pub fn matches(&self) -> bool {
        match (&self.outcome, &self.expected) {
            (
                WebOutcome::Answered(WebAnswer { hops, end: WebEnd::Body(body), .. }),
                Some(wanted),
            ) => {
                let is_ok = hops.last().is_some_and(|hop| hop.status == 200);
                is_ok && body.as_str().trim_end().eq_ignore_ascii_case(wanted.as_str())
            }
            _ => false,
        }
    }

    /// It, as evidence.
    pub fn evidence(&self) -> Evidence {
        let answer = match &self.outcome {
            WebOutcome::Reserved => "not a public address: not connected".to_owned(),
            WebOutcome::NotConnected(why) | WebOutcome::Broken(why) => why.as_str().to_owned(),
            WebOutcome::TimedOut => "no answer in time".to_owned(),
            WebOutcome::Answered(answer) => answer.words(),
        };
        Evidence {
            server: Explanation::new(self.address.to_string()),
            question: Explanation::new(format!("GET {}", self.url)),
            answer: Explanation::new(answer),
            ttl: None,
            at: self.at,
        }
    }
}

/// The most characters of a body that evidence shows.
const BODY_SHOWN_MAX: usize = 80;

impl WebAnswer {
    fn words(&self) -> String {
        let hops = self.hops.iter().map(|hop| hop.status.to_string()).collect::<Vec<_>>();
        let end = match &self.end {
            WebEnd::Body(body) => {
                let shown: String = body.as_str().chars().take(BODY_SHOWN_MAX).collect();
                format!("body \"{shown}\"")
            }
            WebEnd::Circle => "redirects in a circle".to_owned(),
            WebEnd::TooManyRedirects => "more redirects than are followed".to_owned(),
            WebEnd::NotFollowed { location, why, .. } => format!("redirect to {location}: {why}"),
            WebEnd::Lost(why) => why.as_str().to_owned(),
        };
        let headers =
            self.headers.iter().map(|(key, value)| format!("; {key}: {value}")).collect::<String>();
        format!("status {}; {end}{headers}", hops.join(", then "))
    }
}
