//! Where the hostname leads: its CNAMEs, or its addresses.

use std::{collections::BTreeSet, net::IpAddr};

use super::{
    Action, Check, Finding, Remedy, Verdict,
    case::{Case, Chain, ChainEnd, Link},
    proxies,
    sight::{Data, Record, RecordKind},
};
use crate::{certificate::Actor, name::DnsName, ownership::CNAME_DEPTH_MAX};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let name = case.wanted.name.as_dns();
    let chain = case.sight.chain(name);
    let mut findings = match (chain.end, chain.links.last()) {
        (ChainEnd::Loop, _) => vec![in_a_loop(case, &chain)],
        (ChainEnd::TooLong, _) => vec![too_long(case, &chain)],
        (ChainEnd::Last, Some(last)) => of_target(case, &chain, last),
        (ChainEnd::Last, None) => of_addresses(case),
        (ChainEnd::Unknown, _) => Vec::new(),
    };
    if let Some(first) = chain.links.first()
        && case.is_apex()
    {
        findings.push(at_apex(case, first));
    }
    findings.extend(nothing_above(case));
    findings
}

/// The record to have.
fn right(case: &Case<'_>, action: Action) -> Remedy {
    let name = case.wanted.name.as_dns();
    Remedy::new(action, name, RecordKind::Cname, case.wanted.point_at.as_str())
}

fn in_a_loop(case: &Case<'_>, chain: &Chain<'_>) -> Finding {
    let names: Vec<_> = chain.links.iter().map(|link| link.target.as_str()).collect();
    let words = format!(
        "The CNAMEs of {} lead in a circle ({}): point it at {} instead.",
        case.wanted.name,
        names.join(", "),
        case.wanted.point_at
    );
    Finding::new(Check::CnameLoop, Verdict::Problem, Actor::Customer, words)
        .seen(chain.evidence())
        .remedy([right(case, Action::Change)])
}

fn too_long(case: &Case<'_>, chain: &Chain<'_>) -> Finding {
    let words = format!(
        "More than {CNAME_DEPTH_MAX} CNAMEs follow each other from {}: point it at {} directly.",
        case.wanted.name, case.wanted.point_at
    );
    Finding::new(Check::CnameTooLong, case.pointing_verdict(), Actor::Customer, words)
        .seen(chain.evidence())
        .remedy([right(case, Action::Change)])
}

fn of_target(case: &Case<'_>, chain: &Chain<'_>, last: &Link<'_>) -> Vec<Finding> {
    if case.wanted.target.accepts(&last.target) {
        let words = format!("{} leads to {}.", case.wanted.name, last.target);
        let good = Finding::good(Check::PointsHere, words).seen(chain.evidence());
        return std::iter::once(good).chain(without_address(case, last)).collect();
    }
    let verdict = case.pointing_verdict();
    let (check, actor, words, remedy) = wrong(case, chain, last);
    let finding = Finding::new(check, verdict, actor, words).seen(chain.evidence()).remedy(remedy);
    vec![finding]
}

type Wrong = (Check, Actor, String, Vec<Remedy>);

/// What kind of wrong target it is.
fn wrong(case: &Case<'_>, chain: &Chain<'_>, last: &Link<'_>) -> Wrong {
    let (wanted, target) = (case.wanted, &last.target);
    let change = vec![right(case, Action::Change)];
    if let Some(link) = chain.links.iter().find(|link| is_doubled(case, &link.target)) {
        let words = format!(
            "{} leads to {}: the DNS provider added the customer's domain to the target. Write the target with a dot at its end: \
             `{}.`",
            link.name, link.target, wanted.point_at
        );
        return (Check::TargetDoubled, Actor::Customer, words, change);
    }
    if chain.links.iter().any(|link| wanted.target.accepts(&link.target)) {
        let words = format!(
            "{} passes the zone and leads on to {target}: the provider's own record leads out of the zone.",
            wanted.name
        );
        return (Check::TargetLeadsOn, Actor::Provider, words, Vec::new());
    }
    if let Some(proxy) = proxies::by_target(target) {
        let words = format!(
            "{} leads to {proxy} ({target}), which stands between visitors and us and hides the name's DNS: point it at {} directly, \
             or prove ownership by the TXT record and the certificate by delegation.",
            wanted.name, wanted.point_at
        );
        return (Check::ProxyInFront, Actor::Customer, words, change);
    }
    let words = format!("{} leads to {target} instead of {}.", wanted.name, wanted.point_at);
    (Check::WrongTarget, Actor::Customer, words, change)
}

