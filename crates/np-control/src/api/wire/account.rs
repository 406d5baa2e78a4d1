//! `Account`.

use np_domain::account::Account;
use serde::Serialize;

use super::moment;

#[derive(Debug, Serialize)]
pub(crate) struct AccountWire {
    id: String,
    name: String,
    r#type: &'static str,
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
