//! Request bodies: bounded bytes, then JSON.

use std::{error::Error as _, ops::Deref};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::StatusCode;
use serde_json::Value;
use zeroize::Zeroize as _;

use super::{
    Api,
    error::{ApiError, Problem},
    limits::{self, JSON_DEPTH_MAX},
};

/// A JSON body, of whatever `Content-Type`: the original does not look at that either.
pub(crate) struct Body(pub(crate) Parsed);

/// What was read. Private keys in it are wiped when it goes. What the connection's own buffers and the parser's had of them
/// is not ours to wipe.
pub(crate) struct Parsed(Value);

/// The field that holds a private key, wherever it stands.
const PRIVATE_KEY: &str = "custom_key";

impl Deref for Parsed {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Parsed {
    fn drop(&mut self) {
        wipe_keys(&mut self.0);
    }
}

/// As deep as [`JSON_DEPTH_MAX`].
fn wipe_keys(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value {
            Value::String(text) if name == PRIVATE_KEY => text.zeroize(),
            other => wipe_keys(other),
        }),
        Value::Array(items) => items.iter_mut().for_each(wipe_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl FromRequest<Api> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, api).await.map_err(|why| unread(&why, api))?;
        let parsed = parse(&bytes).map(|value| Self(Parsed(value)));
        // Not when somebody else still reads them.
        if let Ok(mut bytes) = bytes.try_into_mut() {
            bytes.zeroize();
        }
        parsed
    }
}

/// Reads JSON that keeps to the limits.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let bad = |detail: String| ApiError::of(Problem::NotJson).because(detail);
    if bytes.is_empty() {
        return Err(bad("It is empty.".to_owned()));
    }
    if limits::is_too_deep(bytes) {
        return Err(bad(format!("It is nested more than {JSON_DEPTH_MAX} deep.")));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| bad(format!("{error}.")))?;
    match pointer_to_nul(&value) {
        Some(pointer) => Err(bad("Texts must not have NUL characters.".to_owned()).at(pointer)),
        None => Ok(value),
    }
}

/// Where a text or a key has a NUL character: PostgreSQL keeps none, and nothing that is sent here means one.
fn pointer_to_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| pointer_to_nul(item).map(|rest| format!("/{index}{rest}"))),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| match key.contains('\0') {
            true => Some(String::new()),
            false => {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointer_to_nul(value).map(|rest| format!("/{key}{rest}"))
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What to say about a body that did not come whole.
pub(crate) fn unread(why: &BytesRejection, api: &Api) -> ApiError {
    if why.source().is_some_and(limits::is_too_slow) {
        let limit = api.settings.body_timeout;
        return ApiError::of(Problem::BodySlow).because(format!("It may take {limit:?}."));
    }
    match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => limits::too_large(api.settings.body_bytes_max),
        _ => ApiError::of(Problem::NotJson).because("The body broke off."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn private_keys_are_wiped_wherever_they_are_and_nothing_else() {
        let pair = || json!({ "custom_certificate": "c", "custom_key": "secret" });
        let mut body =
            json!({ "ssl": { "custom_cert_bundle": [pair(), pair()] }, "x": "custom_key" });
        wipe_keys(&mut body);
        let left = json!({ "custom_certificate": "c", "custom_key": "" });
        assert_eq!(
            body,
            json!({ "ssl": { "custom_cert_bundle": [left, left] }, "x": "custom_key" })
        );
    }

    #[test]
    fn nul_characters_are_found_wherever_they_are() {
        let pointer = |value: Value| pointer_to_nul(&value);
        assert_eq!(pointer(json!({ "a": [1, "b"], "c": null })), None);
        assert_eq!(pointer(json!("\0")), Some(String::new()));
        assert_eq!(pointer(json!({ "a/b": ["c", "d\0"] })), Some("/a~1b/1".to_owned()));
        assert_eq!(pointer(json!({ "a": { "b\0": 1 } })), Some("/a".to_owned()));
    }
}
