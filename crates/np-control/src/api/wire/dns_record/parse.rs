//! Bodies of records: for a create and a PUT, for a PATCH, for a batch.

use std::borrow::Cow;

use np_domain::{
    dns_record::{
        Comment, Content, Given, Part, Parts, Proxy, RecordKind, RecordName, Settings, Tags, Ttl,
    },
    id::DnsRecordId,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Fault, kind, pointer};
use crate::{
    api::{
        openapi::shape,
        wire::{
            change::Change,
            invalid::{Invalid, Why},
            object::Object,
        },
    },
    app::{
        dns_records::{BATCH_MAX, ContentEdit, Edit, Operation, Wanted},
        scans::Review,
    },
};

/// A PATCH: what is left out stays.
#[derive(JsonSchema)]
#[schemars(rename = "EditedDnsRecord", example = json!({ "comment": "of the shop", "ttl": 300 }))]
#[allow(dead_code, reason = "describes a body")]
pub(crate) struct EditBody {
    /// Complete, or relative to the zone; `@` is the zone itself.
    name: Option<String>,
    r#type: Option<KindWord>,
    /// Needed by a create unless there is `data`.
    content: Option<String>,
    /// The content by parts, for types that have some.
    data: Option<Map<String, Value>>,
    /// Of MX and URI.
    #[schemars(range(min = 0, max = 65535))]
    priority: Option<f64>,
    /// Seconds; 1 is automatic.
    #[schemars(range(min = 1, max = 86400))]
    ttl: Option<f64>,
    proxied: Option<bool>,
    comment: Option<String>,
    tags: Option<Vec<String>>,
    settings: Option<SettingsBody>,
}

/// A create or a PUT: the same, but that name and type must be there.
pub(crate) struct NewBody;

impl JsonSchema for NewBody {
    fn schema_name() -> Cow<'static, str> {
        "NewDnsRecord".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = EditBody::json_schema(generator);
        let kind = kind(generator).to_value();
        if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            fields["name"]["type"] = json!("string");
            fields.insert("type".into(), kind);
        }
        schema.insert("description".into(), json!("A create or a PUT."));
        schema.insert("required".into(), json!(["name", "type"]));
        let example = json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 1, "proxied": true });
        schema.insert("examples".into(), json!([example]));
        schema
    }
}

/// The name of a type, where it may be left out.
struct KindWord;

impl JsonSchema for KindWord {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DnsRecordType".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        kind(generator)
    }
}

#[derive(JsonSchema)]
#[schemars(rename = "NewDnsRecordSettings")]
#[allow(dead_code, reason = "describes a body")]
struct SettingsBody {
    ipv4_only: Option<bool>,
    ipv6_only: Option<bool>,
    flatten_cname: Option<bool>,
}

/// Many changes at once, in this order.
#[derive(JsonSchema)]
#[schemars(rename = "NewDnsRecordBatch", example = json!({
    "deletes": [{ "id": "372e67954025e0ba6aaa6d586b9e0b59" }],
    "posts": [{ "type": "TXT", "name": "@", "content": "\"v=spf1 -all\"", "ttl": 1 }],
}))]
#[allow(dead_code, reason = "describes a body")]
pub(crate) struct BatchBody {
    deletes: Option<Vec<IdBody>>,
    patches: Option<Vec<Map<String, Value>>>,
    puts: Option<Vec<Map<String, Value>>>,
    posts: Option<Vec<NewBody>>,
}

#[derive(JsonSchema)]
#[schemars(rename = "DnsRecordId")]
#[allow(dead_code, reason = "describes a body")]
struct IdBody {
    #[schemars(schema_with = "shape::id")]
    id: String,
}

/// What a create or a PUT wants.
pub(crate) fn parse_create(body: &Value, zone: &RecordName) -> Result<Wanted, Invalid> {
    wanted(&Object::body(body)?, zone)
}

/// What a PATCH wants.
pub(crate) fn parse_edit(body: &Value, zone: &RecordName) -> Result<Edit, Invalid> {
    edit(&Object::body(body)?, zone)
}

