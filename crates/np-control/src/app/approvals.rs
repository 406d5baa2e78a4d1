//! What the page does that links in mails lead to: shows what is asked, and takes the approval. Opening a link changes
//! nothing, because mail scanners open them all.

use np_domain::{
    approval::Approval,
    certificate::{CertificateRecord, Holder, ValidationAddress, order},
    event::{Event, EventKind},
    ports::{CertificateChange, Hold, Publish, StoreError},
    text::Explanation,
};

use super::{App, race::Race};
use crate::adapters::approval_desk::link_hash;

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is asked for.
    pub approval: Approval,
    /// To whom the link was sent.
    pub address: ValidationAddress,
}

/// What came of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was given now.
    Given(Asked),
    /// It had been given before.
    Before(Asked),
    /// Its time is over.
    Ended(Asked),
    /// No such link, or a newer mail took its place.
    Unknown,
}

/// What the link with this secret asks for.
///
/// # Errors
/// When memory fails.
pub async fn asked(app: &App, secret: &str) -> Result<Option<Asked>, StoreError> {
    let found = app.stores.approvals.approval_by_link(&link_hash(secret)).await?;
    Ok(found.map(|(approval, address)| Asked { approval, address }))
}

/// Takes an approval, once, and has it looked at by whoever waits for it.
///
/// # Errors
/// When memory fails.
pub async fn approve(app: &App, secret: &str) -> Result<Outcome, StoreError> {
    let Some(known) = asked(app, secret).await? else { return Ok(Outcome::Unknown) };
    if app.stores.approvals.give_approval(&link_hash(secret), app.now()).await? {
        hasten(app, &known).await?;
        return Ok(Outcome::Given(known));
    }
    // What is known may be older than the approval that another link gave.
    Ok(match asked(app, secret).await? {
        None => Outcome::Unknown,
        Some(newer) if newer.approval.given.is_some() => Outcome::Before(newer),
        Some(newer) => Outcome::Ended(newer),
    })
}

/// Makes the certificate due now. Should this fail or be lost in a crash, it is looked at on its schedule all the same.
async fn hasten(app: &App, asked: &Asked) -> Result<(), StoreError> {
    let mut race = Race::new();
    loop {
        let Some(waiting) = waiting(app, asked).await? else { return Ok(()) };
        let CertificateRecord { holder, mut certificate } = waiting;
        let Some(attempt) = order::hasten(&certificate, app.now()) else { return Ok(()) };
        certificate.attempt = attempt;
        let events = vec![approved(app, asked)];
        let change = CertificateChange { certificate, events, publish: Publish::No };
        match app.stores.certificates.save_certificate(&change, &Hold::Release).await {
            Err(StoreError::Stale) => race.lost(app.draws.as_ref()).await?,
            saved => {
                saved?;
                app.journal.note_certificate(&holder, &change.events);
                app.bells.issuance.ring();
                return Ok(());
            }
        }
    }
}

/// The certificate whose order was approved, if the order is still open.
async fn waiting(app: &App, asked: &Asked) -> Result<Option<CertificateRecord>, StoreError> {
    let Approval { zone, certificate: id, order, .. } = &asked.approval;
    let found = match app.stores.certificates.hostname_of(*zone, *id).await? {
        Some(record) => record.certificate.zip(Some(Holder::Hostname(record.hostname))),
        None => {
            let pack = app.stores.packs.pack(*zone, *id).await?;
            pack.map(|record| (record.certificate, Holder::Pack(record.pack)))
        }
    };
    let record = found.map(|(certificate, holder)| CertificateRecord { holder, certificate });
    let is_open = |record: &CertificateRecord| {
        record.certificate.open_order().is_some_and(|open| open.url == *order)
    };
    Ok(record.filter(is_open))
}

fn approved(app: &App, asked: &Asked) -> Event {
    let detail = format!("by the link that was sent to {}", asked.address);
    Event { at: app.now(), kind: EventKind::ControlApproved, detail: Explanation::new(detail) }
}
