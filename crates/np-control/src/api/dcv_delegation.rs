//! `dcv_delegation/uuid`: the zone's part of delegation targets (behaviour.md 3.5).

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    auth::InZone,
    envelope::{Reply, ok},
    router::Route,
};
use crate::app::access::{Area, Permission};

pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/zones/{zone_id}/dcv_delegation/uuid";
    vec![
        Route::get(PATH, "dcv-delegation-uuid-get", Permission::read(Area::Ssl), read)
            .tag("DCV delegation")
            .summary("The zone's part of delegation targets")
            .result::<Delegation>(),
    ]
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DcvDelegation")]
struct Delegation {
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    uuid: String,
}

pub(crate) async fn read(InZone(zone): InZone) -> Reply {
    Ok(ok(Delegation { uuid: zone.delegation.to_string() }))
}
