//! How a certificate looks in a reply.

use np_domain::{
    Timestamp,
    certificate::{
        AuthorityName, BundleMethod, Certificate, Control, ControlProof, DcvMethod,
        IssuedCertificate, Order, Origin,
        chain::ChainFacts,
        urgency::{self, Level},
    },
    custom_hostname::CustomHostname,
    delegation::DelegationDomain,
    diagnosis::Issuer,
    name::{DnsName, Hostname},
    tls_policy::{Switch, TlsPolicy},
    zone::Zone,
};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::VERSIONS;
use crate::api::{
    openapi::shape,
    wire::{
        custom_hostname::View,
        moment, pem,
        progress::{self, ProgressWire},
        status::CertificateStatus,
    },
};

/// `ssl`. The fields of a single validation record stand here too, for old clients (behaviour.md 3.1).
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Ssl")]
pub(crate) struct SslWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    #[schemars(extend("enum" = ["dv"]))]
    r#type: &'static str,
    #[schemars(extend("enum" = ["http", "txt", "email", "cname"]))]
    method: &'static str,
    #[schemars(with = "CertificateStatus")]
    status: &'static str,
    wildcard: bool,
    /// None for an uploaded certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::authority_shape", default)]
    certificate_authority: Option<&'static str>,
    #[schemars(extend("enum" = ["force", "optimal", "ubiquitous"]))]
    bundle_method: &'static str,
    settings: SettingsWire,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    single_record: Option<ProofWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    validation_records: Vec<RecordWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dcv_delegation_records: Vec<DelegationWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    validation_errors: Vec<ErrorWire>,
    /// How far the attempt at a certificate has come; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressWire>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    leaf: Option<LeafWire>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    uploaded: Option<UploadedWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificates: Vec<CertificateWire>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SslSettings")]
struct SettingsWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["1.0", "1.1", "1.2", "1.3"]))]
    min_tls_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["off", "on"]))]
    tls_1_3: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["off", "on"]))]
    http2: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["off", "on"]))]
    early_hints: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphers: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone, JsonSchema, Serialize)]
#[schemars(rename = "ValidationRecord")]
pub(crate) struct RecordWire {
    #[schemars(extend("enum" = ["pending", "valid"]))]
    status: &'static str,
    #[serde(flatten)]
    pub(crate) proof: ProofWire,
}

#[derive(Debug, Clone, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(rename = "ValidationProof")]
pub(crate) enum ProofWire {
    Txt { txt_name: String, txt_value: String },
    Http { http_url: String, http_body: String },
    Email { emails: Vec<String> },
    Cname { cname: String, cname_target: String },
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DcvDelegationRecord")]
pub(crate) struct DelegationWire {
    cname: String,
    cname_target: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ValidationError")]
pub(crate) struct ErrorWire {
    message: String,
}

/// The leaf that is served first.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ServedLeaf")]
struct LeafWire {
    issuer: String,
    serial_number: String,
    signature: String,
    hosts: Vec<String>,
    #[schemars(schema_with = "shape::moment")]
    expires_on: String,
}

/// What there is besides of an uploaded certificate; of two, the first. The key is never shown.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "UploadedCertificate")]
struct UploadedWire {
    /// As it was uploaded, in PEM.
    custom_certificate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_csr_id: Option<String>,
    #[schemars(schema_with = "shape::moment")]
    uploaded_on: String,
}

/// Undocumented, and the only place with the ids of single certificates (behaviour.md 4.1).
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ServedCertificate")]
struct CertificateWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    issuer: String,
    serial_number: String,
    signature: String,
    #[schemars(schema_with = "shape::moment")]
    issued_on: String,
    #[schemars(schema_with = "shape::moment")]
    expires_on: String,
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    fingerprint_sha256: String,
}

/// The certificate of a hostname.
pub(crate) fn render(
    certificate: &Certificate,
    hostname: &CustomHostname,
    view: &View<'_>,
) -> SslWire {
    let wanted = &certificate.wanted;
    let records = records(certificate.open_order());
    let authority = wanted.authority.unwrap_or(view.settings.default_authority);
    let is_managed = !certificate.is_uploaded();
    let shown = shown(certificate);
    let status = CertificateStatus::of(certificate, &hostname.ownership, view.now);
    SslWire {
        id: certificate.id.to_string(),
        r#type: "dv",
        method: wanted.method.as_str(),
        status: status.word(),
        wildcard: wanted.wildcard,
        certificate_authority: is_managed.then(|| authority.as_str()),
        bundle_method: bundle_word(wanted.bundle),
        settings: settings(&wanted.tls),
        single_record: match records.as_slice() {
            [only] => Some(only.proof.clone()),
            _ => None,
        },
        validation_records: records,
        dcv_delegation_records: delegation(
            wanted.method,
            challenge(&view.issuers, authority, &hostname.name),
            &hostname.name,
            view.zone,
            &view.settings.delegation_domain,
        )
        .filter(|_| is_managed)
        .into_iter()
        .collect(),
        validation_errors: problems(certificate, view.now),
        progress: progress::of_attempt(&certificate.attempt),
        leaf: shown.first().map(|issued| leaf(issued.chain.facts())),
        uploaded: shown.first().filter(|_| !is_managed).and_then(|issued| uploaded(issued)),
        certificates: shown.into_iter().map(served).collect(),
    }
}

/// What is active; of uploaded ones, what was uploaded last.
fn shown(certificate: &Certificate) -> Vec<&IssuedCertificate> {
    match certificate.is_uploaded() {
        true => certificate.to_serve(),
        false => certificate.active.iter().map(|active| &active.issued).collect(),
    }
}

fn uploaded(issued: &IssuedCertificate) -> Option<UploadedWire> {
    let Origin::Uploaded(presented) = &issued.origin else { return None };
    Some(UploadedWire {
        custom_certificate: presented
            .certificates
            .iter()
            .map(|der| pem::certificate(der))
            .collect(),
        custom_csr_id: presented.csr.map(|id| id.to_string()),
        uploaded_on: moment(issued.issued_at),
    })
}

pub(crate) fn bundle_word(bundle: BundleMethod) -> &'static str {
    match bundle {
        BundleMethod::Force => "force",
        BundleMethod::Optimal => "optimal",
        BundleMethod::Ubiquitous => "ubiquitous",
    }
}

