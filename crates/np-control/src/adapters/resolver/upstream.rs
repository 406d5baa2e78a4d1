//! One resolver: a question and what it says, with as much of the reason for a failure as the protocol carries.
//!
//! The resolver's own check of DNSSEC shows as SERVFAIL, with an extended error (RFC 8914) where it gives one. Without one the
//! question is asked again with checking disabled (CD, RFC 4035 section 3.2.2): what is answered then, and not otherwise, is
//! bogus. With `local` signatures are checked here.

use std::{net::SocketAddr, time::Duration};

use hickory_proto::rr::Name;
use hickory_resolver::{
    TokioResolver,
    net::{DnsError, NetError},
};
use np_domain::{
    diagnosis::sight::{Code, Outcome, Question, Record, RecordKind, Reply, Trouble},
    ports::LookupFailure,
    text::Explanation,
};
use tokio::time::Instant;

use super::super::{
    inspector::{
        decode,
        exchange::{Exchange, Flags, record_type},
    },
    network_words,
};

/// One resolver.
#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) server: SocketAddr,
    /// How long one try may take.
    pub(super) timeout: Duration,
    /// How often it is asked.
    pub(super) tries: usize,
    /// Checks signatures here, asking this resolver.
    pub(super) local: Option<TokioResolver>,
}

impl Upstream {
    /// Who it is, for people.
    pub(super) fn words(&self) -> Explanation {
        Explanation::new(format!("resolver {}", self.server))
    }

    /// The records of an answer, those of CNAMEs on the way included; may be empty of the kind asked for.
    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<Record>, LookupFailure> {
        match &self.local {
            Some(local) => self.ask_validating(local, question).await,
            None => self.ask_plainly(question).await,
        }
    }

    async fn ask_plainly(&self, question: &Question) -> Result<Vec<Record>, LookupFailure> {
        let reply = match self.exchange(question, Flags::RESOLVE).await {
            Outcome::Reply(reply) => reply,
            Outcome::TimedOut => return Err(LookupFailure::TimedOut),
            Outcome::Failed(why) => return Err(unreachable(&why)),
        };
        match reply.code {
            Code::NoError => Ok(reply.records),
            Code::NxDomain => Err(LookupFailure::NoSuchName),
            Code::Refused => Err(LookupFailure::Refused),
            Code::ServFail => Err(self.failure(question, reply.trouble).await),
            code @ Code::Other(_) => Err(LookupFailure::Other(Explanation::new(format!(
                "the name servers answered: {code}"
            )))),
        }
    }

    /// What a SERVFAIL is about.
    async fn failure(&self, question: &Question, trouble: Option<Trouble>) -> LookupFailure {
        match trouble {
            Some(trouble) if trouble.is_bogus() => return LookupFailure::Bogus(trouble.words()),
            Some(trouble) if trouble.is_unreachable() => {
                return LookupFailure::Unreachable(trouble.words());
            }
            Some(_) => return LookupFailure::ServerFailure,
            None => {}
        }
        match self.exchange(question, Flags::UNCHECKED).await {
            Outcome::Reply(Reply { code: Code::NoError | Code::NxDomain, .. }) => {
                LookupFailure::Bogus(Explanation::new(
                    "it is answered only when DNSSEC is left unchecked",
                ))
            }
            _ => LookupFailure::ServerFailure,
        }
    }

    async fn exchange(&self, question: &Question, flags: Flags) -> Outcome {
        let tries = u32::try_from(self.tries).unwrap_or(u32::MAX);
        let deadline = Instant::now() + self.timeout.saturating_mul(tries.saturating_add(1));
        let (server, timeout, tries) = (self.server, self.timeout, self.tries);
        Exchange { server, question, flags, timeout, tries }.run(deadline).await
    }

    async fn ask_validating(
        &self,
        local: &TokioResolver,
        question: &Question,
    ) -> Result<Vec<Record>, LookupFailure> {
        let mut name = Name::from_ascii(question.name.as_str())
            .map_err(|why| LookupFailure::Other(Explanation::new(why.to_string())))?;
        // Absolute: no search domain of this machine is tried.
        name.set_fqdn(true);
        let tries = u32::try_from(self.tries).unwrap_or(u32::MAX);
        let total = self.timeout.saturating_mul(tries.saturating_add(1));
        let looked = tokio::time::timeout(total, local.lookup(name, record_type(question.kind)));
        let answer = looked.await.map_err(|_| LookupFailure::TimedOut)?;
        let answer = answer.map_err(|error| local_failure(&error))?;
        match answer.answers().iter().any(|record| record.proof.is_bogus()) {
            true => Err(bogus_here()),
            false => Ok(answer.answers().iter().filter_map(decode::record).collect()),
        }
    }
}

fn bogus_here() -> LookupFailure {
    LookupFailure::Bogus(Explanation::new("signatures do not hold"))
}

fn unreachable(why: &Explanation) -> LookupFailure {
    LookupFailure::Other(Explanation::new(format!("the look-up failed: {why}")))
}

fn local_failure(error: &NetError) -> LookupFailure {
    match error {
        NetError::Timeout => LookupFailure::TimedOut,
        NetError::Dns(DnsError::NoRecordsFound(none)) => of_code(decode::code(none.response_code)),
        NetError::Dns(DnsError::ResponseCode(code)) => of_code(decode::code(*code)),
        NetError::Dns(DnsError::Nsec { proof, .. }) if proof.is_bogus() => bogus_here(),
        NetError::Dns(DnsError::Nsec { response, .. }) => {
            of_code(decode::code(response.response_code))
        }
        other => unreachable(&network_words::describe(other)),
    }
}

fn of_code(code: Code) -> LookupFailure {
    match code {
        Code::NoError => LookupFailure::NoRecords,
        Code::NxDomain => LookupFailure::NoSuchName,
        Code::ServFail => LookupFailure::ServerFailure,
        Code::Refused => LookupFailure::Refused,
        other => {
            LookupFailure::Other(Explanation::new(format!("the name servers answered: {other}")))
        }
    }
}

/// The records of a kind in an answer.
pub(super) fn of_kind(records: Vec<Record>, kind: RecordKind) -> Vec<Record> {
    records.into_iter().filter(|record| record.data.kind() == kind).collect()
}
