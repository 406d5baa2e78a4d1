//! The reply to a verification of a token: never its secret.

use np_domain::account::ApiToken;
use serde::Serialize;

use super::moment;

#[derive(Debug, Serialize)]
pub(crate) struct TokenWire {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<String>,
}

/// A token that got as far as here is active.
pub(crate) fn render(token: &ApiToken) -> TokenWire {
    let expires_on = token.expires_at.map(moment);
    TokenWire { id: token.id.to_string(), status: "active", expires_on }
}
