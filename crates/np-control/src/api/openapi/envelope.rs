//! The envelope around every result and every failure (behaviour.md 6).

use http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::describe::{Answer, Content, schema_of};
use crate::api::envelope::{Id, Item, ResultInfo};

/// Failures that any operation may answer, with what they mean.
pub(super) const FAILURES: &[(StatusCode, &str)] = &[
    (
        StatusCode::BAD_REQUEST,
        "Something in the request cannot be taken; `source.pointer` says which field.",
    ),
    (
        StatusCode::FORBIDDEN,
        "No such token, or it may not do this, or the zone or account is not one of its own.",
    ),
    (StatusCode::NOT_FOUND, "There is no such object, or an id in the path has the wrong form."),
    (StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than is taken."),
    (StatusCode::URI_TOO_LONG, "The path and query are too long."),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is encoded, for example compressed."),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "There are too many headers."),
    (StatusCode::TOO_MANY_REQUESTS, "Too many requests; `Retry-After` says when to go on."),
    (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the server, which its log explains."),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Others changed the same object at the same time; try again.",
    ),
];

/// Failures of operations that change something.
pub(super) const WRITE_FAILURES: &[(StatusCode, &str)] = &[
    (StatusCode::REQUEST_TIMEOUT, "The body did not come in time."),
    (StatusCode::CONFLICT, "It contradicts what is there already."),
    (StatusCode::UNPROCESSABLE_ENTITY, "The `Idempotency-Key` was used for another request."),
];

/// What a status of a failure means.
pub(super) fn meaning(status: StatusCode) -> &'static str {
    let known = FAILURES.iter().chain(WRITE_FAILURES).find(|(known, _)| *known == status);
    known.map(|(_, about)| *about).or(status.canonical_reason()).unwrap_or_default()
}

/// The schema of every failure.
pub(super) fn failure(generator: &mut SchemaGenerator) -> Value {
    let item = schema_of::<Item>(generator);
    json!({
        "type": "object",
        "description": "A failure: what went wrong, and which field is at fault.",
        "required": ["success", "errors", "messages", "result"],
        "properties": {
            "success": { "const": false },
            "errors": { "type": "array", "items": item, "minItems": 1 },
            "messages": { "type": "array", "items": item },
            "result": { "type": "null" },
        },
    })
}

/// The content of a success, by media type.
pub(super) fn success(answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    let schema = match answer.content {
        Content::Text(media_type) => {
            return json!({ media_type: { "schema": { "type": "string" } } });
        }
        Content::Result(schema) => around(&json!(schema(generator)), generator),
        Content::List(schema) => {
            let item = schema(generator);
            let mut list = around(&json!({ "type": "array", "items": item }), generator);
            list["properties"]["result_info"] = json!(schema_of::<ResultInfo>(generator));
            list["required"]
                .as_array_mut()
                .into_iter()
                .for_each(|names| names.push("result_info".into()));
            list
        }
        Content::Deleted => {
            let mut deleted = around(&json!(schema_of::<Id>(generator)), generator);
            deleted["properties"]["id"] = json!({ "type": "string" });
            deleted["required"]
                .as_array_mut()
                .into_iter()
                .for_each(|names| names.push("id".into()));
            deleted
        }
        Content::Done => {
            let mut done = around(&Value::Null, generator);
            done["required"] = json!(["success", "errors", "messages"]);
            done["properties"].as_object_mut().and_then(|fields| fields.remove("result"));
            done
        }
    };
    json!({ "application/json": { "schema": schema } })
}

fn around(result: &Value, generator: &mut SchemaGenerator) -> Value {
    let item = schema_of::<Item>(generator);
    json!({
        "type": "object",
        "required": ["success", "errors", "messages", "result"],
        "properties": {
            "success": { "const": true },
            "errors": { "type": "array", "items": item, "maxItems": 0 },
            "messages": { "type": "array", "items": item },
            "result": result,
        },
    })
}
