//! `/zones/{zone_id}/custom_hostnames`: one file per operation.

mod create;
mod edit;
mod list;
mod quota;
mod read;
mod remove;

use np_domain::zone::Zone;

use super::{Api, router::Route, wire::custom_hostname::View};
use crate::app::access::{Area, Permission};

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones/{zone_id}/custom_hostnames";
    const ONE: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}";
    const QUOTA: &str = "/zones/{zone_id}/custom_hostnames/quota";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    vec![
        Route::get(ALL, "custom-hostname-for-a-zone-list-custom-hostnames", look, list::list),
        Route::post(
            ALL,
            "custom-hostname-for-a-zone-create-custom-hostname",
            change,
            create::create,
        ),
        Route::get(QUOTA, "sdk.custom_hostnames.quota.get", look, quota::quota),
        Route::get(ONE, "custom-hostname-for-a-zone-custom-hostname-details", look, read::read),
        Route::patch(ONE, "custom-hostname-for-a-zone-edit-custom-hostname", change, edit::edit),
        Route::delete(ONE, REMOVE, change, remove::remove),
    ]
}

const REMOVE: &str =
    "custom-hostname-for-a-zone-delete-custom-hostname-(-and-any-issued-ssl-certificates)";

/// How hostnames of this zone look at this moment.
fn view<'a>(api: &'a Api, zone: &'a Zone) -> View<'a> {
    View { zone, settings: &api.settings, now: api.app.now() }
}
