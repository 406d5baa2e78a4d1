//! What the CA's refusals mean (RFC 8555 section 6.7): who must act, in words that the API's users know
//! (behaviour.md 1.4), followed by the CA's own.

use std::time::Duration;

use http::StatusCode;
use instant_acme::{Error, Problem as CaProblem, Subproblem};
use np_domain::{
    certificate::{Actor, Problem},
    ports::{AuthorityError, LimitScope},
    text::Explanation,
};

use super::client::ExchangeError;
use crate::adapters::network_words;

const PREFIX: &str = "urn:ietf:params:acme:error:";

const CAA: &str =
    "CAA records block issuance. Please remove all CAA records or add records for this authority";
const CAA_PERSPECTIVES: &str = "Certificate authority encountered a multiple perspective CAA check error, please ensure your \
                                DNS is configured to allow CAA queries from all geographic perspectives";
const DNS: &str = "the Certificate Authority had trouble performing a DNS lookup";
const INTERNAL: &str = "Internal error with Certificate Authority. Please check later";
const PERSPECTIVES: &str = "Certificate authority was unable to verify domain ownership from multiple geographic locations \
                            (MPIC failure). Please ensure your DNS records are reachable from all geographic perspectives \
                            and try again.";
const RATE_LIMITED: &str = "The authority has rate limited these domains. Please wait for the rate limit to expire or try \
                            another authority.";
const REJECTED: &str = "The certificate authority will not issue for this domain. Please check your input or try another \
                        authority";
const SERVFAIL: &str = "Certificate authority encountered a SERVFAIL during DNS lookup, please check your DNS reachability.";

/// What an error means while the account is made or looked up.
pub(super) fn of_account(error: Error) -> AuthorityError {
    match of_any(error) {
        AuthorityError::Refused(problem) => AuthorityError::Account(problem.message),
        other => other,
    }
}

/// What an error means while an order is placed: being unauthorized is then about the account.
pub(super) fn of_new_order(error: Error) -> AuthorityError {
    match &error {
        Error::Api(problem) if kind(problem.r#type.as_deref()) == "unauthorized" => {
            AuthorityError::Account(explain(problem).message)
        }
        _ => of_any(error),
    }
}

/// What an error means while an order is placed that is to renew something: what speaks against the renewal alone must not stand
/// in the way of an order that names nothing.
pub(super) fn of_replacing_order(error: Error) -> AuthorityError {
    match &error {
        Error::Api(problem) if speaks_of_replaced(problem) => {
            AuthorityError::NotReplaceable(explain(problem).message)
        }
        _ => of_new_order(error),
    }
}

