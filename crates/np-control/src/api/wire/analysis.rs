//! `ssl/analyze`: what an upload of a certificate would come to.

use np_domain::certificate::BundleMethod;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{invalid::Invalid, moment, object::Object, pem, ssl};
use crate::{api::openapi::shape, app::hostnames::Analysis};

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CertificateAnalysis")]
pub(crate) struct AnalysisWire {
    hosts: Vec<String>,
    issuer: String,
    serial_number: String,
    /// The algorithm that it is signed with.
    signature_algorithm: String,
    /// The type of its key; none for a type that is not served.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_type: Option<&'static str>,
    #[schemars(schema_with = "shape::moment")]
    issued_on: String,
    #[schemars(schema_with = "shape::moment")]
    expires_on: String,
    #[schemars(extend("enum" = ["force", "optimal", "ubiquitous"]))]
    bundle_method: &'static str,
    /// The chain that would be served, leaf first, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    /// Why no chain could be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_error: Option<String>,
}

/// A certificate to be looked at. Nothing is kept.
#[derive(JsonSchema)]
#[schemars(example = json!({
    "certificate": "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n",
    "bundle_method": "ubiquitous",
}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct AnalyzeBody {
    /// The certificate in PEM, with its chain in any order.
    certificate: String,
    #[schemars(extend("enum" = ["force", "optimal", "ubiquitous", null]))]
    bundle_method: Option<String>,
}

/// Reads the body of a POST.
pub(crate) fn parse(body: &Value) -> Result<(&str, BundleMethod), Invalid> {
    let body = Object::body(body)?;
    let certificate = body.text("certificate")?.value().unwrap_or_default();
    Ok((certificate, ssl::parse_bundle(&body)?.value().unwrap_or_default()))
}

pub(crate) fn render(analysis: &Analysis, method: BundleMethod) -> AnalysisWire {
    let leaf = &analysis.leaf;
    let (bundle, bundle_error) = match &analysis.chain {
        Ok(chain) => (Some(chain.iter().map(|der| pem::certificate(der)).collect()), None),
        Err(fault) => (None, Some(fault.to_string())),
    };
    AnalysisWire {
        hosts: leaf.names.iter().map(ToString::to_string).collect(),
        issuer: leaf.issuer.to_string(),
        serial_number: leaf.serial.to_string(),
        signature_algorithm: leaf.signature.to_string(),
        key_type: leaf.key_type.map(|key_type| key_type.as_str()),
        issued_on: moment(leaf.not_before),
        expires_on: moment(leaf.not_after),
        bundle_method: ssl::bundle_word(method),
        bundle,
        bundle_error,
    }
}
