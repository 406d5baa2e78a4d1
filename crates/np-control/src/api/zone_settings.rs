//! `/zones/{zone_id}/settings`: how a zone's names are served.

use axum::extract::{FromRequestParts, State};
use http::{StatusCode, request::Parts};
use np_domain::zone::settings::Kind;

use super::{
    Api,
    auth::{InZone, path_id},
    body::Body,
    envelope::{Envelope, Reply, ok},
    error::ApiError,
    router::Route,
    wire::zone_setting::{
        self, SettingBody, SettingsBody, ZoneSettingWire, parse_many, parse_one, render,
    },
};
use crate::app::{
    access::{Area, Permission},
    zone_settings,
};

const TAG: &str = "Zone settings";

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones/{zone_id}/settings";
    const ONE: &str = "/zones/{zone_id}/settings/{setting_id}";
    let (look, change) =
        (Permission::read(Area::ZoneSettings), Permission::write(Area::ZoneSettings));
    vec![
        Route::get(ALL, "zone-settings-get-all-zone-settings", look, list)
            .tag(TAG)
            .summary("All settings of a zone")
            .result::<Vec<ZoneSettingWire>>(),
        Route::patch(ALL, "zone-settings-edit-zone-settings-info", change, edit_many)
            .tag(TAG)
            .summary("Change several settings, all or none")
            .body::<SettingsBody>()
            .result::<Vec<ZoneSettingWire>>(),
        Route::get(ONE, "zone-settings-get-single-setting", look, read)
            .tag(TAG)
            .summary("One setting")
            .result::<ZoneSettingWire>(),
        Route::patch(ONE, "zone-settings-edit-single-setting", change, edit)
            .tag(TAG)
            .summary("Change one setting")
            .body::<SettingBody>()
            .result::<ZoneSettingWire>(),
    ]
}

/// The setting named in the path.
pub(crate) struct SettingInPath(Kind);

impl FromRequestParts<Api> for SettingInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let word = path_id(parts, "setting_id").await?;
        Ok(Self(zone_setting::by_word(&word, "")?))
    }
}

async fn list(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let all = zone_setting::render_all(&zone, &api.settings.serving_defaults);
    Ok(Envelope::of(all).reply(StatusCode::OK))
}

async fn read(
    State(api): State<Api>,
    InZone(zone): InZone,
    SettingInPath(kind): SettingInPath,
) -> Reply {
    Ok(ok(render(&zone, kind, &api.settings.serving_defaults)))
}

async fn edit(
    State(api): State<Api>,
    InZone(zone): InZone,
    SettingInPath(kind): SettingInPath,
    Body(body): Body,
) -> Reply {
    let zone = zone_settings::edit(&api.app, zone, &[parse_one(kind, &body)?]).await?;
    Ok(ok(render(&zone, kind, &api.settings.serving_defaults)))
}

async fn edit_many(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    let zone = zone_settings::edit(&api.app, zone, &parse_many(&body)?).await?;
    let all = zone_setting::render_all(&zone, &api.settings.serving_defaults);
    Ok(Envelope::of(all).reply(StatusCode::OK))
}
