//! Settings of a zone, in the API's words: those of the original that say how names are served. Those that are not made
//! show the installation's default, and no date.

use np_domain::{
    tls_policy::{CipherList, Switch},
    zone::{
        Zone,
        settings::{HSTS_SECONDS_MAX, Kind, OriginTls, SecurityHeader, Serving, Setting},
    },
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    change::Change,
    invalid::{Invalid, Why},
    moment,
    object::Object,
    ssl::{VERSIONS, switch_word},
};
use crate::{api::openapi::shape, app::zone_settings::SettingEdit};

/// The most settings that one call may change.
const EDITS_MAX: usize = 100;

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ZoneSetting")]
pub(crate) struct ZoneSettingWire {
    #[schemars(schema_with = "names")]
    id: &'static str,
    value: ValueWire,
    editable: bool,
    /// When it was made; null for the installation's default.
    #[schemars(schema_with = "shape::moment_or_null")]
    modified_on: Option<String>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(rename = "ZoneSettingValue")]
enum ValueWire {
    Word(&'static str),
    Names(Vec<&'static str>),
    Header { strict_transport_security: HeaderWire },
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "StrictTransportSecurity")]
struct HeaderWire {
    enabled: bool,
    max_age: u32,
    include_subdomains: bool,
    preload: bool,
    nosniff: bool,
}

/// The new value of a setting; null goes back to the installation's default.
#[derive(JsonSchema)]
#[schemars(example = json!({ "value": "on" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct SettingBody {
    value: Option<ValueBody>,
}

/// Several settings with their new values.
#[derive(JsonSchema)]
#[schemars(example = json!({ "items": [{ "id": "always_use_https", "value": "on" }] }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct SettingsBody {
    #[schemars(length(max = EDITS_MAX))]
    items: Vec<NamedBody>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a body")]
struct NamedBody {
    #[schemars(schema_with = "names")]
    id: (),
    value: Option<ValueBody>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "describes a body")]
enum ValueBody {
    Word(String),
    Names(Vec<String>),
    Header { strict_transport_security: HeaderBody },
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a body")]
struct HeaderBody {
    enabled: Option<bool>,
    #[schemars(range(max = HSTS_SECONDS_MAX))]
    max_age: Option<u32>,
    include_subdomains: Option<bool>,
    preload: Option<bool>,
    nosniff: Option<bool>,
}

/// The API's word for a setting.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::AlwaysUseHttps => "always_use_https",
        Kind::Ciphers => "ciphers",
        Kind::EarlyHints => "early_hints",
        Kind::Http2 => "http2",
        Kind::MinTlsVersion => "min_tls_version",
        Kind::Origin => "ssl",
        Kind::SecurityHeader => "security_header",
        Kind::Tls13 => "tls_1_3",
    }
}

pub(crate) fn names(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&Kind::ALL.map(word))
}

/// The ways to speak to origins, in the API's words.
const ORIGINS: [(OriginTls, &str); 3] = [
    (OriginTls::Plain, "flexible"),
    (OriginTls::Unverified, "full"),
    (OriginTls::Verified, "strict"),
];

/// The setting with this word, which stands at `pointer`.
pub(crate) fn by_word(text: &str, pointer: &str) -> Result<Kind, Invalid> {
    Kind::ALL.into_iter().find(|kind| word(*kind) == text).ok_or_else(|| Invalid {
        pointer: pointer.to_owned(),
        why: Why::ZoneSetting(format!(
            "There is no setting of this name; there are {}.",
            Kind::ALL.map(word).join(", ")
        )),
    })
}

/// Reads the body of a PATCH of one setting.
pub(crate) fn parse_one(kind: Kind, body: &Value) -> Result<SettingEdit, Invalid> {
    parse(kind, &Object::body(body)?)
}

/// Reads the body of a PATCH of several.
pub(crate) fn parse_many(body: &Value) -> Result<Vec<SettingEdit>, Invalid> {
    let body = Object::body(body)?;
    let Some(items) = body.objects("items")?.value() else {
        let why = "`items` is required: a list of settings, each with `id` and `value`.";
        return Err(body.invalid("items", Why::ZoneSetting(why.to_owned())));
    };
    if items.len() > EDITS_MAX {
        let why = format!("At most {EDITS_MAX} settings may be changed at a time.");
        return Err(body.invalid("items", Why::ZoneSetting(why)));
    }
    let edits = items.iter().map(|item| {
        let id = item.text("id")?.value().unwrap_or_default();
        parse(by_word(id, &item.invalid("id", Why::IdWithOtherFilters).pointer)?, item)
    });
    edits.collect()
}

fn parse(kind: Kind, body: &Object<'_>) -> Result<SettingEdit, Invalid> {
    let switch = |make: fn(Switch) -> Setting| Ok(parse_switch(body)?.map(make));
    let setting = match kind {
        Kind::AlwaysUseHttps => switch(Setting::AlwaysUseHttps),
        Kind::Ciphers => parse_ciphers(body),
        Kind::EarlyHints => switch(Setting::EarlyHints),
        Kind::Http2 => switch(Setting::Http2),
        Kind::MinTlsVersion => Ok(parse_word(body, &VERSIONS)?.map(Setting::MinTlsVersion)),
        Kind::Origin => Ok(parse_word(body, &ORIGINS)?.map(Setting::Origin)),
        Kind::SecurityHeader => parse_header(body),
        Kind::Tls13 => switch(Setting::Tls13),
    };
    Ok(setting?.map_or(SettingEdit::Reset(kind), SettingEdit::To))
}

