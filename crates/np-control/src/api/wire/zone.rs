//! `Zone`: with all the fields that strict clients require, the ones included that mean nothing here (api.md 2.9).

mod filter;

pub(crate) use filter::{FILTERS, parse_filter};

use np_domain::{
    account::Account,
    id::AccountId,
    name::{DnsName, Hostname},
    permission::{Area, Grants, Permission, Target},
    text::Explanation,
    zone::{Zone, ZoneKind},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    change::Change,
    invalid::{Invalid, Why},
    moment,
    object::Object,
};
use crate::{
    api::{ApiSettings, openapi::shape},
    app::zones::{NewZone, ZoneEdit},
};

/// What a zone is shown with.
pub(crate) struct View<'a> {
    pub(crate) settings: &'a ApiSettings,
    /// Their accounts.
    pub(crate) accounts: Vec<Account>,
    /// What the caller may do.
    pub(crate) grants: &'a Grants,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Zone")]
pub(crate) struct ZoneWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: String,
    #[schemars(extend("enum" = ["initializing", "pending", "active", "moved"]))]
    status: &'static str,
    paused: bool,
    #[schemars(extend("enum" = ["full", "partial"]))]
    r#type: &'static str,
    development_mode: u32,
    name_servers: Vec<String>,
    original_name_servers: Option<Vec<String>>,
    original_registrar: Option<String>,
    original_dnshost: Option<String>,
    #[schemars(schema_with = "shape::moment")]
    created_on: String,
    #[schemars(schema_with = "shape::moment")]
    modified_on: String,
    #[schemars(schema_with = "shape::moment_or_null")]
    activated_on: Option<String>,
    /// What stands in TXT at `cloudflare-verify` within the zone when it is its account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_key: Option<String>,
    /// What is missing until the zone is active.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verification_errors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cname_suffix: Option<String>,
    meta: Meta,
    owner: Owner,
    account: AccountRef,
    tenant: Empty,
    tenant_unit: Empty,
    permissions: Vec<&'static str>,
    plan: Plan,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Nothing")]
