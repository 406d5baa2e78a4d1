//! Revocation: tells a CA that what was replaced is not to be trusted, once it is not served any more. What is to be revoked is
//! noted by [`crate::app::reissue`].

use np_domain::{
    certificate::{Certificate, State, order::Step, reissue::REVOCATION_RETRY},
    event::EventKind,
    ports::{AuthorityError, Publish},
    text::Explanation,
};

use super::World;

/// The step that revokes one certificate; `None` when none is due.
pub(super) async fn step(world: &World, certificate: &mut Certificate) -> Option<Step> {
    let now = world.clock.now();
    if !matches!(certificate.attempt, State::Settled(_)) {
        return None;
    }
    let due = certificate.open_revocations().find(|one| one.try_at <= now)?.clone();
    let told = match world.authorities.get(Some(due.authority)) {
        Some(authority) => authority.revoke(&due.leaf).await,
        None => Err(AuthorityError::Account(Explanation::new("it is not configured any more"))),
    };
    let name = due.authority.as_str();
    let event = match told {
        Ok(()) => {
            Some((EventKind::CertificateRevoked, format!("{name} has revoked what was replaced")))
        }
        Err(AuthorityError::Refused(problem)) => {
            let detail = format!("{name} does not revoke what was replaced: {}", problem.message);
            Some((EventKind::RevocationFailed, detail))
        }
        Err(why) => {
            tracing::warn!(certificate.id = %certificate.id, %why, "revocation.postponed");
            None
        }
    };
    match &event {
        Some(_) => certificate.revocations.retain(|one| one.leaf != due.leaf),
        None => {
            let again = certificate.revocations.iter_mut().filter(|one| one.leaf == due.leaf);
            again.for_each(|one| one.try_at = now + REVOCATION_RETRY);
        }
    }
    Some(Step {
        state: certificate.attempt.clone(),
        event: event.map(|(kind, detail)| (kind, Explanation::new(detail))),
        publish: Publish::No,
    })
}
