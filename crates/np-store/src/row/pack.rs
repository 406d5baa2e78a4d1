//! The document of a zone's certificate pack: everything but its certificate and what has a column of its own.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, V1, attempt::cert_name, moment};
use np_domain::{Timestamp, certificate_pack};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    v: V1,
    /// With `*.` before it: a wildcard.
    hosts: Vec<String>,
    validity_days: u16,
    branding: bool,
    leaving_since: Option<Micros>,
}

/// What of a pack comes out of its document.
pub(crate) struct Parts {
    pub(crate) hosts: certificate_pack::PackHosts,
    pub(crate) validity: certificate_pack::Validity,
    pub(crate) branding: bool,
    pub(crate) leaving_since: Option<Timestamp>,
}

impl Pack {
    /// The word for its state in the column `state`.
    pub(crate) fn word(pack: &certificate_pack::Pack) -> &'static str {
        match pack.leaving_since {
            None => "live",
            Some(_) => "leaving",
        }
    }
}

impl From<&certificate_pack::Pack> for Pack {
    fn from(pack: &certificate_pack::Pack) -> Self {
        Self {
            v: V1,
            hosts: pack.hosts.as_slice().iter().map(ToString::to_string).collect(),
            validity_days: pack.validity.days(),
            branding: pack.branding,
            leaving_since: pack.leaving_since.map(Into::into),
        }
    }
}

impl TryFrom<Pack> for Parts {
    type Error = Damage;

    fn try_from(row: Pack) -> Result<Self, Damage> {
        let hosts: Result<_, Damage> = row.hosts.iter().map(|host| cert_name(host)).collect();
        let days = row.validity_days;
        let validity = certificate_pack::Validity::of_days(days.into());
        Ok(Self {
            hosts: certificate_pack::PackHosts::restored(hosts?),
            validity: validity.ok_or_else(|| Damage::new(format!("no pack lives {days} days")))?,
            branding: row.branding,
            leaving_since: moment(row.leaving_since)?,
        })
    }
}

const ADVANCED: &str = "advanced";
const UNIVERSAL: &str = "universal";

/// The word in the column `kind`.
pub(crate) fn kind_word(kind: certificate_pack::PackKind) -> &'static str {
    match kind {
        certificate_pack::PackKind::Advanced => ADVANCED,
        certificate_pack::PackKind::Universal => UNIVERSAL,
    }
}

/// The kind of a word.
pub(crate) fn kind(word: &str) -> Result<certificate_pack::PackKind, Damage> {
    match word {
        ADVANCED => Ok(certificate_pack::PackKind::Advanced),
        UNIVERSAL => Ok(certificate_pack::PackKind::Universal),
        _ => Err(Damage::new(format!("unknown kind of pack {word}"))),
    }
}
