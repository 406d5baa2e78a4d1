//! The fallback origin. `origin` may carry a port: docs/divergences.md.

use np_domain::origin::{FallbackOrigin, OriginHost};
use serde::Serialize;
use serde_json::Value;

use super::{
    invalid::{Invalid, Why},
    moment,
    object::Object,
};

#[derive(Debug, Serialize)]
pub(crate) struct FallbackWire {
    origin: String,
    status: Status,
    errors: [String; 0],
    created_at: String,
    updated_at: String,
}

/// The statuses that occur here, of the API's six.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It is set: edges learn of it with the next change of the feed.
    Active,
    /// It was just removed.
    PendingDeletion,
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
