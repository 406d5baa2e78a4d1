//! Renewal: asks CAs when to renew, and begins an attempt when a settled certificate is due, or a stalled one may be tried anew. Of uploaded ones, which
//! are not ours to renew, it says that they end.

use np_domain::{
    Timestamp,
    certificate::{
        Certificate, Holder, Origin, State,
        order::{self, Answer},
        upload,
    },
    ownership,
};

use super::World;

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

/// Asks the CAs of what is active when to renew it. One that is not configured any more says nothing.
pub(super) async fn ask(world: &World, certificate: &mut Certificate) -> order::Step {
    let mut answers = Vec::with_capacity(certificate.active.len());
    for active in &certificate.active {
        let (Origin::Authority(authority), Some(leaf)) =
            (&active.issued.origin, active.issued.chain.der().first())
        else {
            continue;
        };
        let asked = match world.authorities.ask(*authority, &*world.clock) {
            Some(asked) => asked.renewal_advice(leaf).await,
            None => Ok(None),
        };
        let answer = match asked {
            Ok(Some(advice)) => Answer::Advised(advice),
            Ok(None) => Answer::Silent,
            Err(_) => Answer::Failed,
        };
        answers.push((active.issued.id, answer));
    }
    order::advised(certificate, &answers, world.clock.now())
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
