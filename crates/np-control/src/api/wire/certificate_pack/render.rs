//! How a pack looks in a reply.

use np_domain::{
    Timestamp,
    certificate::{Active, AuthorityName},
    certificate_pack::{PackKind, PackRecord},
    diagnosis::Issuer,
    id::ZoneId,
    zone::Zone,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{
    ApiSettings,
    openapi::shape,
    wire::{
        moment,
        ssl::{self, DelegationWire, ErrorWire, RecordWire},
        status::CertificateStatus,
    },
};

/// What stands for the primary certificate while there is none (source 003).
const NO_PRIMARY: &str = "0";

/// A certificate pack of a zone's own hosts.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CertificatePack")]
pub(crate) struct PackWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    #[schemars(extend("enum" = ["advanced", "universal"]))]
    r#type: &'static str,
    hosts: Vec<String>,
    #[schemars(with = "CertificateStatus")]
    status: &'static str,
    certificates: Vec<CertificateWire>,
    /// The certificate that is served first; `0` while there is none.
    primary_certificate: String,
    #[schemars(extend("enum" = ["http", "txt", "email", "cname"]))]
    validation_method: &'static str,
    validity_days: u16,
    certificate_authority: &'static str,
    cloudflare_branding: bool,
    validation_records: Vec<RecordWire>,
    validation_errors: Vec<ErrorWire>,
    dcv_delegation_records: Vec<DelegationWire>,
    #[schemars(schema_with = "shape::moment")]
    created_on: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CertificateInPack")]
struct CertificateWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    hosts: Vec<String>,
    #[schemars(with = "CertificateStatus")]
    status: &'static str,
    issuer: String,
    signature: String,
    #[schemars(extend("enum" = ["force", "optimal", "ubiquitous"]))]
    bundle_method: &'static str,
    #[schemars(schema_with = "shape::id")]
    zone_id: String,
    #[schemars(schema_with = "shape::moment")]
    uploaded_on: String,
    #[schemars(schema_with = "shape::moment")]
    modified_on: String,
    #[schemars(schema_with = "shape::moment")]
    expires_on: String,
    priority: usize,
}

/// What a pack is shown with.
pub(crate) struct PackView<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) settings: &'a ApiSettings,
    /// The CAs, which say where they look for TXT records.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) now: Timestamp,
}

impl PackView<'_> {
    /// How the pack's certificate looks from outside.
    pub(crate) fn status(&self, record: &PackRecord) -> CertificateStatus {
        match record.pack.leaving_since {
            Some(_) => CertificateStatus::PendingDeletion,
            None => CertificateStatus::of_kept(&record.certificate, self.now),
        }
    }

    /// The pack.
    pub(crate) fn render(&self, record: &PackRecord) -> PackWire {
        let (pack, certificate) = (&record.pack, &record.certificate);
        let wanted = &certificate.wanted;
        let authority = wanted.authority.unwrap_or(self.settings.default_authority);
        let active = certificate.active.iter().enumerate();
        let primary = certificate.active.first().map(|active| active.issued.id.to_string());
        let hosts = pack.hosts.bases().filter_map(|host| {
            let cname = ssl::challenge(&self.issuers, authority, host);
            ssl::delegation(wanted.method, cname, host, self.zone, &self.settings.delegation_domain)
        });
        PackWire {
            id: pack.id.to_string(),
            r#type: kind_word(pack.kind),
            hosts: pack.hosts.as_slice().iter().map(ToString::to_string).collect(),
            status: self.status(record).word(),
            certificates: active
                .map(|(at, active)| certificate_wire(active, at, pack.zone, self.now))
                .collect(),
            primary_certificate: primary.unwrap_or_else(|| NO_PRIMARY.to_owned()),
            validation_method: wanted.method.as_str(),
            validity_days: pack.validity.days(),
            certificate_authority: AuthorityName::as_str(authority),
            cloudflare_branding: pack.branding,
            validation_records: ssl::records(certificate.open_order()),
            validation_errors: ssl::problems(certificate, self.now),
            dcv_delegation_records: hosts.collect(),
            created_on: moment(pack.created_at),
        }
    }
}

fn kind_word(kind: PackKind) -> &'static str {
    match kind {
        PackKind::Advanced => "advanced",
        PackKind::Universal => "universal",
    }
}

fn certificate_wire(active: &Active, at: usize, zone: ZoneId, now: Timestamp) -> CertificateWire {
    let facts = active.issued.chain.facts();
    let status = match facts.not_after <= now {
        true => CertificateStatus::Expired,
        false => CertificateStatus::Active,
    };
    CertificateWire {
        id: active.issued.id.to_string(),
        hosts: facts.names.iter().map(ToString::to_string).collect(),
        status: status.word(),
        issuer: facts.issuer.to_string(),
        signature: facts.signature.to_string(),
        bundle_method: "ubiquitous",
        zone_id: zone.to_string(),
        uploaded_on: moment(active.issued.issued_at),
        modified_on: moment(active.deployed_at),
        expires_on: moment(facts.not_after),
        priority: at + 1,
    }
}
