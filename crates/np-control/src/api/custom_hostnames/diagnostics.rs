//! GET of why a hostname is not active, and of what happened to it: extensions, which the original does not have.

use axum::extract::{Query, State};

use crate::{
    api::{
        Api,
        auth::{HostnameInPath, InZone},
        envelope::{Reply, ok},
        pagination::Params,
        wire::diagnostics::{EventWire, ReportWire, parse_limit},
    },
    app::diagnostics,
};

pub(crate) async fn diagnose(
    State(api): State<Api>,
    InZone(zone): InZone,
    HostnameInPath(id): HostnameInPath,
) -> Reply {
    let report = diagnostics::diagnostics(&api.app, &zone, id).await?;
    Ok(ok(ReportWire::of(&report)))
}

pub(crate) async fn history(
    State(api): State<Api>,
    InZone(zone): InZone,
    HostnameInPath(id): HostnameInPath,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let limit = parse_limit(&Params::new(query))?;
    let events = diagnostics::history(&api.app, &zone, id, limit).await?;
    Ok(ok(events.iter().map(EventWire::of).collect::<Vec<_>>()))
}
