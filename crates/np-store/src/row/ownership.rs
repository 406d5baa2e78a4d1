//! The document of an ownership state.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, words};
use np_domain::{ownership, text::Explanation};

words!(BlockedCause is ownership::BlockedCause: Hold, List);
words!(Method is ownership::Method: Apex, Cname, Http, Txt);
words!(MovedWhy is ownership::MovedWhy: NeverProven, PointsElsewhere, ProvenElsewhere);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    Unproven {
        since: Micros,
        attempt: u32,
        next_check: Micros,
        failures: Vec<Failure>,
    },
    Proven {
        by: Method,
        at: Micros,
        evidence: String,
        #[serde(default)]
        watch: Watch,
    },
    Moved {
        why: MovedWhy,
        since: Micros,
        failures: Vec<Failure>,
    },
    GivenUp {
        since: Micros,
    },
    Blocked {
        #[serde(default)]
        cause: Option<BlockedCause>,
        why: String,
        since: Micros,
        #[serde(default)]
        next_check: Option<Micros>,
    },
    Leaving {
        since: Micros,
    },
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Watch {
    next_check: Option<Micros>,
    led_here: Option<Micros>,
    doubt: Option<Doubt>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Doubt {
    since: Micros,
    looks: u32,
    failures: Vec<Failure>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    AddressesElsewhere,
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
            ownership::State::Proven(s) => Self::Proven {
                by: s.by.into(),
                at: s.at.into(),
                evidence: s.evidence.to_string(),
                watch: (&s.watch).into(),
            },
            ownership::State::Moved(s) => Self::Moved {
                why: s.why.into(),
                since: s.since.into(),
                failures: s.failures.iter().map(Into::into).collect(),
            },
            ownership::State::GivenUp(s) => Self::GivenUp { since: s.since.into() },
            ownership::State::Blocked(s) => Self::Blocked {
                cause: Some(s.cause.into()),
                why: s.why.to_string(),
                since: s.since.into(),
                next_check: Some(s.next_check.into()),
            },
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
            State::Proven { by, at, evidence, watch } => Self::Proven(ownership::Proven {
                by: by.into(),
                at: at.try_into()?,
                evidence: Explanation::new(evidence),
                watch: watch.try_into()?,
            }),
            State::Moved { why, since, failures: rows } => Self::Moved(ownership::Moved {
                why: why.into(),
                since: since.try_into()?,
                failures: failures(rows),
            }),
            State::GivenUp { since } => {
                Self::GivenUp(ownership::GivenUp { since: since.try_into()? })
            }
            State::Blocked { cause, why, since, next_check } => {
                let since = since.try_into()?;
                Self::Blocked(ownership::Blocked {
                    cause: cause.map_or(ownership::BlockedCause::List, Into::into),
                    why: Explanation::new(why),
                    since,
                    next_check: next_check.map(TryInto::try_into).transpose()?.unwrap_or(since),
                })
            }
            State::Leaving { since } => {
                Self::Leaving(ownership::Leaving { since: since.try_into()? })
            }
        })
    }
}

impl From<&ownership::Watch> for Watch {
    fn from(watch: &ownership::Watch) -> Self {
        Self {
            next_check: watch.next_check.map(Into::into),
            led_here: watch.led_here.map(Into::into),
            doubt: watch.doubt.as_ref().map(|doubt| Doubt {
                since: doubt.since.into(),
                looks: doubt.looks,
                failures: doubt.failures.iter().map(Into::into).collect(),
            }),
        }
    }
}

impl TryFrom<Watch> for ownership::Watch {
    type Error = Damage;

    fn try_from(watch: Watch) -> Result<Self, Damage> {
        let doubt = |doubt: Doubt| {
            Ok::<_, Damage>(ownership::Doubt {
                since: doubt.since.try_into()?,
                looks: doubt.looks,
                failures: doubt.failures.into_iter().map(Into::into).collect(),
            })
        };
        Ok(Self {
            next_check: watch.next_check.map(TryInto::try_into).transpose()?,
            led_here: watch.led_here.map(TryInto::try_into).transpose()?,
            doubt: watch.doubt.map(doubt).transpose()?,
        })
    }
}

impl From<&ownership::Failure> for Failure {
    fn from(failure: &ownership::Failure) -> Self {
        match failure {
            ownership::Failure::AddressesElsewhere => Self::AddressesElsewhere,
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
            Failure::AddressesElsewhere => Self::AddressesElsewhere,
            Failure::NotPointedHere => Self::NotPointedHere,
            Failure::NoFallbackOrigin => Self::NoFallbackOrigin,
            Failure::ZoneNotActive => Self::ZoneNotActive,
            Failure::CnameLoop => Self::CnameLoop,
            Failure::CnameTooLong => Self::CnameTooLong,
            Failure::Unreachable(why) => Self::Unreachable(Explanation::new(why)),
        }
    }
}
