//! The document of a zone's activation, in a column of its own: the release before does not know it.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, V1, moment, texts_of, words};
use np_domain::{
    Timestamp,
    name::DnsName,
    text::Explanation,
    zone::{self, activation},
};

words!(Method is activation::Method: Automatic, Delegation, Txt);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activation {
    v: V1,
    state: State,
    paused: bool,
    original_name_servers: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum State {
    Initializing { next_check: Micros },
    Pending { since: Micros, attempt: u32, next_check: Option<Micros>, why: String },
    Active { since: Micros, by: Method, next_check: Option<Micros>, misses: u32 },
    Moved { since: Micros, active_since: Micros, why: String },
}

/// What of a zone comes out of the document.
pub(crate) struct Parts {
    pub(crate) state: activation::State,
    pub(crate) paused: bool,
    pub(crate) original_name_servers: Option<Vec<DnsName>>,
}

impl Parts {
    /// Those of a zone that the release before has added: it is active, and nothing else is known.
    pub(crate) fn of_before(created_at: Timestamp) -> Self {
        let state = activation::State::Active(activation::Active {
            since: created_at,
            by: activation::Method::Automatic,
            next_check: None,
            misses: 0,
        });
        Self { state, paused: false, original_name_servers: None }
    }
}

impl From<&zone::Zone> for Activation {
    fn from(zone: &zone::Zone) -> Self {
        let names = zone.original_name_servers.as_deref();
        Self {
            v: V1,
            state: (&zone.state).into(),
            paused: zone.paused,
            original_name_servers: names.map(texts_of),
        }
    }
}

impl TryFrom<Activation> for Parts {
    type Error = Damage;

    fn try_from(row: Activation) -> Result<Self, Damage> {
        let names = row.original_name_servers;
        let names = names.map(|names| names.iter().map(|name| name.parse()).collect());
        Ok(Self {
            state: row.state.try_into()?,
            paused: row.paused,
            original_name_servers: names.transpose()?,
        })
    }
}

impl From<&activation::State> for State {
    fn from(state: &activation::State) -> Self {
        match state {
            activation::State::Initializing(s) => {
                Self::Initializing { next_check: s.next_check.into() }
            }
            activation::State::Pending(s) => Self::Pending {
                since: s.since.into(),
                attempt: s.attempt,
                next_check: s.next_check.map(Into::into),
                why: s.why.to_string(),
            },
            activation::State::Active(s) => Self::Active {
                since: s.since.into(),
                by: s.by.into(),
                next_check: s.next_check.map(Into::into),
                misses: s.misses,
            },
            activation::State::Moved(s) => Self::Moved {
                since: s.since.into(),
                active_since: s.active_since.into(),
                why: s.why.to_string(),
            },
        }
    }
}

impl TryFrom<State> for activation::State {
    type Error = Damage;

    fn try_from(row: State) -> Result<Self, Damage> {
        Ok(match row {
            State::Initializing { next_check } => {
                Self::Initializing(activation::Initializing { next_check: next_check.try_into()? })
            }
            State::Pending { since, attempt, next_check, why } => {
                Self::Pending(activation::Pending {
                    since: since.try_into()?,
                    attempt,
                    next_check: moment(next_check)?,
                    why: Explanation::new(why),
                })
            }
            State::Active { since, by, next_check, misses } => Self::Active(activation::Active {
                since: since.try_into()?,
                by: by.into(),
                next_check: moment(next_check)?,
                misses,
            }),
            State::Moved { since, active_since, why } => Self::Moved(activation::Moved {
                since: since.try_into()?,
                active_since: active_since.try_into()?,
                why: Explanation::new(why),
            }),
        })
    }
}