fn settings(tls: &TlsPolicy) -> SettingsWire {
    let word = |switch: Option<Switch>| switch.map(switch_word);
    let version = |wanted| VERSIONS.iter().find(|(v, _)| *v == wanted).map(|(_, word)| *word);
    SettingsWire {
        min_tls_version: tls.min_version.and_then(version),
        tls_1_3: word(tls.tls_1_3),
        http2: word(tls.http2),
        early_hints: word(tls.early_hints),
        ciphers: tls.ciphers.as_ref().map(|list| list.iter().map(|c| c.as_str()).collect()),
    }
}

pub(crate) fn switch_word(switch: Switch) -> &'static str {
    match switch {
        Switch::Off => "off",
        Switch::On => "on",
    }
}

/// What the open order wants to be shown.
pub(crate) fn records(order: Option<&Order>) -> Vec<RecordWire> {
    let controls = order.into_iter().flat_map(|order| &order.controls);
    controls.map(record).collect()
}

fn record(control: &Control) -> RecordWire {
    let proof = match &control.proof {
        ControlProof::Http { path, body } => ProofWire::Http {
            http_url: format!("http://{}{path}", control.name.base()),
            http_body: body.to_string(),
        },
        ControlProof::Txt { name, value } => {
            ProofWire::Txt { txt_name: name.to_string(), txt_value: value.to_string() }
        }
        ControlProof::Email { addresses } => {
            ProofWire::Email { emails: addresses.iter().map(ToString::to_string).collect() }
        }
        ControlProof::Cname { name, target } => {
            ProofWire::Cname { cname: name.to_string(), cname_target: target.to_string() }
        }
    };
    RecordWire { status: if control.satisfied { "valid" } else { "pending" }, proof }
}

/// Where the CA looks for TXT records about `host`; `None` as long as it has not said by which label it knows us.
pub(crate) fn challenge(
    issuers: &[Issuer],
    authority: AuthorityName,
    host: &Hostname,
) -> Option<DnsName> {
    match issuers.iter().find(|issuer| issuer.authority == authority) {
        Some(issuer) => issuer.challenge(host),
        None => Some(host.acme_challenge()),
    }
}

/// The CNAME that lets our DNS answer the CA; none for a hostname too long for it.
pub(crate) fn delegation(
    method: DcvMethod,
    challenge: Option<DnsName>,
    host: &Hostname,
    zone: &Zone,
    domain: &DelegationDomain,
) -> Option<DelegationWire> {
    match method {
        DcvMethod::Http | DcvMethod::Email | DcvMethod::Cname => None,
        DcvMethod::Txt => {
            let target = domain.target(host, zone.delegation).ok()?;
            let cname = challenge?.to_string();
            Some(DelegationWire { cname, cname_target: target.to_string() })
        }
    }
}

/// Why there is trouble; of a renewal also what is served meanwhile, and until when.
pub(crate) fn problems(certificate: &Certificate, now: Timestamp) -> Vec<ErrorWire> {
    let problems = certificate.problems().iter().map(|problem| problem.message.to_string());
    let mut messages: Vec<_> = problems.collect();
    if !messages.is_empty() && !certificate.active.is_empty() {
        let level = urgency::level(certificate, now).map_or("failing", Level::as_str);
        let served = urgency::served_until(certificate, now);
        messages.push(format!("The renewal fails ({level}): {served}."));
    }
    messages.into_iter().map(|message| ErrorWire { message }).collect()
}

fn leaf(facts: &ChainFacts) -> LeafWire {
    LeafWire {
        issuer: facts.issuer.to_string(),
        serial_number: facts.serial.to_string(),
        signature: facts.signature.to_string(),
        hosts: facts.names.iter().map(ToString::to_string).collect(),
        expires_on: moment(facts.not_after),
    }
}

fn served(issued: &IssuedCertificate) -> CertificateWire {
    let facts = issued.chain.facts();
    CertificateWire {
        id: issued.id.to_string(),
        issuer: facts.issuer.to_string(),
        serial_number: facts.serial.to_string(),
        signature: facts.signature.to_string(),
        issued_on: moment(facts.not_before),
        expires_on: moment(facts.not_after),
        fingerprint_sha256: fingerprint(facts),
    }
}

fn fingerprint(facts: &ChainFacts) -> String {
    facts.der.first().map(|leaf| hex::encode(Sha256::digest(leaf))).unwrap_or_default()
}
