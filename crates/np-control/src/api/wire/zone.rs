//! `Zone`: with all the fields that strict clients require, the ones included that mean nothing here (api.md 2.9).

use np_domain::{
    account::Account,
    id::AccountId,
    name::Hostname,
    permission::{Area, Grants, Permission, Target},
    ports::ZoneFilter,
    text::Explanation,
    zone::{Zone, ZoneKind},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    invalid::{Invalid, Why},
    moment,
    object::Object,
};
use crate::{
    api::{
        ApiSettings,
        openapi::{QueryParam, shape},
        pagination::Params,
    },
    app::zones::NewZone,
};

/// What a zone is shown with.
pub(crate) struct View<'a> {
    pub(crate) settings: &'a ApiSettings,
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
    #[schemars(extend("enum" = ["active"]))]
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
    #[schemars(schema_with = "shape::moment")]
    activated_on: String,
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
            status: "active",
            paused: false,
            r#type: kind_word(zone.kind),
            development_mode: 0,
            name_servers: self.settings.name_servers.iter().map(ToString::to_string).collect(),
            original_name_servers: None,
            original_registrar: None,
            original_dnshost: None,
            created_on: moment(zone.created_at),
            modified_on: moment(zone.modified_at),
            activated_on: moment(zone.created_at),
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

/// What the caller may do to the zone.
fn permissions(grants: &Grants, zone: &Zone) -> Vec<&'static str> {
    let (read, write) = (Permission::read, Permission::write);
    [
        ("#zone:read", read(Area::Zone)),
        ("#zone:edit", write(Area::Zone)),
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
    /// A zone cannot be paused here.
    #[schemars(extend("enum" = [false, null]))]
    paused: Option<bool>,
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

/// Reads the body of a PATCH: the kind, if it changes.
pub(crate) fn parse_edit(body: &Value) -> Result<Option<ZoneKind>, Invalid> {
    let body = Object::body(body)?;
    if body.flag("paused")?.value() == Some(true) {
        let why = "A zone cannot be paused here: there is no origin to send visitors to directly.";
        return Err(body.invalid("paused", Why::ZoneSetting(why.to_owned())));
    }
    if body.has("vanity_name_servers") {
        let why = "Vanity name servers are not offered; leave them out.";
        return Err(body.invalid("vanity_name_servers", Why::ZoneSetting(why.to_owned())));
    }
    parse_kind(&body)
}

/// A name to match exactly. A name has no colon: one before it is an operator of the original's, such as `contains:`.
fn parse_name_filter(name: &str) -> Result<Explanation, Invalid> {
    match name.split_once(':') {
        None => Ok(Explanation::new(name.to_ascii_lowercase())),
        Some((operator, _)) => Err(Invalid {
            pointer: "/name".to_owned(),
            why: Why::BadQuery(format!(
                "`name` is matched exactly here; the operator `{operator}:` is not offered."
            )),
        }),
    }
}

/// The parameters that [`parse_filter`] reads.
pub(crate) const FILTERS: &[QueryParam] = &[
    QueryParam::new("account.id", shape::id, "Those of this account."),
    QueryParam::new("name", shape::text, "The one with this name."),
    QueryParam::new("status", shape::text, "Those with this status."),
    QueryParam::new("order", shape::text, "Taken and ignored: zones are listed by name."),
    QueryParam::new("direction", shape::text, "Taken and ignored, as `order` is."),
];

/// Reads the filters of a list. All zones are active, so that any other status matches none.
pub(crate) fn parse_filter(params: &Params) -> Result<ZoneFilter, Invalid> {
    params.refuse(&["type", "account.name"])?;
    let account = params.get("account.id").map(str::parse).transpose().map_err(|_| Invalid {
        pointer: "/account.id".to_owned(),
        why: Why::BadQuery("`account.id` must be 32 hex digits.".to_owned()),
    })?;
    let name = params.get("name").map(parse_name_filter).transpose()?;
    let none = params.get("status").is_some_and(|status| status != "active");
    Ok(ZoneFilter { account, name, among: none.then(Vec::new), ..ZoneFilter::default() })
}
