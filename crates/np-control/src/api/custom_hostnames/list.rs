//! GET of a page.

use axum::extract::{Query, State};
use http::StatusCode;

use crate::api::{
    Api,
    auth::InZone,
    envelope::{Envelope, Reply},
    pagination::{Params, hostnames_info},
    wire::hostname_list,
};

pub(crate) async fn list(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let list = hostname_list::parse(&params, &api.settings, api.app.now())?;
    let page = api.app.stores.hostnames.list(zone.id, &list).await?;
    let view = super::view(&api, &zone);
    let shown: Vec<_> = page.records.iter().map(|record| view.render(record)).collect();
    let info = hostnames_info(&list, &page);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}
