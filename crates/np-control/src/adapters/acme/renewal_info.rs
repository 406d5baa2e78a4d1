//! When the CA wants a certificate renewed (ARI, RFC 9773). Nothing is signed for it. instant-acme has the question too, but
//! takes an answer without `Retry-After`, which refusals have not, for a broken one.

use http::StatusCode;
use instant_acme::{CertificateIdentifier, Error};
use np_domain::{
    Timestamp,
    certificate::renewal::{Advice, Suggestion},
    text::Explanation,
};
use rustls_pki_types::CertificateDer;
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;

use super::client::{CaClient, ExchangeError, retry_after};

/// What the CA suggests for the certificate with this leaf; `None` when it does not say.
pub(super) async fn ask(client: &CaClient, leaf_der: &[u8]) -> Result<Option<Advice>, Error> {
    let directory = client.directory().await.map_err(Error::Other)?;
    let Some((base, id)) = directory.renewal_info.as_deref().zip(certificate_id(leaf_der)) else {
        return Ok(None);
    };
    let answer = client.get(&format!("{}/{id}", base.trim_end_matches('/'))).await;
    let answer = answer.map_err(other)?;
    match answer.status() {
        StatusCode::OK => {}
        // It does not know the certificate, or not any more.
        status if status.is_client_error() => return Ok(None),
        status => return Err(other(ExchangeError::Status(status))),
    }
    let said: Said = serde_json::from_slice(answer.body())?;
    let suggestion = said.suggestion().ok_or(Error::Str("the window of a renewal"))?;
    Ok(Some(Advice { suggestion, ask_after: retry_after(answer.headers()) }))
}

/// How CAs know the certificate with this leaf (RFC 9773 section 4.1). `None` for one that does not name its issuer's key.
pub(super) fn certificate_id(leaf_der: &[u8]) -> Option<String> {
    let leaf = CertificateDer::from(leaf_der);
    CertificateIdentifier::try_from(&leaf).ok().map(|id| id.to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    suggested_window: Window,
    #[serde(rename = "explanationURL")]
    explanation_url: Option<String>,
}

#[derive(Deserialize)]
struct Window {
    start: String,
    end: String,
}

impl Said {
    fn suggestion(self) -> Option<Suggestion> {
        let moment = |text: &str| Timestamp::parse(text, &Rfc3339).ok();
        let Window { start, end } = self.suggested_window;
        Some(Suggestion {
            start: moment(&start)?,
            end: moment(&end)?,
            explanation: self.explanation_url.map(Explanation::new),
        })
    }
}

fn other(error: ExchangeError) -> Error {
    Error::Other(Box::new(error))
}
