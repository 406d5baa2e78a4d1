//! The feed over HTTP: one route, for nodes that prove the node key.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use np_feed::{
    PullError, Source as _,
    message::{CONTENT_TYPE, PULL_BYTES_MAX, PULL_PATH, Pull},
};

use super::FeedServer;

/// `POST /feed/v1/pull`: CBOR both ways, the node key's credential as bearer token.
pub fn router(server: Arc<FeedServer>) -> Router {
    Router::new()
        .route(PULL_PATH, post(pull))
        .layer(DefaultBodyLimit::max(PULL_BYTES_MAX))
        .with_state(server)
}

async fn pull(State(server): State<Arc<FeedServer>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_node(&server, &headers) {
        return refusal(&PullError::Unauthorized);
    }
    let answer = match Pull::decode(&body) {
        Ok(pull) => server.pull(&pull).await,
        Err(error) => Err(PullError::Refused { why: error.to_string() }),
    };
    match answer {
        Ok(batch) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], batch.encode()).into_response(),
        Err(error) => refusal(&error),
    }
}

fn is_node(server: &FeedServer, headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = value.and_then(|value| value.strip_prefix("Bearer "));
    presented.is_some_and(|presented| server.node_key.is_credential(presented))
}

fn refusal(error: &PullError) -> Response {
    let (status, why) = match error {
        PullError::Unauthorized => {
            (StatusCode::UNAUTHORIZED, "the node key is not this control side's".to_owned())
        }
        PullError::Refused { why } => (StatusCode::BAD_REQUEST, why.clone()),
        PullError::Unreachable { why } => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
        PullError::Malformed { why } => (StatusCode::INTERNAL_SERVER_ERROR, why.clone()),
    };
    (status, why).into_response()
}
