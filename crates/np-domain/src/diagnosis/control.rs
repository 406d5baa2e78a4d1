//! The CA's proofs in TXT, placed by hand or by delegation.

use super::{
    Action, Check, Finding, Remedy, Verdict,
    case::{Case, Chain, Link, many},
    sight::{Answer, RecordKind, Server},
};
use crate::{
    certificate::{Actor, TxtChallenge},
    name::DnsName,
};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let name = case.wanted.challenge();
    let chain = case.sight.chain(&name);
    let wanted = case.wanted.txt_values();
    let beside = beside_cname(case, &name, &chain);
    let has_beside = beside.is_some();
    let mut findings: Vec<_> = beside.into_iter().collect();
    match chain.links.last() {
        Some(last) => findings.extend(of_delegation(case, &name, &chain, last, &wanted)),
        None if !wanted.is_empty() && !has_beside => findings.push(of_texts(case, &name, &wanted)),
        None => {}
    }
    findings
}

/// A TXT record at a name that has a CNAME too: what resolvers show then is chance.
fn beside_cname(case: &Case<'_>, name: &DnsName, chain: &Chain<'_>) -> Option<Finding> {
    let first = chain.links.first().filter(|link| link.name == *name)?;
    let has_text = |answer: &&Answer| {
        answer.is_good()
            && answer.reply().is_some_and(|r| r.at(name, RecordKind::Txt).next().is_some())
    };
    let stray = case.sight.answers.iter().find(has_text)?;
    let texts = stray.reply().into_iter().flat_map(|reply| reply.at(name, RecordKind::Txt));
    let removals = texts
        .map(|record| Remedy::new(Action::Remove, name, RecordKind::Txt, record.data.to_string()));
    let words = format!(
        "{name} has TXT records beside its CNAME to {}. They hide each other: remove the TXT records, and leave the CNAME.",
        first.target
    );
    let verdict = case.certificate_verdict();
    Some(
        Finding::new(Check::TxtBesideCname, verdict, Actor::Customer, words)
            .seen([first.answer.evidence(), stray.evidence()])
            .remedy(removals),
    )
}

fn of_delegation(
    case: &Case<'_>,
    name: &DnsName,
    chain: &Chain<'_>,
    last: &Link<'_>,
    wanted: &[&str],
) -> Option<Finding> {
    let found = case.texts(name);
    let missing = case.missing(name, wanted, &found);
    let evidence = chain.evidence().into_iter().chain(case.evidence(&last.target, RecordKind::Txt));
    let ours = case.wanted.delegation.as_ref().is_some_and(|target| *target == last.target);
    if ours && missing.is_empty() {
        let words = format!("{name} is delegated to {}.", last.target);
        return Some(Finding::good(Check::ControlTxtSeen, words).seen(evidence));
    }
    if ours {
        let words = format!(
            "{name} is delegated to {} as it should be, but our DNS does not show {} there: see that its name servers run, are \
             reachable, and follow the feed.",
            last.target,
            many(missing.len(), "token")
        );
        let finding = Finding::new(
            Check::DelegationUnanswered,
            case.certificate_verdict(),
            Actor::Provider,
            words,
        );
        return Some(finding.seen(evidence));
    }
    if !wanted.is_empty() && missing.is_empty() {
        let words = format!("Every proof is visible behind {name}.");
        return Some(Finding::good(Check::ControlTxtSeen, words).seen(evidence));
    }
    // Without a proof to show the CNAME may serve another provider well.
    let verdict = if wanted.is_empty() { Verdict::Notice } else { case.certificate_verdict() };
    let words = format!(
        "{name} is a CNAME to {}, where the proof is not: it may be left from another provider. Point it here, or remove it.",
        last.target
    );
    let target = case.wanted.delegation.as_ref();
    let remedy = match target {
        Some(target) => Remedy::new(Action::Change, name, RecordKind::Cname, target.as_str()),
        None => Remedy::new(Action::Remove, name, RecordKind::Cname, last.target.as_str()),
    };
    let finding = Finding::new(Check::DelegatedElsewhere, verdict, Actor::Customer, words);
    Some(finding.seen(evidence).remedy([remedy]))
}

