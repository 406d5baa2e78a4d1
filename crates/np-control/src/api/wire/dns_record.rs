//! DNS records: `type`, `content`, `data` and the rest (api.md, `dns_records`).

mod filter;
mod parse;

pub(crate) use filter::{FILTERS, parse_filter};
pub(crate) use parse::{
    BatchBody, EditBody, NewBody, ReviewBody, parse_batch, parse_create, parse_edit, parse_id,
    parse_review,
};

use np_domain::dns_record::{
    Content, ContentError, DnsRecord, Part, RecordKind, RecordNameError, RemarkError, Tag,
    content::At,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::moment;
use crate::api::openapi::shape;

/// What is wrong with a record's field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its content or a part of it.
    Content(ContentError),
    /// A file to import, in words.
    File(String),
    /// Its name.
    Name(RecordNameError),
    /// It has no name.
    NameMissing,
    /// Its comment or tags.
    Remark(RemarkError),
    /// Something of the original that is not offered, or settings that contradict each other.
    Setting(&'static str),
    /// More operations than a batch may have.
    TooMany,
    /// Its TTL.
    Ttl,
    /// Its type.
    Type,
}

/// Where a content error is, as a JSON pointer below the record.
pub(crate) fn pointer(error: &ContentError) -> String {
    match error.at {
        At::Content => "/content".into(),
        At::Data("") => "/data".into(),
        At::Data(field) => format!("/data/{field}"),
        At::Priority => "/priority".into(),
    }
}

/// A record as it is shown.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsRecord")]
pub(crate) struct RecordWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: String,
    #[schemars(schema_with = "kind")]
    r#type: &'static str,
    content: String,
    proxiable: bool,
    proxied: bool,
    ttl: u32,
    settings: SettingsWire,
    meta: MetaWire,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    tags: Vec<String>,
    #[schemars(schema_with = "shape::moment")]
    created_on: String,
    #[schemars(schema_with = "shape::moment")]
    modified_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_modified_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags_modified_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u16>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsRecordSettings")]
struct SettingsWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv4_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flatten_cname: Option<bool>,
}

/// Nothing is added to records here.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsRecordMeta")]
struct MetaWire {}

/// The names of the types.
pub(crate) fn kind(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    shape::word_of(&RecordKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>())
}

/// What a batch did.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsRecordBatch")]
pub(crate) struct BatchWire {
    pub(crate) deletes: Vec<RecordWire>,
    pub(crate) patches: Vec<RecordWire>,
    pub(crate) puts: Vec<RecordWire>,
    pub(crate) posts: Vec<RecordWire>,
}

/// What an import or a scan did.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsRecordsAdded")]
pub(crate) struct AddedWire {
    pub(crate) recs_added: usize,
    pub(crate) total_records_parsed: usize,
}

/// What a review did.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DnsScanReview")]
pub(crate) struct ReviewedWire {
    /// As they are now records of the zone.
    pub(crate) accepts: Vec<RecordWire>,
    /// Ids of what was forgotten.
    pub(crate) rejects: Vec<String>,
}

/// The form of an import.
#[derive(JsonSchema)]
#[schemars(rename = "DnsImport")]
#[allow(dead_code, reason = "describes a body")]
pub(crate) struct ImportForm {
    /// A zone file.
    file: String,
    /// Whether addresses and aliases are proxied, where the file does not say.
    #[schemars(schema_with = "shape::flag")]
    proxied: Option<String>,
}

pub(crate) fn render(record: &DnsRecord) -> RecordWire {
    let kind = record.kind();
    let comment = record.comment.as_ref().map(|comment| comment.as_str().to_owned());
    let if_on = |is_on: bool| is_on.then_some(true);
    RecordWire {
        id: record.id.to_string(),
        name: record.name.to_string(),
        r#type: kind.as_str(),
        content: record.content.text(),
        proxiable: kind.is_proxiable(),
        proxied: record.proxy.is_on(),
        ttl: record.ttl.number(),
        settings: SettingsWire {
            ipv4_only: if_on(record.settings.ipv4_only),
            ipv6_only: if_on(record.settings.ipv6_only),
            flatten_cname: (kind == RecordKind::Cname).then_some(record.settings.flatten_cname),
        },
        meta: MetaWire {},
        // The one type whose comment the SDKs' schema requires.
        comment: comment.or_else(|| (kind == RecordKind::Openpgpkey).then(String::new)),
        tags: record.tags.iter().map(Tag::to_string).collect(),
        created_on: moment(record.created_at),
        modified_on: moment(record.modified_at),
        comment_modified_on: record.comment_modified_at.map(moment),
        tags_modified_on: record.tags_modified_at.map(moment),
        data: data(&record.content),
        priority: record.content.priority(),
    }
}

fn data(content: &Content) -> Option<Map<String, Value>> {
    let parts = content.data()?;
    Some(parts.into_iter().map(|(name, part)| (name.to_owned(), value(part))).collect())
}

fn value(part: Part) -> Value {
    match part {
        Part::Text(text) => Value::String(text.into()),
        // Whole numbers are written without a fraction.
        Part::Number(number) if number.fract() == 0.0 => Value::from(number as i64),
        Part::Number(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
    }
}
