//! Scans: asked for, looked at, judged. `scan` itself is the original's older way, which asks and adds in one call.

use axum::{extract::State, response::IntoResponse as _};

use super::{
    super::{
        Api,
        auth::InZone,
        body::Body,
        envelope::{Done, Reply, ok},
        error::ApiError,
        wire::dns_record::{AddedWire, ReviewedWire, parse_review, render},
    },
    apex,
};
use crate::app::scans::{self, Review};

pub(super) async fn trigger(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    scans::trigger(&api.app, &zone).await?;
    Ok(Done::default().into_response())
}

pub(super) async fn scan(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let done = scans::scan_and_add(&api.app, &zone).await?;
    Ok(ok(AddedWire { recs_added: done.added, total_records_parsed: done.parsed }))
}

pub(super) async fn finds(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let finds = api.app.stores.dns_records.scanned(zone.id).await?;
    Ok(ok(finds.iter().map(render).collect::<Vec<_>>()))
}

pub(super) async fn review(
    State(api): State<Api>,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let review: Review = parse_review(&body, &apex(&zone))?;
    let rejects: Vec<_> = review.rejects.iter().map(ToString::to_string).collect();
    let pointers: Vec<_> =
        (0..review.accepts.len()).map(|index| format!("/accepts/{index}")).collect();
    let added = scans::review(&api.app, &zone, review).await;
    let added =
        added.map_err(|error| ApiError::of_dns_change(error, |index| pointers.get(index)))?;
    Ok(ok(ReviewedWire { accepts: added.iter().map(render).collect(), rejects }))
}
