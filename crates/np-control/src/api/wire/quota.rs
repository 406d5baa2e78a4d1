//! `CustomHostnameQuota` (behaviour.md 6).

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::hostnames::Quota;

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
