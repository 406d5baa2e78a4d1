//! The user, and in which accounts they are.

use np_domain::{
    account::{Account, User},
    text::Explanation,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    account::{self, AccountWire},
    change::Change,
    invalid::{Invalid, Why},
    moment,
    object::Object,
};
use crate::{
    api::openapi::shape,
    app::users::{Names, membership_id},
};

/// What a member is called: everybody may do everything.
const ROLE: &str = "Super Administrator - All Privileges";

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "User")]
pub(crate) struct UserWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    suspended: bool,
    two_factor_authentication_enabled: bool,
    two_factor_authentication_locked: bool,
    #[schemars(schema_with = "shape::moment")]
    created_on: String,
}

/// What of a user can be changed.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "UserBody", example = json!({ "first_name": "Ada", "last_name": "Lovelace" }))]
#[allow(dead_code, reason = "describes what `parse_edit` reads")]
pub(crate) struct UserBody {
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Membership")]
pub(crate) struct MembershipWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    #[schemars(extend("enum" = ["accepted"]))]
    status: &'static str,
    account: AccountWire,
    roles: [&'static str; 1],
    api_access_enabled: bool,
    permissions: Permissions,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "MembershipPermissions")]
struct Permissions {
    dns_records: Grant,
    organization: Grant,
    ssl: Grant,
    zones: Grant,
}

#[derive(Debug, Clone, Copy, JsonSchema, Serialize)]
#[schemars(rename = "MembershipGrant")]
struct Grant {
    read: bool,
    write: bool,
}

pub(crate) fn render(user: &User) -> UserWire {
    let text = |name: &Option<Explanation>| name.as_ref().map(ToString::to_string);
    UserWire {
        id: user.id.to_string(),
        email: user.email.to_string(),
        first_name: text(&user.first_name),
        last_name: text(&user.last_name),
        suspended: false,
        two_factor_authentication_enabled: false,
        two_factor_authentication_locked: false,
        created_on: moment(user.created_at),
    }
}

pub(crate) fn render_membership(user: &User, account: &Account) -> MembershipWire {
    let all = Grant { read: true, write: true };
    MembershipWire {
        id: membership_id(user, account.id),
        status: "accepted",
        account: account::render(account),
        roles: [ROLE],
        api_access_enabled: true,
        permissions: Permissions { dns_records: all, organization: all, ssl: all, zones: all },
    }
}

/// Reads the body of a PATCH.
pub(crate) fn parse_edit(body: &Value) -> Result<Names, Invalid> {
    let body = Object::body(body)?;
    for key in ["country", "telephone", "zipcode"] {
        if body.has(key) {
            let why = format!("`{key}` is not kept here; leave it out.");
            return Err(body.invalid(key, Why::BadQuery(why)));
        }
    }
    let name = |key| {
        Ok(match body.text(key)? {
            Change::Absent => None,
            Change::Reset => Some(None),
            Change::To(text) => Some(Some(Explanation::new(text))),
        })
    };
    Ok(Names { first: name("first_name")?, last: name("last_name")? })
}
