//! Port 80 of each address: who answers, with what.

use super::{
    Check, Finding, Verdict,
    case::Case,
    proxies,
    sight::{Purpose, WebAnswer, WebEnd, WebLook, WebOutcome},
};
use crate::certificate::Actor;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let looks: Vec<&WebLook> = case.sight.web.iter().collect();
    let mut findings: Vec<_> = connections(case, &looks);
    let answered = looks.iter().copied().filter(|l| matches!(l.outcome, WebOutcome::Answered(_)));
    let answered: Vec<_> = answered.collect();
    if let Some(finding) = answered.iter().find_map(|look| of_answer(case, look)) {
        findings.push(finding);
    } else if !answered.is_empty()
        && answered.iter().all(|l| l.purpose == Purpose::Control && l.matches())
    {
        let words = "The CA's token is served over HTTP.";
        let evidence = answered.iter().map(|look| look.evidence());
        findings.push(Finding::good(Check::ControlHttpSeen, words).seen(evidence));
    }
    findings.extend(proxy(case, &answered));
    findings
}

/// How bad it is that port 80 does not show what is looked for there.
fn verdict(case: &Case<'_>, look: &WebLook) -> Verdict {
    match look.purpose {
        Purpose::Control => case.certificate_verdict(),
        Purpose::Ownership | Purpose::Presence => Verdict::Notice,
    }
}

/// Addresses that nobody can connect to.
fn connections(case: &Case<'_>, looks: &[&WebLook]) -> Vec<Finding> {
    let reserved: Vec<_> = looks.iter().filter(|l| l.outcome == WebOutcome::Reserved).collect();
    let is_down = |look: &&&WebLook| {
        matches!(
            look.outcome,
            WebOutcome::NotConnected(_) | WebOutcome::TimedOut | WebOutcome::Broken(_)
        )
    };
    let down: Vec<_> = looks.iter().filter(is_down).collect();
    let mut findings = Vec::new();
    if let Some(first) = reserved.first() {
        let words = format!(
            "The hostname leads to {}, which is not a public address: no CA and no visitor can reach it.",
            first.address.ip()
        );
        let evidence = reserved.iter().map(|look| look.evidence());
        let finding =
            Finding::new(Check::ReservedAddress, Verdict::Problem, Actor::Customer, words);
        findings.push(finding.seen(evidence));
    }
    let Some(first) = down.first() else { return findings };
    let evidence = down.iter().map(|look| look.evidence());
    let only_six = down.iter().all(|look| look.address.is_ipv6()) && down.len() < looks.len();
    let actor = case.web_actor();
    let (check, words) = match &first.outcome {
        _ if only_six => (
            Check::AaaaUnreachable,
            format!(
                "The hostname's IPv6 address {} does not answer, while IPv4 does: CAs prefer IPv6. Remove the AAAA record, or make \
                 the address answer.",
                first.address.ip()
            ),
        ),
        WebOutcome::TimedOut => (
            Check::HttpTimeout,
            format!(
                "{} does not answer on port 80 in time: check firewalls on the way.",
                first.address.ip()
            ),
        ),
        _ => (
            Check::PortClosed,
            format!(
                "{} does not answer on port 80, where CAs look for tokens: open it, and see that a web server listens there.",
                first.address.ip()
            ),
        ),
    };
    findings.push(Finding::new(check, verdict(case, first), actor, words).seen(evidence));
    findings
}

/// What is wrong with an answer.
fn of_answer(case: &Case<'_>, look: &WebLook) -> Option<Finding> {
    let WebOutcome::Answered(answer) = &look.outcome else { return None };
    if look.matches() {
        return None;
    }
    let (check, words) = redirect(case, look, answer).or_else(|| body(look, answer))?;
    let finding = Finding::new(check, verdict(case, look), case.web_actor(), words);
    Some(finding.seen([look.evidence()]))
}

fn redirect(case: &Case<'_>, look: &WebLook, answer: &WebAnswer) -> Option<(Check, String)> {
    let exempt = "exempt /.well-known/ from redirects";
    let own = case.wanted.name.as_str();
    let is_foreign = |host: &str| !host.eq_ignore_ascii_case(own);
    let foreign = |host: &str| {
        let words = format!(
            "{} is redirected to {host}, another host, which does not have the token: {exempt}.",
            look.url
        );
        Some((Check::RedirectForeign, words))
    };
    match &answer.end {
        WebEnd::Circle => Some((
            Check::RedirectLoop,
            format!("{} is redirected in a circle: {exempt}.", look.url),
        )),
        WebEnd::TooManyRedirects => {
            Some((Check::RedirectLoop, format!("{} is redirected too often: {exempt}.", look.url)))
        }
        WebEnd::NotFollowed { host: Some(host), .. } if is_foreign(host.as_str()) => {
            foreign(host.as_str())
        }
        WebEnd::NotFollowed { location, why, .. } => Some((
            Check::RedirectRefused,
            format!("{} is redirected to {location} ({why}): {exempt}.", look.url),
        )),
        WebEnd::Body(_) | WebEnd::Lost(_) => {
            let last = answer.hops.last().filter(|hop| is_foreign(hop.host.as_str()))?;
            foreign(last.host.as_str())
        }
    }
    // A redirect of a visitor's page is nobody's fault.
    .filter(|_| look.purpose != Purpose::Presence)
}

fn body(look: &WebLook, answer: &WebAnswer) -> Option<(Check, String)> {
    look.expected.as_ref()?;
    let status = answer.hops.last().map_or(0, |hop| hop.status);
    // An ownership token is one way of several: that a page is not there says nothing.
    match (&answer.end, status, look.purpose) {
        (WebEnd::Body(_), 200, _) => Some((
            Check::WrongBody,
            format!(
                "{} is answered by {} with something else than the token.",
                look.url,
                look.address.ip()
            ),
        )),
        (WebEnd::Body(_), status, Purpose::Control) => Some((
            Check::HttpStatus,
            format!(
                "{} is answered by {} with status {status} instead of 200.",
                look.url,
                look.address.ip()
            ),
        )),
        _ => None,
    }
}

/// Somebody stands between visitors and us.
fn proxy(case: &Case<'_>, answered: &[&WebLook]) -> Option<Finding> {
    let (look, proxy) =
        answered.iter().find_map(|look| Some((look, proxies::by_headers(&look.outcome)?)))?;
    let name = case.wanted.name.as_dns();
    let target = case.sight.chain(name).last(name);
    if proxies::by_target(&target).is_some() && !case.points_here() {
        return None;
    }
    let words = format!(
        "{} answers for the hostname: {proxy} stands in front. It hides the hostname's DNS, and may keep tokens from arriving: let the \
         hostname lead to {} directly (\"DNS only\").",
        look.address.ip(),
        case.wanted.point_at
    );
    let verdict = if case.points_here() { Verdict::Notice } else { case.pointing_verdict() };
    Some(
        Finding::new(Check::ProxyInFront, verdict, case.web_actor(), words).seen([look.evidence()]),
    )
}
