//! From what a CA has issued to what is served, and when that is to be renewed.

use std::{collections::BTreeSet, time::Duration};

use super::{DEPLOYMENT_LOOK, Step, fresh, obtained, renew_at};
use crate::{
    Timestamp,
    certificate::{
        Active, AuthorityName, Certificate, Issued, IssuedCertificate, KeyType, Origin, Settled,
        State, Tries,
        renewal::{self, Advice},
    },
    event::EventKind,
    id::CertificateId,
    ports::Publish,
};

/// The certificate is here, judged fit: serving nodes shall have it.
pub fn issued(certificate: IssuedCertificate, now: Timestamp) -> Step {
    let facts = certificate.chain.facts();
    let detail =
        format!("by {}, serial {}, until {}", facts.issuer, facts.serial, facts.not_after.date());
    let state = State::Issued(Issued { certificate, since: now, next_check: now });
    Step::told(state, EventKind::CertificateIssued, detail, Publish::Yes)
}

/// Not all live serving nodes have it yet.
pub fn undeployed(issued: &Issued, now: Timestamp) -> Step {
    let age = (now - issued.since).unsigned_abs();
    let wait = age.clamp(DEPLOYMENT_LOOK, Duration::from_secs(60));
    Step::quiet(State::Issued(Issued { next_check: now + wait, ..issued.clone() }))
}

/// All live serving nodes have it: it takes the place of the one that it renews. The next wanted kind of key follows, or
/// the certificate is settled until a renewal is due.
pub fn deployed(certificate: &mut Certificate, now: Timestamp) -> Option<Step> {
    let serial = activate_issued(certificate, now)?.chain.facts().serial.clone();
    let mut publish = Publish::No;
    let state = match unfit_key(certificate) {
        Some(key_type) => fresh(key_type, Tries::new(now), now),
        None => {
            // What was uploaded, or stood in, has served until here.
            let served = certificate.active.len();
            certificate.active.retain(|active| active.issued.origin.is_obtained());
            if certificate.active.len() < served {
                publish = Publish::Yes;
            }
            let ask_at = obtained(certificate).next().map(|_| now);
            State::Settled(Settled { renew_at: renew_at(certificate, now), ask_at })
        }
    };
    let detail = format!("confirmed by the live nodes, serial {serial}");
    Some(Step::told(state, EventKind::CertificateDeployed, detail, publish))
}

/// Moves an issued certificate to those that are active, in the place of the one with its kind of key.
pub(super) fn activate_issued(
    certificate: &mut Certificate,
    now: Timestamp,
) -> Option<IssuedCertificate> {
    let State::Issued(issued) = &certificate.attempt else { return None };
    let issued = issued.certificate.clone();
    certificate.active.retain(|old| old.issued.key_type.kind() != issued.key_type.kind());
    let active = Active { issued: issued.clone(), deployed_at: now, suggestion: None };
    certificate.active.push(active);
    Some(issued)
}

/// What a CA answered when it was asked when to renew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Then.
    Advised(Advice),
    /// It did not answer.
    Failed,
    /// It does not say such things.
    Silent,
}

/// The CAs were asked when to renew what is active: the renewal begins as they say. Those that did not answer keep their last
/// word.
pub fn advised(
    certificate: &mut Certificate,
    answers: &[(CertificateId, Answer)],
    now: Timestamp,
) -> Step {
    let mut ask_at: Option<Timestamp> = None;
    let mut ask = |at: Timestamp| ask_at = Some(ask_at.map_or(at, |soonest| soonest.min(at)));
    for (id, answer) in answers {
        match answer {
            Answer::Advised(advice) => ask(renewal::ask_at(advice.ask_after, now)),
            Answer::Failed => ask(renewal::ask_at(None, now)),
            Answer::Silent => {}
        }
        let Some(active) = certificate.active.iter_mut().find(|a| a.issued.id == *id) else {
            continue;
        };
        match answer {
            Answer::Advised(advice) => active.suggestion = Some(advice.suggestion.clone()),
            Answer::Failed => {}
            Answer::Silent => active.suggestion = None,
        }
    }
    Step::quiet(State::Settled(Settled { renew_at: renew_at(certificate, now), ask_at }))
}

/// The certificate of `authority` that an order for this kind of key renews there.
pub fn replaced(
    certificate: &Certificate,
    key_type: KeyType,
    authority: AuthorityName,
) -> Option<&IssuedCertificate> {
    let mut active = certificate.active.iter().map(|active| &active.issued);
    active.find(|one| {
        one.key_type.kind() == key_type.kind() && one.origin == Origin::Authority(authority)
    })
}

/// A wanted kind of key that has no certificate like the newest one: none at all, or one from before the names or the CA
/// were changed. That another CA has stood in for the one that is wanted makes none unfit: the next renewal mends that.
fn unfit_key(certificate: &Certificate) -> Option<KeyType> {
    let newest = &certificate.active.last()?.issued;
    let names = |issued: &IssuedCertificate| {
        issued
            .chain
            .facts()
            .names
            .iter()
            .map(|name| name.as_str().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let chosen = certificate.wanted.authority.map(Origin::Authority);
    let is_chosen = |one: &IssuedCertificate| chosen.as_ref() == Some(&one.origin);
    let fits = |key: KeyType| {
        let mut active = certificate.active.iter().map(|active| &active.issued);
        active.any(|one| {
            one.key_type == key
                && one.origin.is_obtained()
                && (is_chosen(one) || !is_chosen(newest))
                && names(one) == names(newest)
        })
    };
    certificate.wanted.keys.iter().copied().find(|key| !fits(*key))
}
