//! What a request may be like before anybody looks at what it says: its size, its encoding, and how long it may take.
//!
//! Everything here is refused in the envelope, and nothing is kept of a request before its caller is known, apart from what
//! these limits allow. Limits of connections are the HTTP server's.

use std::{error::Error, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use super::{
    Api,
    error::{ApiError, Problem},
};

/// Characters of a path with its query.
pub const URI_LENGTH_MAX: usize = 16 * 1024;
/// Headers of a request.
pub const HEADERS_MAX: usize = 96;
/// How long a request's body may take to come, unless configured otherwise.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How deep arrays and objects of a body may stand within each other.
pub const JSON_DEPTH_MAX: usize = 64;

/// The body did not come in time.
#[derive(Debug, Error)]
#[error("the body did not come in time")]
struct TooSlow;

/// Lets a request pass that keeps to the limits, its body watched.
pub(crate) async fn bounded(State(api): State<Api>, request: Request, next: Next) -> Response {
    if let Err(error) = check(&request, api.settings.body_bytes_max) {
        return error.into_response();
    }
    let deadline = Instant::now() + api.settings.body_timeout;
    next.run(request.map(|body| until(body, deadline))).await
}

fn check(request: &Request, body_bytes_max: usize) -> Result<(), ApiError> {
    let uri = request.uri().path_and_query().map(|whole| whole.as_str()).unwrap_or_default();
    if uri.len() > URI_LENGTH_MAX {
        return Err(ApiError::of(Problem::UriTooLong)
            .because(format!("At most {URI_LENGTH_MAX} characters are taken.")));
    }
    // PostgreSQL keeps no text with it, and no name, id or filter has one.
    if uri.contains("%00") {
        return Err(ApiError::of(Problem::BadQuery).because("The address has a NUL character."));
    }
    if request.headers().len() > HEADERS_MAX {
        return Err(ApiError::of(Problem::TooManyHeaders)
            .because(format!("At most {HEADERS_MAX} headers are taken.")));
    }
    if is_encoded(request.headers()) {
        return Err(ApiError::of(Problem::BodyEncoded));
    }
    match announced(request.headers()) {
        Some(length) if length > body_bytes_max as u64 => Err(too_large(body_bytes_max)),
        _ => Ok(()),
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.into_iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(crate) fn too_large(bytes_max: usize) -> ApiError {
    ApiError::of(Problem::BodyTooLarge).because(format!("At most {bytes_max} bytes are taken."))
}

/// The same body, which fails at the deadline.
fn until(body: Body, deadline: Instant) -> Body {
    let chunks = stream::unfold(Some(body.into_data_stream()), move |chunks| async move {
        let mut chunks = chunks?;
        match timeout_at(deadline, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok::<Bytes, axum::BoxError>(chunk), Some(chunks))),
            Ok(Some(Err(error))) => Some((Err(error.into()), None)),
            Ok(None) => None,
            Err(_) => Some((Err(TooSlow.into()), None)),
        }
    });
    Body::from_stream(chunks)
}

/// Whether a body could not be read because it was too slow.
pub(crate) fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    error.is::<TooSlow>() || error.source().is_some_and(is_too_slow)
}

/// Whether the brackets of a JSON text stand deeper within each other than [`JSON_DEPTH_MAX`]. It need not be JSON.
pub(crate) fn is_too_deep(text: &[u8]) -> bool {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            b'[' | b'{' if !is_in_string => depth += 1,
            b']' | b'}' if !is_in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(!is_too_deep(&nested(JSON_DEPTH_MAX)));
        assert!(is_too_deep(&nested(JSON_DEPTH_MAX + 1)));
        let one_after_another = b"[]".repeat(JSON_DEPTH_MAX + 1);
        assert!(!is_too_deep(&one_after_another));
        let in_a_string = format!("[\"\\\"{}\"]", "[".repeat(JSON_DEPTH_MAX));
        assert!(!is_too_deep(in_a_string.as_bytes()));
        let unbalanced = [b"]".repeat(JSON_DEPTH_MAX), vec![b'['; JSON_DEPTH_MAX + 1]].concat();
        assert!(is_too_deep(&unbalanced));
    }
}
