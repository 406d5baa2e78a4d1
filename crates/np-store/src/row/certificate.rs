//! The document of a certificate pack: what is wanted, what is active, and the attempt.

use serde::{Deserialize, Serialize};

use super::{
    Bytes, Damage, Micros, V1, attempt::State, chain::IssuedCertificate, each, tls::TlsPolicy,
    words,
};
use np_domain::{certificate, text::Explanation};

words!(AuthorityName is certificate::AuthorityName: Digicert, Google, LetsEncrypt, SslCom);
words!(BundleMethod is certificate::BundleMethod: Force, Optimal, Ubiquitous);
words!(DcvMethod is certificate::DcvMethod: Http, Txt, Email, Cname);
words!(Level is certificate::urgency::Level: Failing, Late, Urgent, Critical, Over);
words!(KeyType is certificate::KeyType: P256, P384, Rsa2048, Rsa3072, Rsa4096);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    v: V1,
    wanted: Wanted,
    active: Vec<Active>,
    attempt: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alarm: Option<Level>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revocations: Vec<Revocation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    authority: AuthorityName,
    leaf: Bytes,
    try_at: Micros,
}

/// What of a certificate comes out of its document.
pub(crate) struct Parts {
    pub(crate) wanted: certificate::Wanted,
    pub(crate) active: Vec<certificate::Active>,
    pub(crate) attempt: certificate::State,
    pub(crate) alarm: Option<certificate::urgency::Level>,
    pub(crate) revocations: Vec<certificate::reissue::Revocation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    method: DcvMethod,
    wildcard: bool,
    authority: Option<AuthorityName>,
    bundle: BundleMethod,
    tls: TlsPolicy,
    keys: Vec<KeyType>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Active {
    issued: IssuedCertificate,
    deployed_at: Micros,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suggestion: Option<Suggestion>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suggestion {
    start: Micros,
    end: Micros,
    explanation: Option<String>,
}

impl From<&certificate::Certificate> for Certificate {
    fn from(certificate: &certificate::Certificate) -> Self {
        Self {
            v: V1,
            wanted: (&certificate.wanted).into(),
            active: certificate.active.iter().map(Into::into).collect(),
            attempt: (&certificate.attempt).into(),
            alarm: certificate.alarm.map(Into::into),
            revocations: certificate.revocations.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<Certificate> for Parts {
    type Error = Damage;

    fn try_from(row: Certificate) -> Result<Self, Damage> {
        Ok(Self {
            wanted: row.wanted.try_into()?,
            active: each(row.active)?,
            attempt: row.attempt.try_into()?,
            alarm: row.alarm.map(Into::into),
            revocations: each(row.revocations)?,
        })
    }
}

impl From<&certificate::reissue::Revocation> for Revocation {
    fn from(revocation: &certificate::reissue::Revocation) -> Self {
        Self {
            authority: revocation.authority.into(),
            leaf: Bytes(revocation.leaf.to_vec()),
            try_at: revocation.try_at.into(),
        }
    }
}

impl TryFrom<Revocation> for certificate::reissue::Revocation {
    type Error = Damage;

    fn try_from(row: Revocation) -> Result<Self, Damage> {
        Ok(Self {
            authority: row.authority.into(),
            leaf: row.leaf.0.into_boxed_slice(),
            try_at: row.try_at.try_into()?,
        })
    }
}

impl From<&certificate::Wanted> for Wanted {
    fn from(wanted: &certificate::Wanted) -> Self {
        Self {
            method: wanted.method.into(),
            wildcard: wanted.wildcard,
            authority: wanted.authority.map(Into::into),
            bundle: wanted.bundle.into(),
            tls: (&wanted.tls).into(),
            keys: wanted.keys.iter().copied().map(Into::into).collect(),
        }
    }
}

impl TryFrom<Wanted> for certificate::Wanted {
    type Error = Damage;

    fn try_from(row: Wanted) -> Result<Self, Damage> {
        Ok(Self {
            method: row.method.into(),
            wildcard: row.wildcard,
            authority: row.authority.map(Into::into),
            bundle: row.bundle.into(),
            tls: row.tls.try_into()?,
            keys: row.keys.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<&certificate::Active> for Active {
    fn from(active: &certificate::Active) -> Self {
        Self {
            issued: (&active.issued).into(),
            deployed_at: active.deployed_at.into(),
            suggestion: active.suggestion.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<Active> for certificate::Active {
    type Error = Damage;

    fn try_from(row: Active) -> Result<Self, Damage> {
        Ok(Self {
            issued: row.issued.try_into()?,
            deployed_at: row.deployed_at.try_into()?,
            suggestion: row.suggestion.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<&certificate::renewal::Suggestion> for Suggestion {
    fn from(suggestion: &certificate::renewal::Suggestion) -> Self {
        Self {
            start: suggestion.start.into(),
            end: suggestion.end.into(),
            explanation: suggestion.explanation.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<Suggestion> for certificate::renewal::Suggestion {
    type Error = Damage;

    fn try_from(row: Suggestion) -> Result<Self, Damage> {
        Ok(Self {
            start: row.start.try_into()?,
            end: row.end.try_into()?,
            explanation: row.explanation.map(Explanation::new),
        })
    }
}
