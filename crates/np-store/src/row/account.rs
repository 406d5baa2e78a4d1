//! The document of an API token: everything but what has a column of its own.
//!
//! Version 1 knew three kinds of access and a list of zones; it is read as the policies that say the same.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, moment, policy, words};
use np_domain::{
    Timestamp,
    id::{AccountId, PolicyId},
    permission::{Area, Effect, Grants, Group, Need, Policy, Reach, Resource},
    text::Explanation,
    token::{self, AllowedFrom, ApiToken},
};

words!(Switch is token::Switch: Disabled, Enabled);

/// The version that is written.
const VERSION: u32 = 2;

/// What of a token comes out of its document.
pub(crate) struct Parts {
    pub(crate) name: Explanation,
    pub(crate) grants: Grants,
    pub(crate) switch: token::Switch,
    pub(crate) from: AllowedFrom,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    v: u32,
    name: String,
    grants: policy::Grants,
    switch: Switch,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    within: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_within: Vec<String>,
    not_before: Option<Micros>,
    expires_at: Option<Micros>,
    created_at: Micros,
    modified_at: Micros,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    #[serde(rename = "v")]
    _v: u32,
    name: String,
    access: FirstAccess,
    scope: FirstScope,
    expires_at: Option<Micros>,
    created_at: Micros,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstAccess {
    Read,
    Write,
    Admin,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstScope {
    Account,
    Zones(Vec<String>),
}

impl From<&ApiToken> for Token {
    fn from(token: &ApiToken) -> Self {
        let texts = |ranges: &[np_domain::network::AddressRange]| {
            ranges.iter().map(ToString::to_string).collect()
        };
        Self {
            v: VERSION,
            name: token.name.to_string(),
            grants: (&token.grants).into(),
            switch: token.switch.into(),
            within: texts(&token.from.within),
            not_within: texts(&token.from.not_within),
            not_before: token.not_before.map(Into::into),
            expires_at: token.expires_at.map(Into::into),
            created_at: token.created_at.into(),
            modified_at: token.modified_at.into(),
        }
    }
}

impl Parts {
    /// Reads the document of a token of this account.
    pub(crate) fn read(document: &str, account: AccountId) -> Result<Self, Damage> {
        match super::decode::<Version>(document)?.v {
            1 => super::decode::<First>(document)?.parts(account),
            VERSION => super::decode::<Token>(document)?.try_into(),
            v => Err(Damage::new(format!("document version {v} is newer than this program"))),
        }
    }
}

impl TryFrom<Token> for Parts {
    type Error = Damage;

    fn try_from(row: Token) -> Result<Self, Damage> {
        let ranges = |texts: Vec<String>| {
            texts.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            name: Explanation::new(row.name),
            grants: row.grants.try_into()?,
            switch: row.switch.into(),
            from: AllowedFrom { within: ranges(row.within)?, not_within: ranges(row.not_within)? },
            not_before: moment(row.not_before)?,
            expires_at: moment(row.expires_at)?,
            created_at: row.created_at.try_into()?,
            modified_at: row.modified_at.try_into()?,
        })
    }
}

impl First {
    fn parts(self, account: AccountId) -> Result<Parts, Damage> {
        let created_at: Timestamp = self.created_at.try_into()?;
        Ok(Parts {
            name: Explanation::new(&self.name),
            expires_at: moment(self.expires_at)?,
            grants: self.grants(account)?,
            switch: token::Switch::Enabled,
            from: AllowedFrom::default(),
            not_before: None,
            created_at,
            modified_at: created_at,
        })
    }

    /// What there was to be done then: zones, their hostnames, and a look at the account.
    fn grants(self, account: AccountId) -> Result<Grants, Damage> {
        let need = match self.access {
            FirstAccess::Read => Need::Read,
            FirstAccess::Write => Need::Write,
            FirstAccess::Admin => return Ok(Grants::Everything),
        };
        let zones = match self.scope {
            FirstScope::Account => vec![Resource::AccountZones(account)],
            FirstScope::Zones(zones) => {
                let ids = zones.iter().map(|zone| zone.parse().map(Resource::Zone));
                ids.collect::<Result<_, _>>()?
            }
        };
        let group = |area| Group { reach: Reach::Zone, area, need };
        let look = Group { reach: Reach::Account, area: Area::Account, need: Need::Read };
        let policy = |last: u8, groups, resources| {
            let mut id = [0; 16];
            id[15] = last;
            Policy { id: PolicyId::from_bytes(id), effect: Effect::Allow, groups, resources }
        };
        Ok(Grants::Policies(vec![
            policy(1, [Area::Zone, Area::Dns, Area::Ssl].map(group).to_vec(), zones),
            policy(2, vec![look], vec![Resource::Account(account)]),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use np_domain::permission::{Permission, Target};

    use super::*;

    fn grants(access: &str, scope: &str) -> Grants {
        let document = format!(
            r#"{{"v":1,"name":"old","access":"{access}","scope":{scope},"expires_at":null,"created_at":0}}"#
        );
        Parts::read(&document, AccountId::from_bytes([1; 16])).ok().unwrap().grants
    }

    #[test]
    fn tokens_of_the_first_version_may_what_they_could() {
        let account = AccountId::from_bytes([1; 16]);
        let zone: np_domain::id::ZoneId = "023e105f4ecef8ad9ca31a8372d0c353".parse().unwrap();
        let (here, write) = (Target::Zone(zone, account), Permission::write(Area::Ssl));
        let read_zones = Permission::read(Area::Zone);
        assert_eq!(grants("admin", r#""account""#), Grants::Everything);

        let read = grants("read", r#""account""#);
        assert!(read.allow(read_zones, here) && !read.allow(write, here));
        assert!(read.allow(Permission::read(Area::Account), Target::Account(account)));

        let some = grants("write", r#"{"zones":["023e105f4ecef8ad9ca31a8372d0c353"]}"#);
        let elsewhere = Target::Zone(np_domain::id::ZoneId::from_bytes([9; 16]), account);
        assert!(some.allow(write, here) && !some.allow(write, elsewhere));
        assert!(!some.allow(Permission::write(Area::Zone), Target::AccountZones(account)));
    }

    #[test]
    fn a_token_of_a_newer_program_is_refused() {
        let read = Parts::read(r#"{"v":3}"#, AccountId::from_bytes([1; 16]));
        assert!(read.is_err());
    }
}
