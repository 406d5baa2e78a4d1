//! CAA (RFC 8659, RFC 8657): whether the CA in use may issue, by the records that count, which are the first that are found
//! from the hostname upwards, CNAMEs followed.

use super::{
    Action, Check, Evidence, Finding, Issuer, Remedy,
    case::Case,
    plan,
    sight::{Answer, Caa, Code, Data, Record, RecordKind},
};
use crate::{
    certificate::{Actor, DcvMethod},
    name::DnsName,
};

/// Properties that a CA knows, or may leave aside although they are critical.
const KNOWN: [&str; 7] =
    ["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];

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

/// The records that count.
struct Set<'a> {
    records: Vec<(&'a Caa, &'a Record)>,
    /// Where they stand.
    at: DnsName,
    /// The name that was asked: another one when they stand at a CNAME's target.
    asked: DnsName,
    evidence: Vec<Evidence>,
}

fn relevant<'a>(case: &Case<'a>) -> Result<Option<Set<'a>>, &'a Answer> {
    for name in plan::climb(case.wanted.name.as_dns()) {
        let Some((answer, reply)) = case.sight.truth(&name, RecordKind::Caa) else {
            let of_name =
                |a: &&Answer| a.question.name == name && a.question.kind == RecordKind::Caa;
            match case.sight.answers.iter().find(of_name) {
                Some(failed) => return Err(failed),
                None => continue,
            }
        };
        let records: Vec<_> = reply
            .records
            .iter()
            .filter_map(|record| match &record.data {
                Data::Caa(caa) => Some((caa, record)),
                _ => None,
            })
            .collect();
        if let Some((_, first)) = records.first() {
            let at = first.name.clone();
            return Ok(Some(Set { records, at, asked: name, evidence: vec![answer.evidence()] }));
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

/// What one record says to our CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Permits,
    OtherMethod,
    OtherAccount,
    OtherAuthority,
}

fn of_set(case: &Case<'_>, issuer: &Issuer, set: &Set<'_>) -> Finding {
    let critical = set.records.iter().find(|(caa, _)| caa.critical && !KNOWN.contains(&&*caa.tag));
    if let Some((caa, record)) = critical {
        let words = format!(
            "{} has the CAA property `{}` marked as critical (128), which CAs do not know, so that none may issue: remove it, or \
             its flag.",
            set.at, caa.tag
        );
        let remove = Remedy::new(Action::Remove, &set.at, RecordKind::Caa, record.data.to_string());
        return Finding::new(
            Check::CaaCriticalUnknown,
            case.certificate_verdict(),
            Actor::Customer,
            words,
        )
        .seen(set.evidence.clone())
        .remedy([remove]);
    }
    let method = case.wanted.certificate().map(|certificate| certificate.wanted.method);
    let says = |tag: &str| best(set, tag, issuer, method);
    let wild = says("issuewild");
    let exact = says("issue").unwrap_or(Says::Permits);
    if exact != Says::Permits {
        return forbidden(case, issuer, set, exact, wild == Some(Says::Permits));
    }
    let wants_wildcard = case.wanted.certificate().is_some_and(|c| c.wanted.wildcard);
    match wild {
        Some(says) if wants_wildcard && says != Says::Permits => no_wildcard(case, issuer, set),
        _ => {
            let words =
                format!("The CAA records at {} permit {}.", set.at, issuer.authority.as_str());
            Finding::good(Check::CaaAllows, words).seen(set.evidence.clone())
        }
    }
}

/// The friendliest of the records with this property; `None` without any.
fn best(set: &Set<'_>, tag: &str, issuer: &Issuer, method: Option<DcvMethod>) -> Option<Says> {
    let of_tag = set.records.iter().filter(|(caa, _)| *caa.tag == *tag);
    of_tag.map(|(caa, _)| says(&caa.value, issuer, method)).min()
}

fn says(value: &str, issuer: &Issuer, method: Option<DcvMethod>) -> Says {
    let mut parts = value.split(';').map(str::trim);
    let domain = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !issuer.domains.iter().any(|known| known.as_str() == domain) {
        return Says::OtherAuthority;
    }
    let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let of = |key: &str| {
        let found = parameters.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim())
    };
    if let (Some(wanted), Some(ours)) = (of("accounturi"), &issuer.account)
        && wanted != ours.as_str()
    {
        return Says::OtherAccount;
    }
    let ours = match method {
        Some(DcvMethod::Http) => "http-01",
        Some(DcvMethod::Txt) => "dns-01",
        // CAs that have these do not look at what methods CAA names.
        Some(DcvMethod::Email | DcvMethod::Cname) | None => return Says::Permits,
    };
    match of("validationmethods") {
        Some(methods) if !methods.split(',').any(|method| method.trim() == ours) => {
            Says::OtherMethod
        }
        _ => Says::Permits,
    }
}

fn forbidden(
    case: &Case<'_>,
    issuer: &Issuer,
    set: &Set<'_>,
    says: Says,
    wildcard_permitted: bool,
) -> Finding {
    let (name, at) = (issuer.authority.as_str(), &set.at);
    let ours = case.is_ours(at);
    let actor = if ours { Actor::Provider } else { Actor::Customer };
    let line = line("issue", issuer);
    let (check, words) = match says {
        Says::OtherAccount => (
            Check::CaaWrongAccount,
            format!(
                "The CAA records at {at} permit {name}, but for another account (accounturi) than ours."
            ),
        ),
        Says::OtherMethod => (
            Check::CaaWrongMethod,
            format!(
                "The CAA records at {at} permit {name}, but only by other validation methods (validationmethods)."
            ),
        ),
        _ if wildcard_permitted => (
            Check::CaaIssueWildOnly,
            format!(
                "The CAA records at {at} permit {name} for wildcards only (issuewild), not for the name itself."
            ),
        ),
        _ if set.at != set.asked => (
            Check::CaaForbidsAtTarget,
            format!(
                "{} leads to {at}, and the CAA records there count: they do not permit {name}.",
                set.asked
            ),
        ),
        _ => (Check::CaaForbids, format!("The CAA records at {at} do not permit {name}.")),
    };
    let words = format!("{words} Add `{line}`{}.", alternative(case, set));
    Finding::new(check, case.certificate_verdict(), actor, words)
        .seen(set.evidence.clone())
        .remedy([Remedy::new(Action::Add, at, RecordKind::Caa, line)])
}

fn no_wildcard(case: &Case<'_>, issuer: &Issuer, set: &Set<'_>) -> Finding {
    let line = line("issuewild", issuer);
    let words = format!(
        "The CAA records at {} permit {}, but not for the wildcard (issuewild). Add `{line}`.",
        set.at,
        issuer.authority.as_str()
    );
    Finding::new(Check::CaaForbidsWildcard, case.certificate_verdict(), Actor::Customer, words)
        .seen(set.evidence.clone())
        .remedy([Remedy::new(Action::Add, &set.at, RecordKind::Caa, line)])
}

/// The record that permits our CA.
fn line(tag: &str, issuer: &Issuer) -> String {
    let domain = issuer.domains.first().map(DnsName::as_str).unwrap_or_default();
    format!("0 {tag} \"{domain}\"")
}

/// Another configured CA that may issue.
fn alternative(case: &Case<'_>, set: &Set<'_>) -> String {
    let permitted = |issuer: &&Issuer| best(set, "issue", issuer, None) == Some(Says::Permits);
    match case.wanted.issuers.iter().skip(1).find(permitted) {
        Some(other) => format!(
            ", or use certificate_authority {}, which is permitted",
            other.authority.as_str()
        ),
        None => String::new(),
    }
}