fn of_texts(case: &Case<'_>, name: &DnsName, wanted: &[&str]) -> Finding {
    let found = case.texts(name);
    let missing = case.missing(name, wanted, &found);
    let evidence = case.evidence(name, RecordKind::Txt);
    if missing.is_empty() {
        let words = format!("Every proof is visible at {name}.");
        return Finding::good(Check::ControlTxtSeen, words).seen(evidence);
    }
    if let Some(finding) = misplaced(case, name, &missing) {
        return finding;
    }
    if let (TxtChallenge::Persist, false) = (TxtChallenge::at(name), found.is_empty()) {
        return unfit(case, name, &missing).seen(evidence);
    }
    let (check, words) = match (found.len(), wanted.len() - missing.len()) {
        (0, _) => (
            Check::ControlTxtMissing,
            format!("There is no TXT record at {name}: add {}.", many(missing.len(), "record")),
        ),
        (count, 0) => (
            Check::ControlTxtStale,
            format!(
                "{name} has {}, but none with the value that the CA wants now: tokens change with each order. Add the new one, \
                 and remove the old.",
                many(count, "TXT record")
            ),
        ),
        _ => (
            Check::ControlTxtIncomplete,
            format!(
                "{name} shows some of the proofs, but not all: a certificate with a wildcard needs two TXT records side by side. \
                 Add {}.",
                many(missing.len(), "more record")
            ),
        ),
    };
    let stale = found.iter().filter(|value| !wanted.contains(value));
    let removals = stale.map(|value| Remedy::new(Action::Remove, name, RecordKind::Txt, value));
    let additions =
        missing.iter().map(|value| Remedy::new(Action::Add, name, RecordKind::Txt, value));
    Finding::new(check, case.certificate_verdict(), Actor::Customer, words)
        .seen(evidence)
        .remedy(additions.chain(removals))
}

/// A record that stays is there, and does not permit what is wanted. Others beside it belong to other CAs, or to others of
/// this CA's customers, and hinder nothing.
fn unfit(case: &Case<'_>, name: &DnsName, missing: &[&str]) -> Finding {
    let words = format!(
        "No record at {name} permits the CA to issue for our account: it names another CA or account, leaves policy=wildcard \
         out, or has ended (persistUntil). Add the one that is wanted; others may stay."
    );
    let additions =
        missing.iter().map(|value| Remedy::new(Action::Add, name, RecordKind::Txt, value));
    Finding::new(Check::ControlPersistUnfit, case.certificate_verdict(), Actor::Customer, words)
        .remedy(additions)
}

/// The proof may stand at a name with the domain in it twice, or at the hostname itself.
fn misplaced(case: &Case<'_>, name: &DnsName, missing: &[&str]) -> Option<Finding> {
    let has = |at: &DnsName| case.texts(at).iter().any(|value| missing.contains(value));
    let (check, at, why) = match case.doubled(name).filter(|doubled| has(doubled)) {
        Some(doubled) => (
            Check::ControlDoubledLabel,
            doubled,
            "the DNS provider adds the domain by itself. Enter only the part before it",
        ),
        None if has(case.wanted.name.as_dns()) => (
            Check::ControlTxtWrongName,
            case.wanted.name.as_dns().clone(),
            "it must stand one label below",
        ),
        None => return None,
    };
    let words = format!("The proof stands at {at} instead of {name}: {why}.");
    let removals = missing.iter().filter(|value| case.texts(&at).contains(value));
    let removals = removals.map(|value| Remedy::new(Action::Remove, &at, RecordKind::Txt, value));
    let additions =
        missing.iter().map(|value| Remedy::new(Action::Add, name, RecordKind::Txt, value));
    Some(
        Finding::new(check, case.certificate_verdict(), Actor::Customer, words)
            .seen(case.evidence(&at, RecordKind::Txt))
            .remedy(removals.chain(additions)),
    )
}

/// Whether a server is one of those that the delegation's zone lists.
pub(super) fn is_of_delegation(case: &Case<'_>, server: &Server) -> bool {
    match (server, &case.wanted.delegation) {
        (Server::Authority { zone, .. }, Some(target)) => target.is_within(zone.as_str()),
        _ => false,
    }
}
