//! Requests that instant-acme does not make, signed with the account's key (RFC 8555 section 6.2, RFC 7515 section 7.2.2).
//!
//! A refused nonce is the caller's to try anew with.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use http::{HeaderMap, Request, header};
use hyper::body::Bytes;
use instant_acme::{BodyWrapper, Error, HttpClient};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::client::{CaClient, REPLAY_NONCE, USER_AGENT, text};

/// Who signs.
pub(super) struct Signer {
    account: String,
    key: EcdsaKeyPair,
}

impl Signer {
    /// The account with this URI, whose key, in PKCS#8, is P-256, as instant-acme makes them.
    pub(super) fn new(account: &str, pkcs8: &[u8]) -> Result<Self, Error> {
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
        let key = key.map_err(|_| Error::KeyRejected)?;
        Ok(Self { account: account.to_owned(), key })
    }

    /// The account's URI.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// The public key (RFC 7517).
    pub(super) fn jwk(&self) -> Value {
        // 4, then both coordinates.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
    }

    /// `payload` signed, under `header` with the algorithm.
    pub(super) fn signed(&self, mut header: Value, payload: &Value) -> Result<Value, Error> {
        header["alg"] = "ES256".into();
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let (header, payload) = (encode(&header), encode(payload));
        let input = format!("{header}.{payload}");
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.map_err(|_| Error::Crypto)?);
        Ok(json!({ "protected": header, "payload": payload, "signature": signature }))
    }
}

/// Sends `payload` to `url` in the account's name: what came back, if it was no refusal.
pub(super) async fn post(
    client: &CaClient,
    signer: &Signer,
    url: &str,
    payload: &Value,
) -> Result<(HeaderMap, Bytes), Error> {
    let new_nonce = client.directory().await.map_err(Error::Other)?.new_nonce.clone();
    let nonce = nonce(client, &new_nonce).await?;
    let header = json!({ "kid": signer.account, "nonce": nonce, "url": url });
    let body = signer.signed(header, payload)?.to_string();
    let request = Request::post(url)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/jose+json")
        .body(BodyWrapper::from(body.into_bytes()))?;
    let mut answer = client.request(request).await?;
    let body = answer.body.into_bytes().await.map_err(Error::Other)?;
    match answer.parts.status.is_success() {
        true => Ok((answer.parts.headers, body)),
        false => Err(Error::Api(serde_json::from_slice(&body)?)),
    }
}

async fn nonce(client: &CaClient, url: &str) -> Result<String, Error> {
    let request = Request::head(url).header(header::USER_AGENT, USER_AGENT);
    let answer = client.request(request.body(BodyWrapper::from(Vec::new()))?).await?;
    let nonce = answer.parts.headers.get(REPLAY_NONCE).and_then(text);
    nonce.ok_or(Error::Str("no nonce was given"))
}
