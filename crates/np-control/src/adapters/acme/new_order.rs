//! An order with an end that is wished for (`notAfter`, RFC 8555 section 7.4), which instant-acme has no word for: the one
//! request that is signed here. All else about the order is instant-acme's, which finds it by its URL.
//!
//! Many CAs, Let's Encrypt among them, take no such wish and say that the request is malformed. Then the order is placed
//! without it, and the CA decides.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use http::{HeaderValue, Request, header};
use instant_acme::{AccountCredentials, BodyWrapper, BytesResponse, Error, HttpClient};
use np_domain::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::client::{CaClient, REPLAY_NONCE, USER_AGENT};

/// Who signs.
pub(super) struct Signer {
    /// The account's URI.
    pub(super) account: String,
    /// Its key.
    pub(super) credentials: AccountCredentials,
}

/// What is ordered.
pub(super) struct Wish<'a> {
    pub(super) names: Vec<String>,
    pub(super) profile: Option<&'a str>,
    pub(super) not_after: Timestamp,
}

impl Wish<'_> {
    fn payload(&self) -> Result<Value, Error> {
        let names = self.names.iter().map(|name| json!({ "type": "dns", "value": name }));
        let end = self.not_after.replace_nanosecond(0).map_err(other)?;
        let end = end.format(&Rfc3339).map_err(other)?;
        let mut payload = json!({ "identifiers": names.collect::<Vec<_>>(), "notAfter": end });
        if let Some(profile) = self.profile {
            payload["profile"] = profile.into();
        }
        Ok(payload)
    }
}

/// Places the order; its URL.
pub(super) async fn place(
    client: &CaClient,
    directory_url: &str,
    signer: &Signer,
    wish: &Wish<'_>,
) -> Result<String, Error> {
    let directory = client.directory(directory_url).await.map_err(Error::Other)?;
    let url =
        |name: &str| directory[name].as_str().map(str::to_owned).ok_or("the directory has a gap");
    let (new_nonce, new_order) = (url("newNonce")?, url("newOrder")?);
    let nonce = nonce(client, &new_nonce).await?;
    let body = signed(signer, &new_order, &nonce, &wish.payload()?)?;
    let request = Request::post(&new_order)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/jose+json")
        .body(BodyWrapper::from(body.into_bytes()))
        .map_err(other)?;
    let answer = client.request(request).await?;
    location(answer).await
}

async fn nonce(client: &CaClient, url: &str) -> Result<String, Error> {
    let request = Request::head(url).header(header::USER_AGENT, USER_AGENT);
    let request = request.body(BodyWrapper::from(Vec::new())).map_err(other)?;
    let answer = client.request(request).await?;
    let nonce = answer.parts.headers.get(REPLAY_NONCE).and_then(text);
    nonce.ok_or(Error::Str("no nonce was given"))
}

async fn location(mut answer: BytesResponse) -> Result<String, Error> {
    if !answer.parts.status.is_success() {
        let body = answer.body.into_bytes().await.map_err(Error::Other)?;
        return Err(Error::Api(serde_json::from_slice(&body)?));
    }
    let url = answer.parts.headers.get(header::LOCATION).and_then(text);
    url.ok_or(Error::Str("the order has no URL"))
}

/// The request as RFC 7515 section 7.2.2 has it; the account's key is P-256, as instant-acme makes them.
fn signed(signer: &Signer, url: &str, nonce: &str, payload: &Value) -> Result<String, Error> {
    let header = json!({ "alg": "ES256", "kid": signer.account, "nonce": nonce, "url": url });
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let (header, payload) = (encode(&header), encode(payload));
    let random = SystemRandom::new();
    let key = signer.credentials.private_key().secret_pkcs8_der();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random);
    let signature = key
        .map_err(|_| Error::Str("the account's key is of another kind"))?
        .sign(&random, format!("{header}.{payload}").as_bytes())
        .map_err(|_| Error::Str("the account's key does not sign"))?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    Ok(json!({ "protected": header, "payload": payload, "signature": signature }).to_string())
}

fn text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Other(error.into())
}
