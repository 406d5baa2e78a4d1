//! POST of many: 200 with what became of each, in order.

use axum::extract::State;
use http::StatusCode;

use crate::{
    api::{
        Api,
        auth::InZone,
        body::Body,
        envelope::{Envelope, Reply},
        error::ApiError,
        guard::Creates,
        wire::{
            bulk::{ItemWire, parse},
            quota,
        },
    },
    app::hostnames,
};

pub(crate) async fn create(
    State(api): State<Api>,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let parsed = parse(&body, &api.settings)?;
    let new: Vec<_> = parsed.iter().filter_map(|item| item.as_ref().ok().cloned()).collect();
    let creates = match Creates::take(&api, zone.id, new.len() as u64) {
        Ok(creates) => creates,
        Err(refused) => return Ok(*refused),
    };
    let created = hostnames::create_all(&api.app, &zone, new).await;
    let messages = created.nearly_full.map(quota::warning).into_iter().collect();
    let mut created = created.outcome.into_iter();
    let view = super::view(&api, &zone);
    let mut count = 0;
    let items = parsed.into_iter().enumerate().map(|(index, item)| {
        let outcome = match item {
            Err(invalid) => Err(ApiError::from(invalid)),
            Ok(_) => match created.next() {
                Some(created) => created.map_err(|why| ApiError::from(why).below(index)),
                None => Err(ApiError::of(crate::api::Problem::Internal)),
            },
        };
        match outcome {
            Ok(record) => {
                count += 1;
                ItemWire::created(StatusCode::CREATED, view.render(&record))
            }
            Err(error) => ItemWire::failed(error),
        }
    });
    let result = items.collect::<Vec<_>>();
    creates.keep(count);
    Ok(Envelope { messages, ..Envelope::of(result) }.reply(StatusCode::OK))
}
