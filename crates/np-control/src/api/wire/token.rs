//! API tokens: what bodies ask for, and what replies show. A secret is in the reply to the one who made it, and nowhere else.

use np_domain::{
    Timestamp,
    network::AddressRange,
    text::Explanation,
    token::{AllowedFrom, ApiToken, RANGES_MAX, Standing, Switch},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    invalid::{Invalid, Why},
    moment,
    object::Object,
    policy::{self, PolicyBody, PolicyWire},
};
use crate::{api::openapi::shape, app::tokens::manage::Wanted};

/// The most bytes of a token's name.
const NAME_BYTES_MAX: usize = 120;

/// Whether a token works.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "VerifiedToken")]
pub(crate) struct VerifiedWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    #[schemars(extend("enum" = ["active", "disabled", "expired"]))]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    expires_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    not_before: Option<String>,
}

/// A token, never with its secret.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Token")]
pub(crate) struct TokenWire {
    #[serde(flatten)]
    verified: VerifiedWire,
    name: String,
    #[schemars(schema_with = "shape::moment")]
    issued_on: String,
    #[schemars(schema_with = "shape::moment")]
    modified_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    last_used_on: Option<String>,
    policies: Vec<PolicyWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// A token that was just made, with its secret: the only reply that has it.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NewToken")]
pub(crate) struct NewTokenWire {
    #[serde(flatten)]
    token: TokenWire,
    /// The secret. It is not shown again.
    value: String,
}

/// When a token is taken.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TokenCondition")]
struct Condition {
    request_ip: RequestIp,
}

/// From which addresses.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TokenRequestIp")]
struct RequestIp {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r#in: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_in: Vec<String>,
}

/// A token as a body asks for it.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "TokenBody", example = json!({
    "name": "deploy",
    "policies": [{
        "effect": "allow",
        "permission_groups": [{ "id": "c03055bc037c4ea9afb9a9f104b7b721" }],
        "resources": { "com.cloudflare.api.account.zone.023e105f4ecef8ad9ca31a8372d0c353": "*" },
    }],
    "condition": { "request_ip": { "in": ["192.0.2.0/24"] } },
    "expires_on": "2030-01-01T00:00:00Z",
}))]
#[allow(dead_code, reason = "describes what `parse` reads")]
pub(crate) struct TokenBody {
    #[schemars(schema_with = "shape::some_text")]
    name: String,
    policies: Vec<PolicyBody>,
    condition: Option<ConditionBody>,
    #[schemars(schema_with = "shape::moment_or_null")]
    #[serde(default)]
    not_before: Option<String>,
    #[schemars(schema_with = "shape::moment_or_null")]
    #[serde(default)]
    expires_on: Option<String>,
    /// Whether it is in use. `expired` is taken and means nothing: dates decide.
    #[schemars(extend("enum" = ["active", "disabled", "expired", null]))]
    #[serde(default)]
    status: Option<String>,
}

#[derive(Debug, JsonSchema)]
#[schemars(rename = "TokenConditionBody")]
#[allow(dead_code, reason = "describes what `parse` reads")]
struct ConditionBody {
    request_ip: Option<RequestIpBody>,
}

#[derive(Debug, JsonSchema)]
#[schemars(rename = "TokenRequestIpBody")]
#[allow(dead_code, reason = "describes what `parse` reads")]
struct RequestIpBody {
    r#in: Option<Vec<String>>,
    not_in: Option<Vec<String>>,
}

/// Whether it works, as of now.
pub(crate) fn verified(token: &ApiToken, now: Timestamp) -> VerifiedWire {
    let status = match token.standing(now) {
        // The original has no word for a token whose time is to come: `not_before` says it.
        Standing::Active | Standing::NotYet => "active",
        Standing::Disabled => "disabled",
        Standing::Expired => "expired",
    };
    let (expires_on, not_before) = (token.expires_at.map(moment), token.not_before.map(moment));
    VerifiedWire { id: token.id.to_string(), status, expires_on, not_before }
}

pub(crate) fn render(token: &ApiToken, now: Timestamp) -> TokenWire {
    let texts = |ranges: &[AddressRange]| ranges.iter().map(ToString::to_string).collect();
    let from = &token.from;
    let condition = (!from.is_everywhere()).then(|| Condition {
        request_ip: RequestIp { r#in: texts(&from.within), not_in: texts(&from.not_within) },
    });
    TokenWire {
        verified: verified(token, now),
        name: token.name.to_string(),
        issued_on: moment(token.created_at),
        modified_on: moment(token.modified_at),
        last_used_on: token.last_used_at.map(moment),
        policies: policy::render(&token.grants),
        condition,
    }
}

pub(crate) fn render_new(token: &ApiToken, secret: &str, now: Timestamp) -> NewTokenWire {
    NewTokenWire { token: render(token, now), value: secret.to_owned() }
}

/// Reads the body of a POST or a PUT.
pub(crate) fn parse(body: &Value) -> Result<Wanted, Invalid> {
    let body = Object::body(body)?;
    let refuse = |key: &str, why: &str| body.invalid(key, Why::Token(why.to_owned()));
    let name = body.text("name")?.value().unwrap_or_default().trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        let why = format!("`name` is required, and has at most {NAME_BYTES_MAX} bytes.");
        return Err(refuse("name", &why));
    }
    let date = |key: &str| {
        let text = body.text(key)?.value().filter(|text| !text.is_empty());
        let parse = |text| {
            Timestamp::parse(text, &Rfc3339)
                .map_err(|_| refuse(key, "It must be a moment such as 2030-01-01T00:00:00Z."))
        };
        text.map(parse).transpose()
    };
    let switch = match body.text("status")?.value() {
        None | Some("expired") => None,
        Some("active") => Some(Switch::Enabled),
        Some("disabled") => Some(Switch::Disabled),
        Some(_) => return Err(refuse("status", "`status` must be active or disabled.")),
    };
    Ok(Wanted {
        name: Explanation::new(name),
        policies: policy::parse(body.fields().get("policies"))?,
        from: condition(&body)?,
        not_before: date("not_before")?,
        expires_at: date("expires_on")?,
        switch,
    })
}

fn condition(body: &Object<'_>) -> Result<AllowedFrom, Invalid> {
    let Some(condition) = body.object("condition")?.value() else {
        return Ok(AllowedFrom::default());
    };
    let Some(request_ip) = condition.object("request_ip")?.value() else {
        return Ok(AllowedFrom::default());
    };
    Ok(AllowedFrom {
        within: ranges(&request_ip, "in")?,
        not_within: ranges(&request_ip, "not_in")?,
    })
}

fn ranges(request_ip: &Object<'_>, key: &str) -> Result<Vec<AddressRange>, Invalid> {
    let texts = request_ip.texts(key)?.value().unwrap_or_default();
    let refuse = |why: String| request_ip.invalid(key, Why::Token(why));
    if texts.len() > RANGES_MAX {
        return Err(refuse(format!("At most {RANGES_MAX} ranges are taken.")));
    }
    let parse = |text: &&str| text.parse().map_err(|why| refuse(format!("`{text}` is {why}.")));
    texts.iter().map(parse).collect()
}
