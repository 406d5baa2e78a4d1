//! Renewal: begins an attempt when a settled certificate is due, or a stalled one may be tried anew. Of uploaded ones, which
//! are not ours to renew, it says that they end.

use np_domain::{
    Timestamp,
    certificate::{Certificate, Holder, State, order, upload},
    ownership,
};

/// The step of a certificate that is due while no attempt is under way; `None` in any other state. Nothing is ordered for
/// a hostname that was given up.
pub(super) fn step(
    holder: &Holder,
    certificate: &Certificate,
    now: Timestamp,
) -> Option<order::Step> {
    match &certificate.attempt {
        State::Settled(_) | State::Stalled(_) if is_given_up(holder) => {
            Some(order::abandoned(certificate, now))
        }
        State::Settled(_) | State::Stalled(_) => Some(order::begin(certificate, now)),
        State::Kept(_) => upload::notice(certificate, now),
        _ => None,
    }
}

/// A pack is renewed until it is deleted.
fn is_given_up(holder: &Holder) -> bool {
    match holder {
        Holder::Hostname(hostname) => matches!(
            hostname.ownership,
            ownership::State::GivenUp(_) | ownership::State::Leaving(_)
        ),
        Holder::Pack(_) => false,
    }
}
