//! `/zones/{zone_id}/ssl/...` besides certificate packs: verification, the universal certificate and the recommendation.

use axum::extract::{Query, State};
use http::StatusCode;
use np_domain::permission::Target;

use super::{
    Api,
    auth::{Caller, InZone},
    body::Body,
    certificate_packs::{PackInPath, view},
    envelope::{Envelope, Reply, ok},
    openapi::{QueryParam, shape},
    pagination::Params,
    router::Route,
    wire::{
        certificate_pack::{
            EditedUniversalSsl, UniversalWire, VerificationEdit, VerificationWire, VerifiedWire,
            parse_universal, parse_verification, render_verification, render_verified,
        },
        recommendation::RecommendationWire,
    },
};
use crate::app::{
    access::{self, Area, Permission},
    packs,
};

const RETRY: &[QueryParam] = &[QueryParam::new(
    "retry",
    shape::flag,
    "Check everything again at once; takes a token that may change certificates.",
)];
const EDIT: &str = "ssl-verification-edit-ssl-certificate-pack-validation-method";
const UNIVERSAL: &str = "universal-ssl-settings-for-a-zone-universal-ssl-settings-details";
const SET_UNIVERSAL: &str = "universal-ssl-settings-for-a-zone-edit-universal-ssl-settings";
const RECOMMENDATION: &str = "ssl/-tls-mode-recommendation-ssl/-tls-recommendation";

pub(crate) fn routes() -> Vec<Route> {
    const VERIFICATIONS: &str = "/zones/{zone_id}/ssl/verification";
    const VERIFICATION: &str = "/zones/{zone_id}/ssl/verification/{certificate_pack_id}";
    const SETTINGS: &str = "/zones/{zone_id}/ssl/universal/settings";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    vec![
        Route::get(VERIFICATIONS, "ssl-verification-ssl-verification-details", look, list)
            .tag("SSL verification")
            .summary("Where the validation of the zone's certificate packs stands")
            .query(RETRY)
            .result::<Vec<VerificationWire>>(),
        Route::patch(VERIFICATION, EDIT, change, verify)
            .tag("SSL verification")
            .summary("Validate a certificate pack at once, or by another method")
            .body::<VerificationEdit>()
            .result::<VerifiedWire>(),
        Route::get(SETTINGS, UNIVERSAL, look, universal)
            .tag("Universal SSL")
            .summary("Whether the zone has a universal certificate")
            .result::<UniversalWire>(),
        Route::patch(SETTINGS, SET_UNIVERSAL, change, set_universal)
            .tag("Universal SSL")
            .summary("Switch the zone's universal certificate on or off")
            .body::<EditedUniversalSsl>()
            .result::<UniversalWire>(),
        Route::get("/zones/{zone_id}/ssl/recommendation", RECOMMENDATION, look, recommendation)
            .tag("SSL recommendation")
            .summary("How origins are spoken to")
            .result::<RecommendationWire>(),
    ]
}

async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    if matches!(Params::new(query).get("retry"), Some("true" | "1")) {
        // It changes packs, and may place orders at a CA: whoever only looks has no say in that.
        let target = Target::Zone(zone.id, zone.account);
        access::settle(&caller, Permission::write(Area::Ssl), target)?;
        packs::recheck_all(&api.app, &zone).await?;
    }
    let (records, view) = (api.app.stores.packs.packs(zone.id).await?, view(&api, &zone));
    let shown: Vec<_> = records.iter().map(|record| render_verification(record, &view)).collect();
    Ok(Envelope::of(shown).reply(StatusCode::OK))
}

async fn verify(
    State(api): State<Api>,
    InZone(zone): InZone,
    PackInPath(id): PackInPath,
    Body(body): Body,
) -> Reply {
    let verified = packs::verify(&api.app, &zone, id, parse_verification(&body)?).await?;
    Ok(ok(render_verified(&verified.certificate, api.app.now())))
}

async fn universal(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let enabled = packs::is_universal_on(&api.app, &zone).await?;
    Ok(ok(UniversalWire { enabled }))
}

async fn set_universal(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    if let Some(on) = parse_universal(&body)? {
        packs::set_universal(&api.app, &zone, on).await?;
    }
    let enabled = packs::is_universal_on(&api.app, &zone).await?;
    Ok(ok(UniversalWire { enabled }))
}

async fn recommendation(InZone(zone): InZone) -> Reply {
    Ok(ok(RecommendationWire::of(&zone)))
}
