//! The document of an issued certificate with its chain and its sealed key.

use serde::{Deserialize, Serialize};

use super::{
    Bytes, Damage, Micros,
    certificate::{AuthorityName, KeyType},
    sentences, texts,
};
use np_domain::{
    certificate::{
        self, Origin,
        chain::{ChainFacts, ValidatedChain},
    },
    secret::SealedBytes,
    text::Explanation,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuedCertificate {
    id: String,
    /// The CA; none for one that was uploaded, which has `upload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority: Option<AuthorityName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<Presented>,
    /// Whose certificate stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    borrowed: Option<String>,
    chain: Chain,
    key: Bytes,
    key_type: KeyType,
    issued_at: Micros,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Presented {
    certificates: Vec<Bytes>,
    csr: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    der: Vec<Bytes>,
    names: Vec<String>,
    not_before: Micros,
    not_after: Micros,
    issuer: String,
    serial: String,
    signature: String,
    key_type: Option<KeyType>,
    key_matches: bool,
    is_linked: bool,
}

impl From<&certificate::IssuedCertificate> for IssuedCertificate {
    fn from(issued: &certificate::IssuedCertificate) -> Self {
        let (authority, upload, borrowed) = match &issued.origin {
            Origin::Authority(authority) => (Some((*authority).into()), None, None),
            Origin::Uploaded(presented) => (None, Some(presented.into()), None),
            Origin::Borrowed(from) => (None, None, Some(from.to_string())),
        };
        Self {
            id: issued.id.to_string(),
            authority,
            upload,
            borrowed,
            chain: issued.chain.facts().into(),
            key: Bytes(issued.key.as_bytes().to_vec()),
            key_type: issued.key_type.into(),
            issued_at: issued.issued_at.into(),
        }
    }
}

impl TryFrom<IssuedCertificate> for certificate::IssuedCertificate {
    type Error = Damage;

    fn try_from(row: IssuedCertificate) -> Result<Self, Damage> {
        let origin = match (row.authority, row.upload, row.borrowed) {
            (Some(authority), None, None) => Origin::Authority(authority.into()),
            (None, Some(presented), None) => Origin::Uploaded(presented.try_into()?),
            (None, None, Some(from)) => Origin::Borrowed(from.parse()?),
            _ => return Err(Damage::new("a certificate is a CA's, uploaded, or stands in")),
        };
        Ok(Self {
            id: row.id.parse()?,
            origin,
            chain: ValidatedChain::restored(row.chain.try_into()?),
            key: SealedBytes::from_vec(row.key.0),
            key_type: row.key_type.into(),
            issued_at: row.issued_at.try_into()?,
        })
    }
}

impl From<&certificate::Presented> for Presented {
    fn from(presented: &certificate::Presented) -> Self {
        Self {
            certificates: presented.certificates.iter().map(|der| Bytes(der.to_vec())).collect(),
            csr: presented.csr.map(|id| id.to_string()),
        }
    }
}

impl TryFrom<Presented> for certificate::Presented {
    type Error = Damage;

    fn try_from(row: Presented) -> Result<Self, Damage> {
        let certificates = row.certificates.into_iter();
        Ok(Self {
            certificates: certificates.map(|Bytes(der)| der.into_boxed_slice()).collect(),
            csr: row.csr.map(|id| id.parse()).transpose()?,
        })
    }
}

impl From<&ChainFacts> for Chain {
    fn from(facts: &ChainFacts) -> Self {
        Self {
            der: facts.der.iter().map(|der| Bytes(der.to_vec())).collect(),
            names: texts(&facts.names),
            not_before: facts.not_before.into(),
            not_after: facts.not_after.into(),
            issuer: facts.issuer.to_string(),
            serial: facts.serial.to_string(),
            signature: facts.signature.to_string(),
            key_type: facts.key_type.map(Into::into),
            key_matches: facts.key_matches,
            is_linked: facts.is_linked,
        }
    }
}

impl TryFrom<Chain> for ChainFacts {
    type Error = Damage;

    fn try_from(row: Chain) -> Result<Self, Damage> {
        Ok(Self {
            der: row.der.into_iter().map(|Bytes(der)| der.into_boxed_slice()).collect(),
            names: sentences(&row.names),
            not_before: row.not_before.try_into()?,
            not_after: row.not_after.try_into()?,
            issuer: Explanation::new(row.issuer),
            serial: Explanation::new(row.serial),
            signature: Explanation::new(row.signature),
            key_type: row.key_type.map(Into::into),
            key_matches: row.key_matches,
            is_linked: row.is_linked,
        })
    }
}
