//! Request bodies: bounded bytes, then JSON.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::StatusCode;
use serde_json::Value;

use super::{
    Api,
    error::{ApiError, Problem},
};

/// A JSON body, of whatever `Content-Type`: the original does not look at that either.
pub(crate) struct Body(pub(crate) Value);

impl FromRequest<Api> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, api).await.map_err(|why| unread(&why, api))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let detail =
                if bytes.is_empty() { "It is empty.".to_owned() } else { format!("{error}.") };
            ApiError::of(Problem::NotJson).because(detail)
        })
    }
}

fn unread(why: &BytesRejection, api: &Api) -> ApiError {
    match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::of(Problem::BodyTooLarge)
            .because(format!("At most {} bytes are taken.", api.settings.body_bytes_max)),
        _ => ApiError::of(Problem::NotJson).because("The body broke off."),
    }
}
