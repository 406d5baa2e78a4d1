//! What is to be asked: of DNS in rounds, because each CNAME brings new names, and then of web servers.

use super::{
    Sight, Wanted,
    sight::{Data, Purpose, Question, RecordKind},
};
use crate::{
    caa::climb,
    custom_hostname::OWNERSHIP_PATH,
    name::{DnsName, Hostname},
    text::Explanation,
};

/// No more rounds than this: one for each CNAME that is followed, the first, and the last.
pub const ROUNDS_MAX: usize = crate::ownership::CNAME_DEPTH_MAX + 2;
/// The most questions of one diagnosis.
pub const QUESTIONS_MAX: usize = 64;

/// A question, and whether the name's own servers are asked too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What.
    pub question: Question,
    /// Whom.
    pub whom: Whom,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Resolvers, and the name's own servers.
    Everyone,
    /// Resolvers only: it is about a possible mistake.
    Resolvers,
}

/// A look over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// The host.
    pub host: Hostname,
    /// The path, beginning with `/`.
    pub path: Explanation,
    /// The body that is wanted.
    pub expected: Option<Explanation>,
}

/// The questions that follow from what was seen so far; empty once everything was asked.
pub fn questions(wanted: &Wanted, sight: &Sight) -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut ask = |name: &DnsName, kind: RecordKind, whom: Whom| {
        let question = Question { name: name.clone(), kind };
        let asked = sight.answers.iter().any(|answer| answer.question == question)
            || asks.iter().any(|ask: &Ask| ask.question == question);
        if !asked && asks.len() < QUESTIONS_MAX {
            asks.push(Ask { question, whom });
        }
    };
    let name = wanted.name.as_dns();
    let challenge = wanted.challenge();
    for start in [name.clone(), challenge.clone()] {
        ask(&start, RecordKind::Cname, Whom::Everyone);
        for link in sight.chain(&start).links {
            ask(&link.target, RecordKind::Cname, Whom::Everyone);
        }
    }
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        ask(name, kind, Whom::Everyone);
        ask(&sight.chain(name).last(name), kind, Whom::Everyone);
        ask(&wanted.point_at, kind, Whom::Everyone);
    }
    for (proof, _) in wanted.cname_proofs() {
        ask(proof, RecordKind::Cname, Whom::Everyone);
    }
    ask(&challenge, RecordKind::Txt, Whom::Everyone);
    ask(&sight.chain(&challenge).last(&challenge), RecordKind::Txt, Whom::Everyone);
    let ownership = wanted.name.ownership_txt();
    if !wanted.is_owned() && wanted.record.is_some() {
        ask(&ownership, RecordKind::Txt, Whom::Everyone);
    }
    for (mistaken, kind) in mistakes(wanted) {
        ask(&mistaken, kind, Whom::Resolvers);
    }
    for above in climb(name) {
        ask(&above, RecordKind::Caa, Whom::Resolvers);
    }
    asks
}

/// Where customers put things by mistake: at a name with the domain behind it twice, and at the hostname itself.
fn mistakes(wanted: &Wanted) -> Vec<(DnsName, RecordKind)> {
    let domain = wanted.domain();
    let doubled = |name: &DnsName| format!("{name}.{domain}").parse::<DnsName>().ok();
    let mut mistakes = Vec::new();
    mistakes.extend(doubled(wanted.name.as_dns()).map(|name| (name, RecordKind::Cname)));
    if wanted.record.is_some() {
        mistakes.extend(doubled(&wanted.challenge()).map(|name| (name, RecordKind::Txt)));
        let proofs = wanted.cname_proofs().into_iter();
        mistakes.extend(proofs.filter_map(|(name, _)| Some((doubled(name)?, RecordKind::Cname))));
        mistakes.extend(doubled(&wanted.name.ownership_txt()).map(|name| (name, RecordKind::Txt)));
        mistakes.push((wanted.name.as_dns().clone(), RecordKind::Txt));
    }
    mistakes
}

/// The looks over HTTP that are wanted: for the CA's proofs, else for the ownership token, else for who is there.
pub fn web_requests(wanted: &Wanted) -> Vec<WebRequest> {
    let request = |purpose, path: Explanation, expected| WebRequest {
        purpose,
        host: wanted.name.clone(),
        path,
        expected,
    };
    let proofs = wanted.http_proofs().into_iter();
    let looks: Vec<_> = proofs
        .map(|(path, body)| request(Purpose::Control, path.clone(), Some(body.clone())))
        .collect();
    if !looks.is_empty() {
        return looks;
    }
    let look = match &wanted.record {
        Some(record) if !wanted.is_owned() => {
            let hostname = &record.hostname;
            let path = Explanation::new(format!("{OWNERSHIP_PATH}{}", hostname.id));
            let token = Explanation::new(hostname.token.to_string());
            request(Purpose::Ownership, path, Some(token))
        }
        _ => request(Purpose::Presence, Explanation::new("/"), None),
    };
    vec![look]
}

/// The addresses that the hostname has, IPv6 first, as CAs prefer it.
pub fn addresses(wanted: &Wanted, sight: &Sight) -> Vec<std::net::IpAddr> {
    let name = wanted.name.as_dns();
    let last = sight.chain(name).last(name);
    let mut found: Vec<std::net::IpAddr> = Vec::new();
    for kind in [RecordKind::Aaaa, RecordKind::A] {
        for name in [&last, name] {
            let reply = sight.truth(name, kind).map(|(_, reply)| reply);
            let records = reply.into_iter().flat_map(|reply| &reply.records);
            for address in records.map(|record| &record.data).filter_map(Data::address) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
    }
    found
}
