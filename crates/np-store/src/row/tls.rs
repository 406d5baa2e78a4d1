//! The document of TLS settings.

use serde::{Deserialize, Serialize};

use super::{Damage, words};
use np_domain::tls_policy;

words!(Switch is tls_policy::Switch: Off, On);
words!(TlsVersion is tls_policy::TlsVersion: V1_0, V1_1, V1_2, V1_3);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsPolicy {
    min_version: Option<TlsVersion>,
    tls_1_3: Option<Switch>,
    http2: Option<Switch>,
    early_hints: Option<Switch>,
    ciphers: Option<Vec<String>>,
}

impl From<&tls_policy::TlsPolicy> for TlsPolicy {
    fn from(policy: &tls_policy::TlsPolicy) -> Self {
        let names = |list: &tls_policy::CipherList| {
            list.iter().map(|cipher| cipher.as_str().to_owned()).collect()
        };
        Self {
            min_version: policy.min_version.map(Into::into),
            tls_1_3: policy.tls_1_3.map(Into::into),
            http2: policy.http2.map(Into::into),
            early_hints: policy.early_hints.map(Into::into),
            ciphers: policy.ciphers.as_ref().map(names),
        }
    }
}

impl TryFrom<TlsPolicy> for tls_policy::TlsPolicy {
    type Error = Damage;

    fn try_from(row: TlsPolicy) -> Result<Self, Damage> {
        let list =
            |names: Vec<String>| tls_policy::CipherList::parse(names.iter().map(String::as_str));
        Ok(Self {
            min_version: row.min_version.map(Into::into),
            tls_1_3: row.tls_1_3.map(Into::into),
            http2: row.http2.map(Into::into),
            early_hints: row.early_hints.map(Into::into),
            ciphers: row.ciphers.map(list).transpose()?,
        })
    }
}
