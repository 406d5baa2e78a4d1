//! Why a hostname is not active, who must act, and which record exactly: findings from what was seen of it.
//!
//! Pure: [`sight`] is what the world showed, [`wanted`] what it should show, [`diagnose`] compares the two. [`plan`] says
//! what is to be asked for that, so that the adapter behind [`Inspector`](crate::ports::Inspector) decides nothing. One
//! file for each kind of check; their words are in [`check`], and docs/diagnostics.md explains each to readers.
//!
//! Nothing here changes a state: what a diagnosis finds is told to whoever asked, and forgotten.

mod caa;
mod caches;
mod case;
mod check;
mod cname_proof;
mod control;
mod finding;
mod ownership_token;
pub mod plan;
mod pointing;
pub mod proxies;
mod report;
mod servers;
pub mod sight;
mod state;
pub mod wanted;
mod web;

pub use check::Check;
pub use finding::{Action, EVIDENCE_MAX, Evidence, Finding, Remedy, Verdict};
pub use report::Report;
pub use sight::Sight;
pub use wanted::{Issuer, Wanted};

use crate::Timestamp;
use case::Case;

/// Compares what was seen with what is wanted: every finding, problems first, the likeliest root cause before its
/// consequences.
pub fn diagnose(wanted: &Wanted, sight: &Sight, now: Timestamp) -> Report {
    let case = Case { wanted, sight, now };
    let judges = [
        state::judge,
        servers::judge,
        pointing::judge,
        ownership_token::judge,
        control::judge,
        cname_proof::judge,
        caa::judge,
        web::judge,
        caches::judge,
    ];
    let mut findings: Vec<_> = judges.iter().flat_map(|judge| judge(&case)).collect();
    findings.extend(caches::long_lived(&case, &findings));
    for finding in &mut findings {
        finding.next_look = finding.next_look.or_else(|| case.next_look(finding));
    }
    findings.sort_by_key(|finding| finding.verdict);
    Report::of(&case, findings)
}

#[cfg(test)]
mod tests;
