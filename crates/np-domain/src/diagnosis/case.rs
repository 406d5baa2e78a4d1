//! What all judges share: the views of what was seen, and how bad a fault is in this case.

use std::{collections::BTreeSet, net::IpAddr};

use super::{
    Check, Evidence, Finding, Sight, Verdict, Wanted,
    sight::{Answer, Code, Data, Question, Record, RecordKind, Reply, Server},
};
use crate::{
    Timestamp,
    certificate::{Actor, Certificate, State, TxtChallenge},
    name::DnsName,
    ownership::{self, CNAME_DEPTH_MAX},
};

/// One diagnosis.
pub(super) struct Case<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) sight: &'a Sight,
    pub(super) now: Timestamp,
}

/// A chain of CNAMEs.
pub(super) struct Chain<'a> {
    /// Its links: the name, where it leads, and who says so.
    pub(super) links: Vec<Link<'a>>,
    pub(super) end: ChainEnd,
}

/// One CNAME.
#[derive(Clone)]
pub(super) struct Link<'a> {
    pub(super) name: DnsName,
    pub(super) target: DnsName,
    pub(super) answer: &'a Answer,
}

/// How a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainEnd {
    /// At a name without CNAME.
    Last,
    Loop,
    TooLong,
    /// Nobody could say.
    Unknown,
}

impl Chain<'_> {
    /// The last name of a chain that begins at `start`.
    pub(super) fn last(&self, start: &DnsName) -> DnsName {
        self.links.last().map_or_else(|| start.clone(), |link| link.target.clone())
    }

    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let mut seen: Vec<&Answer> = Vec::new();
        for link in &self.links {
            if !seen.contains(&link.answer) {
                seen.push(link.answer);
            }
        }
        seen.into_iter().map(Answer::evidence).collect()
    }
}

impl Sight {
    /// The answers to a question with DNSSEC checked.
    pub(super) fn to<'a>(&'a self, question: &'a Question) -> impl Iterator<Item = &'a Answer> {
        self.answers.iter().filter(move |a| a.question == *question && !a.unchecked)
    }

    /// The answer to rely on: a name server's, else a resolver's, else one with DNSSEC unchecked.
    pub(super) fn truth(&self, name: &DnsName, kind: RecordKind) -> Option<(&Answer, &Reply)> {
        let rank = |answer: &Answer| (!answer.is_from_authority(), answer.unchecked);
        let asked =
            |a: &&Answer| a.question.name == *name && a.question.kind == kind && a.is_good();
        let best = self.answers.iter().filter(asked).min_by_key(|answer| rank(answer))?;
        best.reply().map(|reply| (best, reply))
    }

    /// Where the CNAMEs from `start` lead.
    pub(super) fn chain(&self, start: &DnsName) -> Chain<'_> {
        let mut links: Vec<Link<'_>> = Vec::new();
        let mut name = start.clone();
        loop {
            let Some((answer, target)) = self.cname(&name) else {
                let known = self.truth(&name, RecordKind::Cname).is_some() || !links.is_empty();
                let end = if known { ChainEnd::Last } else { ChainEnd::Unknown };
                return Chain { links, end };
            };
            let is_known = target == *start || links.iter().any(|link| link.target == target);
            links.push(Link { name: name.clone(), target: target.clone(), answer });
            if is_known {
                return Chain { links, end: ChainEnd::Loop };
            }
            if links.len() > CNAME_DEPTH_MAX {
                return Chain { links, end: ChainEnd::TooLong };
            }
            name = target;
        }
    }

    /// The CNAME at the name, from the best answer that shows one; an answer for it goes before one on the way.
    fn cname(&self, name: &DnsName) -> Option<(&Answer, DnsName)> {
        let target = |reply: &Reply| {
            reply.at(name, RecordKind::Cname).find_map(|record| match &record.data {
                Data::Cname(target) => Some(target.clone()),
                _ => None,
            })
        };
        match self.truth(name, RecordKind::Cname) {
            Some((answer, reply)) => target(reply).map(|target| (answer, target)),
            None => self.answers.iter().find_map(|a| Some((a, target(a.reply()?)?))),
        }
    }
}

