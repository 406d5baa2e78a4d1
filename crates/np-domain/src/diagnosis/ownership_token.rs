//! The ownership token: in TXT, or at the wrong place.

use super::{
    Action, Check, Finding, Remedy, Verdict,
    case::Case,
    sight::{Purpose, RecordKind},
};
use crate::{certificate::Actor, name::DnsName};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = &case.wanted.record else { return Vec::new() };
    if case.wanted.is_owned() {
        return Vec::new();
    }
    let token = record.hostname.token;
    let name = case.wanted.name.ownership_txt();
    let found = case.texts(&name);
    let evidence = case.evidence(&name, RecordKind::Txt);
    let mut findings = Vec::new();
    if case.sight.web.iter().any(|look| look.purpose == Purpose::Ownership && look.matches()) {
        let looks = case.sight.web.iter().filter(|look| look.matches());
        let words = "The ownership token is served over HTTP.";
        findings
            .push(Finding::good(Check::OwnershipHttpSeen, words).seen(looks.map(|l| l.evidence())));
    }
    if found.iter().any(|value| token.matches(value)) {
        let words = format!("The ownership token is visible at {name}.");
        findings.push(Finding::good(Check::OwnershipTxtSeen, words).seen(evidence));
        return findings;
    }
    let misplaced = misplaced(case, &name, &token.to_string());
    findings.push(match (misplaced, found.as_slice()) {
        (Some(finding), _) => finding,
        (None, []) => missing(case, &name, &token.to_string()).seen(evidence),
        (None, old) => stale(case, &name, &token.to_string(), old).seen(evidence),
    });
    findings
}

fn misplaced(case: &Case<'_>, name: &DnsName, token: &str) -> Option<Finding> {
    let has =
        |at: &DnsName| case.texts(at).iter().any(|value| value.trim().eq_ignore_ascii_case(token));
    let doubled = case.doubled(name).filter(|doubled| has(doubled));
    let (check, at, why) = match doubled {
        Some(doubled) => (
            Check::OwnershipDoubledLabel,
            doubled,
            "the DNS provider adds the domain by itself. Enter only the part before it",
        ),
        None if has(case.wanted.name.as_dns()) => (
            Check::OwnershipTxtWrongName,
            case.wanted.name.as_dns().clone(),
            "it must stand one label below",
        ),
        None => return None,
    };
    let words = format!("The ownership token stands at {at} instead of {name}: {why}.");
    Some(
        Finding::new(check, case.token_verdict(), Actor::Customer, words)
            .seen(case.evidence(&at, RecordKind::Txt))
            .remedy([
                Remedy::new(Action::Remove, &at, RecordKind::Txt, token),
                Remedy::new(Action::Add, name, RecordKind::Txt, token),
            ]),
    )
}

fn missing(case: &Case<'_>, name: &DnsName, token: &str) -> Finding {
    let words = format!(
        "There is no TXT record at {name}. It proves ownership before the hostname leads here; a CNAME to {} does so too.",
        case.wanted.point_at
    );
    Finding::new(Check::OwnershipTxtMissing, Verdict::Notice, Actor::Customer, words)
        .remedy([Remedy::new(Action::Add, name, RecordKind::Txt, token)])
}

fn stale(case: &Case<'_>, name: &DnsName, token: &str, old: &[&str]) -> Finding {
    let words = format!(
        "{name} has {}, but not the token: it may be of an earlier hostname, which had another one.",
        super::case::many(old.len(), "TXT record")
    );
    Finding::new(Check::OwnershipTxtStale, case.token_verdict(), Actor::Customer, words)
        .remedy([Remedy::new(Action::Change, name, RecordKind::Txt, token)])
}
