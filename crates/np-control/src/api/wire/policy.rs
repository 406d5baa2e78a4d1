//! Policies of tokens: permission groups, and resources by the original's names.

use np_domain::{
    permission::{Effect, Grants, Group, Policy, Resource},
    token::{POLICIES_MAX, RESOURCES_MAX},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    invalid::{Invalid, Why},
    permission_group,
};
use crate::{api::openapi::shape, app::tokens::manage::WantedPolicy};

const ACCOUNT: &str = "com.cloudflare.api.account.";
const ZONE: &str = "com.cloudflare.api.account.zone.";
const USER: &str = "com.cloudflare.api.user.";
/// All of a resource.
const ALL: &str = "*";

/// A policy in a reply.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TokenPolicy")]
pub(crate) struct PolicyWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    #[schemars(extend("enum" = ["allow", "deny"]))]
    effect: &'static str,
    permission_groups: Vec<GroupRef>,
    /// What it is about, by name: all of it (`*`), or resources within it.
    #[schemars(schema_with = "resources_shape")]
    resources: Map<String, Value>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TokenPermissionGroup")]
struct GroupRef {
    #[schemars(schema_with = "shape::id")]
    id: &'static str,
    name: &'static str,
}

/// A policy in a body.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "TokenPolicyBody")]
#[allow(dead_code, reason = "describes what `parse` reads")]
pub(crate) struct PolicyBody {
    /// An id is taken and not kept: policies get new ones with each change.
    id: Option<String>,
    #[schemars(extend("enum" = ["allow", "deny"]))]
    effect: String,
    permission_groups: Vec<GroupBody>,
    #[schemars(schema_with = "resources_shape")]
    resources: Map<String, Value>,
}

#[derive(Debug, JsonSchema)]
#[schemars(rename = "TokenPermissionGroupBody")]
#[allow(dead_code, reason = "describes what `parse` reads")]
struct GroupBody {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: Option<String>,
    meta: Option<Map<String, Value>>,
}

fn resources_shape(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": { "type": ["string", "object"], "additionalProperties": { "type": "string" } },
    })
}

/// All that a token may do, as policies: the administrator's as one that says so.
pub(crate) fn render(grants: &Grants) -> Vec<PolicyWire> {
    match grants {
        Grants::Policies(policies) => policies.iter().map(render_one).collect(),
        Grants::Everything => vec![render_one(&Policy {
            id: np_domain::id::PolicyId::from_bytes([0; 16]),
            effect: Effect::Allow,
            groups: Group::ALL.to_vec(),
            resources: vec![Resource::AllAccounts, Resource::AllZones],
        })],
    }
}

fn render_one(policy: &Policy) -> PolicyWire {
    let group = |group: &Group| {
        let (id, name) = permission_group::id_and_name(*group);
        GroupRef { id, name }
    };
    let mut resources = Map::new();
    for resource in &policy.resources {
        put(&mut resources, *resource);
    }
    PolicyWire {
        id: policy.id.to_string(),
        effect: match policy.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        },
        permission_groups: policy.groups.iter().map(group).collect(),
        resources,
    }
}

fn put(resources: &mut Map<String, Value>, resource: Resource) {
    let (key, value) = match resource {
        Resource::Account(id) => (format!("{ACCOUNT}{id}"), ALL.into()),
        Resource::AccountZones(id) => {
            let zones = Map::from_iter([(format!("{ZONE}{ALL}"), Value::from(ALL))]);
            (format!("{ACCOUNT}{id}"), zones.into())
        }
        Resource::AllAccounts => (format!("{ACCOUNT}{ALL}"), ALL.into()),
        Resource::AllZones => (format!("{ZONE}{ALL}"), ALL.into()),
        Resource::User(id) => (format!("{USER}{id}"), ALL.into()),
        Resource::Zone(id) => (format!("{ZONE}{id}"), ALL.into()),
    };
    resources.insert(key, value);
}

