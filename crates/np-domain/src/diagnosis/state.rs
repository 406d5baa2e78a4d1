//! What we know without looking: zone, ownership, the attempt at a certificate, the length of the name.

use super::{Check, Finding, Verdict, case::Case};
use crate::{
    certificate::{Actor, Certificate, DcvMethod, Problem, Queued, State},
    name::{COMMON_NAME_LENGTH_MAX, NAME_LENGTH_MAX},
    ownership::{self, BlockedCause, MovedWhy},
    ports::RATE_LIMIT_WORDS,
};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> = case.wanted.ownership().and_then(of_ownership).into_iter().collect();
    if !case.wanted.zone_is_active {
        let words = format!(
            "The zone {} is not active: until it is proven to be its account's, a CNAME to it proves nothing. Activate it (GET \
             .../zones/ID shows how), or prove ownership by the TXT record.",
            case.wanted.target.zone
        );
        findings.push(Finding::new(
            Check::ZoneNotActive,
            case.pointing_verdict(),
            Actor::Provider,
            words,
        ));
    }
    if case.wanted.record.is_some() && !case.wanted.has_origin {
        let words = "The zone has no fallback origin, so that there is nowhere to send requests, and the hostname is not \
                     activated: set one (PUT .../custom_hostnames/fallback_origin), or give the hostname a custom_origin_server.";
        findings.push(problem(Check::NoFallbackOrigin, Actor::Provider, words));
    }
    findings.extend(of_name(case));
    if let Some(certificate) = case.wanted.certificate() {
        findings.extend(of_certificate(case, certificate));
    }
    findings
}

fn problem(check: Check, actor: Actor, words: impl AsRef<str>) -> Finding {
    Finding::new(check, Verdict::Problem, actor, words)
}

fn of_ownership(state: &ownership::State) -> Option<Finding> {
    use ownership::State as Ownership;
    let restart = "once the records are right, send a PATCH with the same `ssl`, which begins the checks anew.";
    match state {
        Ownership::Blocked(blocked) => {
            let (check, actor, who) = match blocked.cause {
                BlockedCause::Hold => (
                    Check::Blocked,
                    Actor::Customer,
                    "its owner must release the hold on the domain, or add the hostname in the account that holds it",
                ),
                BlockedCause::List => (
                    Check::BlockedByList,
                    Actor::Provider,
                    "ask the operator of the platform to take it off the block list",
                ),
            };
            let words = format!("The hostname may not be served here ({}): {who}.", blocked.why);
            Some(problem(check, actor, words))
        }
        Ownership::GivenUp(given_up) => {
            let words = format!(
                "It was given up on {} after it had stayed moved: {restart}",
                given_up.since.date()
            );
            Some(problem(Check::OwnershipEnded, Actor::Provider, words))
        }
        Ownership::Moved(moved) => Some(match moved.why {
            MovedWhy::NeverProven => {
                let words = format!(
                    "The checks for ownership ended on {} without proof: {restart}",
                    moved.since.date()
                );
                problem(Check::OwnershipEnded, Actor::Provider, words)
            }
            MovedWhy::PointsElsewhere => {
                let words = format!(
                    "It pointed here, and has pointed elsewhere for so long that it is not served since {}: point it here again, \
                     then send a PATCH with the same `ssl`.",
                    moved.since.date()
                );
                problem(Check::LedAway, Actor::Customer, words)
            }
            MovedWhy::ProvenElsewhere => {
                let words = format!(
                    "Another zone proved the same name on {}, and the later proof counts. To bring it back, point it here, then \
                     send a PATCH with the same `ssl`.",
                    moved.since.date()
                );
                problem(Check::ProvenElsewhere, Actor::Customer, words)
            }
        }),
        Ownership::Proven(proven) if proven.watch.doubt.is_some() => {
            let since = proven.watch.doubt.as_ref().map_or(proven.at, |doubt| doubt.since);
            let words = format!(
                "Ownership is proven by {}, but the hostname has pointed elsewhere since {since}. It counts as moved if it stays \
                 so: point it here again.",
                proven.by.as_str()
            );
            Some(Finding::new(Check::LeadsAway, Verdict::Notice, Actor::Customer, words))
        }
        Ownership::Proven(proven) => {
            let words = format!(
                "Ownership is proven by {} since {}.",
                proven.by.as_str(),
                proven.at.date()
            );
            Some(Finding::good(Check::OwnershipProven, words))
        }
        Ownership::Unproven(_) | Ownership::Leaving(_) => None,
    }
}

