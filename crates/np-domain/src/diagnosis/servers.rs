//! The servers themselves: whether they answer, agree, and hold DNSSEC together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Check, Finding, Verdict,
    case::{Case, ChainEnd},
    control::is_of_delegation,
    sight::{Answer, Code, RecordKind, Server},
};
use crate::certificate::Actor;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> = silent_resolvers(case).into_iter().collect();
    findings.extend(failures(case));
    findings.extend(unfit(case));
    findings.extend(disagreement(case));
    findings
}

fn silent_resolvers(case: &Case<'_>) -> Option<Finding> {
    let mut by_server: BTreeMap<&Server, Vec<&Answer>> = BTreeMap::new();
    for answer in case.sight.answers.iter().filter(|answer| !answer.is_from_authority()) {
        by_server.entry(&answer.server).or_default().push(answer);
    }
    let silent = |answers: &&Vec<&Answer>| answers.iter().all(|answer| answer.reply().is_none());
    let silent_ones: Vec<_> = by_server.values().filter(silent).collect();
    let first = silent_ones.first()?.first()?;
    let verdict =
        if silent_ones.len() == by_server.len() { Verdict::Problem } else { Verdict::Notice };
    let words = format!(
        "{} of our {} resolvers gave no answer at all: check `checks.resolvers` and the network between.",
        silent_ones.len(),
        by_server.len()
    );
    let finding = Finding::new(Check::ResolverUnreachable, verdict, Actor::Provider, words);
    Some(finding.seen([first.evidence()]))
}

/// SERVFAIL of resolvers: by DNSSEC if the same question is answered with DNSSEC unchecked.
fn failures(case: &Case<'_>) -> Vec<Finding> {
    let failed = |answer: &&Answer| {
        let code = answer.reply().map(|reply| reply.code);
        !answer.is_from_authority() && !answer.unchecked && code == Some(Code::ServFail)
    };
    let failed: Vec<_> = case.sight.answers.iter().filter(failed).collect();
    let unchecked = |answer: &Answer| {
        let same = |other: &&Answer| {
            other.unchecked && other.question == answer.question && other.server == answer.server
        };
        case.sight.answers.iter().find(same).filter(|other| other.is_good())
    };
    let bogus: Vec<_> =
        failed.iter().filter_map(|answer| Some((*answer, unchecked(answer)?))).collect();
    if let Some((answer, without)) = bogus.first() {
        let words = format!(
            "DNSSEC of {} does not validate: resolvers that check it, and every CA, answer SERVFAIL. Sign the zone anew, or correct \
             or remove the DS record at the registrar.",
            answer.question.name
        );
        let finding = Finding::new(Check::DnssecBogus, Verdict::Problem, Actor::Customer, words);
        return vec![finding.seen([answer.evidence(), without.evidence()])];
    }
    // Resolvers give up where CNAMEs do not end, or end at somebody else's name that fails: that is told already.
    let chain = case.sight.chain(case.wanted.name.as_dns());
    let endless = matches!(chain.end, ChainEnd::Loop | ChainEnd::TooLong);
    let leads_away = !chain.links.is_empty() && !case.points_here();
    let questions = case.questions();
    let essential = |answer: &&&Answer| questions.contains(&&answer.question);
    let failed: Vec<_> = failed.iter().filter(essential).collect();
    match failed.first() {
        Some(first) if !endless && !leads_away => {
            let words = format!(
                "Looking up {} failed (SERVFAIL): the name servers of the domain do not answer as they should. Check that they run, \
                 that the registrar's NS records name them, and that they serve the zone.",
                first.question
            );
            let evidence = failed.iter().map(|answer| answer.evidence());
            let finding =
                Finding::new(Check::ServerFailure, Verdict::Problem, Actor::Customer, words);
            vec![finding.seen(evidence)]
        }
        _ => Vec::new(),
    }
}

/// Name servers that do not answer, or not with authority.
fn unfit(case: &Case<'_>) -> Vec<Finding> {
    let mut by_server: BTreeMap<&Server, Vec<&Answer>> = BTreeMap::new();
    for answer in case.sight.answers.iter().filter(|answer| answer.is_from_authority()) {
        by_server.entry(&answer.server).or_default().push(answer);
    }
    let is_fit = |answers: &[&Answer]| answers.iter().any(|answer| answer.is_good());
    let fit_zones: BTreeSet<_> = by_server
        .iter()
        .filter(|(_, answers)| is_fit(answers))
        .filter_map(|(server, _)| zone_of(server))
        .collect();
    let mut findings = Vec::new();
    for (server, answers) in by_server.iter().filter(|(_, answers)| !is_fit(answers)) {
        let (Some(first), Some(zone)) = (answers.first(), zone_of(server)) else { continue };
        let spared = fit_zones.contains(zone);
        let verdict = if spared { Verdict::Notice } else { Verdict::Problem };
        let ours = is_of_delegation(case, server) || case.wanted.target.accepts(zone);
        let actor = if ours { Actor::Provider } else { Actor::Customer };
        let shown = answers.iter().find(|answer| answer.reply().is_some()).unwrap_or(first);
        let (check, what) = match shown.reply() {
            Some(_) => (
                Check::LameNameServer,
                format!("does not serve {zone}, although the zone lists it"),
            ),
            None => (Check::NameServerUnreachable, format!("of {zone} does not answer")),
        };
        let words = format!(
            "The {server} {what}: mend it, or remove it from the NS records of the zone and of the registrar."
        );
        findings.push(Finding::new(check, verdict, actor, words).seen([shown.evidence()]));
    }
    findings
}

fn zone_of(server: &Server) -> Option<&crate::name::DnsName> {
    match server {
        Server::Authority { zone, .. } => Some(zone),
        Server::Resolver(_) => None,
    }
}

/// Name servers of one zone with different answers. Addresses may differ on purpose.
fn disagreement(case: &Case<'_>) -> Option<Finding> {
    let mut found: Option<(Verdict, [&Answer; 2])> = None;
    for question in case.questions() {
        let good: Vec<_> =
            case.sight.to(question).filter(|a| a.is_from_authority() && a.is_good()).collect();
        let Some(first) = good.first() else { continue };
        let Some(other) = good.iter().find(|other| Case::own(other) != Case::own(first)) else {
            continue;
        };
        let verdict = match question.kind {
            RecordKind::A | RecordKind::Aaaa => Verdict::Notice,
            _ => Verdict::Problem,
        };
        if found.as_ref().is_none_or(|(worst, _)| verdict < *worst) {
            found = Some((verdict, [*first, *other]));
        }
    }
    let (verdict, [first, other]) = found?;
    let words = format!(
        "The name servers answer differently about {}: {} and {} do not have the same zone. See that every name server has the \
         newest zone.",
        first.question, first.server, other.server
    );
    Some(
        Finding::new(Check::NameServersDisagree, verdict, Actor::Customer, words)
            .seen([first.evidence(), other.evidence()]),
    )
}