/// RFC 9773 has one type for it; CAs have others for a certificate that they do not know, or know as another account's.
fn speaks_of_replaced(problem: &CaProblem) -> bool {
    let is_unknown = problem.status == Some(StatusCode::NOT_FOUND.as_u16());
    is_unknown
        || matches!(
            kind(problem.r#type.as_deref()),
            "alreadyReplaced" | "conflict" | "malformed" | "unauthorized"
        )
}

/// What an error means for an order that the CA has known: it may have forgotten it, or it may be another account's.
pub(super) fn of_known_order(error: Error) -> AuthorityError {
    let is_gone = match &error {
        Error::Api(problem) => {
            problem.status == Some(StatusCode::NOT_FOUND.as_u16())
                || kind(problem.r#type.as_deref()) == "unauthorized"
        }
        Error::Other(other) => matches!(
            other.downcast_ref(),
            Some(ExchangeError::Status(StatusCode::NOT_FOUND | StatusCode::GONE))
        ),
        _ => false,
    };
    if is_gone { AuthorityError::OrderGone } else { of_any(error) }
}

/// What a refusal may have to do with our account, beside what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The CA does not take what we sign: the account may have another key by now.
    Key,
    /// The CA does not know the account.
    Unknown,
}

/// Whether a refusal may come from our account.
pub(super) fn doubt(problem: &CaProblem) -> Option<Doubt> {
    match kind(problem.r#type.as_deref()) {
        "accountDoesNotExist" => Some(Doubt::Unknown),
        "badPublicKey" | "malformed" | "unauthorized" => Some(Doubt::Key),
        _ => None,
    }
}

/// Whether a fresh nonce is all that is wanted.
pub(super) fn is_bad_nonce(problem: &CaProblem) -> bool {
    kind(problem.r#type.as_deref()) == "badNonce"
}

/// Whether what was to be revoked is.
pub(super) fn is_revoked_already(problem: &CaProblem) -> bool {
    kind(problem.r#type.as_deref()) == "alreadyRevoked"
}

/// Whether the CA cannot take the request as it is, such as a wish that it does not know.
pub(super) fn is_malformed(problem: &CaProblem) -> bool {
    kind(problem.r#type.as_deref()) == "malformed"
}

/// Whether CAA records are what is wrong: another CA may be allowed.
pub(super) fn is_caa(problem: &CaProblem) -> bool {
    let is_caa = |full_type: Option<&str>| kind(full_type) == "caa";
    is_caa(problem.r#type.as_deref())
        || problem.subproblems.iter().any(|part| is_caa(part.r#type.as_deref()))
}

/// Each thing that is wrong, by name where the CA names them.
pub(super) fn explain_all(problem: &CaProblem) -> Vec<Problem> {
    match problem.subproblems.as_slice() {
        [] => vec![explain(problem)],
        parts => parts.iter().map(explain_part).collect(),
    }
}

fn explain(problem: &CaProblem) -> Problem {
    told(problem.r#type.as_deref(), problem.detail.as_deref().unwrap_or_default())
}

fn explain_part(part: &Subproblem) -> Problem {
    let detail = part.detail.as_deref().unwrap_or_default();
    match &part.identifier {
        Some(name) => {
            told(part.r#type.as_deref(), &format!("{}: {detail}", name.authorized(false)))
        }
        None => told(part.r#type.as_deref(), detail),
    }
}

fn told(full_type: Option<&str>, detail: &str) -> Problem {
    let (actor, known) = meaning(kind(full_type), detail);
    let message = match (known, detail) {
        (None, "") => format!("the authority said {}", full_type.unwrap_or("nothing")),
        (None, detail) => detail.to_owned(),
        (Some(known), "") => known.to_owned(),
        (Some(known), detail) => {
            format!("{}. The authority said: {detail}", known.trim_end_matches('.'))
        }
    };
    Problem { actor, message: Explanation::new(message) }
}

/// Who must act, and the words that users know for it.
fn meaning(kind: &str, detail: &str) -> (Actor, Option<&'static str>) {
    let is_partial = detail.contains("secondary validation") || detail.contains("perspective");
    match kind {
        "caa" if is_partial => (Actor::Customer, Some(CAA_PERSPECTIVES)),
        "caa" => (Actor::Customer, Some(CAA)),
        "dns" if detail.contains("SERVFAIL") => (Actor::Customer, Some(SERVFAIL)),
        "dns" if !is_partial => (Actor::Customer, Some(DNS)),
        "dns" | "connection" | "incorrectResponse" | "tls" | "unauthorized" if is_partial => {
            (Actor::Customer, Some(PERSPECTIVES))
        }
        "connection" | "incorrectResponse" | "tls" | "unauthorized" => (Actor::Customer, None),
        "rateLimited" => (Actor::Authority, Some(RATE_LIMITED)),
        "serverInternal" => (Actor::Authority, Some(INTERNAL)),
        "rejectedIdentifier" | "unsupportedIdentifier" => (Actor::Provider, Some(REJECTED)),
        _ => (Actor::Provider, None),
    }
}

fn kind(full_type: Option<&str>) -> &str {
    let full_type = full_type.unwrap_or_default();
    full_type.strip_prefix(PREFIX).unwrap_or(full_type)
}

fn of_any(error: Error) -> AuthorityError {
    match error {
        Error::Api(problem) => of_problem(&problem, None),
        Error::Crypto | Error::KeyRejected => {
            AuthorityError::Account(Explanation::new("the account's key cannot be used"))
        }
        Error::Other(other) => match other.downcast_ref() {
            Some(ExchangeError::Busy { retry_after, problem }) => of_problem(problem, *retry_after),
            Some(ExchangeError::Connection(error)) => unreachable(network_words::describe(error)),
            Some(error) => unreachable(error),
            None => unreachable(other),
        },
        other => unreachable(other),
    }
}

fn of_problem(problem: &CaProblem, retry_after: Option<Duration>) -> AuthorityError {
    let told = explain_all(problem).into_iter().next().unwrap_or_else(|| explain(problem));
    let is_server_error = problem.status.is_some_and(|status| status >= 500);
    match kind(problem.r#type.as_deref()) {
        "rateLimited" => AuthorityError::RateLimited {
            scope: scope(problem),
            retry_after,
            message: told.message,
        },
        _ if is_caa(problem) => AuthorityError::Forbidden(told),
        "badNonce" | "serverInternal" => AuthorityError::Unreachable(told.message),
        _ if is_server_error => AuthorityError::Unreachable(told.message),
        "accountDoesNotExist"
        | "badPublicKey"
        | "badSignatureAlgorithm"
        | "externalAccountRequired"
        | "invalidContact"
        | "unsupportedContact"
        | "userActionRequired" => AuthorityError::Account(told.message),
        _ => AuthorityError::Refused(told),
    }
}

/// A CA says in words alone whom a limit holds up; one that is overloaded (503) holds up all.
fn scope(problem: &CaProblem) -> LimitScope {
    const OF_ACCOUNT: [&str; 3] = ["new orders", "pending", "requests"];
    let detail = problem.detail.as_deref().unwrap_or_default();
    let is_busy = problem.status == Some(StatusCode::SERVICE_UNAVAILABLE.as_u16());
    match is_busy || OF_ACCOUNT.iter().any(|words| detail.contains(words)) {
        true => LimitScope::Account,
        false => LimitScope::Names,
    }
}

fn unreachable(why: impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Unreachable(Explanation::new(why.to_string()))
}

#[cfg(test)]
mod tests;
