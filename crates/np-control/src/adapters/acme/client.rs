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

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
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
use thiserror::Error as ThisError;

use np_domain::name::DnsName;

use super::{AcmeSettings, AcmeSetupError, txt};

/// The most bytes of an answer that are read; a chain of ten RSA certificates has about 20,000.
pub(super) const RESPONSE_BYTES_MAX: usize = 256 * 1024;
/// The most nonces that are kept. Older ones go first, because CAs forget them.
pub(super) const NONCES_MAX: usize = 64;

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
    /// The body broke off or is too long.
    #[error("the answer could not be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An error without a problem document.
    #[error("the answer has status {0}")]
    Status(StatusCode),
    /// The CA asks for patience.
    #[error("the authority is busy")]
    Busy {
        /// How long, if it said so in seconds.
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
        let (nonces, issuer) = (Arc::default(), Arc::default());
        Ok(Self { https, nonces, issuer, timeout: settings.timeout })
    }

    /// The name by which the CA is known in records that stay, as its last authorization said.
    pub(super) fn issuer_domain(&self) -> Option<DnsName> {
        self.issuer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CaClient {
    /// Asks for the directory, and whether what comes is one (RFC 8555 section 7.1.1).
    pub(super) async fn directory(
        &self,
        url: &str,
    ) -> Result<serde_json::Value, Box<dyn std::error::Error + Send + Sync>> {
        let request = Request::get(url)
            .header(header::USER_AGENT, USER_AGENT)
            .body(BodyWrapper::from(Vec::new()))?;
        let answer = tokio::time::timeout(self.timeout, read(self.https.request(request))).await;
        let answer = answer.map_err(|_| ExchangeError::TimedOut(self.timeout))??;
        if !answer.status().is_success() {
            return Err(ExchangeError::Status(answer.status()).into());
        }
        let directory: serde_json::Value = serde_json::from_slice(answer.body())?;
        match directory.get("newOrder") {
            Some(_) => Ok(directory),
            None => Err("what is at the URL is no ACME directory: it names no newOrder".into()),
        }
    }
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
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        let problem: Problem =
            serde_json::from_slice(answer.body()).map_err(|_| ExchangeError::Status(status))?;
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let retry_after = retry_after(answer.headers().get(header::RETRY_AFTER));
            return Err(ExchangeError::Busy { retry_after, problem });
        }
    }
    Ok(BytesResponse::from(answer.map(Full::new)))
}

/// The seconds of a Retry-After; its other form, a date, counts as none, because the CA's clock is not ours.
fn retry_after(value: Option<&HeaderValue>) -> Option<Duration> {
    value?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
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

    fn answer(status: u16, retry_after: &'static str, body: &'static str) -> Response<Bytes> {
        let builder = Response::builder().status(status).header(header::RETRY_AFTER, retry_after);
        builder.body(Bytes::from_static(body.as_bytes())).expect("a response")
    }

    #[test]
    fn busy_answers_carry_the_time_to_wait_and_errors_without_problem_their_status() {
        let limited = r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "slower"}"#;
        for (wait, expected) in
            [("120", Some(Duration::from_secs(120))), ("Sun, 22 Nov 2026 10:00:00 GMT", None)]
        {
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
        assert!(judged(answer(400, "", limited)).is_ok(), "ACME reads the problem itself");
    }
}
