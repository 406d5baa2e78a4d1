//! GET of one.

use axum::extract::State;

use crate::{
    api::{
        Api,
        auth::{HostnameInPath, InZone},
        envelope::{Reply, ok},
    },
    app::hostnames,
};

pub(crate) async fn read(
    State(api): State<Api>,
    InZone(zone): InZone,
    HostnameInPath(id): HostnameInPath,
) -> Reply {
    let record = hostnames::find(&api.app, &zone, id).await?;
    Ok(ok(super::view(&api, &zone).render(&record)))
}
