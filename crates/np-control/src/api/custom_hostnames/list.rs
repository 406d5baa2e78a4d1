//! GET of a page.

use axum::extract::{Query, State};
use http::StatusCode;

use crate::api::{
    Api,
    auth::InZone,
    envelope::{Envelope, Reply},
    pagination::{Params, result_info},
    wire::custom_hostname::parse_filter,
};

pub(crate) async fn list(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let (page, filter) = (params.page()?, parse_filter(&params)?);
    let (records, total) = api.app.stores.hostnames.list(zone.id, &filter, page).await?;
    let view = super::view(&api, &zone);
    let shown: Vec<_> = records.iter().map(|record| view.render(record)).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}
