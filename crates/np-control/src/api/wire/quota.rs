//! `CustomHostnameQuota` (behaviour.md 6).

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    api::{Problem, envelope::Item},
    app::hostnames::{NEARLY_FULL_PERCENT, Quota},
};

/// What stands for any number: the schema has no word for it, and every client can read this one.
const ANY_NUMBER: u64 = i32::MAX as u64;

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CustomHostnameQuota")]
pub(crate) struct QuotaWire {
    allocated: u64,
    used: u64,
    exceeded: bool,
    hard_cap: u64,
}

pub(crate) fn render(quota: Quota) -> QuotaWire {
    let allocated = quota.max.unwrap_or(ANY_NUMBER);
    let exceeded = quota.max.is_some_and(|max| quota.used >= max);
    QuotaWire { allocated, used: quota.used, exceeded, hard_cap: allocated }
}

/// Says that a zone is nearly full, with the code of the error that comes when it is full.
pub(crate) fn warning(quota: Quota) -> Item {
    let Quota { used, max } = quota;
    let max = max.unwrap_or(ANY_NUMBER);
    Item {
        code: Problem::QuotaExceeded.row().code,
        message: format!(
            "The zone has {used} of the {max} custom hostnames that it may have, which is {NEARLY_FULL_PERCENT}% or more. \
             Delete those that are not used, or ask for a higher limit."
        ),
        source: None,
        error_chain: Vec::new(),
    }
}
