//! `Account`.

use np_domain::account::Account;
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::api::openapi::shape;

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Account")]
pub(crate) struct AccountWire {
    #[schemars(schema_with = "shape::id")]
    id: String,
    name: String,
    #[schemars(extend("enum" = ["standard"]))]
    r#type: &'static str,
    #[schemars(schema_with = "shape::moment")]
    created_on: String,
}

pub(crate) fn render(account: &Account) -> AccountWire {
    AccountWire {
        id: account.id.to_string(),
        name: account.name.to_string(),
        r#type: "standard",
        created_on: moment(account.created_at),
    }
}
