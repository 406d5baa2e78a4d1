//! A certificate pack of a zone: the body of an order, filters of the list, and the object in replies (behaviour.md 3.7).

mod render;
mod verification;

pub(crate) use render::{PackView, PackWire};
pub(crate) use verification::{
    VerificationEdit, VerificationWire, VerifiedWire, parse_verification, render_verification,
    render_verified,
};

use np_domain::{
    certificate::{AuthorityName, CertName, DcvMethod},
    certificate_pack::{PackHosts, Validity},
    zone::Zone,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    invalid::{Invalid, Why},
    object::Object,
    status::CertificateStatus,
};
use crate::{
    api::{openapi::QueryParam, pagination::Params},
    app::packs::NewPack,
};

/// The CAs that strict clients know for packs.
const AUTHORITIES: [AuthorityName; 3] =
    [AuthorityName::Google, AuthorityName::LetsEncrypt, AuthorityName::SslCom];

/// A pack to be ordered.
#[derive(JsonSchema)]
#[schemars(example = json!({
    "type": "advanced",
    "hosts": ["provider.com", "*.provider.com"],
    "validation_method": "txt",
    "validity_days": 90,
    "certificate_authority": "lets_encrypt",
}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NewCertificatePack {
    #[schemars(extend("enum" = ["advanced"]))]
    r#type: String,
    /// 1 to 50 names within the zone, its own among them; `*.` before one covers everything one level below.
    hosts: Vec<String>,
    /// How control of the names is shown. Wildcards take `txt`.
    #[schemars(extend("enum" = ["txt", "http", "email", "cname"]))]
    validation_method: String,
    /// How long a certificate shall live; the CA has the last word. 365 only where a private CA is asked.
    #[schemars(extend("enum" = [14, 30, 90, 365]))]
    validity_days: u16,
    /// Who is to issue it; left out: the default one.
    #[schemars(extend("enum" = ["google", "lets_encrypt", "ssl_com", null]))]
    certificate_authority: Option<String>,
    /// Whether a name of the provider's may stand first when all hosts are too long for that.
    cloudflare_branding: Option<bool>,
}

/// Reads the body of an order.
pub(crate) fn parse_order(body: &Value, zone: &Zone) -> Result<NewPack, Invalid> {
    let body = Object::body(body)?;
    match body.text("type")?.value() {
        Some("advanced") => {}
        _ => return Err(body.invalid("type", pack("`type` must be \"advanced\"."))),
    }
    Ok(NewPack {
        hosts: parse_hosts(&body, zone)?,
        method: parse_method(&body)?,
        validity: parse_validity(&body)?,
        authority: parse_authority(&body)?,
        branding: body.flag("cloudflare_branding")?.value().unwrap_or(false),
    })
}

fn pack(detail: impl Into<String>) -> Why {
    Why::Pack(detail.into())
}

fn parse_hosts(body: &Object<'_>, zone: &Zone) -> Result<PackHosts, Invalid> {
    let missing = || body.invalid("hosts", Why::PackHosts("`hosts` is required.".into()));
    let texts = body.texts("hosts")?.value().ok_or_else(missing)?;
    // Not read one by one when there are far too many.
    let names = texts.iter().enumerate().map(|(at, text)| {
        text.parse::<CertName>()
            .map_err(|error| body.invalid("hosts", Why::PackHosts(format!("At {at}: {error}."))))
    });
    let names = names.collect::<Result<Vec<_>, _>>()?;
    PackHosts::new(names, &zone.name)
        .map_err(|error| body.invalid("hosts", Why::PackHosts(format!("Here {error}."))))
}

fn parse_method(body: &Object<'_>) -> Result<DcvMethod, Invalid> {
    const KEY: &str = "validation_method";
    let known = body.text(KEY)?.value().and_then(DcvMethod::parse);
    known.ok_or_else(|| body.invalid(KEY, Why::Method))
}

fn parse_validity(body: &Object<'_>) -> Result<Validity, Invalid> {
    const KEY: &str = "validity_days";
    let days = body.fields().get(KEY).and_then(whole);
    days.and_then(Validity::of_days)
        .ok_or_else(|| body.invalid(KEY, pack("`validity_days` must be 14, 30, 90 or 365.")))
}

