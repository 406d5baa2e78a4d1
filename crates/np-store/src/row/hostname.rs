//! The document of a hostname: everything but what has a column of its own.

use std::{collections::BTreeMap, num::NonZeroU16};

use serde::{Deserialize, Serialize};

use super::{Damage, V1, ownership};
use np_domain::{
    custom_hostname::{CustomHostname, Metadata, OwnershipToken},
    origin,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hostname {
    v: V1,
    token: String,
    ownership: ownership::State,
    origin: Option<CustomOrigin>,
    metadata: BTreeMap<Box<str>, Box<str>>,
}

/// What of a hostname comes out of its document.
pub(crate) struct Parts {
    pub(crate) token: OwnershipToken,
    pub(crate) ownership: np_domain::ownership::State,
    pub(crate) origin: Option<origin::CustomOrigin>,
    pub(crate) metadata: Metadata,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomOrigin {
    server: OriginHost,
    sni: OriginSni,
}

/// Also of a zone's fallback origin.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OriginHost {
    host: String,
    port: Option<NonZeroU16>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OriginSni {
    RequestHost,
    Origin,
    Name(String),
}

impl Hostname {
    /// The word for its state in the column `state`.
    pub(crate) fn word(hostname: &CustomHostname) -> &'static str {
        ownership::word(&hostname.ownership)
    }
}

impl From<&CustomHostname> for Hostname {
    fn from(hostname: &CustomHostname) -> Self {
        Self {
            v: V1,
            token: hostname.token.to_string(),
            ownership: (&hostname.ownership).into(),
            origin: hostname.origin.as_ref().map(Into::into),
            metadata: hostname.metadata.0.clone(),
        }
    }
}

impl TryFrom<Hostname> for Parts {
    type Error = Damage;

    fn try_from(row: Hostname) -> Result<Self, Damage> {
        Ok(Self {
            token: OwnershipToken::from_uuid(row.token.parse()?),
            ownership: row.ownership.try_into()?,
            origin: row.origin.map(TryInto::try_into).transpose()?,
            metadata: Metadata(row.metadata),
        })
    }
}

impl From<&origin::CustomOrigin> for CustomOrigin {
    fn from(origin: &origin::CustomOrigin) -> Self {
        let sni = match &origin.sni {
            origin::OriginSni::RequestHost => OriginSni::RequestHost,
            origin::OriginSni::Origin => OriginSni::Origin,
            origin::OriginSni::Name(name) => OriginSni::Name(name.to_string()),
        };
        Self { server: (&origin.server).into(), sni }
    }
}

impl TryFrom<CustomOrigin> for origin::CustomOrigin {
    type Error = Damage;

    fn try_from(row: CustomOrigin) -> Result<Self, Damage> {
        let sni = match row.sni {
            OriginSni::RequestHost => origin::OriginSni::RequestHost,
            OriginSni::Origin => origin::OriginSni::Origin,
            OriginSni::Name(name) => origin::OriginSni::Name(super::hostname(&name)?),
        };
        Ok(Self { server: row.server.try_into()?, sni })
    }
}

impl From<&origin::OriginHost> for OriginHost {
    fn from(origin: &origin::OriginHost) -> Self {
        Self { host: origin.host.to_string(), port: origin.port }
    }
}

impl TryFrom<OriginHost> for origin::OriginHost {
    type Error = Damage;

    fn try_from(row: OriginHost) -> Result<Self, Damage> {
        Ok(Self { host: super::hostname(&row.host)?, port: row.port })
    }
}
