//! Renewal: begins an attempt when a settled certificate is due, or a stalled one may be tried anew.

use np_domain::{
    Timestamp,
    certificate::{Certificate, State, order},
    custom_hostname::CustomHostname,
    ownership,
};

/// The step of a certificate that is due while no attempt is under way; `None` in any other state. Nothing is ordered for
/// a hostname that was given up.
pub(super) fn step(
    hostname: &CustomHostname,
    certificate: &Certificate,
    now: Timestamp,
) -> Option<order::Step> {
    match (&certificate.attempt, &hostname.ownership) {
        (
            State::Settled(_) | State::Stalled(_),
            ownership::State::GivenUp(_) | ownership::State::Leaving(_),
        ) => Some(order::abandoned(certificate, now)),
        (State::Settled(_) | State::Stalled(_), _) => Some(order::begin(certificate, now)),
        _ => None,
    }
}