/// Whether the target would be right without the customer's domain behind it.
fn is_doubled(case: &Case<'_>, target: &DnsName) -> bool {
    let domain = format!(".{}", case.wanted.domain());
    let cut = target.as_str().strip_suffix(&domain).and_then(|cut| cut.parse::<DnsName>().ok());
    cut.is_some_and(|cut| case.wanted.target.accepts(&cut))
}

fn without_address(case: &Case<'_>, last: &Link<'_>) -> Option<Finding> {
    let name = case.wanted.name.as_dns();
    let found = [RecordKind::A, RecordKind::Aaaa].map(|kind| case.resolved(name, kind));
    let is_empty = found.iter().all(|f| f.as_ref().is_some_and(|(records, _)| records.is_empty()));
    let evidence = found.into_iter().flatten().map(|(_, answer)| answer.evidence());
    let words = format!(
        "{} leads here, but {} has no A or AAAA record: nobody can connect. Give it the addresses of the edges.",
        case.wanted.name, last.target
    );
    is_empty.then(|| {
        Finding::new(Check::TargetWithoutAddress, Verdict::Problem, Actor::Provider, words)
            .seen(evidence)
    })
}

fn of_addresses(case: &Case<'_>) -> Vec<Finding> {
    let name = case.wanted.name.as_dns();
    let found = [RecordKind::Aaaa, RecordKind::A].map(|kind| case.resolved(name, kind));
    if found.iter().all(Option::is_none) {
        return Vec::new();
    }
    let evidence: Vec<_> = found.iter().flatten().map(|(_, answer)| answer.evidence()).collect();
    let records: Vec<&Record> =
        found.iter().flatten().flat_map(|(records, _)| records.clone()).collect();
    if records.is_empty() {
        return vec![missing(case).unwrap_or_else(|| no_record(case).seen(evidence))];
    }
    let is_own = |r: &&Record| r.data.address().is_some_and(|ip| case.is_own_address(ip));
    if records.iter().all(is_own) {
        let words = format!("All addresses of {name} are the account's.");
        return vec![Finding::good(Check::PointsHere, words).seen(evidence)];
    }
    let ours = addresses_of_target(case);
    let is_ours = |r: &&&Record| {
        let address = r.data.address();
        address.is_some_and(|address| ours.contains(&address) || case.is_own_address(address))
    };
    let foreign: Vec<&Record> = records.iter().filter(|r| !is_ours(r)).copied().collect();
    let finding = match foreign.is_empty() {
        true => flattened(case),
        false => elsewhere(case, &foreign),
    };
    vec![finding.seen(evidence)]
}

fn addresses_of_target(case: &Case<'_>) -> BTreeSet<IpAddr> {
    let of = |kind| case.resolved(&case.wanted.point_at, kind).map(|(records, _)| records);
    let records = [RecordKind::A, RecordKind::Aaaa].into_iter().filter_map(of).flatten();
    records.filter_map(|record| record.data.address()).collect()
}

fn flattened(case: &Case<'_>) -> Finding {
    let words = format!(
        "{} has the addresses of {} instead of a CNAME to it: visitors arrive, but it does not prove ownership, and it ends when the \
         addresses change. Use a CNAME where the DNS provider allows it, or prove ownership by the TXT record.",
        case.wanted.name, case.wanted.point_at
    );
    let finding = Finding::new(Check::AddressesOfTarget, Verdict::Notice, Actor::Customer, words);
    if case.is_apex() { finding } else { finding.remedy([right(case, Action::Change)]) }
}

fn elsewhere(case: &Case<'_>, foreign: &[&Record]) -> Finding {
    let name = case.wanted.name.as_dns();
    let list = foreign.iter().map(|record| record.data.to_string()).collect::<Vec<_>>().join(", ");
    let ranges: Vec<_> = case.wanted.prefixes.iter().map(ToString::to_string).collect();
    let how = match (case.is_apex(), ranges.is_empty()) {
        (true, true) => format!(
            "It is the top of its zone, where no CNAME can stand: use the DNS provider's ALIAS or flattening to {}",
            case.wanted.point_at
        ),
        (true, false) => format!(
            "It is the top of its zone, where no CNAME can stand: all of its addresses must be among {}",
            ranges.join(", ")
        ),
        (false, _) => format!("Replace them by a CNAME to {}", case.wanted.point_at),
    };
    let words = format!("{name} leads to {list}, which is not here. {how}.");
    let removals = foreign
        .iter()
        .map(|r| Remedy::new(Action::Remove, name, r.data.kind(), r.data.to_string()));
    let finding =
        Finding::new(Check::AddressesElsewhere, case.pointing_verdict(), Actor::Customer, words);
    let finding = finding.remedy(removals);
    if case.is_apex() { finding } else { finding.remedy([right(case, Action::Add)]) }
}

