//! `custom_hostnames/fallback_origin` (behaviour.md 5).

use axum::extract::State;

use super::{
    Api,
    auth::{Readable, Writable},
    body::Body,
    envelope::{Reply, ok},
    wire::fallback_origin::{Status, parse, render},
};
use crate::app::fallback_origins;

pub(crate) async fn read(Readable(zone): Readable) -> Reply {
    Ok(ok(render(fallback_origins::current(&zone)?, Status::Active)))
}

pub(crate) async fn set(
    State(api): State<Api>,
    Writable(zone): Writable,
    Body(body): Body,
) -> Reply {
    let fallback = fallback_origins::set(&api.app, zone, parse(&body)?).await?;
    Ok(ok(render(&fallback, Status::Active)))
}

pub(crate) async fn remove(State(api): State<Api>, Writable(zone): Writable) -> Reply {
    let fallback = fallback_origins::remove(&api.app, zone).await?;
    Ok(ok(render(&fallback, Status::PendingDeletion)))
}
