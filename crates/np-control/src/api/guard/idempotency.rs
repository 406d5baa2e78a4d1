//! `Idempotency-Key`: a request that is sent again under the same key is answered again, and carried out once.
//!
//! Answers of success are kept for a day, by caller and key, the newest 10,000 of a caller. A request that failed changed nothing, and may be sent again.
//! What holds a secret is not kept: who sends such a request again is told that it was carried out.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest as _, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
};
use np_domain::{
    ports::{Attempt, Begun, KeptAnswer, KeyedRequest, StoreError},
    text::Explanation,
    token::{Identity, Principal},
};
use sha2::{Digest, Sha256};

use crate::api::{
    Api,
    body::unread,
    error::{ApiError, Problem},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The most bytes of a key.
const KEY_BYTES_MAX: usize = 255;
/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a request may take before another one under its key may take its place: it died with its process.
const RUNS_AT_MOST: Duration = Duration::from_secs(60);
/// The most bytes of an answer that is kept. Of a longer one it is kept that it was given: callers have a day's worth of
/// them here, and must not fill the disk.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How many answers are kept for a caller; of more, the oldest are forgotten before their time.
const KEPT_PER_CALLER_MAX: u32 = 10_000;
/// The most expired answers that one request removes.
const SWEPT_AT_ONCE: u32 = 100;

/// Marks an answer that holds a secret, which nothing keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HoldsSecret;

impl HoldsSecret {
    /// Marks it.
    pub(crate) fn mark(mut response: Response) -> Response {
        response.extensions_mut().insert(Self);
        response
    }
}

/// Carries the request out, unless it was carried out under its key before.
pub(super) async fn once(api: &Api, caller: &Principal, request: Request, next: Next) -> Response {
    let key = match key(request.method(), request.headers()) {
        Ok(None) => return next.run(request).await,
        Ok(Some(key)) => key,
        Err(why) => return why.into_response(),
    };
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(whole, api).await {
        Ok(body) => body,
        Err(why) => return unread(&why, api).into_response(),
    };
    let keyed = KeyedRequest { caller: named(caller.identity), key, sha256: digest(&parts, &body) };
    let attempt = attempt(api);
    match begin(api, &keyed, &attempt).await {
        Ok(Begun::First) => {
            let request = Request::from_parts(parts, Body::from(body));
            carry_out(api.clone(), keyed, attempt, request, next).await
        }
        Ok(begun) => again(begun),
        Err(why) => ApiError::from(why).into_response(),
    }
}

async fn begin(api: &Api, keyed: &KeyedRequest, attempt: &Attempt) -> Result<Begun, StoreError> {
    let kept = &api.app.stores.idempotency;
    kept.sweep(attempt.now, SWEPT_AT_ONCE).await?;
    kept.begin(keyed, attempt).await
}

/// What is said to those who come again.
fn again(begun: Begun) -> Response {
    match begun {
        Begun::Answered(KeptAnswer { status, body: Some((kind, body)) }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = (status, body).into_response();
            let headers = response.headers_mut();
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
            if let Ok(kind) = HeaderValue::from_str(kind.as_str()) {
                headers.insert(CONTENT_TYPE, kind);
            }
            response
        }
        Begun::Answered(KeptAnswer { body: None, .. }) => {
            ApiError::of(Problem::IdempotentAnswerGone).into_response()
        }
        Begun::Other => ApiError::of(Problem::IdempotencyKeyReused).into_response(),
        Begun::First | Begun::Running => {
            let mut response = ApiError::of(Problem::IdempotentRunning).into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

/// Runs to its end even when the client hangs up: it may come back with the same key.
async fn carry_out(
    api: Api,
    keyed: KeyedRequest,
    attempt: Attempt,
    request: Request,
    next: Next,
) -> Response {
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&api, &keyed, &attempt, response).await
    });
    work.await.unwrap_or_else(|_| ApiError::of(Problem::Internal).into_response())
}

async fn keep(api: &Api, keyed: &KeyedRequest, attempt: &Attempt, response: Response) -> Response {
    let kept = &api.app.stores.idempotency;
    if !response.status().is_success() {
        let forgotten = kept.forget(keyed, attempt).await;
        return noted(response, forgotten);
    }
    let secret = response.extensions().get::<HoldsSecret>().is_some();
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return ApiError::of(Problem::Internal).into_response();
    };
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_kept = !secret && body.len() <= ANSWER_BYTES_MAX;
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        body: is_kept.then(|| (Explanation::new(kind.unwrap_or_default()), body.to_vec())),
    };
    let done = kept.keep(keyed, attempt, &answer).await;
    noted(Response::from_parts(parts, Body::from(body)), done)
}

/// The work is done, whatever becomes of the note of it.
fn noted(response: Response, note: Result<(), StoreError>) -> Response {
    if let Err(why) = note {
        tracing::warn!(error = %why, "idempotency.answer_not_kept");
    }
    response
}

fn key(method: &Method, headers: &HeaderMap) -> Result<Option<Explanation>, ApiError> {
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method);
    let Some(value) = headers.get(IDEMPOTENCY_KEY).filter(|_| changes) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let good =
        (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    match good {
        true => Ok(Some(Explanation::new(text))),
        false => Err(ApiError::of(Problem::IdempotencyKeyFormat)),
    }
}

fn named(identity: Identity) -> Explanation {
    Explanation::new(match identity {
        Identity::Token(id) => format!("token {id}"),
        Identity::User(id) => format!("user {id}"),
    })
}

/// Of all that a request asks for, each part with its length, so that no two requests run into one.
fn digest(parts: &Parts, body: &Bytes) -> [u8; 32] {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut digest = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), body.as_ref()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

fn attempt(api: &Api) -> Attempt {
    let now = api.app.now();
    let id = api.app.draws.attempt();
    let (until, expires_at) = (now + RUNS_AT_MOST, now + KEPT_FOR);
    Attempt { id, now, until, expires_at, kept_max: KEPT_PER_CALLER_MAX }
}