/// The record may stand at a name with the domain in it twice.
fn missing(case: &Case<'_>) -> Option<Finding> {
    let doubled = case.doubled(case.wanted.name.as_dns())?;
    let (answer, reply) = case.sight.truth(&doubled, RecordKind::Cname)?;
    let found = reply.at(&doubled, RecordKind::Cname).find_map(|record| match &record.data {
        Data::Cname(target) => Some(target.clone()),
        _ => None,
    })?;
    let words = format!(
        "The CNAME stands at {doubled}: the DNS provider adds the domain by itself. Enter only the part before {}.",
        case.wanted.domain()
    );
    let remove = Remedy::new(Action::Remove, &doubled, RecordKind::Cname, found.as_str());
    Some(
        Finding::new(Check::HostnameDoubledLabel, case.pointing_verdict(), Actor::Customer, words)
            .seen([answer.evidence()])
            .remedy([remove, right(case, Action::Add)]),
    )
}

fn no_record(case: &Case<'_>) -> Finding {
    let name = &case.wanted.name;
    let (check, what) = match case.is_missing(name.as_dns()) {
        true => (Check::NoSuchName, "does not exist in the DNS"),
        false => (Check::NoRecord, "exists in the DNS, but has no CNAME, A or AAAA record"),
    };
    let (how, remedies) = match case.is_apex() {
        true => (
            "It is the top of its zone, where no CNAME can stand: use the DNS provider's ALIAS or flattening",
            Vec::new(),
        ),
        false => ("Add a CNAME", vec![right(case, Action::Add)]),
    };
    let words = format!("{name} {what}. {how} to {}.{}", case.wanted.point_at, remembered(case));
    Finding::new(check, case.pointing_verdict(), Actor::Customer, words).remedy(remedies)
}

/// How long "it is not there" may be remembered.
fn remembered(case: &Case<'_>) -> String {
    let name = case.wanted.name.as_dns();
    let reply = case.sight.truth(name, RecordKind::A).map(|(_, reply)| reply);
    match reply.and_then(|reply| reply.negative_ttl) {
        Some(ttl) if ttl > 0 => {
            format!(" Resolvers may remember for up to {ttl} seconds more that there was none.")
        }
        _ => String::new(),
    }
}

fn at_apex(case: &Case<'_>, first: &Link<'_>) -> Finding {
    let name = case.wanted.name.as_dns();
    let words = format!(
        "{name} is the top of its zone, where a CNAME must not stand (RFC 1034): it hides the zone's SOA, NS and MX records, and \
         resolvers may fail. Use the DNS provider's ALIAS or flattening to {}.",
        case.wanted.point_at
    );
    let remove = Remedy::new(Action::Remove, name, RecordKind::Cname, first.target.as_str());
    Finding::new(Check::CnameAtApex, Verdict::Problem, Actor::Customer, words)
        .seen([first.answer.evidence()])
        .remedy([remove])
}

/// A server that denies a name although names below it exist (against RFC 8020).
fn nothing_above(case: &Case<'_>) -> Option<Finding> {
    let name = &case.wanted.name;
    let below = [name.acme_challenge(), name.ownership_txt()];
    let kinds = [RecordKind::Txt, RecordKind::Cname];
    let exists = |below: &DnsName| {
        kinds.iter().any(|kind| {
            let reply = case.sight.truth(below, *kind).map(|(_, reply)| reply);
            reply.is_some_and(|reply| reply.records.iter().any(|record| record.name == *below))
        })
    };
    let found = below.iter().find(|below| exists(below))?;
    if !case.is_missing(name.as_dns()) {
        return None;
    }
    let words = format!(
        "The name servers say that {name} does not exist, although {found} does (against RFC 8020): resolvers may deny the names \
         below it too. It ends once {name} has a record of its own."
    );
    let evidence = case.evidence(name.as_dns(), RecordKind::A);
    Some(
        Finding::new(Check::NxdomainAboveName, Verdict::Notice, Actor::Customer, words)
            .seen(evidence),
    )
}
