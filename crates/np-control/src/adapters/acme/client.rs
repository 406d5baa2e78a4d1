//! HTTPS to the CA: bounded in time and size, with the nonces of all answers shared between all orders.
//!
//! Every answer brings a nonce for a later request (RFC 8555 section 6.5). They are taken out of the answers and kept
//! here, and a request for a fresh one is answered from here, so that a step of an order costs one round trip less, and
//! orders that are served side by side never use the same nonce twice.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error as ClientError, ResponseFuture, connect::HttpConnector},
    rt::TokioExecutor,
};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient, Problem};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use thiserror::Error as ThisError;
use time::format_description::well_known::Rfc2822;
use tokio::time::Instant;

use np_domain::{Timestamp, name::DnsName};

use super::{AcmeSettings, AcmeSetupError, txt};

/// The most bytes of an answer that are read; a chain of ten RSA certificates has about 20,000.
pub(super) const RESPONSE_BYTES_MAX: usize = 256 * 1024;
/// The most nonces that are kept. Older ones go first, because CAs forget them.
pub(super) const NONCES_MAX: usize = 64;

/// A directory is used for this long.
const DIRECTORY_AGE_MAX: Duration = Duration::from_secs(3600);

/// Who asks, in requests that the library does not make; CAs want to know (RFC 8555 section 6.1).
pub(super) const USER_AGENT: &str = concat!("nameplate/", env!("CARGO_PKG_VERSION"));

pub(super) const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

/// Why an exchange gave no answer that ACME knows.
#[derive(Debug, ThisError)]
pub(super) enum ExchangeError {
    /// No connection, or it broke.
    #[error("the connection failed")]
    Connection(#[from] ClientError),
    /// Not in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The URL is none.
    #[error("what the authority gave as a URL is none")]
    Url(#[from] http::Error),
    /// The body broke off or is too long.
    #[error("the answer could not be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An error without a problem document.
    #[error("the answer has status {0}")]
    Status(StatusCode),
    /// The CA asks for patience.
    #[error("the authority is busy")]
    Busy {
        /// How long, if it said so.
        retry_after: Option<Duration>,
        /// Why.
        problem: Problem,
    },
}

/// One client for all exchanges with one CA. Cheap to clone.
#[derive(Clone)]
pub(super) struct CaClient {
    https: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    nonces: Arc<Nonces>,
    issuer: Arc<Mutex<Option<DnsName>>>,
    directory_url: String,
    directory: Arc<Mutex<Option<Kept>>>,
    timeout: Duration,
}

impl CaClient {
    /// A client that trusts what the settings say.
    pub(super) fn new(settings: &AcmeSettings) -> Result<Self, AcmeSetupError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // Requests are small and answers are waited for: one held back until the last answer is acknowledged costs 40 ms.
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(settings)?)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let https = Client::builder(TokioExecutor::new()).build(connector);
        let (nonces, issuer, directory) = Default::default();
        let (directory_url, timeout) = (settings.directory_url.clone(), settings.timeout);
        Ok(Self { https, nonces, issuer, directory_url, directory, timeout })
    }

    /// The name by which the CA is known in records that stay, as its last authorization said.
    pub(super) fn issuer_domain(&self) -> Option<DnsName> {
        self.issuer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CaClient {
    /// The directory, asked for anew at times, because CAs change theirs.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BoxError> {
        let kept = || self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, directory)) = &*kept()
            && at.elapsed() < DIRECTORY_AGE_MAX
        {
            return Ok(directory.clone());
        }
        let asked = Arc::new(self.ask_directory().await?);
        *kept() = Some((Instant::now(), asked.clone()));
        Ok(asked)
    }

    /// Asks for the directory, and whether what comes is one (RFC 8555 section 7.1.1).
    async fn ask_directory(&self) -> Result<Directory, BoxError> {
        let answer = self.get(&self.directory_url).await?;
        if !answer.status().is_success() {
            return Err(ExchangeError::Status(answer.status()).into());
        }
        let said: serde_json::Value = serde_json::from_slice(answer.body())?;
        match said.get("newOrder") {
            Some(_) => Ok(serde_json::from_value(said)?),
            None => Err("what is at the URL is no ACME directory: it names no newOrder".into()),
        }
    }

    /// Asks for what nobody needs to sign for.
    pub(super) async fn get(&self, url: &str) -> Result<Response<Bytes>, ExchangeError> {
        let request = Request::get(url).header(header::USER_AGENT, USER_AGENT);
        let request = request.body(BodyWrapper::from(Vec::new()))?;
        let answer = tokio::time::timeout(self.timeout, read(self.https.request(request))).await;
        let answer = answer.map_err(|_| ExchangeError::TimedOut(self.timeout))??;
        match busy(&answer) {
            Some(busy) => Err(busy),
            None => Ok(answer),
        }
    }
}

/// A directory, and since when it is known.
type Kept = (Instant, Arc<Directory>);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where what we ask for ourselves is to be had.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Directory {
    pub(super) new_nonce: String,
    pub(super) new_order: String,
    pub(super) key_change: Option<String>,
    pub(super) renewal_info: Option<String>,
}

fn tls_config(settings: &AcmeSettings) -> Result<ClientConfig, AcmeSetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AcmeSetupError::Tls)?;
    let builder = match &settings.root_pem {
        None => builder.with_native_roots().map_err(AcmeSetupError::SystemRoots)?,
        Some(pem) => {
            let unfit = || AcmeSetupError::Root(settings.name.as_str());
            let root = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unfit())?;
            let mut roots = RootCertStore::empty();
            roots.add(root).map_err(|_| unfit())?;
            builder.with_root_certificates(roots)
        }
    };
    Ok(builder.with_no_client_auth())
}

