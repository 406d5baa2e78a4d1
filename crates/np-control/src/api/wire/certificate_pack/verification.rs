//! `ssl/verification`: where the validation of a zone's packs stands.
//!
//! The original's `verification_info` names fields where it means values, which strict clients refuse to read otherwise
//! (api.md 2.3): the values stand beside, in fields of their own.

use np_domain::{
    certificate::{Certificate, DcvMethod, KeyType, State},
    certificate_pack::PackRecord,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::render::PackView;
use crate::api::{
    openapi::shape,
    wire::{
        invalid::{Invalid, Why},
        object::Object,
        ssl::{self, ProofWire, RecordWire},
        status::CertificateStatus,
    },
};

/// Where the validation of a pack stands.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SslVerification")]
pub(crate) struct VerificationWire {
    #[schemars(extend("enum" = ["initializing", "authorizing", "active", "expired", "issuing", "timing_out", "pending_deployment"]))]
    certificate_status: &'static str,
    brand_check: bool,
    #[schemars(schema_with = "shape::uuid")]
    cert_pack_uuid: String,
    #[schemars(extend("enum" = ["ECDSAWithSHA256", "SHA256WithRSA"]))]
    signature: &'static str,
    #[schemars(extend("enum" = ["http", "txt", "email", "cname"]))]
    validation_method: &'static str,
    /// What must be shown next; all of it stands in `validation_records`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_info: Option<ProofWire>,
    /// Whether everything is shown; left out while nobody has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_status: Option<bool>,
    hosts: Vec<String>,
    validation_records: Vec<RecordWire>,
}

/// One pack.
pub(crate) fn render_verification(record: &PackRecord, view: &PackView<'_>) -> VerificationWire {
    let certificate = &record.certificate;
    let records = ssl::records(certificate.open_order());
    VerificationWire {
        certificate_status: status_word(view.status(record)),
        brand_check: false,
        cert_pack_uuid: record.pack.id.to_string(),
        signature: signature(certificate),
        validation_method: certificate.wanted.method.as_str(),
        verification_info: records.first().map(|record| record.proof.clone()),
        verification_status: is_shown(certificate),
        hosts: record.pack.hosts.as_slice().iter().map(ToString::to_string).collect(),
        validation_records: records,
    }
}

/// The seven words of this list for the 21 of packs.
fn status_word(status: CertificateStatus) -> &'static str {
    use CertificateStatus as S;
    match status {
        S::Initializing | S::Inactive | S::Deleted | S::PendingDeletion | S::PendingCleanup => {
            "initializing"
        }
        S::PendingValidation => "authorizing",
        S::PendingIssuance => "issuing",
        S::PendingDeployment
        | S::StagingDeployment
        | S::StagingActive
        | S::HoldingDeployment
        | S::BackupIssued => "pending_deployment",
        S::Active | S::PendingExpiration | S::Deactivating => "active",
        S::Expired => "expired",
        S::InitializingTimedOut
        | S::ValidationTimedOut
        | S::IssuanceTimedOut
        | S::DeploymentTimedOut
        | S::DeletionTimedOut => "timing_out",
    }
}

/// The kind of signature that is attempted or served.
fn signature(certificate: &Certificate) -> &'static str {
    match certificate.wanted.keys.first() {
        Some(KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096) => "SHA256WithRSA",
        Some(KeyType::P256 | KeyType::P384) | None => "ECDSAWithSHA256",
    }
}

fn is_shown(certificate: &Certificate) -> Option<bool> {
    match &certificate.attempt {
        _ if !certificate.active.is_empty() => Some(true),
        State::AwaitingControl(awaiting) => (awaiting.tries.failed > 0).then_some(false),
        State::Ordering(_) => None,
        State::Stalled(_) => Some(false),
        State::Validating(_)
        | State::Issuing(_)
        | State::Issued(_)
        | State::Settled(_)
        | State::Uploaded(_)
        | State::Kept(_) => Some(true),
    }
}

/// How a pack is to be validated.
#[derive(JsonSchema)]
#[schemars(example = json!({ "validation_method": "txt" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct VerificationEdit {
    /// The same one as before checks again at once.
    #[schemars(extend("enum" = ["http", "txt", "email", "cname"]))]
    validation_method: String,
}

/// Reads the body of a PATCH.
pub(crate) fn parse_verification(body: &Value) -> Result<DcvMethod, Invalid> {
    const KEY: &str = "validation_method";
    let body = Object::body(body)?;
    let known = body.text(KEY)?.value().and_then(DcvMethod::parse);
    known.ok_or_else(|| body.invalid(KEY, Why::Method))
}

/// What a PATCH led to.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SslVerificationEdited")]
pub(crate) struct VerifiedWire {
    #[schemars(with = "CertificateStatus")]
    status: &'static str,
    #[schemars(extend("enum" = ["http", "txt", "email", "cname"]))]
    validation_method: &'static str,
}

/// What a PATCH led to.
pub(crate) fn render_verified(
    certificate: &Certificate,
    now: np_domain::Timestamp,
) -> VerifiedWire {
    VerifiedWire {
        status: CertificateStatus::of_kept(certificate, now).word(),
        validation_method: certificate.wanted.method.as_str(),
    }
}
