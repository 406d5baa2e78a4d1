//! A custom hostname: bodies of POST and PATCH, and the object in replies.

use std::collections::BTreeMap;

use np_domain::{
    Timestamp,
    custom_hostname::{
        CustomHostname, HostnameRecord, METADATA_BYTES_MAX, Metadata, OWNERSHIP_PATH,
    },
    diagnosis::Issuer,
    name::Hostname,
    origin::{CustomOrigin, OriginError, OriginHost, OriginSni},
    ownership::{BlockedCause, Failure, MovedWhy, State},
    zone::Zone,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    change::Change,
    invalid::{Invalid, Why},
    moment,
    object::Object,
    progress::{self, ProgressWire},
    ssl::{self, SslWire},
    status::HostnameStatus,
};
use crate::{
    api::{ApiSettings, openapi::shape},
    app::hostnames::{Edit, FieldEdit, NewHostname},
};

/// What a hostname is shown with.
pub(crate) struct View<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) settings: &'a ApiSettings,
    /// The CAs, which say where they look for TXT records.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) now: Timestamp,
}

#[derive(Debug, JsonSchema, Serialize)]
/// A custom hostname.
#[schemars(rename = "CustomHostname")]
pub(crate) struct HostnameWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    hostname: String,
    #[schemars(with = "HostnameStatus")]
    status: &'static str,
    #[schemars(schema_with = "shape::moment")]
    created_at: String,
    /// `null` when no certificate was asked for.
    ssl: Option<SslWire>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    custom_metadata: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_origin_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_origin_sni: Option<String>,
    ownership_verification: TxtWire,
    ownership_verification_http: HttpWire,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verification_errors: Vec<String>,
    /// How far the checks of ownership have come; absent once it is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_progress: Option<ProgressWire>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "OwnershipTxt")]
struct TxtWire {
    #[schemars(extend("enum" = ["txt"]))]
    r#type: &'static str,
    name: String,
    value: String,
    #[schemars(schema_with = "proof_status")]
    status: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "OwnershipHttp")]
struct HttpWire {
    http_url: String,
    http_body: String,
    #[schemars(schema_with = "proof_status")]
    status: &'static str,
}

/// `valid` once ownership is proven, by whichever method: then this need not be there any more. Else `pending`.
fn proof_status(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&["pending", "valid"])
}

/// The SNI that follows the request (behaviour.md 5).
const SNI_REQUEST_HOST: &str = ":request_host_header:";

impl View<'_> {
    pub(crate) fn render(&self, record: &HostnameRecord) -> HostnameWire {
        let hostname = &record.hostname;
        let token = hostname.token.to_string();
        let origin = hostname.origin.as_ref();
        let proof_status = if hostname.ownership.proof().is_some() { "valid" } else { "pending" };
        HostnameWire {
            id: hostname.id.to_string(),
            hostname: hostname.name.to_string(),
            status: HostnameStatus::of(&hostname.ownership).word(),
            created_at: moment(hostname.created_at),
            ssl: record.certificate.as_ref().map(|c| ssl::render(c, hostname, self)),
            custom_metadata: render_metadata(&hostname.metadata),
            custom_origin_server: origin.map(|origin| origin.server.to_string()),
            custom_origin_sni: origin.and_then(render_sni),
            ownership_verification: TxtWire {
                r#type: "txt",
                name: hostname.name.ownership_txt().to_string(),
                value: token.clone(),
                status: proof_status,
            },
            ownership_verification_http: HttpWire {
                http_url: format!("http://{}{OWNERSHIP_PATH}{}", hostname.name, hostname.id),
                http_body: token,
                status: proof_status,
            },
            verification_errors: verification_errors(hostname),
            verification_progress: progress::of_ownership(&hostname.ownership),
        }
    }
}

fn render_metadata(metadata: &Metadata) -> BTreeMap<String, Value> {
    // Values are JSON texts; one that is not is shown as it is.
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
    metadata.0.iter().map(|(key, text)| (key.to_string(), value(text))).collect()
}

