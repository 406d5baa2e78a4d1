//! The CA's proofs that are CNAMEs.

use super::{Action, Check, Finding, Remedy, case::Case, sight::RecordKind};
use crate::{certificate::Actor, name::DnsName};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    case.wanted.cname_proofs().into_iter().map(|(name, target)| of(case, name, target)).collect()
}

fn of(case: &Case<'_>, name: &DnsName, target: &DnsName) -> Finding {
    let evidence = case.evidence(name, RecordKind::Cname);
    let found = case.sight.chain(name).links.first().map(|link| link.target.clone());
    let problem = |check, words: String, remedies: Vec<Remedy>| {
        let finding = Finding::new(check, case.certificate_verdict(), Actor::Customer, words);
        finding.seen(evidence.clone()).remedy(remedies)
    };
    let add = Remedy::new(Action::Add, name, RecordKind::Cname, target.as_str());
    match found {
        Some(found) if found == *target => {
            let words = format!("{name} is a CNAME to {target}, as the CA wants it.");
            Finding::good(Check::ControlCnameSeen, words).seen(evidence)
        }
        Some(found) if is_doubled(case, &found, target) => problem(
            Check::ControlCnameWrongTarget,
            format!(
                "{name} is a CNAME to {found}: the DNS provider wrote the customer's domain behind the target. Write the target \
                 with a dot at its end."
            ),
            vec![Remedy::new(Action::Change, name, RecordKind::Cname, target.as_str())],
        ),
        Some(found) => problem(
            Check::ControlCnameWrongTarget,
            format!("{name} is a CNAME to {found} instead of {target}: change it."),
            vec![Remedy::new(Action::Change, name, RecordKind::Cname, target.as_str())],
        ),
        None => match doubled(case, name) {
            Some(doubled) => problem(
                Check::ControlCnameDoubledLabel,
                format!(
                    "The CNAME stands at {doubled} instead of {name}: the DNS provider adds the domain by itself. Enter only the \
                     part before it."
                ),
                vec![
                    Remedy::new(Action::Remove, &doubled, RecordKind::Cname, target.as_str()),
                    add,
                ],
            ),
            None => problem(
                Check::ControlCnameMissing,
                format!("There is no CNAME at {name}: add one that leads to {target}."),
                vec![add],
            ),
        },
    }
}

/// Whether the target has the customer's domain behind it.
fn is_doubled(case: &Case<'_>, found: &DnsName, target: &DnsName) -> bool {
    case.doubled(target).is_some_and(|doubled| doubled == *found)
}

/// The same name with the domain in it twice, where a CNAME stands.
fn doubled(case: &Case<'_>, name: &DnsName) -> Option<DnsName> {
    case.doubled(name).filter(|doubled| !case.sight.chain(doubled).links.is_empty())
}