fn of_name(case: &Case<'_>) -> Vec<Finding> {
    let name = case.wanted.name.as_str();
    let mut findings = Vec::new();
    if name.len() > COMMON_NAME_LENGTH_MAX {
        let words = format!(
            "The name has {} octets, and a common name holds {COMMON_NAME_LENGTH_MAX}: certificates carry it as alternative name \
             only. Should the CA refuse that, use another certificate_authority or a shorter hostname.",
            name.len()
        );
        findings.push(Finding::new(Check::NameOver64, Verdict::Notice, Actor::Provider, words));
    }
    let challenge = case.wanted.challenge();
    if challenge.as_str().len() > NAME_LENGTH_MAX {
        let by_txt = case.wanted.certificate().is_some_and(|c| c.wanted.method == DcvMethod::Txt);
        let verdict = if by_txt { Verdict::Problem } else { Verdict::Notice };
        let words = format!(
            "{challenge} is longer than the {NAME_LENGTH_MAX} octets of a name, so that no TXT record can stand there: validate by \
             http, or use a shorter hostname."
        );
        findings.push(Finding::new(Check::NoRoomForChallenge, verdict, Actor::Provider, words));
    }
    findings
}

fn of_certificate(case: &Case<'_>, certificate: &Certificate) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ends = certificate.active.iter().map(|active| active.issued.chain.facts().not_after).max();
    match ends {
        Some(end) if end > case.now => {
            let words = format!("A certificate is served until {}.", end.date());
            findings.push(Finding::good(Check::CertificateActive, words));
        }
        Some(end) => {
            let words = format!("The certificate that is served ended on {}.", end.date());
            findings.push(problem(Check::CertificateExpired, Actor::Provider, words));
        }
        None => {}
    }
    findings.extend(of_attempt(case, certificate));
    findings
}

fn of_attempt(case: &Case<'_>, certificate: &Certificate) -> Vec<Finding> {
    let good = |check, actor, words: &str| vec![Finding::new(check, Verdict::Good, actor, words)];
    match &certificate.attempt {
        State::Settled(_) | State::Kept(_) => Vec::new(),
        State::Ordering(ordering) => {
            let queued = ordering.queued.iter().map(|queued| of_queue(case, queued));
            queued.chain(trouble(case, &ordering.tries.problems)).collect()
        }
        State::AwaitingControl(awaiting) => {
            let mut findings = rate_limits(case, &awaiting.tries.problems);
            if let Some(end) = awaiting.order.expires_at.filter(|end| *end <= case.now) {
                let words = format!(
                    "The tokens ended at the CA on {} {}: new ones are ordered, read them again before you place records.",
                    end.date(),
                    end.time()
                );
                let finding = Finding::new(
                    Check::TokenExpired,
                    case.certificate_verdict(),
                    Actor::Provider,
                    words,
                );
                findings.push(finding);
            }
            findings.extend(of_approval(case, &awaiting.tries.problems));
            findings
        }
        State::Validating(validating) => {
            let mut findings = rate_limits(case, &validating.tries.problems);
            findings.extend(good(
                Check::CertificateUnderWay,
                Actor::Authority,
                "The CA was told to look, and has not said yet what it saw.",
            ));
            findings
        }
        State::Issuing(issuing) => {
            let mut findings = rate_limits(case, &issuing.tries.problems);
            findings.extend(good(
                Check::CertificateUnderWay,
                Actor::Authority,
                "The CA accepted the proof, and makes the certificate.",
            ));
            findings
        }
        State::Issued(_) | State::Uploaded(_) => good(
            Check::CertificateDeploying,
            Actor::Provider,
            "The certificate is here, and on its way to the serving nodes.",
        ),
        State::Stalled(stalled) => {
            let mut findings = rate_limits(case, &stalled.problems);
            let actor = stalled.problems.first().map_or(Actor::Customer, |problem| problem.actor);
            let words = format!(
                "The attempts at a certificate ended on {}: {} Mend that, then send a PATCH with the same `ssl`.",
                stalled.since.date(),
                texts(&stalled.problems)
            );
            findings.push(Finding::new(
                Check::CertificateEnded,
                case.certificate_verdict(),
                actor,
                words,
            ));
            findings
        }
    }
}

