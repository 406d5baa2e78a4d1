//! `/zones/{zone_id}/custom_hostnames`: one file per operation.

pub(crate) mod create;
pub(crate) mod edit;
pub(crate) mod list;
pub(crate) mod quota;
pub(crate) mod read;
pub(crate) mod remove;

use np_domain::zone::Zone;

use super::{Api, wire::custom_hostname::View};

/// How hostnames of this zone look at this moment.
fn view<'a>(api: &'a Api, zone: &'a Zone) -> View<'a> {
    View { zone, settings: &api.settings, now: api.app.now() }
}
