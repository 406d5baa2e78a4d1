//! `dcv_delegation/uuid`: the zone's part of delegation targets (behaviour.md 3.5).

use serde::Serialize;

use super::{
    auth::Readable,
    envelope::{Reply, ok},
};

#[derive(Serialize)]
struct Delegation {
    uuid: String,
}

pub(crate) async fn read(Readable(zone): Readable) -> Reply {
    Ok(ok(Delegation { uuid: zone.delegation.to_string() }))
}
