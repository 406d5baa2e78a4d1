//! GET of how many there may be, and are.

use axum::extract::State;

use crate::{
    api::{
        Api,
        auth::InZone,
        envelope::{Reply, ok},
        wire::quota::render,
    },
    app::hostnames,
};

pub(crate) async fn quota(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    Ok(ok(render(hostnames::quota(&api.app, &zone).await?)))
}
