//! The envelope of every reply: `{success, errors, messages, result, result_info?}` (behaviour.md 6).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::ApiError;

/// What a handler answers.
pub(crate) type Reply = Result<Response, ApiError>;

/// The envelope. A failure has `result: null` and at least one error.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Envelope<T> {
    pub(crate) success: bool,
    pub(crate) errors: Vec<Item>,
    pub(crate) messages: Vec<Item>,
    pub(crate) result: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result_info: Option<ResultInfo>,
}

/// An error or a message.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Message")]
pub(crate) struct Item {
    pub(crate) code: u32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) error_chain: Vec<Self>,
}

/// The field at fault, as a JSON pointer (RFC 6901).
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Source {
    pub(crate) pointer: String,
}

/// Where a page stands in its list.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ResultInfo {
    pub(crate) page: u32,
    pub(crate) per_page: u32,
    pub(crate) count: usize,
    pub(crate) total_count: u64,
    pub(crate) total_pages: u64,
    /// Whether `total_count` is about right and not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_count_is_estimate: Option<bool>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursors: Option<Cursors>,
}

/// Where a list goes on.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Cursors {
    /// The parameter `cursor` for the next page.
    pub(crate) after: String,
}

impl<T: Serialize> Envelope<T> {
    /// Success with this result.
    pub(crate) fn of(result: T) -> Self {
        let (errors, messages) = (Vec::new(), Vec::new());
        Self { success: true, errors, messages, result: Some(result), result_info: None }
    }

    /// The reply.
    pub(crate) fn reply(self, status: StatusCode) -> Response {
        (status, Json(self)).into_response()
    }
}

/// 200 with this result.
pub(crate) fn ok(result: impl Serialize) -> Response {
    Envelope::of(result).reply(StatusCode::OK)
}

/// The reply to the deletion of a hostname: the SDKs read `id` at the top, others in the envelope (api.md 2.1).
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Deleted {
    id: String,
    #[serde(flatten)]
    envelope: Envelope<Id>,
}

/// The reply to what is done later: success, and no result at all, as strict clients want it (api.md 2.1).
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    success: bool,
    errors: Vec<Item>,
    messages: Vec<Item>,
}

impl Default for Done {
    fn default() -> Self {
        Self { success: true, errors: Vec::new(), messages: Vec::new() }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Just an id.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Id {
    pub(crate) id: String,
}

impl Deleted {
    pub(crate) fn of(id: String) -> Self {
        Self { id: id.clone(), envelope: Envelope::of(Id { id }) }
    }
}

impl IntoResponse for Deleted {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
