//! The fallback origin. `origin` may carry a port: docs/divergences.md.

use np_domain::origin::{FallbackOrigin, OriginHost};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    invalid::{Invalid, Why},
    moment,
    object::Object,
};
use crate::api::openapi::shape;

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "FallbackOrigin")]
pub(crate) struct FallbackWire {
    origin: String,
    status: Status,
    errors: [String; 0],
    #[schemars(schema_with = "shape::moment")]
    created_at: String,
    #[schemars(schema_with = "shape::moment")]
    updated_at: String,
}

/// The statuses that occur here, of the API's six.
#[derive(Debug, Clone, Copy, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FallbackOriginStatus")]
pub(crate) enum Status {
    /// It is set: edges learn of it with the next change of the feed.
    Active,
    /// It was just removed.
    PendingDeletion,
}

/// A fallback origin to be set.
#[derive(JsonSchema)]
#[schemars(example = json!({ "origin": "origin.provider.com" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct FallbackOriginBody {
    /// A hostname, with a port if it is not the usual one.
    origin: String,
}

/// Reads the body of a PUT.
pub(crate) fn parse(body: &Value) -> Result<OriginHost, Invalid> {
    let body = Object::body(body)?;
    let text = body.text("origin")?.value().unwrap_or_default();
    text.parse().map_err(|error| body.invalid("origin", Why::Origin(error)))
}

pub(crate) fn render(fallback: &FallbackOrigin, status: Status) -> FallbackWire {
    FallbackWire {
        origin: fallback.origin.to_string(),
        status,
        errors: [],
        created_at: moment(fallback.created_at),
        updated_at: moment(fallback.updated_at),
    }
}
