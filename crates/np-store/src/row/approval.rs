//! The document of an approval: what it is for.

use serde::{Deserialize, Serialize};

use super::{Damage, V1, attempt::cert_name, certificate::AuthorityName};
use np_domain::{approval, certificate};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    v: V1,
    authority: AuthorityName,
    /// With `*.` before it: the wildcard.
    names: Vec<String>,
}

impl From<&approval::Approval> for Approval {
    fn from(approval: &approval::Approval) -> Self {
        let names = approval.names.iter().map(ToString::to_string).collect();
        Self { v: V1, authority: approval.authority.into(), names }
    }
}

impl Approval {
    /// The CA and the names.
    pub(crate) fn parts(
        &self,
    ) -> Result<(certificate::AuthorityName, Vec<certificate::CertName>), Damage> {
        let names = self.names.iter().map(|name| cert_name(name)).collect::<Result<_, _>>()?;
        Ok((self.authority.into(), names))
    }
}
