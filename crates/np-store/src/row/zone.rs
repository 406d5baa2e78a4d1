//! The document of a zone: everything but what has a column of its own.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, V1, hostname::OriginHost, words};
use np_domain::{Timestamp, delegation::DelegationId, origin, zone};

words!(ZoneKind is zone::ZoneKind: Full, Partial);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Zone {
    v: V1,
    kind: ZoneKind,
    delegation: String,
    fallback: Option<FallbackOrigin>,
    #[serde(default)]
    hold: Option<Hold>,
    created_at: Micros,
    modified_at: Micros,
}

/// The word for a kind in the column `kind`.
pub(crate) fn word(kind: zone::ZoneKind) -> &'static str {
    match kind {
        zone::ZoneKind::Full => "full",
        zone::ZoneKind::Partial => "partial",
    }
}

/// What of a zone comes out of its document.
pub(crate) struct Parts {
    pub(crate) kind: zone::ZoneKind,
    pub(crate) delegation: DelegationId,
    pub(crate) fallback: Option<origin::FallbackOrigin>,
    pub(crate) hold: Option<zone::ZoneHold>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    includes_subdomains: bool,
    after: Micros,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FallbackOrigin {
    origin: OriginHost,
    created_at: Micros,
    updated_at: Micros,
}

impl From<&zone::Zone> for Zone {
    fn from(zone: &zone::Zone) -> Self {
        Self {
            v: V1,
            kind: zone.kind.into(),
            delegation: zone.delegation.to_string(),
            fallback: zone.fallback.as_ref().map(Into::into),
            hold: zone.hold.map(|hold| Hold {
                includes_subdomains: hold.includes_subdomains,
                after: hold.after.into(),
            }),
            created_at: zone.created_at.into(),
            modified_at: zone.modified_at.into(),
        }
    }
}

impl TryFrom<Zone> for Parts {
    type Error = Damage;

    fn try_from(row: Zone) -> Result<Self, Damage> {
        Ok(Self {
            kind: row.kind.into(),
            delegation: row.delegation.parse()?,
            fallback: row.fallback.map(TryInto::try_into).transpose()?,
            hold: match row.hold {
                None => None,
                Some(Hold { includes_subdomains, after }) => {
                    Some(zone::ZoneHold { includes_subdomains, after: after.try_into()? })
                }
            },
            created_at: row.created_at.try_into()?,
            modified_at: row.modified_at.try_into()?,
        })
    }
}

impl From<&origin::FallbackOrigin> for FallbackOrigin {
    fn from(fallback: &origin::FallbackOrigin) -> Self {
        Self {
            origin: (&fallback.origin).into(),
            created_at: fallback.created_at.into(),
            updated_at: fallback.updated_at.into(),
        }
    }
}

impl TryFrom<FallbackOrigin> for origin::FallbackOrigin {
    type Error = Damage;

    fn try_from(row: FallbackOrigin) -> Result<Self, Damage> {
        Ok(Self {
            origin: row.origin.try_into()?,
            created_at: row.created_at.try_into()?,
            updated_at: row.updated_at.try_into()?,
        })
    }
}