/// Reads the policies of a body.
pub(crate) fn parse(value: Option<&Value>) -> Result<Vec<WantedPolicy>, Invalid> {
    let policies = match value {
        Some(Value::Array(policies)) if !policies.is_empty() => policies,
        _ => return Err(invalid("/policies", "`policies` must be a list of at least one policy.")),
    };
    let parsed = policies.iter().enumerate().map(|(index, policy)| parse_one(index, policy));
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    let resources: usize = parsed.iter().map(|policy| policy.resources.len()).sum();
    if parsed.len() > POLICIES_MAX || resources > RESOURCES_MAX {
        let why = format!(
            "A token has at most {POLICIES_MAX} policies with {RESOURCES_MAX} resources in all."
        );
        return Err(invalid("/policies", why));
    }
    Ok(parsed)
}

fn parse_one(index: usize, policy: &Value) -> Result<WantedPolicy, Invalid> {
    let at = |field: &str| format!("/policies/{index}/{field}");
    let effect = match policy["effect"].as_str() {
        Some("allow") => Effect::Allow,
        Some("deny") => Effect::Deny,
        _ => return Err(invalid(&at("effect"), "`effect` must be allow or deny.")),
    };
    let groups = policy["permission_groups"].as_array().filter(|groups| !groups.is_empty());
    let groups = groups.ok_or_else(|| {
        invalid(&at("permission_groups"), "`permission_groups` must be a list of at least one.")
    })?;
    let group = |(number, group): (usize, &Value)| {
        let id = group["id"].as_str().unwrap_or_default();
        permission_group::by_id(id).ok_or_else(|| {
            let why = "There is no such permission group here; GET permission_groups lists them.";
            invalid(&at(&format!("permission_groups/{number}/id")), why)
        })
    };
    let mut groups = groups.iter().enumerate().map(group).collect::<Result<Vec<_>, _>>()?;
    // There are few groups: repeating one a thousand times shall not cost a thousand checks.
    let mut seen = Vec::new();
    groups.retain(|group| {
        !seen.contains(group) && {
            seen.push(*group);
            true
        }
    });
    let resources = parse_resources(&policy["resources"], &at("resources"))?;
    let without = groups
        .iter()
        .find(|group| !resources.iter().any(|resource| resource.reach() == group.reach));
    if let Some(group) = without {
        let (_, name) = permission_group::id_and_name(*group);
        let scope = permission_group::scope(group.reach);
        let why = format!("\"{name}\" needs a resource that begins with {scope} beside it.");
        return Err(invalid(&at("resources"), why));
    }
    Ok(WantedPolicy { effect, groups, resources })
}

fn parse_resources(value: &Value, pointer: &str) -> Result<Vec<Resource>, Invalid> {
    let map = value.as_object().filter(|map| !map.is_empty());
    let map = map.ok_or_else(|| {
        invalid(pointer, "`resources` must be an object with at least one resource.")
    })?;
    let mut resources = Vec::new();
    for (key, value) in map {
        let bad = || {
            let why = format!(
                "`{key}` is no resource: name {ZONE}<id>, {ACCOUNT}<id> or {USER}<id> with \"*\", or an account with its zones."
            );
            invalid(pointer, why)
        };
        match value {
            Value::String(all) if all == ALL => resources.push(plain(key).ok_or_else(bad)?),
            Value::Object(within) => resources.extend(nested(key, within).ok_or_else(bad)?),
            _ => return Err(bad()),
        }
    }
    Ok(resources)
}

fn plain(key: &str) -> Option<Resource> {
    if let Some(zone) = key.strip_prefix(ZONE) {
        return match zone {
            ALL => Some(Resource::AllZones),
            id => id.parse().ok().map(Resource::Zone),
        };
    }
    if let Some(account) = key.strip_prefix(ACCOUNT) {
        return match account {
            ALL => Some(Resource::AllAccounts),
            id => id.parse().ok().map(Resource::Account),
        };
    }
    key.strip_prefix(USER)?.parse().ok().map(Resource::User)
}

/// Zones within an account.
fn nested(key: &str, within: &Map<String, Value>) -> Option<Vec<Resource>> {
    let account = key.strip_prefix(ACCOUNT)?.parse().ok()?;
    let one = |(key, value): (&String, &Value)| {
        let zone = key.strip_prefix(ZONE).filter(|_| value == ALL)?;
        match zone {
            ALL => Some(Resource::AccountZones(account)),
            id => id.parse().ok().map(Resource::Zone),
        }
    };
    within.iter().map(one).collect()
}

fn invalid(pointer: &str, why: impl Into<String>) -> Invalid {
    Invalid { pointer: pointer.to_owned(), why: Why::Token(why.into()) }
}
