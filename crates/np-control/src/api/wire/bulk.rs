//! Many custom hostnames in one POST (an extension: docs/divergences.md).

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    custom_hostname::{HostnameWire, parse_create},
    invalid::{Invalid, Why},
    object::Object,
};
use crate::{
    api::{ApiSettings, envelope::Item, error::ApiError},
    app::hostnames::NewHostname,
};

/// The most hostnames of one call.
pub(crate) const ITEMS_MAX: usize = 1_000;
/// The list in the body.
pub(crate) const ITEMS: &str = "hostnames";

/// Custom hostnames to add, each as in a POST of one.
#[derive(JsonSchema)]
#[schemars(rename = "NewCustomHostnames")]
#[schemars(example = json!({
    "hostnames": [{ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } }],
}))]
#[expect(dead_code, reason = "the shape of what `parse` reads")]
pub(crate) struct NewCustomHostnames {
    /// At most 1000, each a `NewCustomHostname`. One that is none fails alone.
    #[schemars(length(min = 1, max = 1000))]
    hostnames: Vec<Value>,
}

/// What became of one.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CreatedInBulk")]
pub(crate) struct ItemWire {
    success: bool,
    /// The HTTP status that it would have got alone.
    status: u16,
    errors: Vec<Item>,
    /// `null` when it was not added.
    result: Option<HostnameWire>,
}

impl ItemWire {
    pub(crate) fn created(status: StatusCode, result: HostnameWire) -> Self {
        Self { success: true, status: status.as_u16(), errors: Vec::new(), result: Some(result) }
    }

    pub(crate) fn failed(error: ApiError) -> Self {
        let (status, item) = error.into_item();
        Self { success: false, status, errors: vec![item], result: None }
    }
}

/// Reads the body: each hostname, or why it is none.
pub(crate) fn parse(
    body: &Value,
    settings: &ApiSettings,
) -> Result<Vec<Result<NewHostname, Invalid>>, Invalid> {
    let body = Object::body(body)?;
    let bad = |detail: String| body.invalid(ITEMS, Why::NotJson(detail));
    let items = body.fields().get(ITEMS).and_then(Value::as_array);
    let items =
        items.ok_or_else(|| bad("`hostnames` must be a list of custom hostnames.".into()))?;
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(bad(format!(
            "`hostnames` must have 1 to {ITEMS_MAX} items; send more in another call."
        )));
    }
    let parse_one = |(index, item)| {
        parse_create(item, settings).map_err(|invalid| Invalid {
            pointer: format!("/{ITEMS}/{index}{}", invalid.pointer),
            ..invalid
        })
    };
    Ok(items.iter().enumerate().map(parse_one).collect())
}
