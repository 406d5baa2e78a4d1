//! What is written into the store's columns, as structs of their own: np-domain has no serde, so that its types can
//! change without changing what is on disk.
//!
//! States are JSON documents with a version (`v`). A document that is damaged, or that a newer program wrote, is
//! refused as a whole ([`Damage`]): nothing that this program does not understand is ever dropped by a save. How a
//! document may change from release to release stands in `migrations/README.md`.

pub(crate) mod account;
pub(crate) mod activation;
pub(crate) mod approval;
pub(crate) mod attempt;
pub(crate) mod certificate;
pub(crate) mod chain;
pub(crate) mod csr;
pub(crate) mod dns_record;
pub(crate) mod hostname;
pub(crate) mod ownership;
pub(crate) mod pack;
pub(crate) mod policy;
pub(crate) mod tls;
pub(crate) mod user;
pub(crate) mod zone;
pub(crate) mod zone_settings;

use std::fmt::Display;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use np_domain::{Timestamp, name, ports::StoreError, text::Explanation};

/// Why a row cannot be read, before it is known which.
pub(crate) struct Damage(Explanation);

impl Damage {
    pub(crate) fn new(why: impl Display) -> Self {
        Self(Explanation::new(why.to_string()))
    }

    /// Names the row.
    pub(crate) fn of(self, table: &'static str, id: impl Display) -> StoreError {
        StoreError::Corrupt { table, id: Explanation::new(id.to_string()), why: self.0 }
    }
}

impl<E: std::error::Error> From<E> for Damage {
    fn from(why: E) -> Self {
        Self::new(why)
    }
}

/// The text of a document.
pub(crate) fn encode(document: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|why| StoreError::Unavailable(Box::new(why)))
}

/// The document of a text.
pub(crate) fn decode<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Damage> {
    Ok(serde_json::from_str(text)?)
}

/// The version of all documents so far. Another one is refused.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[derive(Clone, Copy)]
pub(crate) struct V1;

impl TryFrom<u32> for V1 {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            _ => Err(format!("document version {version} is newer than this program")),
        }
    }
}

impl From<V1> for u32 {
    fn from(V1: V1) -> Self {
        1
    }
}

/// Microseconds since 1970 in UTC: how the store writes every moment, in columns and documents.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Micros(pub(crate) i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        // Years up to 9999 are less than 2^58 microseconds away.
        Self(at.unix_timestamp_nanos().div_euclid(1000) as i64)
    }
}

impl TryFrom<Micros> for Timestamp {
    type Error = time::error::ComponentRange;

    fn try_from(Micros(micros): Micros) -> Result<Self, Self::Error> {
        Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1000)
    }
}

/// The moment in a field that may have none.
fn moment(micros: Option<Micros>) -> Result<Option<Timestamp>, Damage> {
    Ok(micros.map(Timestamp::try_from).transpose()?)
}

/// Bytes, in base64.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_ref()).map(Self).map_err(D::Error::custom)
    }
}

/// A hostname that the store has. It was judged when it came in: see [`name::Hostname::restored`].
pub(crate) fn hostname(text: &str) -> Result<name::Hostname, Damage> {
    Ok(name::Hostname::restored(text.parse()?))
}

/// Sentences as plain text.
fn texts(sentences: &[Explanation]) -> Vec<String> {
    sentences.iter().map(|sentence| sentence.as_str().to_owned()).collect()
}

/// Names as plain text.
fn texts_of(names: &[name::DnsName]) -> Vec<String> {
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

/// Plain text as sentences.
fn sentences(texts: &[String]) -> Vec<Explanation> {
    texts.iter().map(Explanation::new).collect()
}

/// Converts each item, up to the first that is damaged.
fn each<Row, T>(rows: Vec<Row>) -> Result<Vec<T>, Damage>
where
    Row: TryInto<T, Error = Damage>,
{
    rows.into_iter().map(TryInto::try_into).collect()
}

/// An enum of words with the variants of one of np-domain's, and the conversions: adding a variant there breaks the
/// build here.
macro_rules! words {
    ($name:ident is $domain:ty: $($variant:ident),+) => {
        #[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($variant),+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => <$domain>::$variant),+ }
            }
        }
    };
}
use words;

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        decode::<zone::Zone>(text).err().map(|Damage(why)| why.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_document_of_a_newer_program_or_with_a_field_too_many_is_refused() {
        let zone = |v: u32, more: &str| {
            format!(
                r#"{{"v":{v},"kind":"full","delegation":"9dbb86635115718e","fallback":null,"created_at":0,"modified_at":0{more}}}"#
            )
        };
        assert_eq!(why(&zone(1, "")), "");
        assert!(why(&zone(2, "")).contains("version 2 is newer"), "{}", why(&zone(2, "")));
        assert!(why(&zone(1, r#","colour":"red""#)).contains("unknown field `colour`"));
        assert!(why("{").contains("EOF"));
    }
}
