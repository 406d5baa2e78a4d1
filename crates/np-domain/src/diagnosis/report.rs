//! All findings of a diagnosis with the sentence that sums them up.

use super::{
    Finding, Verdict,
    case::{Case, many},
};
use crate::{Timestamp, certificate::Actor, name::Hostname, text::Explanation};

/// What a diagnosis found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The hostname.
    pub name: Hostname,
    /// Whether it is served.
    pub active: bool,
    /// Everything in one sentence or two.
    pub summary: Explanation,
    /// Problems first.
    pub findings: Vec<Finding>,
    /// Whether a limit ended the look before everything was asked.
    pub cut_short: bool,
    /// When.
    pub at: Timestamp,
}

impl Report {
    pub(super) fn of(case: &Case<'_>, findings: Vec<Finding>) -> Self {
        let active = case.is_active();
        Self {
            name: case.wanted.name.clone(),
            active,
            summary: Explanation::new(summary(case, active, &findings)),
            findings,
            cut_short: case.sight.cut_short,
            at: case.now,
        }
    }
}

fn summary(case: &Case<'_>, active: bool, findings: &[Finding]) -> String {
    let name = &case.wanted.name;
    let state = match (&case.wanted.record, active) {
        (None, _) => "was not added yet",
        (Some(_), true) => "is active",
        (Some(_), false) => "is not active",
    };
    let problems: Vec<_> = findings.iter().filter(|f| f.verdict == Verdict::Problem).collect();
    let next = findings.iter().filter_map(|finding| finding.next_look).min();
    let next = next
        .map(|at| format!(" We look again at {} {}.", at.date(), at.time()))
        .unwrap_or_default();
    match problems.first() {
        Some(first) => format!(
            "{name} {state}: {}. First, {}: {}{next}",
            many(problems.len(), "problem"),
            who(first.actor),
            first.message
        ),
        None if active || case.wanted.record.is_none() => {
            format!("{name} {state}, and no fault was found.")
        }
        None => format!("{name} {state} yet, and no fault was found that keeps it so.{next}"),
    }
}

fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Authority => "nobody but the CA can act, or time",
        Actor::Customer => "the customer must act",
        Actor::Provider => "the provider must act",
    }
}