impl<'a> Case<'a> {
    /// The records of this type at the end of the CNAMEs from `name`, with who shows them; `None` when nobody could say.
    pub(super) fn resolved(
        &self,
        name: &DnsName,
        kind: RecordKind,
    ) -> Option<(Vec<&'a Record>, &'a Answer)> {
        let last = self.sight.chain(name).last(name);
        if let Some((answer, reply)) = self.sight.truth(&last, kind) {
            let records = reply.records.iter();
            let found = records.filter(|r| r.name == last && r.data.kind() == kind).collect();
            return Some((found, answer));
        }
        // A name server of `name` knows nothing of where its CNAME leads.
        let (answer, reply) =
            self.sight.truth(name, kind).filter(|(a, _)| !a.is_from_authority())?;
        Some((reply.records.iter().filter(|r| r.data.kind() == kind).collect(), answer))
    }

    /// The TXT values at the end of the CNAMEs from `name`.
    pub(super) fn texts(&self, name: &DnsName) -> Vec<&'a str> {
        let found = self.resolved(name, RecordKind::Txt).map(|(records, _)| records);
        let text = |record: &'a Record| match &record.data {
            Data::Txt(text) => Some(&**text),
            _ => None,
        };
        found.into_iter().flatten().filter_map(text).collect()
    }

    /// Which of the values that are wanted are not among those that were found.
    pub(super) fn missing<'v>(
        &self,
        challenge: &DnsName,
        wanted: &[&'v str],
        found: &[&str],
    ) -> Vec<&'v str> {
        let challenge = TxtChallenge::at(challenge);
        let is_there = |value: &&str| found.iter().any(|f| challenge.shows(f, value, self.now));
        wanted.iter().filter(|value| !is_there(value)).copied().collect()
    }

    /// The best answer to a question, as evidence.
    pub(super) fn evidence(&self, name: &DnsName, kind: RecordKind) -> Vec<Evidence> {
        self.sight.truth(name, kind).map(|(answer, _)| answer.evidence()).into_iter().collect()
    }

    /// Whether the name does not exist.
    pub(super) fn is_missing(&self, name: &DnsName) -> bool {
        let code = self.sight.truth(name, RecordKind::A).map(|(_, reply)| reply.code);
        code == Some(Code::NxDomain)
    }

    /// A name with the customer's domain behind it once more, as DNS providers make it of a name without final dot.
    pub(super) fn doubled(&self, name: &DnsName) -> Option<DnsName> {
        format!("{name}.{}", self.wanted.domain()).parse().ok()
    }

    /// Whether the hostname is where the customer's zone begins, so that no CNAME can stand there.
    pub(super) fn is_apex(&self) -> bool {
        let name = self.wanted.name.as_dns();
        let listed = self.sight.answers.iter().any(|answer| match &answer.server {
            Server::Authority { zone, .. } => answer.question.name == *name && zone == name,
            Server::Resolver(_) => false,
        });
        listed || self.wanted.domain() == *name
    }

    /// Whether the hostname's CNAMEs end where they should.
    pub(super) fn points_here(&self) -> bool {
        let chain = self.sight.chain(self.wanted.name.as_dns());
        let last = chain.links.last().map(|link| &link.target);
        let by_cname = chain.end == ChainEnd::Last
            && last.is_some_and(|last| self.wanted.target.accepts(last));
        by_cname || self.has_own_addresses()
    }

    /// Whether all addresses of the hostname are the account's.
    fn has_own_addresses(&self) -> bool {
        let name = self.wanted.name.as_dns();
        let found = [RecordKind::A, RecordKind::Aaaa].map(|kind| self.resolved(name, kind));
        let addresses: Vec<_> = found
            .iter()
            .flatten()
            .flat_map(|(records, _)| records)
            .filter_map(|record| record.data.address())
            .collect();
        let is_known = found.iter().all(Option::is_some);
        is_known && !addresses.is_empty() && addresses.iter().all(|ip| self.is_own_address(*ip))
    }

    /// Whether an address is the account's.
    pub(super) fn is_own_address(&self, address: IpAddr) -> bool {
        self.wanted.prefixes.iter().any(|range| range.contains(address))
    }

    /// Whether the ownership token is visible in TXT or over HTTP.
    pub(super) fn token_is_visible(&self) -> bool {
        let Some(record) = &self.wanted.record else { return false };
        let token = record.hostname.token;
        let by_txt = self.texts(&self.wanted.name.ownership_txt()).iter().any(|t| token.matches(t));
        by_txt
            || self
                .sight
                .web
                .iter()
                .any(|look| look.purpose == super::sight::Purpose::Ownership && look.matches())
    }

    /// How bad it is that the hostname leads elsewhere: no obstacle once ownership is shown otherwise, unless the CA waits
    /// for something that we serve on port 80.
    pub(super) fn pointing_verdict(&self) -> Verdict {
        let owned = self.wanted.is_owned() || self.token_is_visible();
        match owned && self.wanted.http_proofs().is_empty() {
            true => Verdict::Notice,
            false => Verdict::Problem,
        }
    }

    /// How bad it is that the token is not where it should be.
    pub(super) fn token_verdict(&self) -> Verdict {
        match self.points_here() || self.token_is_visible() {
            true => Verdict::Notice,
            false => Verdict::Problem,
        }
    }

    /// How bad it is for a certificate: a renewal that fails is no outage yet.
    pub(super) fn certificate_verdict(&self) -> Verdict {
        let served = self.wanted.certificate().is_some_and(|c| is_served(c, self.now));
        if served { Verdict::Notice } else { Verdict::Problem }
    }

    /// Who must act on a web server: the customer as long as the hostname leads elsewhere.
    pub(super) fn web_actor(&self) -> Actor {
        if self.points_here() { Actor::Provider } else { Actor::Customer }
    }

    /// Whether the name is the provider's, or the platform's.
    pub(super) fn is_ours(&self, name: &DnsName) -> bool {
        let of_delegation = self.wanted.delegation.as_ref().is_some_and(|target| name == target);
        of_delegation || self.wanted.target.accepts(name)
    }

    /// Whether the hostname is served: owned, and with a certificate unless none is wanted.
    pub(super) fn is_active(&self) -> bool {
        let certified = self.wanted.certificate().is_none_or(|c| is_served(c, self.now));
        self.wanted.is_owned() && certified
    }

    /// When we look again at what the finding is about.
    pub(super) fn next_look(&self, finding: &Finding) -> Option<Timestamp> {
        if finding.verdict == Verdict::Good {
            return None;
        }
        let ownership = self.wanted.ownership().and_then(ownership::State::due_at);
        let certificate = self.wanted.certificate().filter(|c| is_waiting(c));
        let certificate = certificate.and_then(Certificate::due_at);
        let word = finding.check.as_str();
        let area = word.split_once('.').map_or(word, |(area, _)| area);
        match area {
            "dcv" | "caa" | "certificate" | "ca" => certificate,
            "ownership" => ownership,
            _ => [ownership, certificate].into_iter().flatten().min(),
        }
    }

    /// The own records of the name in an answer, comparable.
    pub(super) fn own(answer: &'a Answer) -> Option<(bool, BTreeSet<&'a Data>)> {
        let reply = answer.reply()?;
        let own = reply.records.iter().filter(|record| record.name == answer.question.name);
        Some((reply.code == Code::NxDomain, own.map(|record| &record.data).collect()))
    }

    /// The questions whose answers decide, each once, in the order in which they were asked.
    pub(super) fn questions(&self) -> Vec<&'a Question> {
        let mut questions: Vec<&'a Question> = Vec::new();
        for answer in &self.sight.answers {
            if self.is_essential(&answer.question) && !questions.contains(&&answer.question) {
                questions.push(&answer.question);
            }
        }
        questions
    }

    /// Whether a question is about a name that must be as wanted, and not only about a possible mistake.
    fn is_essential(&self, question: &Question) -> bool {
        let (name, wanted) = (&question.name, &self.wanted.name);
        let challenges = [self.wanted.challenge(), wanted.ownership_txt()];
        match question.kind {
            RecordKind::A | RecordKind::Aaaa | RecordKind::Cname => {
                Some(name) != self.doubled(wanted.as_dns()).as_ref()
            }
            RecordKind::Txt => challenges.contains(name) || self.is_ours(name),
            RecordKind::Caa | RecordKind::Ns | RecordKind::Soa => false,
        }
    }
}

/// Whether some certificate is being served and has not ended.
fn is_served(certificate: &Certificate, now: Timestamp) -> bool {
    certificate.active.iter().any(|active| active.issued.chain.facts().not_after > now)
}

/// Whether an attempt is under way.
fn is_waiting(certificate: &Certificate) -> bool {
    !matches!(certificate.attempt, State::Settled(_) | State::Kept(_))
}

/// A finding's words for a check that needs the same action wherever it is found.
pub(super) fn many(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

/// Whether the word of a check is about the resolvers' memory, which only time mends.
pub(super) fn is_about_memory(check: Check) -> bool {
    check.as_str().starts_with("resolvers.")
}
