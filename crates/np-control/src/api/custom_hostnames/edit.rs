//! PATCH: 202, because what it asks for happens afterwards.

use axum::extract::State;
use http::StatusCode;

use crate::{
    api::{
        Api,
        auth::{HostnameInPath, InZone},
        body::Body,
        envelope::{Envelope, Reply},
        wire::custom_hostname::parse_edit,
    },
    app::hostnames,
};

pub(crate) async fn edit(
    State(api): State<Api>,
    InZone(zone): InZone,
    HostnameInPath(id): HostnameInPath,
    Body(body): Body,
) -> Reply {
    let record = hostnames::edit(&api.app, &zone, id, &parse_edit(&body)?).await?;
    Ok(Envelope::of(super::view(&api, &zone).render(&record)).reply(StatusCode::ACCEPTED))
}