struct Empty {}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ZoneMeta")]
struct Meta {
    cdn_only: bool,
    custom_certificate_quota: u32,
    dns_only: bool,
    foundation_dns: bool,
    page_rule_quota: u32,
    phishing_detected: bool,
    step: u32,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ZoneOwner")]
struct Owner {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: String,
    #[schemars(extend("enum" = ["organization"]))]
    r#type: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
struct AccountRef {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ZonePlan")]
struct Plan {
    id: &'static str,
    name: &'static str,
    price: u32,
    currency: &'static str,
    frequency: &'static str,
    is_subscribed: bool,
    can_subscribe: bool,
    legacy_id: &'static str,
    legacy_discount: bool,
    externally_managed: bool,
}

/// Everything is included: there are no plans here.
const PLAN: Plan = Plan {
    id: "00000000000000000000000000000000",
    name: "Self-hosted",
    price: 0,
    currency: "USD",
    frequency: "",
    is_subscribed: false,
    can_subscribe: false,
    legacy_id: "enterprise",
    legacy_discount: false,
    externally_managed: false,
};

const META: Meta = Meta {
    cdn_only: false,
    custom_certificate_quota: 0,
    dns_only: false,
    foundation_dns: false,
    page_rule_quota: 0,
    phishing_detected: false,
    step: 2,
};

impl View<'_> {
    pub(crate) fn render(&self, zone: &Zone) -> ZoneWire {
        let owner = self.accounts.iter().find(|account| account.id == zone.account);
        let name = owner.map(|account| account.name.to_string()).unwrap_or_default();
        let id = zone.account.to_string();
        ZoneWire {
            id: zone.id.to_string(),
            name: zone.name.to_string(),
            status: zone.state.status().as_str(),
            paused: zone.paused,
            r#type: kind_word(zone.kind),
            development_mode: 0,
            name_servers: texts(&self.settings.name_servers),
            original_name_servers: zone.original_name_servers.as_deref().map(texts),
            original_registrar: None,
            original_dnshost: None,
            created_on: moment(zone.created_at),
            modified_on: moment(zone.modified_at),
            activated_on: zone.state.active_since().map(moment),
            verification_key: wants_key(zone).then(|| zone.verification_key().to_string()),
            verification_errors: zone
                .state
                .explanation()
                .into_iter()
                .map(Explanation::to_string)
                .collect(),
            cname_suffix: self.cname_suffix(zone),
            meta: META,
            owner: Owner { id: id.clone(), name: name.clone(), r#type: "organization" },
            account: AccountRef { id, name },
            tenant: Empty {},
            tenant_unit: Empty {},
            permissions: permissions(self.grants, zone),
            plan: PLAN,
        }
    }

    fn cname_suffix(&self, zone: &Zone) -> Option<String> {
        let domain = self.settings.cdn_domain.as_ref()?;
        (zone.kind == ZoneKind::Partial).then(|| domain.to_string())
    }
}

/// A full zone is proven by its delegation, mostly: the key is shown while it is not.
fn wants_key(zone: &Zone) -> bool {
    zone.kind == ZoneKind::Partial || !zone.state.is_active()
}

fn texts(names: &[DnsName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// What the caller may do to the zone.
fn permissions(grants: &Grants, zone: &Zone) -> Vec<&'static str> {
    let (read, write) = (Permission::read, Permission::write);
    [
        ("#zone:read", read(Area::Zone)),
        ("#zone:edit", write(Area::Zone)),
        ("#zone_settings:read", read(Area::ZoneSettings)),
        ("#zone_settings:edit", write(Area::ZoneSettings)),
        ("#dns_records:read", read(Area::Dns)),
        ("#dns_records:edit", write(Area::Dns)),
        ("#ssl:read", read(Area::Ssl)),
        ("#ssl:edit", write(Area::Ssl)),
    ]
    .into_iter()
    .filter(|(_, permission)| grants.allow(*permission, Target::Zone(zone.id, zone.account)))
    .map(|(word, _)| word)
    .collect()
}

fn kind_word(kind: ZoneKind) -> &'static str {
    match kind {
        ZoneKind::Full => "full",
        ZoneKind::Partial => "partial",
    }
}

fn parse_kind(body: &Object<'_>) -> Result<Option<ZoneKind>, Invalid> {
    match body.text("type")?.value() {
        None => Ok(None),
        Some("full") => Ok(Some(ZoneKind::Full)),
        Some("partial") => Ok(Some(ZoneKind::Partial)),
        Some(_) => {
            let why =
                "`type` must be full or partial; secondary and internal zones are not offered.";
            Err(body.invalid("type", Why::ZoneSetting(why.to_owned())))
        }
    }
}

/// A zone to be created.
#[derive(JsonSchema)]
#[schemars(example = json!({ "name": "provider.com", "type": "full" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NewZoneBody {
    /// The zone's name.
    name: String,
    /// The account that gets it; the token's own without it.
    account: Option<AccountIdBody>,
    #[schemars(extend("enum" = ["full", "partial", null]))]
    r#type: Option<String>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a body")]
struct AccountIdBody {
    #[schemars(schema_with = "shape::id")]
    id: String,
}

/// What changes about a zone.
#[derive(JsonSchema)]
#[schemars(example = json!({ "type": "partial" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct EditedZoneBody {
    #[schemars(extend("enum" = ["full", "partial", null]))]
    r#type: Option<String>,
    /// Whether proxied records of a full zone are answered with their own content.
    paused: Option<bool>,
    /// Not offered: taken when empty.
    #[schemars(extend("maxItems" = 0))]
    vanity_name_servers: Option<Vec<String>>,
}

/// Reads the body of a POST.
pub(crate) fn parse_create(body: &Value) -> Result<NewZone, Invalid> {
    let body = Object::body(body)?;
    let name = body.text("name")?.value().unwrap_or_default();
    let name = Hostname::parse(name).map_err(|error| body.invalid("name", Why::ZoneName(error)))?;
    let account = body.object("account")?.value();
    let account = account.map(|account| parse_account(&account)).transpose()?.flatten();
    Ok(NewZone { name, account, kind: parse_kind(&body)?.unwrap_or(ZoneKind::Full) })
}

fn parse_account(account: &Object<'_>) -> Result<Option<AccountId>, Invalid> {
    let id = account.text("id")?.value().map(str::parse).transpose();
    id.map_err(|_| {
        let why = "account.id must be 32 hex digits; GET /accounts has them.";
        account.invalid("id", Why::ZoneSetting(why.to_owned()))
    })
}

/// Reads the body of a PATCH. What is left out stays.
pub(crate) fn parse_edit(body: &Value) -> Result<ZoneEdit, Invalid> {
    let body = Object::body(body)?;
    if body.texts("vanity_name_servers")?.value().is_some_and(|servers| !servers.is_empty()) {
        let why = "Vanity name servers are not offered; leave them out.";
        return Err(body.invalid("vanity_name_servers", Why::ZoneSetting(why.to_owned())));
    }
    let paused = match body.flag("paused")? {
        Change::Absent => None,
        Change::Reset => Some(false),
        Change::To(paused) => Some(paused),
    };
    Ok(ZoneEdit { kind: parse_kind(&body)?, paused })
}
