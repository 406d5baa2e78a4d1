//! `custom_hostnames/fallback_origin` (behaviour.md 5).

use axum::extract::State;

use super::{
    Api,
    auth::InZone,
    body::Body,
    envelope::{Reply, ok},
    router::Route,
    wire::fallback_origin::{FallbackOriginBody, FallbackWire, Status, parse, render},
};
use crate::app::{
    access::{Area, Permission},
    fallback_origins,
};

/// The group of the document.
const TAG: &str = "Custom hostnames: fallback origin";
const READ: &str =
    "custom-hostname-fallback-origin-for-a-zone-get-fallback-origin-for-custom-hostnames";
const SET: &str =
    "custom-hostname-fallback-origin-for-a-zone-update-fallback-origin-for-custom-hostnames";
const REMOVE: &str =
    "custom-hostname-fallback-origin-for-a-zone-delete-fallback-origin-for-custom-hostnames";

pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/zones/{zone_id}/custom_hostnames/fallback_origin";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    vec![
        Route::get(PATH, READ, look, read)
            .tag(TAG)
            .summary("The fallback origin of the zone")
            .result::<FallbackWire>(),
        Route::put(PATH, SET, change, set)
            .tag(TAG)
            .summary("Set the fallback origin")
            .body::<FallbackOriginBody>()
            .result::<FallbackWire>(),
        Route::delete(PATH, REMOVE, change, remove)
            .tag(TAG)
            .summary("Take the fallback origin away")
            .result::<FallbackWire>(),
    ]
}

pub(crate) async fn read(InZone(zone): InZone) -> Reply {
    Ok(ok(render(fallback_origins::current(&zone)?, Status::Active)))
}

pub(crate) async fn set(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    let fallback = fallback_origins::set(&api.app, zone, parse(&body)?).await?;
    Ok(ok(render(&fallback, Status::Active)))
}

pub(crate) async fn remove(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let fallback = fallback_origins::remove(&api.app, zone).await?;
    Ok(ok(render(&fallback, Status::PendingDeletion)))
}
