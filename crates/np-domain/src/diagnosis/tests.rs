//! A table with a case for every check: what stands in the DNS and on port 80, and exactly which problems are found.
//!
//! [`scene`] is the world of a case; the plan itself asks it, so that a question that is not planned is not seen.

mod dns;
mod kept;
mod scene;
mod web;

use std::collections::BTreeSet;

use super::*;
use scene::Scene;

/// A case: its name, what is particular about it, and what is found. A line of the latter is a check's word, its verdict and
/// who must act, or `=>` and a remedy. All problems are listed; notices and what is good only where the case is about them.
type Row = (&'static str, fn(Scene) -> Scene, &'static [&'static str]);

fn rows() -> Vec<Row> {
    [dns::ROWS, kept::ROWS, web::ROWS].concat()
}

fn lines(report: &Report) -> BTreeSet<String> {
    let finding = |finding: &Finding| {
        let actor = match finding.actor {
            crate::certificate::Actor::Authority => "ca",
            crate::certificate::Actor::Customer => "customer",
            crate::certificate::Actor::Provider => "provider",
        };
        format!("{} {} {actor}", finding.check.as_str(), finding.verdict.as_str())
    };
    let remedies = report.findings.iter().flat_map(|finding| &finding.remedies);
    let remedies = remedies.map(|remedy| format!("=> {remedy}"));
    report.findings.iter().map(finding).chain(remedies).collect()
}

fn problems<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    lines.filter(|line| line.contains(" problem ")).map(str::to_owned).collect()
}

#[test]
fn each_case_has_exactly_its_problems() {
    let mut wrong = Vec::new();
    for (name, change, expected) in rows() {
        let found = lines(&change(Scene::new()).report());
        let missing = expected.iter().any(|line| !found.contains(*line));
        let wanted = problems(expected.iter().copied());
        if missing || problems(found.iter().map(String::as_str)) != wanted {
            wrong.push((name, expected, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_check_has_a_case() {
    let words = rows().into_iter().flat_map(|(_, _, expected)| expected);
    let found: BTreeSet<_> = words.filter_map(|line| line.split(' ').next()).collect();
    for check in Check::ALL {
        assert!(found.contains(check.as_str()), "no case for {}", check.as_str());
    }
}

#[test]
fn every_finding_that_is_no_matter_of_ours_has_evidence() {
    for (name, change, _) in rows() {
        for finding in change(Scene::new()).report().findings {
            let area = finding.check.as_str().split('.').next().unwrap_or_default();
            let is_seen = matches!(area, "hostname" | "dcv" | "servers" | "resolvers" | "http");
            let is_kept = matches!(
                finding.check,
                Check::NameOver64
                    | Check::NoRoomForChallenge
                    | Check::TokenExpired
                    | Check::ApprovalAwaited
                    | Check::ApprovalUnsent
            );
            assert!(!is_seen || is_kept || !finding.evidence.is_empty(), "{name}: {finding:?}");
        }
    }
}

#[test]
fn problems_come_first_and_the_summary_names_who_must_act_first() {
    let report = Scene::new().report();
    let verdicts: Vec<_> = report.findings.iter().map(|finding| finding.verdict).collect();
    assert!(verdicts.is_sorted(), "{verdicts:?}");
    let summary = report.summary.as_str();
    assert!(
        summary.starts_with(
            "app.customer.com is not active: 1 problem. First, the customer must act: "
        ),
        "{summary}"
    );
    assert!(summary.ends_with("We look again at 2026-11-22 12:01:00.0."), "{summary}");
}

#[test]
fn a_name_that_was_not_added_is_diagnosed_too() {
    let report = Scene::new().not_added().report();
    let found = lines(&report);
    assert!(found.contains("hostname.no_such_name problem customer"), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("ownership.")), "{found:?}");
    assert!(report.summary.as_str().starts_with("app.customer.com was not added yet: 1 problem"));
    let right = Scene::new().not_added().customer("app CNAME customers.provider.com").report();
    let summary = "app.customer.com was not added yet, and no fault was found.";
    assert_eq!(right.summary.as_str(), summary);
}

#[test]
fn the_plan_follows_cnames_and_ends() {
    let scene = Scene::new()
        .customer("app CNAME b.customer.com")
        .customer("b CNAME customers.provider.com");
    let sight = scene.sight();
    let asked = |name: &str, kind| {
        let question = sight::Question { name: name.parse().unwrap(), kind };
        sight.answers.iter().any(|answer| answer.question == question)
    };
    assert!(asked("b.customer.com", sight::RecordKind::Cname));
    assert!(asked("customers.provider.com", sight::RecordKind::Aaaa));
    assert!(plan::questions(&scene.wanted, &sight).is_empty());
}

#[test]
fn the_documentation_has_every_check_in_its_order() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<_> = lines.filter_map(|line| line.split('`').next()).collect();
    let words: Vec<_> = Check::ALL.iter().map(|check| check.as_str()).collect();
    assert_eq!(listed, words);
}
