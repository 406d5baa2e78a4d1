//! The document of a certificate signing request: everything but what has a column of its own.

use serde::{Deserialize, Serialize};

use super::{Bytes, Damage, V1, attempt::cert_name, words};
use np_domain::{csr, secret::SealedBytes, text::Explanation};

words!(CsrKeyType is csr::CsrKeyType: P256, Rsa2048);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Csr {
    v: V1,
    subject: Subject,
    /// With `*.` before it: a wildcard.
    sans: Vec<String>,
    key_type: CsrKeyType,
    description: String,
    request: Bytes,
    key: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    country: String,
    state: String,
    locality: String,
    organization: String,
    unit: Option<String>,
    common_name: String,
}

/// What of a request comes out of its document.
pub(crate) struct Parts {
    pub(crate) terms: csr::CsrTerms,
    pub(crate) request: Box<[u8]>,
    pub(crate) key: SealedBytes,
}

impl From<&csr::CustomCsr> for Csr {
    fn from(csr: &csr::CustomCsr) -> Self {
        let terms = &csr.terms;
        Self {
            v: V1,
            subject: (&terms.subject).into(),
            sans: terms.sans.iter().map(ToString::to_string).collect(),
            key_type: terms.key_type.into(),
            description: terms.description.to_string(),
            request: Bytes(csr.request.to_vec()),
            key: Bytes(csr.key.as_bytes().to_vec()),
        }
    }
}

impl Csr {
    /// The parts, with the name that stands in a column.
    pub(crate) fn parts(self, name: &str) -> Result<Parts, Damage> {
        let sans = self.sans.iter().map(|name| cert_name(name)).collect::<Result<_, _>>()?;
        Ok(Parts {
            terms: csr::CsrTerms {
                subject: self.subject.into(),
                sans,
                key_type: self.key_type.into(),
                name: Explanation::new(name),
                description: Explanation::new(self.description),
            },
            request: self.request.0.into_boxed_slice(),
            key: SealedBytes::from_vec(self.key.0),
        })
    }
}

impl From<&csr::CsrSubject> for Subject {
    fn from(subject: &csr::CsrSubject) -> Self {
        Self {
            country: subject.country.to_string(),
            state: subject.state.to_string(),
            locality: subject.locality.to_string(),
            organization: subject.organization.to_string(),
            unit: subject.unit.as_ref().map(ToString::to_string),
            common_name: subject.common_name.to_string(),
        }
    }
}

impl From<Subject> for csr::CsrSubject {
    fn from(row: Subject) -> Self {
        Self {
            country: Explanation::new(row.country),
            state: Explanation::new(row.state),
            locality: Explanation::new(row.locality),
            organization: Explanation::new(row.organization),
            unit: row.unit.map(Explanation::new),
            common_name: Explanation::new(row.common_name),
        }
    }
}