/// The operations of a batch in their order, each with its pointer.
pub(crate) fn parse_batch(
    body: &Value,
    zone: &RecordName,
) -> Result<Vec<(String, Operation)>, Invalid> {
    let body = Object::body(body)?;
    let mut operations = Vec::new();
    for key in ["deletes", "patches", "puts", "posts"] {
        let objects = body.objects(key)?.value().unwrap_or_default();
        for (index, object) in objects.iter().enumerate() {
            let operation = match key {
                "deletes" => Operation::Remove(id(object)?),
                "patches" => Operation::Edit(id(object)?, Box::new(edit(object, zone)?)),
                "puts" => Operation::Replace(id(object)?, Box::new(wanted(object, zone)?)),
                _ => Operation::Add(Box::new(wanted(object, zone)?)),
            };
            operations.push((format!("/{key}/{index}"), operation));
        }
    }
    if operations.len() > BATCH_MAX {
        return Err(fault(&body, "", Fault::TooMany));
    }
    Ok(operations)
}

/// What becomes of the finds of a scan.
#[derive(JsonSchema)]
#[schemars(rename = "NewDnsScanReview", example = json!({
    "accepts": [{ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 1 }],
    "rejects": [{ "id": "372e67954025e0ba6aaa6d586b9e0b59" }],
}))]
#[allow(dead_code, reason = "describes a body")]
pub(crate) struct ReviewBody {
    /// Finds to add, as they were listed or changed.
    accepts: Option<Vec<Map<String, Value>>>,
    /// Finds to forget.
    rejects: Option<Vec<IdBody>>,
}

/// What a review wants.
pub(crate) fn parse_review(body: &Value, zone: &RecordName) -> Result<Review, Invalid> {
    let body = Object::body(body)?;
    let mut review = Review::default();
    for object in body.objects("accepts")?.value().unwrap_or_default() {
        let known = object.text("id")?.value().is_some();
        let id = known.then(|| id(&object)).transpose()?;
        review.accepts.push((id, wanted(&object, zone)?));
    }
    for object in body.objects("rejects")?.value().unwrap_or_default() {
        review.rejects.push(id(&object)?);
    }
    if review.accepts.len() + review.rejects.len() > BATCH_MAX {
        return Err(fault(&body, "", Fault::TooMany));
    }
    Ok(review)
}

/// An id in a path.
pub(crate) fn parse_id(text: &str) -> Option<DnsRecordId> {
    text.parse().ok()
}

fn id(object: &Object<'_>) -> Result<DnsRecordId, Invalid> {
    let text = object.text("id")?.value().unwrap_or_default();
    let wrong = Why::WrongType { expected: "the id of a record: 32 hex digits", in_ssl: false };
    text.parse().map_err(|_| object.invalid("id", wrong))
}

fn wanted(object: &Object<'_>, zone: &RecordName) -> Result<Wanted, Invalid> {
    let edit = edit(object, zone)?;
    let kind = edit.content.kind.ok_or_else(|| fault(object, "type", Fault::Type))?;
    let ContentEdit { content, data, priority, .. } = &edit.content;
    let given = Given { content: content.as_deref(), data: data.as_ref(), priority: *priority };
    let content = Content::parse(kind, given).map_err(|error| {
        let field = pointer(&error);
        fault(object, field.trim_start_matches('/'), Fault::Content(error))
    })?;
    Ok(Wanted {
        name: edit.name.ok_or_else(|| fault(object, "name", Fault::NameMissing))?,
        content,
        ttl: edit.ttl.unwrap_or_default(),
        proxy: edit.proxy.unwrap_or_default(),
        comment: edit.comment.flatten(),
        tags: edit.tags.unwrap_or_default(),
        settings: Settings {
            ipv4_only: edit.ipv4_only.unwrap_or_default(),
            ipv6_only: edit.ipv6_only.unwrap_or_default(),
            flatten_cname: edit.flatten_cname.unwrap_or_default(),
        },
    })
}