fn render_sni(origin: &CustomOrigin) -> Option<String> {
    match &origin.sni {
        OriginSni::Origin => None,
        OriginSni::RequestHost => Some(SNI_REQUEST_HOST.to_owned()),
        OriginSni::Name(name) => Some(name.to_string()),
    }
}

fn verification_errors(hostname: &CustomHostname) -> Vec<String> {
    let failures = hostname.ownership.failures().iter().map(failure_text);
    failures.chain(reason(&hostname.ownership)).collect()
}

/// The texts of behaviour.md 1.2, and ours where it has none.
fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::NotPointedHere => "custom hostname does not CNAME to this zone.".to_owned(),
        Failure::AddressesElsewhere => {
            "None of the A or AAAA records are owned by this account and the pre-generated ownership verification token was not found."
                .to_owned()
        }
        Failure::NoFallbackOrigin => "Zone does not have a fallback origin set.".to_owned(),
        Failure::ZoneNotActive => {
            "The zone is not active, so that a CNAME to it proves nothing. Activate the zone first."
                .to_owned()
        }
        Failure::CnameLoop => {
            "The CNAME records of the custom hostname lead in a circle. Point it at the zone."
                .to_owned()
        }
        Failure::CnameTooLong => format!(
            "More than {} CNAME records follow each other from the custom hostname. Point it at the zone more directly.",
            np_domain::ownership::CNAME_DEPTH_MAX
        ),
        Failure::Unreachable(what) => format!("{what}. It is tried again."),
    }
}

/// Why a state that is no longer checked is what it is.
fn reason(state: &State) -> Option<String> {
    match state {
        State::Moved(moved) => match moved.why {
            MovedWhy::NeverProven | MovedWhy::PointsElsewhere => None,
            MovedWhy::ProvenElsewhere => Some(
                "The same custom hostname was validated later in another zone. Edit it to validate it here again."
                    .to_owned(),
            ),
        },
        State::Blocked(blocked) => Some(match blocked.cause {
            BlockedCause::Hold => {
                "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed."
                    .to_owned()
            }
            BlockedCause::List => format!(
                "{}. Ask the operator of this platform to take it off the block list.",
                blocked.why
            ),
        }),
        State::Unproven(_) | State::Proven(_) | State::GivenUp(_) | State::Leaving(_) => None,
    }
}

/// A custom hostname to be created.
#[derive(JsonSchema)]
#[schemars(example = json!({
    "hostname": "app.customer.com",
    "ssl": { "type": "dv", "method": "txt" },
}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NewCustomHostname {
    /// The customer's name, in Punycode where it is not ASCII.
    hostname: String,
    #[schemars(flatten)]
    fields: HostnameFields,
    /// The certificate that is wanted; none without it.
    ssl: Option<ssl::SslBody>,
}

/// What changes about a custom hostname. A field that is left out stays, `null` sets it back to its default.
#[derive(JsonSchema)]
#[schemars(example = json!({ "custom_origin_server": "origin.provider.com" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct EditedCustomHostname {
    /// The name that it has: it cannot be changed.
    hostname: Option<String>,
    #[schemars(flatten)]
    fields: HostnameFields,
    /// Asking for what is there already restarts validation.
    ssl: Option<ssl::SslBody>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a body")]
struct HostnameFields {
    /// Texts, numbers, true and false, by key.
    custom_metadata: Option<BTreeMap<String, MetadataValue>>,
    /// Where requests of this hostname go, instead of the zone's fallback origin.
    custom_origin_server: Option<String>,
    /// The SNI towards the custom origin; `:request_host_header:` is the hostname that is visited.
    custom_origin_sni: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "describes a body")]