/// A whole number, also when it is written with a point.
fn whole(value: &Value) -> Option<u64> {
    let is_whole = |number: &f64| number.fract() == 0.0 && (0.0..1e6).contains(number);
    value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|number| number as u64))
}

/// The empty text is the default CA.
fn parse_authority(body: &Object<'_>) -> Result<Option<AuthorityName>, Invalid> {
    const KEY: &str = "certificate_authority";
    let Some(word) = body.text(KEY)?.value().filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    let known = AuthorityName::parse(word).filter(|name| AUTHORITIES.contains(name));
    known.map(Some).ok_or_else(|| {
        let words = AUTHORITIES.map(AuthorityName::as_str).join(", ");
        body.invalid(KEY, pack(format!("certificate_authority must be one of {words}.")))
    })
}

/// Changes of a pack. Any PATCH begins its validation anew.
#[derive(JsonSchema)]
#[schemars(example = json!({}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct EditedCertificatePack {
    cloudflare_branding: Option<bool>,
}

/// Reads the body of a PATCH: whether a name of the provider's may be borne, if that is said.
pub(crate) fn parse_edit(body: &Value) -> Result<Option<bool>, Invalid> {
    Ok(Object::body(body)?.flag("cloudflare_branding")?.value())
}

/// The parameters of the list besides the page.
pub(crate) const FILTERS: &[QueryParam] = &[
    QueryParam::new(
        "status",
        status_shape,
        "Only packs of this status; `all`: of any. Left out: active ones only.",
    ),
    QueryParam::new(
        "deploy",
        deploy_shape,
        "The deployment. Everything is in production here: `staging` finds nothing.",
    ),
];

fn status_shape(_: &mut SchemaGenerator) -> Schema {
    let words = CertificateStatus::ALL.iter().map(|status| status.word());
    let words: Vec<_> = std::iter::once("all").chain(words).collect();
    json_schema!({ "type": "string", "enum": words })
}

fn deploy_shape(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["staging", "production"] })
}

/// Which packs of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackFilter {
    /// Of this status; `None`: of any.
    status: Option<CertificateStatus>,
    is_staging: bool,
}

impl PackFilter {
    /// Whether a pack of this status is meant.
    pub(crate) fn matches(self, status: CertificateStatus) -> bool {
        !self.is_staging && self.status.is_none_or(|wanted| wanted == status)
    }
}

/// Reads the parameters of the list.
pub(crate) fn parse_filter(params: &Params) -> Result<PackFilter, Invalid> {
    let bad = |name: &str, detail: &str| Invalid {
        pointer: format!("/{name}"),
        why: Why::BadQuery(detail.to_owned()),
    };
    let status = match params.get("status") {
        None => Some(CertificateStatus::Active),
        Some("all") => None,
        Some(word) => {
            let known = CertificateStatus::ALL.iter().find(|status| status.word() == word);
            let detail = "`status` must be `all` or a status of a certificate pack.";
            Some(*known.ok_or_else(|| bad("status", detail))?)
        }
    };
    let is_staging = match params.get("deploy") {
        None | Some("production") => false,
        Some("staging") => true,
        Some(_) => return Err(bad("deploy", "`deploy` must be `staging` or `production`.")),
    };
    Ok(PackFilter { status, is_staging })
}

/// How many packs there may be, and are.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CertificatePackQuota")]
pub(crate) struct PackQuotaWire {
    advanced: AdvancedQuotaWire,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "AdvancedCertificatePackQuota")]
struct AdvancedQuotaWire {
    allocated: u32,
    used: usize,
}

impl PackQuotaWire {
    pub(crate) fn of(allocated: u32, used: usize) -> Self {
        Self { advanced: AdvancedQuotaWire { allocated, used } }
    }
}

/// The universal certificate of a zone.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "UniversalSslSettings")]
pub(crate) struct UniversalWire {
    pub(crate) enabled: bool,
}

/// The universal certificate switched.
#[derive(JsonSchema)]
#[schemars(example = json!({ "enabled": true }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct EditedUniversalSsl {
    /// Whether a pack for the zone's name and everything one level below is kept.
    enabled: Option<bool>,
}

/// Reads the body of a PATCH of the universal certificate: on or off, if that is said.
pub(crate) fn parse_universal(body: &Value) -> Result<Option<bool>, Invalid> {
    Ok(Object::body(body)?.flag("enabled")?.value())
}