fn edit(object: &Object<'_>, zone: &RecordName) -> Result<Edit, Invalid> {
    let name = object.text("name")?.value().map(|text| RecordName::complete(text, zone));
    let name = name.transpose().map_err(|error| fault(object, "name", Fault::Name(error)))?;
    let settings = match object.object("settings")? {
        Change::To(settings) => Some(settings),
        Change::Absent | Change::Reset => None,
    };
    let flag =
        |key: &str| settings.as_ref().map_or(Ok(Change::Absent), |settings| settings.flag(key));
    let (ipv4_only, ipv6_only) = (flag("ipv4_only")?, flag("ipv6_only")?);
    if ipv4_only == Change::To(true) && ipv6_only == Change::To(true) {
        let both = Fault::Setting("ipv4_only and ipv6_only exclude each other; set one of them");
        return Err(fault(object, "settings", both));
    }
    if object.flag("private_routing")? == Change::To(true) {
        let private = Fault::Setting("private_routing is not offered; leave it out");
        return Err(fault(object, "private_routing", private));
    }
    let reset = |flag: Change<bool>| flag.edit().map(Option::unwrap_or_default);
    Ok(Edit {
        name,
        content: content(object)?,
        ttl: ttl(object)?,
        proxy: reset(object.flag("proxied")?).map(Proxy::from),
        comment: comment(object)?,
        tags: tags(object)?,
        ipv4_only: reset(ipv4_only),
        ipv6_only: reset(ipv6_only),
        flatten_cname: reset(flag("flatten_cname")?),
    })
}

fn content(object: &Object<'_>) -> Result<ContentEdit, Invalid> {
    let kind = object.text("type")?.value().map(str::parse::<RecordKind>).transpose();
    Ok(ContentEdit {
        kind: kind.map_err(|_| fault(object, "type", Fault::Type))?,
        content: object.text("content")?.value().map(str::to_owned),
        data: object.object("data")?.value().map(|data| parts(&data)).transpose()?,
        priority: object
            .number("priority")?
            .value()
            .map(|number| priority(object, number))
            .transpose()?,
    })
}

fn priority(object: &Object<'_>, number: f64) -> Result<u16, Invalid> {
    let is_good = number.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number);
    let wrong = Why::WrongType { expected: "a whole number from 0 to 65535", in_ssl: false };
    if is_good { Ok(number as u16) } else { Err(object.invalid("priority", wrong)) }
}

/// Parts that are `null` are left out.
fn parts(data: &Object<'_>) -> Result<Parts, Invalid> {
    let mut parts = Parts::new();
    for (key, value) in data.fields() {
        let part = match value {
            Value::Null => continue,
            Value::Number(number) => Part::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Part::Text(text.as_str().into()),
            _ => {
                let why = Why::WrongType { expected: "a number or a string", in_ssl: false };
                return Err(data.invalid(key, why));
            }
        };
        parts.insert(key.as_str().into(), part);
    }
    Ok(parts)
}

fn ttl(object: &Object<'_>) -> Result<Option<Ttl>, Invalid> {
    let wrong = || fault(object, "ttl", Fault::Ttl);
    match object.number("ttl")? {
        Change::Absent => Ok(None),
        Change::Reset => Ok(Some(Ttl::Automatic)),
        Change::To(number) if number.fract() == 0.0 && number >= 0.0 => {
            // A number beyond 2^64 becomes the largest, which is no TTL either.
            Ttl::from_number(number as u64).map(Some).map_err(|_| wrong())
        }
        Change::To(_) => Err(wrong()),
    }
}

fn comment(object: &Object<'_>) -> Result<Option<Option<Comment>>, Invalid> {
    let wrong = |why| fault(object, "comment", Fault::Remark(why));
    match object.text("comment")?.edit() {
        None => Ok(None),
        Some(text) => Comment::parse(text.unwrap_or_default()).map(Some).map_err(wrong),
    }
}

fn tags(object: &Object<'_>) -> Result<Option<Tags>, Invalid> {
    let Some(texts) = object.texts("tags")?.edit() else { return Ok(None) };
    let tags = Tags::parse(texts.unwrap_or_default());
    tags.map(Some).map_err(|(index, why)| {
        let field = index.map_or_else(|| "tags".to_owned(), |index| format!("tags/{index}"));
        fault(object, &field, Fault::Remark(why))
    })
}

/// A fault at a path below the object.
fn fault(object: &Object<'_>, path: &str, fault: Fault) -> Invalid {
    let why = Why::DnsRecord(Box::new(fault));
    let mut invalid = object.invalid("", why);
    invalid.pointer.truncate(invalid.pointer.len() - 1);
    if !path.is_empty() {
        invalid.pointer.push('/');
        invalid.pointer.push_str(path);
    }
    invalid
}
