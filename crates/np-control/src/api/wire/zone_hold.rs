//! A zone's hold, as the API shows and takes it.

use np_domain::{Timestamp, zone::Zone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    change::Change,
    invalid::{Invalid, Why},
    moment,
    object::Object,
};
use crate::{
    api::{
        openapi::{QueryParam, shape},
        pagination::Params,
    },
    app::zone_holds::{After, HoldEdit},
};

/// The parameters of a POST.
pub(crate) const BEGIN: &[QueryParam] = &[QueryParam::new(
    "include_subdomains",
    shape::some_text,
    "`true`: names below the zone's are held too.",
)];
/// The parameters of a DELETE.
pub(crate) const END: &[QueryParam] = &[QueryParam::new(
    "hold_after",
    shape::some_text,
    "The hold rests only until this moment (RFC 3339).",
)];

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ZoneHold")]
pub(crate) struct HoldWire {
    /// Whether it is in force.
    hold: bool,
    /// Since when it is in force, or from when on it will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment", default)]
    hold_after: Option<String>,
    /// `true` or `false`, as a text: whether names below the zone's are held too.
    include_subdomains: String,
}

/// What changes about a hold.
#[derive(JsonSchema)]
#[schemars(example = json!({ "include_subdomains": true }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct EditedHoldBody {
    /// From when on it is in force (RFC 3339); an empty text: from now on; `null`: there is none any more.
    hold_after: Option<String>,
    /// Whether names below the zone's are held too.
    include_subdomains: Option<bool>,
}

pub(crate) fn render(zone: &Zone, now: Timestamp) -> HoldWire {
    HoldWire {
        hold: zone.hold.is_some_and(|hold| hold.is_in_force(now)),
        hold_after: zone.hold.map(|hold| moment(hold.after)),
        include_subdomains: zone.hold.is_some_and(|hold| hold.includes_subdomains).to_string(),
    }
}

/// Reads the query of a POST.
pub(crate) fn parse_begin(params: &Params) -> Result<HoldEdit, Invalid> {
    let includes_subdomains = match params.get("include_subdomains") {
        None | Some("") => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => {
            let words = "`include_subdomains` must be true or false.".to_owned();
            return Err(invalid("include_subdomains", words));
        }
    };
    Ok(HoldEdit { after: After::Now, includes_subdomains })
}

/// Reads the query of a DELETE.
pub(crate) fn parse_end(params: &Params) -> Result<HoldEdit, Invalid> {
    let after = match params.get("hold_after") {
        None | Some("") => After::Never,
        Some(text) => After::Then(parse_moment(text).ok_or_else(|| no_moment("hold_after"))?),
    };
    Ok(HoldEdit { after, includes_subdomains: None })
}

/// Reads the body of a PATCH.
pub(crate) fn parse_edit(body: &Value) -> Result<HoldEdit, Invalid> {
    let body = Object::body(body)?;
    let after = match body.text("hold_after")? {
        Change::Absent => After::Unchanged,
        Change::Reset => After::Never,
        Change::To("") => After::Now,
        Change::To(text) => After::Then(
            parse_moment(text)
                .ok_or_else(|| body.invalid("hold_after", Why::BadQuery(WORDS.to_owned())))?,
        ),
    };
    Ok(HoldEdit { after, includes_subdomains: body.flag("include_subdomains")?.value() })
}

const WORDS: &str = "`hold_after` must be a moment such as 2030-01-01T00:00:00Z.";

fn parse_moment(text: &str) -> Option<Timestamp> {
    let moment = Timestamp::parse(text, &Rfc3339).ok()?;
    // What no calendar of the store has.
    (1970..=9999).contains(&moment.year()).then_some(moment)
}

fn no_moment(name: &str) -> Invalid {
    invalid(name, WORDS.to_owned())
}

fn invalid(name: &str, words: String) -> Invalid {
    Invalid { pointer: format!("/{name}"), why: Why::BadQuery(words) }
}