impl HttpClient for CaClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        // Only newNonce is asked with HEAD (RFC 8555 section 7.2).
        let asks_nonce = request.method() == Method::HEAD;
        if asks_nonce && let Some(nonce) = self.nonces.take() {
            return Box::pin(ready(Ok(BytesResponse::from(with_nonce(nonce)))));
        }
        let (sent, nonces, timeout) =
            (self.https.request(request), self.nonces.clone(), self.timeout);
        let issuer = self.issuer.clone();
        Box::pin(async move {
            let answer = tokio::time::timeout(timeout, read(sent)).await;
            let answer = answer.unwrap_or(Err(ExchangeError::TimedOut(timeout)));
            let mut answer = answer.map_err(|error| Error::Other(Box::new(error)))?;
            if !asks_nonce && let Some(nonce) = answer.headers_mut().remove(REPLAY_NONCE) {
                nonces.keep(nonce);
            }
            if let Some(named) = txt::issuer_domain(answer.body()) {
                *issuer.lock().unwrap_or_else(PoisonError::into_inner) = Some(named);
            }
            judged(answer).map_err(|error| Error::Other(Box::new(error)))
        })
    }
}

async fn read(sent: ResponseFuture) -> Result<Response<Bytes>, ExchangeError> {
    let (head, body) = sent.await?.into_parts();
    let body = Limited::<Incoming>::new(body, RESPONSE_BYTES_MAX).collect().await;
    Ok(Response::from_parts(head, body.map_err(ExchangeError::Body)?.to_bytes()))
}

/// Lets pass what ACME knows: successes, and refusals with a problem document.
fn judged(answer: Response<Bytes>) -> Result<BytesResponse, ExchangeError> {
    if let Some(busy) = busy(&answer) {
        return Err(busy);
    }
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && problem(&answer).is_none() {
        return Err(ExchangeError::Status(status));
    }
    Ok(BytesResponse::from(answer.map(Full::new)))
}

/// Whether the CA asks for patience, and says why.
fn busy(answer: &Response<Bytes>) -> Option<ExchangeError> {
    let is_busy =
        matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let problem = is_busy.then(|| problem(answer)).flatten()?;
    Some(ExchangeError::Busy { retry_after: retry_after(answer.headers()), problem })
}

fn problem(answer: &Response<Bytes>) -> Option<Problem> {
    serde_json::from_slice(answer.body()).ok()
}

/// How long a Retry-After asks to wait. A date counts from the answer's own, because the CA's clock is not ours.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers.get(header::RETRY_AFTER)?)?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, now) = (date(&value)?, date(&text(headers.get(header::DATE)?)?)?);
    Some((until - now).max(time::Duration::ZERO).unsigned_abs())
}

fn date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text.trim(), &Rfc2822).ok()
}

/// The text of a header.
pub(super) fn text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

fn with_nonce(nonce: HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    response.headers_mut().insert(REPLAY_NONCE, nonce);
    response
}

/// Nonces that answers brought, newest last.
#[derive(Default)]
struct Nonces(Mutex<Vec<HeaderValue>>);

impl Nonces {
    fn take(&self) -> Option<HeaderValue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, nonce: HeaderValue) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= NONCES_MAX {
            kept.remove(0);
        }
        kept.push(nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_nonce_is_used_first_and_the_oldest_is_forgotten_first() {
        let nonces = Nonces::default();
        for n in 0..=NONCES_MAX {
            nonces.keep(HeaderValue::from(n));
        }
        let taken: Vec<_> = std::iter::from_fn(|| nonces.take()).collect();
        let expected: Vec<_> = (1..=NONCES_MAX).rev().map(HeaderValue::from).collect();
        assert_eq!(taken, expected);
    }

    const NOW: &str = "Sun, 22 Nov 2026 10:00:00 GMT";

    fn answer(status: u16, retry_after: &'static str, body: &'static str) -> Response<Bytes> {
        let builder = Response::builder().status(status).header(header::RETRY_AFTER, retry_after);
        let builder = builder.header(header::DATE, NOW);
        builder.body(Bytes::from_static(body.as_bytes())).expect("a response")
    }

    #[test]
    fn busy_answers_carry_the_time_to_wait_and_errors_without_problem_their_status() {
        let limited = r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "slower"}"#;
        let seconds = |n| Some(Duration::from_secs(n));
        for (wait, expected) in [
            ("120", seconds(120)),
            ("Sun, 22 Nov 2026 10:01:30 GMT", seconds(90)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", seconds(0)),
            ("soon", None),
        ] {
            match judged(answer(429, wait, limited)) {
                Err(ExchangeError::Busy { retry_after, problem }) => {
                    assert_eq!(
                        (retry_after, problem.detail.as_deref()),
                        (expected, Some("slower"))
                    );
                }
                _ => panic!("not told to wait {wait}"),
            }
        }
        let gateway = judged(answer(502, "", "<html>"));
        assert!(matches!(gateway, Err(ExchangeError::Status(StatusCode::BAD_GATEWAY))));
        let unsaid = judged(answer(503, "30", "<html>"));
        assert!(matches!(unsaid, Err(ExchangeError::Status(StatusCode::SERVICE_UNAVAILABLE))));
        assert!(judged(answer(400, "", limited)).is_ok(), "ACME reads the problem itself");
    }
}
