//! `/zones`.

use axum::extract::{Query, State};
use http::StatusCode;
use np_domain::{id::AccountId, ports::StoreError, token::Principal, zone::Zone};

use super::{
    Api,
    auth::{Caller, InZone},
    body::Body,
    envelope::{Envelope, Id, Reply, ok},
    openapi::PAGES,
    pagination::{Params, result_info},
    router::Route,
    wire::zone::{
        self, EditedZoneBody, NewZoneBody, View, ZoneWire, parse_create, parse_edit, parse_filter,
    },
};
use crate::app::{
    access::{self, Area, Permission},
    zones,
};

/// The group of the document.
const TAG: &str = "Zones";

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones";
    const ONE: &str = "/zones/{zone_id}";
    let (look, change) = (Permission::read(Area::Zone), Permission::write(Area::Zone));
    vec![
        Route::get(ALL, "zones-get", look, list)
            .tag(TAG)
            .summary("List zones")
            .query(PAGES)
            .query(zone::FILTERS)
            .list::<ZoneWire>(),
        Route::post(ALL, "zones-post", change, create)
            .tag(TAG)
            .summary("Create a zone")
            .body::<NewZoneBody>()
            .result::<ZoneWire>(),
        Route::get(ONE, "zones-0-get", look, read)
            .tag(TAG)
            .summary("One zone")
            .result::<ZoneWire>(),
        Route::patch(ONE, "zones-0-patch", change, edit)
            .tag(TAG)
            .summary("Change a zone")
            .body::<EditedZoneBody>()
            .result::<ZoneWire>(),
        Route::delete(ONE, "zones-0-delete", change, remove)
            .tag(TAG)
            .summary("Delete a zone without hostnames")
            .result::<Id>(),
        Route::put(
            "/zones/{zone_id}/activation_check",
            "put-zones-zone_id-activation_check",
            change,
            check,
        )
        .tag(TAG)
        .summary("Look at once whether a zone can be active")
        .without_body()
        .result::<Id>(),
    ]
}

pub(crate) async fn create(
    State(api): State<Api>,
    Caller(caller): Caller,
    Body(body): Body,
) -> Reply {
    let zone = zones::create(&api.app, &caller, parse_create(&body)?).await?;
    Ok(ok(view(&api, &caller, std::slice::from_ref(&zone)).await?.render(&zone)))
}

pub(crate) async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page()?;
    let mut filter = parse_filter(&params)?;
    access::narrow(&caller, &mut filter);
    let (zones, total) = api.app.stores.zones.list_zones(&filter, page).await?;
    let view = view(&api, &caller, &zones).await?;
    let shown: Vec<_> = zones.iter().map(|zone| view.render(zone)).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

pub(crate) async fn read(
    State(api): State<Api>,
    Caller(caller): Caller,
    InZone(zone): InZone,
) -> Reply {
    Ok(ok(view(&api, &caller, std::slice::from_ref(&zone)).await?.render(&zone)))
}

pub(crate) async fn edit(
    State(api): State<Api>,
    Caller(caller): Caller,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let zone = zones::edit(&api.app, zone, parse_edit(&body)?).await?;
    Ok(ok(view(&api, &caller, std::slice::from_ref(&zone)).await?.render(&zone)))
}

pub(crate) async fn check(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let zone = zones::check_activation(&api.app, zone).await?;
    Ok(ok(Id { id: zone.id.to_string() }))
}

pub(crate) async fn remove(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    zones::remove(&api.app, &zone).await?;
    Ok(ok(Id { id: zone.id.to_string() }))
}

async fn view<'a>(
    api: &'a Api,
    caller: &'a Principal,
    zones: &[Zone],
) -> Result<View<'a>, StoreError> {
    let mut owners: Vec<AccountId> = zones.iter().map(|zone| zone.account).collect();
    owners.sort();
    owners.dedup();
    let accounts = api.app.stores.accounts.accounts_among(&owners).await?;
    Ok(zone::View { settings: &api.settings, accounts, grants: &caller.grants })
}
