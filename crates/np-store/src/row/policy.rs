//! Policies within the document of a token.

use serde::{Deserialize, Serialize};

use super::{Damage, words};
use np_domain::permission;

words!(Area is permission::Area: Account, Dns, Membership, Ssl, Token, User, Zone, ZoneSettings);
words!(Effect is permission::Effect: Allow, Deny);
words!(Need is permission::Need: Read, Write);
words!(Reach is permission::Reach: Account, User, Zone);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grants {
    Everything,
    Policies(Vec<Policy>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    id: String,
    effect: Effect,
    groups: Vec<Group>,
    resources: Vec<Resource>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reach: Reach,
    area: Area,
    need: Need,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Resource {
    Account(String),
    AccountZones(String),
    AllAccounts,
    AllZones,
    User(String),
    Zone(String),
}

impl From<&permission::Grants> for Grants {
    fn from(grants: &permission::Grants) -> Self {
        match grants {
            permission::Grants::Everything => Self::Everything,
            permission::Grants::Policies(policies) => {
                Self::Policies(policies.iter().map(Into::into).collect())
            }
        }
    }
}

impl TryFrom<Grants> for permission::Grants {
    type Error = Damage;

    fn try_from(row: Grants) -> Result<Self, Damage> {
        match row {
            Grants::Everything => Ok(Self::Everything),
            Grants::Policies(policies) => super::each(policies).map(Self::Policies),
        }
    }
}

impl From<&permission::Policy> for Policy {
    fn from(policy: &permission::Policy) -> Self {
        let group = |group: &permission::Group| Group {
            reach: group.reach.into(),
            area: group.area.into(),
            need: group.need.into(),
        };
        Self {
            id: policy.id.to_string(),
            effect: policy.effect.into(),
            groups: policy.groups.iter().map(group).collect(),
            resources: policy.resources.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<Policy> for permission::Policy {
    type Error = Damage;

    fn try_from(row: Policy) -> Result<Self, Damage> {
        let group = |group: Group| permission::Group {
            reach: group.reach.into(),
            area: group.area.into(),
            need: group.need.into(),
        };
        Ok(Self {
            id: row.id.parse()?,
            effect: row.effect.into(),
            groups: row.groups.into_iter().map(group).collect(),
            resources: super::each(row.resources)?,
        })
    }
}

impl From<&permission::Resource> for Resource {
    fn from(resource: &permission::Resource) -> Self {
        match resource {
            permission::Resource::Account(id) => Self::Account(id.to_string()),
            permission::Resource::AccountZones(id) => Self::AccountZones(id.to_string()),
            permission::Resource::AllAccounts => Self::AllAccounts,
            permission::Resource::AllZones => Self::AllZones,
            permission::Resource::User(id) => Self::User(id.to_string()),
            permission::Resource::Zone(id) => Self::Zone(id.to_string()),
        }
    }
}

impl TryFrom<Resource> for permission::Resource {
    type Error = Damage;

    fn try_from(row: Resource) -> Result<Self, Damage> {
        Ok(match row {
            Resource::Account(id) => Self::Account(id.parse()?),
            Resource::AccountZones(id) => Self::AccountZones(id.parse()?),
            Resource::AllAccounts => Self::AllAccounts,
            Resource::AllZones => Self::AllZones,
            Resource::User(id) => Self::User(id.parse()?),
            Resource::Zone(id) => Self::Zone(id.parse()?),
        })
    }
}
