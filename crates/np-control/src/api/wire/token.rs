//! The reply to a verification of a token: never its secret.

use np_domain::token::ApiToken;
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::api::openapi::shape;

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "VerifiedToken")]
pub(crate) struct TokenWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    #[schemars(extend("enum" = ["active"]))]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    expires_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    not_before: Option<String>,
}

/// A token that got as far as here is active.
pub(crate) fn render(token: &ApiToken) -> TokenWire {
    let (expires_on, not_before) = (token.expires_at.map(moment), token.not_before.map(moment));
    TokenWire { id: token.id.to_string(), status: "active", expires_on, not_before }
}
