//! The document of an API token: everything but what has a column of its own.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, V1, moment, words};
use np_domain::{Timestamp, account, text::Explanation};

words!(Access is account::Access: Read, Write, Admin);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    v: V1,
    name: String,
    access: Access,
    scope: Scope,
    expires_at: Option<Micros>,
    created_at: Micros,
}

/// What of a token comes out of its document.
pub(crate) struct Parts {
    pub(crate) name: Explanation,
    pub(crate) access: account::Access,
    pub(crate) scope: account::Scope,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scope {
    Account,
    Zones(Vec<String>),
}

impl From<&account::ApiToken> for Token {
    fn from(token: &account::ApiToken) -> Self {
        let scope = match &token.scope {
            account::Scope::Account => Scope::Account,
            account::Scope::Zones(zones) => {
                Scope::Zones(zones.iter().map(ToString::to_string).collect())
            }
        };
        Self {
            v: V1,
            name: token.name.to_string(),
            access: token.access.into(),
            scope,
            expires_at: token.expires_at.map(Into::into),
            created_at: token.created_at.into(),
        }
    }
}

impl TryFrom<Token> for Parts {
    type Error = Damage;

    fn try_from(row: Token) -> Result<Self, Damage> {
        let scope = match row.scope {
            Scope::Account => account::Scope::Account,
            Scope::Zones(zones) => {
                let ids = zones.iter().map(|zone| zone.parse());
                account::Scope::Zones(ids.collect::<Result<_, _>>()?)
            }
        };
        Ok(Self {
            name: Explanation::new(row.name),
            access: row.access.into(),
            scope,
            expires_at: moment(row.expires_at)?,
            created_at: row.created_at.try_into()?,
        })
    }
}
