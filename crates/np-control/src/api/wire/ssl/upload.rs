//! Uploaded certificates in bodies: alone, or a bundle of one for each kind of key.

use np_domain::{certificate::upload::PAIRS_MAX, secret::SecretBytes};
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::{
    api::wire::{
        invalid::{Invalid, Why},
        object::Object,
    },
    app::hostnames::{KeySource, Place, Upload, UploadedPair},
};

const BUNDLE: &str = "custom_cert_bundle";
const CERTIFICATE: &str = "custom_certificate";
const CSR: &str = "custom_csr_id";
const KEY: &str = "custom_key";

/// A certificate with its key.
#[derive(JsonSchema)]
#[schemars(example = json!({
    "custom_certificate": "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n",
    "custom_key": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct PairBody {
    /// The certificate in PEM, with its chain in any order.
    custom_certificate: String,
    /// Its private key in PEM: PKCS#8, PKCS#1 or SEC 1, without a passphrase.
    custom_key: String,
}

/// Reads what `ssl` brings.
pub(super) fn parse(ssl: &Object<'_>) -> Result<Option<Upload>, Invalid> {
    let is_single = [CERTIFICATE, CSR, KEY].iter().any(|key| ssl.has(key));
    match (is_single, ssl.has(BUNDLE)) {
        (false, false) => Ok(None),
        (true, false) => Ok(Some(Upload { pairs: vec![parse_pair(ssl, Place::Single)?] })),
        (false, true) => parse_bundle(ssl).map(Some),
        (true, true) => {
            let why = format!("Send either `{CERTIFICATE}` or `{BUNDLE}`, not both.");
            Err(ssl.invalid(BUNDLE, Why::Unsupported(why)))
        }
    }
}

/// Reads the body of a PUT of one certificate.
pub(crate) fn parse_replacement(body: &Value) -> Result<UploadedPair, Invalid> {
    parse_pair(&Object::body(body)?, Place::Replacement)
}

fn parse_bundle(ssl: &Object<'_>) -> Result<Upload, Invalid> {
    let pairs = ssl.objects(BUNDLE)?.value().unwrap_or_default();
    if pairs.is_empty() || pairs.len() > PAIRS_MAX {
        let why = format!("`{BUNDLE}` must have 1 to {PAIRS_MAX} pairs.");
        return Err(ssl.invalid(BUNDLE, Why::Unsupported(why)));
    }
    let pairs = pairs.iter().enumerate();
    let pairs = pairs.map(|(index, pair)| parse_pair(pair, Place::InBundle(index)));
    Ok(Upload { pairs: pairs.collect::<Result<_, _>>()? })
}

/// A text that is missing is empty: each has a code of its own.
fn parse_pair(pair: &Object<'_>, place: Place) -> Result<UploadedPair, Invalid> {
    let certificate = pair.text(CERTIFICATE)?.value().unwrap_or_default();
    let key = match (pair.text(CSR)?.value(), pair.has(KEY)) {
        (None | Some(""), _) => {
            let key = pair.text(KEY)?.value().unwrap_or_default();
            KeySource::Pem(SecretBytes::new(key.as_bytes().to_vec()))
        }
        (Some(id), false) => KeySource::Csr(id.parse().map_err(|_| pair.invalid(CSR, Why::CsrId))?),
        (Some(_), true) => {
            let why = format!("Send either `{KEY}` or `{CSR}`, not both.");
            return Err(pair.invalid(CSR, Why::Unsupported(why)));
        }
    };
    Ok(UploadedPair { place, certificate: certificate.into(), key })
}
