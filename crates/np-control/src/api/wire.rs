//! Cloudflare's words, and only here: what is read from bodies and queries, and what replies look like.
//!
//! Reading turns JSON into the domain's types, each failure naming its field ([`invalid`]). Writing turns the domain into
//! plain structs for serialization; what is empty is left out and not `null`.

pub(crate) mod account;
pub(crate) mod analysis;
pub(crate) mod bulk;
pub(crate) mod certificate_pack;
pub(crate) mod change;
pub(crate) mod cursor;
pub(crate) mod custom_csr;
pub(crate) mod custom_hostname;
pub(crate) mod diagnostics;
pub(crate) mod dns_record;
pub(crate) mod fallback_origin;
pub(crate) mod hostname_list;
pub(crate) mod invalid;
pub(crate) mod object;
pub(crate) mod pem;
pub(crate) mod permission_group;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod quota;
pub(crate) mod recommendation;
pub(crate) mod ssl;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod zone;
pub(crate) mod zone_hold;
pub(crate) mod zone_setting;

use np_domain::Timestamp;
use time::{format_description::BorrowedFormatItem, macros::format_description};

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A moment as the API writes it: RFC 3339 with microseconds, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    // The format asks for nothing that a moment lacks.
    at.to_offset(time::UtcOffset::UTC).format(MOMENT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    #[test]
    fn moments_have_microseconds_and_z() {
        let at = datetime!(2026-11-22 18:00:00.000042 UTC);
        assert_eq!(super::moment(at), "2026-11-22T18:00:00.000042Z");
    }
}
