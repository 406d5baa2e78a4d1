//! The document of an ownership state.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, words};
use np_domain::{ownership, text::Explanation};

words!(Method is ownership::Method: Cname, Http, Txt);
words!(MovedWhy is ownership::MovedWhy: NeverProven, ProvenElsewhere);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    Unproven { since: Micros, attempt: u32, next_check: Micros, failures: Vec<Failure> },
    Proven { by: Method, at: Micros, evidence: String },
    Moved { why: MovedWhy, since: Micros, failures: Vec<Failure> },
    GivenUp { since: Micros },
    Blocked { why: String, since: Micros },
    Leaving { since: Micros },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    NotPointedHere,
    NoFallbackOrigin,
    ZoneNotActive,
    CnameLoop,
    CnameTooLong,
    Unreachable(String),
}

/// The word for a state in the column `state`, by which hostnames are found.
pub(crate) fn word(state: &ownership::State) -> &'static str {
    state.kind().as_str()
}

impl From<&ownership::State> for State {
    fn from(state: &ownership::State) -> Self {
        match state {
            ownership::State::Unproven(s) => Self::Unproven {
                since: s.since.into(),
                attempt: s.attempt,
                next_check: s.next_check.into(),
                failures: s.failures.iter().map(Into::into).collect(),
            },
            ownership::State::Proven(s) => {
                Self::Proven { by: s.by.into(), at: s.at.into(), evidence: s.evidence.to_string() }
            }
            ownership::State::Moved(s) => Self::Moved {
                why: s.why.into(),
                since: s.since.into(),
                failures: s.failures.iter().map(Into::into).collect(),
            },
            ownership::State::GivenUp(s) => Self::GivenUp { since: s.since.into() },
            ownership::State::Blocked(s) => {
                Self::Blocked { why: s.why.to_string(), since: s.since.into() }
            }
            ownership::State::Leaving(s) => Self::Leaving { since: s.since.into() },
        }
    }
}

impl TryFrom<State> for ownership::State {
    type Error = Damage;

    fn try_from(state: State) -> Result<Self, Damage> {
        let failures = |rows: Vec<Failure>| rows.into_iter().map(Into::into).collect();
        Ok(match state {
            State::Unproven { since, attempt, next_check, failures: rows } => {
                Self::Unproven(ownership::Unproven {
                    since: since.try_into()?,
                    attempt,
                    next_check: next_check.try_into()?,
                    failures: failures(rows),
                })
            }
            State::Proven { by, at, evidence } => Self::Proven(ownership::Proven {
                by: by.into(),
                at: at.try_into()?,
                evidence: Explanation::new(evidence),
            }),
            State::Moved { why, since, failures: rows } => Self::Moved(ownership::Moved {
                why: why.into(),
                since: since.try_into()?,
                failures: failures(rows),
            }),
            State::GivenUp { since } => {
                Self::GivenUp(ownership::GivenUp { since: since.try_into()? })
            }
            State::Blocked { why, since } => Self::Blocked(ownership::Blocked {
                why: Explanation::new(why),
                since: since.try_into()?,
            }),
            State::Leaving { since } => {
                Self::Leaving(ownership::Leaving { since: since.try_into()? })
            }
        })
    }
}

impl From<&ownership::Failure> for Failure {
    fn from(failure: &ownership::Failure) -> Self {
        match failure {
            ownership::Failure::NotPointedHere => Self::NotPointedHere,
            ownership::Failure::NoFallbackOrigin => Self::NoFallbackOrigin,
            ownership::Failure::ZoneNotActive => Self::ZoneNotActive,
            ownership::Failure::CnameLoop => Self::CnameLoop,
            ownership::Failure::CnameTooLong => Self::CnameTooLong,
            ownership::Failure::Unreachable(why) => Self::Unreachable(why.to_string()),
        }
    }
}

impl From<Failure> for ownership::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotPointedHere => Self::NotPointedHere,
            Failure::NoFallbackOrigin => Self::NoFallbackOrigin,
            Failure::ZoneNotActive => Self::ZoneNotActive,
            Failure::CnameLoop => Self::CnameLoop,
            Failure::CnameTooLong => Self::CnameTooLong,
            Failure::Unreachable(why) => Self::Unreachable(Explanation::new(why)),
        }
    }
}