/// `None` for null; a value that is missing is no reset.
fn given<T>(body: &Object<'_>, value: Change<T>) -> Result<Option<T>, Invalid> {
    match value {
        Change::Absent => {
            let why = "`value` is required; null goes back to the default.";
            Err(body.invalid("value", Why::ZoneSetting(why.to_owned())))
        }
        Change::Reset => Ok(None),
        Change::To(value) => Ok(Some(value)),
    }
}

fn parse_word<T: Copy>(
    body: &Object<'_>,
    words: &[(T, &'static str)],
) -> Result<Option<T>, Invalid> {
    let Some(text) = given(body, body.text("value")?)? else { return Ok(None) };
    let known = words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value);
    known.map(Some).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(_, word)| *word).collect();
        let why = format!("`value` must be one of {}.", words.join(", "));
        body.invalid("value", Why::ZoneSetting(why))
    })
}

fn parse_switch(body: &Object<'_>) -> Result<Option<Switch>, Invalid> {
    parse_word(body, &[(Switch::On, "on"), (Switch::Off, "off")])
}

fn parse_ciphers(body: &Object<'_>) -> Result<Option<Setting>, Invalid> {
    let Some(names) = given(body, body.texts("value")?)? else { return Ok(None) };
    let list = CipherList::parse(names)
        .map_err(|error| body.invalid("value", Why::Ciphers(error.to_string())))?;
    Ok(Some(Setting::Ciphers(list)))
}

fn parse_header(body: &Object<'_>) -> Result<Option<Setting>, Invalid> {
    let Some(value) = given(body, body.object("value")?)? else { return Ok(None) };
    let Some(header) = value.object("strict_transport_security")?.value() else {
        let why = "`strict_transport_security` is required.".to_owned();
        return Err(value.invalid("strict_transport_security", Why::ZoneSetting(why)));
    };
    let flag = |key| Ok::<_, Invalid>(header.flag(key)?.value().unwrap_or(false));
    let max_age = header.number("max_age")?.value().unwrap_or(0.0);
    if max_age.fract() != 0.0 || !(0.0..=f64::from(HSTS_SECONDS_MAX)).contains(&max_age) {
        let why = format!("max_age must be whole seconds from 0 to {HSTS_SECONDS_MAX}.");
        return Err(header.invalid("max_age", Why::ZoneSetting(why)));
    }
    Ok(Some(Setting::SecurityHeader(SecurityHeader {
        is_enabled: flag("enabled")?,
        // Judged above.
        max_age: max_age as u32,
        includes_subdomains: flag("include_subdomains")?,
        preload: flag("preload")?,
        nosniff: flag("nosniff")?,
    })))
}

/// All settings, with those that are not made as the installation has them.
pub(crate) fn render_all(zone: &Zone, defaults: &Serving) -> Vec<ZoneSettingWire> {
    let mut all: Vec<_> = Kind::ALL.into_iter().map(|kind| render(zone, kind, defaults)).collect();
    all.sort_by_key(|setting| setting.id);
    all
}

/// One setting.
pub(crate) fn render(zone: &Zone, kind: Kind, defaults: &Serving) -> ZoneSettingWire {
    let made = zone.settings.find(kind);
    ZoneSettingWire {
        id: word(kind),
        value: made.map_or_else(|| default_of(kind, defaults), |made| value(&made.setting)),
        editable: true,
        modified_on: made.map(|made| moment(made.at)),
    }
}

fn value(setting: &Setting) -> ValueWire {
    match setting {
        Setting::AlwaysUseHttps(switch)
        | Setting::EarlyHints(switch)
        | Setting::Http2(switch)
        | Setting::Tls13(switch) => ValueWire::Word(switch_word(*switch)),
        Setting::Ciphers(list) => ValueWire::Names(list.iter().map(|c| c.as_str()).collect()),
        Setting::MinTlsVersion(version) => ValueWire::Word(word_of(&VERSIONS, *version)),
        Setting::Origin(origin) => ValueWire::Word(word_of(&ORIGINS, *origin)),
        Setting::SecurityHeader(header) => ValueWire::Header {
            strict_transport_security: HeaderWire {
                enabled: header.is_enabled,
                max_age: header.max_age,
                include_subdomains: header.includes_subdomains,
                preload: header.preload,
                nosniff: header.nosniff,
            },
        },
    }
}

fn word_of<T: PartialEq>(words: &[(T, &'static str)], wanted: T) -> &'static str {
    words.iter().find(|(value, _)| *value == wanted).map_or("", |(_, word)| word)
}

/// What edges do for a zone that says nothing.
fn default_of(kind: Kind, defaults: &Serving) -> ValueWire {
    let on = |switch: Option<Switch>| switch.unwrap_or(Switch::On);
    let tls = &defaults.tls;
    value(&match kind {
        Kind::AlwaysUseHttps => Setting::AlwaysUseHttps(Switch::Off),
        Kind::Ciphers => return ValueWire::Names(Vec::new()),
        Kind::EarlyHints => Setting::EarlyHints(tls.early_hints.unwrap_or(Switch::Off)),
        Kind::Http2 => Setting::Http2(on(tls.http2)),
        Kind::MinTlsVersion => match tls.min_version {
            Some(version) => Setting::MinTlsVersion(version),
            None => return ValueWire::Word("1.2"),
        },
        Kind::Origin => Setting::Origin(defaults.origin.unwrap_or_default()),
        Kind::SecurityHeader => Setting::SecurityHeader(defaults.security_header),
        Kind::Tls13 => Setting::Tls13(on(tls.tls_1_3)),
    })
}
