//! `/zones/{zone_id}/ssl/certificate_packs`: packs for the zone's own hosts.

use axum::extract::{FromRequestParts, Query, State};
use http::{StatusCode, request::Parts};
use np_domain::{certificate_pack::PackKind, id::PackId, zone::Zone};

use super::{
    Api,
    auth::{InZone, path_id},
    body::Body,
    envelope::{Envelope, Id, Reply, ok},
    error::{ApiError, Problem},
    openapi::PAGES,
    pagination::{Params, result_info},
    router::Route,
    wire::certificate_pack::{
        EditedCertificatePack, FILTERS, NewCertificatePack, PackQuotaWire, PackView, PackWire,
        parse_edit, parse_filter, parse_order,
    },
};
use crate::app::{
    access::{Area, Permission},
    packs,
};

/// The group of the document.
const TAG: &str = "Certificate packs";
const ORDER: &str = "certificate-packs-order-advanced-certificate-manager-certificate-pack";
const EDIT: &str =
    "certificate-packs-restart-validation-for-advanced-certificate-manager-certificate-pack";
const REMOVE: &str = "certificate-packs-delete-advanced-certificate-manager-certificate-pack";

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones/{zone_id}/ssl/certificate_packs";
    const NEW: &str = "/zones/{zone_id}/ssl/certificate_packs/order";
    const QUOTA: &str = "/zones/{zone_id}/ssl/certificate_packs/quota";
    const ONE: &str = "/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    vec![
        Route::get(ALL, "certificate-packs-list-certificate-packs", look, list)
            .tag(TAG)
            .summary("List certificate packs")
            .query(PAGES)
            .query(FILTERS)
            .list::<PackWire>(),
        Route::post(NEW, ORDER, change, order)
            .tag(TAG)
            .summary("Order a certificate pack for the zone's own hosts")
            .body::<NewCertificatePack>()
            .result::<PackWire>(),
        Route::get(QUOTA, "certificate-packs-get-certificate-pack-quotas", look, quota)
            .tag(TAG)
            .summary("How many certificate packs there may be, and are")
            .result::<PackQuotaWire>(),
        Route::get(ONE, "certificate-packs-get-certificate-pack", look, read)
            .tag(TAG)
            .summary("One certificate pack")
            .result::<PackWire>(),
        Route::patch(ONE, EDIT, change, edit)
            .tag(TAG)
            .summary("Validate a certificate pack again")
            .body::<EditedCertificatePack>()
            .result::<PackWire>(),
        Route::delete(ONE, REMOVE, change, remove)
            .tag(TAG)
            .summary("Delete a certificate pack and its certificates")
            .result::<Id>(),
    ]
}

/// The pack's id in the path.
pub(crate) struct PackInPath(pub(crate) PackId);

impl FromRequestParts<Api> for PackInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = path_id(parts, "certificate_pack_id").await?;
        id.parse().map(Self).map_err(|_| ApiError::of(Problem::PackIdInvalid))
    }
}

/// How packs of this zone look at this moment.
pub(super) fn view<'a>(api: &'a Api, zone: &'a Zone) -> PackView<'a> {
    let (issuers, now) = (api.app.diagnostics.issuers(), api.app.now());
    PackView { zone, settings: &api.settings, issuers, now }
}

async fn list(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let (page, filter) = (params.page()?, parse_filter(&params)?);
    let (records, view) = (api.app.stores.packs.packs(zone.id).await?, view(&api, &zone));
    let found: Vec<_> =
        records.iter().filter(|record| filter.matches(view.status(record))).collect();
    let before = (page.number as usize - 1).saturating_mul(page.size as usize);
    let shown = found.iter().skip(before).take(page.size as usize);
    let shown: Vec<_> = shown.map(|record| view.render(record)).collect();
    let info = result_info(page, shown.len(), found.len() as u64);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

async fn order(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    let record = packs::order(&api.app, &zone, parse_order(&body, &zone)?).await?;
    Ok(ok(view(&api, &zone).render(&record)))
}

async fn quota(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let records = api.app.stores.packs.packs(zone.id).await?;
    let used = records.iter().filter(|record| record.pack.kind == PackKind::Advanced).count();
    Ok(ok(PackQuotaWire::of(api.app.terms.packs_per_zone_max, used)))
}

async fn read(State(api): State<Api>, InZone(zone): InZone, PackInPath(id): PackInPath) -> Reply {
    Ok(ok(view(&api, &zone).render(&packs::find(&api.app, &zone, id).await?)))
}

async fn edit(
    State(api): State<Api>,
    InZone(zone): InZone,
    PackInPath(id): PackInPath,
    Body(body): Body,
) -> Reply {
    let record = packs::edit(&api.app, &zone, id, parse_edit(&body)?).await?;
    Ok(ok(view(&api, &zone).render(&record)))
}

async fn remove(State(api): State<Api>, InZone(zone): InZone, PackInPath(id): PackInPath) -> Reply {
    packs::remove(&api.app, &zone, id).await?;
    Ok(ok(Id { id: id.to_string() }))
}