/// Who was asked by e-mail has not approved, or could not be asked.
fn of_approval(case: &Case<'_>, problems: &[Problem]) -> Option<Finding> {
    let mailed = case.wanted.mailed();
    if mailed.is_empty() {
        return None;
    }
    let verdict = case.certificate_verdict();
    if let Some(unsent) = problems.iter().find(|problem| problem.actor == Actor::Provider) {
        let words =
            format!("{} See that the mail server runs and takes our mail.", sentence(unsent));
        return Some(Finding::new(Check::ApprovalUnsent, verdict, Actor::Provider, words));
    }
    let mut addresses: Vec<_> = mailed.into_iter().map(ToString::to_string).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let words = format!(
        "Nobody has approved the certificate yet: somebody who reads mail at {} must open the link in the newest mail and press the \
         button. A PATCH with the same `ssl` sends new mails. If none of these mailboxes exists, create one, or validate by txt, \
         cname or http.",
        addresses.join(", ")
    );
    Some(Finding::new(Check::ApprovalAwaited, verdict, Actor::Customer, words))
}

/// An order waits for its turn within a CA's limits.
fn of_queue(case: &Case<'_>, queued: &Queued) -> Finding {
    let at = queued.expected_at;
    let words = format!(
        "The certificate waits for its turn: {} limits {}. Its turn is expected on {} {:02}:{:02} UTC. Nobody needs to act.",
        queued.authority.as_str(),
        queued.budget.meaning(),
        at.date(),
        at.hour(),
        at.minute()
    );
    Finding::new(Check::RateLimited, case.certificate_verdict(), Actor::Authority, words)
}

/// Why an order could not be placed.
fn trouble(case: &Case<'_>, problems: &[Problem]) -> Vec<Finding> {
    let limits = rate_limits(case, problems);
    if problems.is_empty() || !limits.is_empty() {
        return limits;
    }
    let actor = problems.first().map_or(Actor::Authority, |problem| problem.actor);
    let check = match actor {
        Actor::Authority => Check::AuthorityUnreachable,
        Actor::Customer | Actor::Provider => Check::AuthorityRefused,
    };
    let words = format!("The order could not be placed: {}", texts(problems));
    vec![Finding::new(check, case.certificate_verdict(), actor, words)]
}

/// A CA's limit, which is known by its words: states keep why a try failed for people.
fn rate_limits(case: &Case<'_>, problems: &[Problem]) -> Vec<Finding> {
    let is_limit = |problem: &&Problem| {
        let words = problem.message.as_str().to_ascii_lowercase();
        words.contains(RATE_LIMIT_WORDS) || words.contains("rate limit")
    };
    let limit = problems.iter().find(is_limit).map(|problem| {
        let words =
            format!("{} Nobody needs to act: it is tried again by itself.", sentence(problem));
        Finding::new(Check::RateLimited, case.certificate_verdict(), Actor::Authority, words)
    });
    limit.into_iter().collect()
}

fn texts(problems: &[Problem]) -> String {
    problems.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn sentence(problem: &Problem) -> String {
    let text = problem.message.as_str().trim_end_matches('.');
    format!("{text}.")
}
