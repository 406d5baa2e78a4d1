//! `/zones/{zone_id}/custom_hostnames`: one file per operation.

mod bulk;
mod certificates;
mod create;
mod diagnostics;
mod edit;
mod list;
mod quota;
mod read;
mod remove;

use np_domain::zone::Zone;

use super::{
    Api,
    openapi::PAGES,
    router::Route,
    wire::{
        bulk::{ItemWire, NewCustomHostnames},
        custom_hostname::{EditedCustomHostname, HostnameWire, NewCustomHostname, View},
        diagnostics::{EventWire, HISTORY, ReportWire},
        hostname_list::FILTERS,
        quota::QuotaWire,
        ssl::PairBody,
    },
};
use crate::app::access::{Area, Permission};

/// The group of the document.
const TAG: &str = "Custom hostnames";

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones/{zone_id}/custom_hostnames";
    const ONE: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}";
    const DIAGNOSTICS: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/diagnostics";
    const HISTORY_OF: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/history";
    const BULK: &str = "/zones/{zone_id}/custom_hostnames/bulk";
    const QUOTA: &str = "/zones/{zone_id}/custom_hostnames/quota";
    let (look, change) = (Permission::read(Area::Ssl), Permission::write(Area::Ssl));
    vec![
        Route::get(ALL, "custom-hostname-for-a-zone-list-custom-hostnames", look, list::list)
            .tag(TAG)
            .summary("List custom hostnames")
            .query(PAGES)
            .query(FILTERS)
            .list::<HostnameWire>(),
        Route::post(
            ALL,
            "custom-hostname-for-a-zone-create-custom-hostname",
            change,
            create::create,
        )
        .tag(TAG)
        .summary("Create a custom hostname")
        .body::<NewCustomHostname>()
        .created::<HostnameWire>(),
        Route::post(BULK, "create-custom-hostnames-in-bulk", change, bulk::create)
            .tag(TAG)
            .summary("Create up to 1000 custom hostnames; what became of each, in order")
            .body::<NewCustomHostnames>()
            .result::<Vec<ItemWire>>(),
        Route::get(QUOTA, "sdk.custom_hostnames.quota.get", look, quota::quota)
            .tag(TAG)
            .summary("How many custom hostnames there may be, and are")
            .result::<QuotaWire>(),
        Route::get(ONE, "custom-hostname-for-a-zone-custom-hostname-details", look, read::read)
            .tag(TAG)
            .summary("One custom hostname")
            .result::<HostnameWire>(),
        Route::get(DIAGNOSTICS, "nameplate-custom-hostname-diagnostics", look, diagnostics::diagnose)
            .tag(TAG)
            .summary("Why it is not active, who must act, and which record exactly")
            .details("Looks at its DNS and its port 80 at this moment. What was found is given again for 10 seconds.")
            .result::<ReportWire>(),
        Route::get(HISTORY_OF, "nameplate-custom-hostname-history", look, diagnostics::history)
            .tag(TAG)
            .summary("What happened to it, the newest first")
            .query(HISTORY)
            .result::<Vec<EventWire>>(),
        Route::patch(ONE, "custom-hostname-for-a-zone-edit-custom-hostname", change, edit::edit)
            .tag(TAG)
            .summary("Change a custom hostname, or validate it again")
            .body::<EditedCustomHostname>()
            .accepted::<HostnameWire>(),
        Route::delete(ONE, REMOVE, change, remove::remove)
            .tag(TAG)
            .summary("Delete a custom hostname and its certificates")
            .deleted(),
        Route::put(CERTIFICATE, REPLACE, change, certificates::replace)
            .tag(TAG)
            .summary("Replace one of two uploaded certificates by one with a key of the same kind")
            .body::<PairBody>()
            .accepted::<HostnameWire>(),
        Route::delete(CERTIFICATE, REMOVE_ONE, change, certificates::remove)
            .tag(TAG)
            .summary("Delete one of two uploaded certificates")
            .deleted(),
    ]
}

const CERTIFICATE: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/certificate_pack/{certificate_pack_id}/certificates/{certificate_id}";
const REPLACE: &str = "custom-hostname-for-a-zone-edit-custom-certificate-custom-hostname";
const REMOVE_ONE: &str =
    "custom-hostname-for-a-zone-delete_single_certificate_and_key_in_a_custom_hostname";
const REMOVE: &str =
    "custom-hostname-for-a-zone-delete-custom-hostname-(-and-any-issued-ssl-certificates)";

/// How hostnames of this zone look at this moment.
fn view<'a>(api: &'a Api, zone: &'a Zone) -> View<'a> {
    let (issuers, now) = (api.app.diagnostics.issuers(), api.app.now());
    View { zone, settings: &api.settings, issuers, now }
}
