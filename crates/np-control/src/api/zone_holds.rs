//! `zones/{zone_id}/hold`: the owner of a domain keeps other accounts from it.

use axum::extract::{Query, State};

use super::{
    Api,
    auth::InZone,
    body::Body,
    envelope::{Reply, ok},
    pagination::Params,
    router::Route,
    wire::zone_hold::{self, EditedHoldBody, HoldWire},
};
use crate::app::{
    access::{Area, Permission},
    zone_holds::{self, HoldEdit},
};

/// The group of the document.
const TAG: &str = "Zones: holds";

pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/zones/{zone_id}/hold";
    let (look, change) = (Permission::read(Area::Zone), Permission::write(Area::Zone));
    vec![
        Route::get(PATH, "zones-0-hold-get", look, read)
            .tag(TAG)
            .summary("The hold on a zone's name")
            .result::<HoldWire>(),
        Route::post(PATH, "zones-0-hold-post", change, begin)
            .tag(TAG)
            .summary("Keep other accounts from the zone's name")
            .query(zone_hold::BEGIN)
            .without_body()
            .result::<HoldWire>(),
        Route::patch(PATH, "zones-0-hold-patch", change, edit)
            .tag(TAG)
            .summary("Change the hold on a zone's name")
            .body::<EditedHoldBody>()
            .result::<HoldWire>(),
        Route::delete(PATH, "zones-0-hold-delete", change, end)
            .tag(TAG)
            .summary("Let go of a zone's name, for ever or for a time")
            .query(zone_hold::END)
            .result::<HoldWire>(),
    ]
}

pub(crate) async fn read(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    Ok(ok(zone_hold::render(&zone, api.app.now())))
}

pub(crate) async fn begin(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    changed(&api, zone, zone_hold::parse_begin(&Params::new(query))?).await
}

pub(crate) async fn edit(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    changed(&api, zone, zone_hold::parse_edit(&body)?).await
}

pub(crate) async fn end(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    changed(&api, zone, zone_hold::parse_end(&Params::new(query))?).await
}

async fn changed(api: &Api, zone: np_domain::zone::Zone, edit: HoldEdit) -> Reply {
    let zone = zone_holds::edit(&api.app, zone, edit).await?;
    Ok(ok(zone_hold::render(&zone, api.app.now())))
}
