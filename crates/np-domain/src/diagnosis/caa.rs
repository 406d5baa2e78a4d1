//! CAA as [`crate::caa`] judges it: whether the CA in use may issue, by the records that count, which are the first that are
//! found from the hostname upwards, CNAMEs followed.

use super::{
    Action, Check, Evidence, Finding, Issuer, Remedy,
    case::Case,
    sight::{Answer, Code, Data, RecordKind},
};
use crate::{
    caa::{self, Covers, Refusal, Terms, climb},
    certificate::Actor,
};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let Some(issuer) = case.wanted.issuers.first().filter(|issuer| !issuer.domains.is_empty())
    else {
        return Vec::new();
    };
    if case.wanted.record.is_some() && case.wanted.certificate().is_none() {
        return Vec::new();
    }
    match relevant(case) {
        Err(failed) => vec![lookup_failed(case, failed)],
        Ok(None) => {
            vec![Finding::good(Check::CaaAllows, "No CAA record stands in the way of any CA.")]
        }
        Ok(Some(set)) => vec![of_set(case, issuer, &set)],
    }
}

/// The records that count, with the answer that showed them.
struct Set {
    found: caa::Set,
    evidence: Vec<Evidence>,
}

fn relevant<'a>(case: &Case<'a>) -> Result<Option<Set>, &'a Answer> {
    for asked in climb(case.wanted.name.as_dns()) {
        let Some((answer, reply)) = case.sight.truth(&asked, RecordKind::Caa) else {
            let of_name =
                |a: &&Answer| a.question.name == asked && a.question.kind == RecordKind::Caa;
            match case.sight.answers.iter().find(of_name) {
                Some(failed) => return Err(failed),
                None => continue,
            }
        };
        let found = reply.records.iter().filter_map(|record| match &record.data {
            Data::Caa(caa) => Some((caa.clone(), record)),
            _ => None,
        });
        let (records, places): (Vec<_>, Vec<_>) = found.unzip();
        if let Some(first) = places.first() {
            let found = caa::Set { records, at: first.name.clone(), asked };
            return Ok(Some(Set { found, evidence: vec![answer.evidence()] }));
        }
    }
    Ok(None)
}

fn lookup_failed(case: &Case<'_>, failed: &Answer) -> Finding {
    let why = match failed.reply().map(|reply| reply.code) {
        Some(Code::ServFail) => "SERVFAIL",
        Some(_) => "an error",
        None => "no answer",
    };
    let words = format!(
        "Looking up {} gave {why}: a CA must not issue then. The name servers must answer CAA questions, be it with nothing.",
        failed.question
    );
    Finding::new(Check::CaaLookupFailed, case.certificate_verdict(), Actor::Customer, words)
        .seen([failed.evidence()])
}

fn of_set(case: &Case<'_>, issuer: &Issuer, set: &Set) -> Finding {
    let certificate = case.wanted.certificate();
    let covers = match certificate.is_some_and(|c| c.wanted.wildcard) {
        true => Covers::Both,
        false => Covers::Name,
    };
    let terms = Terms { covers, method: certificate.map(|c| c.wanted.method) };
    let Err(refusal) = caa::judge(&set.found.records, issuer, terms) else {
        let words =
            format!("The CAA records at {} permit {}.", set.found.at, issuer.authority.as_str());
        return Finding::good(Check::CaaAllows, words).seen(set.evidence.clone());
    };
    let check = match &refusal {
        Refusal::CriticalUnknown(_) => Check::CaaCriticalUnknown,
        Refusal::NotWildcard => Check::CaaForbidsWildcard,
        Refusal::OnlyWildcard => Check::CaaIssueWildOnly,
        Refusal::OtherAccount => Check::CaaWrongAccount,
        Refusal::OtherMethod => Check::CaaWrongMethod,
        Refusal::OtherAuthority if set.found.at != set.found.asked => Check::CaaForbidsAtTarget,
        Refusal::OtherAuthority => Check::CaaForbids,
    };
    let actor = if case.is_ours(&set.found.at) { Actor::Provider } else { Actor::Customer };
    let words = refusal.words(&set.found, issuer);
    let words = match &refusal {
        Refusal::CriticalUnknown(_) => words,
        Refusal::NotWildcard => format!("{words}."),
        _ => format!("{words}{}.", alternative(case, set)),
    };
    Finding::new(check, case.certificate_verdict(), actor, words)
        .seen(set.evidence.clone())
        .remedy([remedy(&refusal, issuer, set)])
}

fn remedy(refusal: &Refusal, issuer: &Issuer, set: &Set) -> Remedy {
    let at = &set.found.at;
    let is_unknown = |caa: &&caa::Caa| match refusal {
        Refusal::CriticalUnknown(tag) => caa.critical && caa.tag == *tag,
        _ => false,
    };
    match set.found.records.iter().find(is_unknown) {
        Some(caa) => Remedy::new(Action::Remove, at, RecordKind::Caa, caa.to_string()),
        None => {
            let line = caa::permitting_line(refusal.missing_tag(), issuer);
            Remedy::new(Action::Add, at, RecordKind::Caa, line)
        }
    }
}

/// Another configured CA that may issue.
fn alternative(case: &Case<'_>, set: &Set) -> String {
    let terms = Terms { covers: Covers::Name, method: None };
    let permitted = |issuer: &&Issuer| {
        !issuer.domains.is_empty() && caa::judge(&set.found.records, issuer, terms).is_ok()
    };
    match case.wanted.issuers.iter().skip(1).find(permitted) {
        Some(other) => format!(
            ", or use certificate_authority {}, which is permitted",
            other.authority.as_str()
        ),
        None => String::new(),
    }
}
