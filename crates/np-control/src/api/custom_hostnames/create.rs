//! POST: 201, with the ownership tokens, and with the CA's tokens when they came in time.

use axum::extract::State;
use http::StatusCode;

use crate::{
    api::{
        Api,
        auth::InZone,
        body::Body,
        envelope::{Envelope, Reply},
        wire::custom_hostname::parse_create,
    },
    app::hostnames,
};

pub(crate) async fn create(
    State(api): State<Api>,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let new = parse_create(&body, &api.settings)?;
    let record = hostnames::create(&api.app, &zone, new).await?;
    Ok(Envelope::of(super::view(&api, &zone).render(&record)).reply(StatusCode::CREATED))
}