enum MetadataValue {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// Reads the body of a POST.
pub(crate) fn parse_create(body: &Value, settings: &ApiSettings) -> Result<NewHostname, Invalid> {
    let body = Object::body(body)?;
    let name = body.text("hostname")?.value();
    let name = name.ok_or_else(|| body.invalid("hostname", Why::HostnameMissing))?;
    let name =
        Hostname::parse(name).map_err(|error| body.invalid("hostname", Why::Hostname(error)))?;
    let ssl = body.object("ssl")?.value();
    Ok(NewHostname {
        name,
        origin: parse_new_origin(&body)?,
        metadata: parse_metadata(&body)?.value().unwrap_or_default(),
        wanted: ssl.map(|ssl| ssl::parse_create(&ssl, settings)).transpose()?,
    })
}

fn parse_new_origin(body: &Object<'_>) -> Result<Option<CustomOrigin>, Invalid> {
    let sni = parse_sni(body)?.value().unwrap_or(OriginSni::Origin);
    match (parse_server(body)?.value(), sni) {
        (Some(server), sni) => Ok(Some(CustomOrigin { server, sni })),
        (None, OriginSni::Origin) => Ok(None),
        (None, OriginSni::Name(_) | OriginSni::RequestHost) => {
            Err(body.invalid("custom_origin_sni", Why::SniWithoutOrigin))
        }
    }
}

/// Reads the body of a PATCH.
pub(crate) fn parse_edit(body: &Value) -> Result<Edit, Invalid> {
    let body = Object::body(body)?;
    let certificate = match body.object("ssl")? {
        Change::Absent => None,
        Change::Reset => return Err(body.invalid("ssl", Why::SslRemoval)),
        Change::To(ssl) => Some(ssl::parse_edit(&ssl)?),
    };
    let fields = [
        parse_metadata(&body)?.edit().map(|edit| FieldEdit::Metadata(edit.unwrap_or_default())),
        parse_server(&body)?.edit().map(FieldEdit::OriginServer),
        parse_sni(&body)?.edit().map(|sni| FieldEdit::OriginSni(sni.unwrap_or(OriginSni::Origin))),
    ];
    let name = body.text("hostname")?.value().map(Into::into);
    Ok(Edit { name, fields: fields.into_iter().flatten().collect(), certificate })
}

/// The empty text is no origin, as `null` is.
fn parse_server(body: &Object<'_>) -> Result<Change<OriginHost>, Invalid> {
    const KEY: &str = "custom_origin_server";
    match body.text(KEY)? {
        Change::Absent => Ok(Change::Absent),
        Change::Reset | Change::To("") => Ok(Change::Reset),
        Change::To(text) => {
            let server = text.parse().map_err(|error| body.invalid(KEY, Why::Origin(error)))?;
            Ok(Change::To(server))
        }
    }
}

fn parse_sni(body: &Object<'_>) -> Result<Change<OriginSni>, Invalid> {
    const KEY: &str = "custom_origin_sni";
    body.text(KEY)?.try_map(|text| match text {
        "" => Ok(OriginSni::Origin),
        SNI_REQUEST_HOST => Ok(OriginSni::RequestHost),
        name => Hostname::parse(name)
            .map(OriginSni::Name)
            .map_err(|error| body.invalid(KEY, Why::Origin(OriginError::Host(error)))),
    })
}

/// Metadata is flat: texts, numbers, true and false.
fn parse_metadata(body: &Object<'_>) -> Result<Change<Metadata>, Invalid> {
    const KEY: &str = "custom_metadata";
    let bad = |why: String| body.invalid(KEY, Why::Metadata(why));
    let object = body.object(KEY).map_err(|_| bad("custom_metadata must be an object.".into()))?;
    object.try_map(|object| {
        let mut metadata = Metadata::default();
        for (key, value) in object.fields() {
            if matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
                let why = "Values must be strings, numbers, true or false.";
                return Err(object.invalid(key, Why::Metadata(why.to_owned())));
            }
            metadata.0.insert(key.as_str().into(), value.to_string().into());
        }
        match metadata.len_bytes() {
            0..=METADATA_BYTES_MAX => Ok(metadata),
            _ => Err(bad(format!(
                "Keys and values together have more than {METADATA_BYTES_MAX} bytes."
            ))),
        }
    })
}
