//! DELETE: 200 with the id both at the top and in the envelope.

use axum::{extract::State, response::IntoResponse};

use crate::{
    api::{
        Api,
        auth::{HostnameInPath, InZone},
        envelope::{Deleted, Reply},
    },
    app::hostnames,
};

pub(crate) async fn remove(
    State(api): State<Api>,
    InZone(zone): InZone,
    HostnameInPath(id): HostnameInPath,
) -> Reply {
    hostnames::remove(&api.app, &zone, id).await?;
    Ok(Deleted::of(id.to_string()).into_response())
}
