//! Validation again, at once or by another method: of a zone's packs, and of a custom hostname's certificate when the id is
//! of one (behaviour.md 3.3, 3.7).

use np_domain::{
    certificate::{Certificate, DcvMethod, Wanted, order::reorder},
    event::EventKind,
    id::PackId,
    ports::{Publish, StoreError},
    zone::Zone,
};
use thiserror::Error;

use super::{FindPackError, change, find, recheck};
use crate::app::{
    App,
    hostnames::{self, CertificateEdit, Edit, EditError, WantedError, check},
};

/// A certificate whose validation was asked for again.
#[derive(Debug)]
pub struct Verified {
    /// As it is now.
    pub certificate: Certificate,
}

/// Why nothing is validated.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// No pack, and no certificate of a custom hostname, has this id in this zone.
    #[error(transparent)]
    Find(#[from] FindPackError),
    /// The pack covers a wildcard, which cannot be shown by this method.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// The custom hostname's certificate cannot be asked for like this.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        Self::Find(error.into())
    }
}

/// Begins the checks anew with this method: at once when it is the same, with a new order when it is another. A certificate
/// that is served goes on being served; another method for it is used from the next renewal on.
///
/// # Errors
/// See [`VerifyError`].
pub async fn verify(
    app: &App,
    zone: &Zone,
    id: PackId,
    method: DcvMethod,
) -> Result<Verified, VerifyError> {
    let record = match find(app, zone, id).await {
        Err(FindPackError::Unknown) => return verify_hostname(app, zone, id, method).await,
        found => found?,
    };
    check(&Wanted { method, ..record.certificate.wanted }, &app.terms)?;
    change(app, zone, id, EventKind::PackEdited, |record| {
        let is_other = record.certificate.wanted.method != method;
        record.certificate.wanted.method = method;
        match is_other && !is_settled(&record.certificate) {
            true => {
                reorder(&mut record.certificate, app.now());
                Publish::Yes
            }
            false => recheck(app, record),
        }
    })
    .await?;
    Ok(Verified { certificate: find(app, zone, id).await?.certificate })
}

fn is_settled(certificate: &Certificate) -> bool {
    matches!(certificate.attempt, np_domain::certificate::State::Settled(_))
}

async fn verify_hostname(
    app: &App,
    zone: &Zone,
    id: PackId,
    method: DcvMethod,
) -> Result<Verified, VerifyError> {
    let found = app.stores.certificates.hostname_of(zone.id, id).await?;
    let hostname = found.ok_or(FindPackError::Unknown)?.hostname;
    let certificate =
        CertificateEdit { method: Some(method), is_type_named: true, ..CertificateEdit::default() };
    let edit = Edit { certificate: Some(certificate), ..Edit::default() };
    let record = hostnames::edit(app, zone, hostname.id, &edit).await?;
    let certificate = record.certificate.ok_or(FindPackError::Unknown)?;
    Ok(Verified { certificate })
}

/// Begins the checks of all packs of a zone anew that do not have their certificates yet.
///
/// # Errors
/// When memory fails.
pub async fn recheck_all(app: &App, zone: &Zone) -> Result<(), StoreError> {
    for record in app.stores.packs.packs(zone.id).await? {
        if is_settled(&record.certificate) {
            continue;
        }
        let again = change(app, zone, record.pack.id, EventKind::PackEdited, |r| recheck(app, r));
        match again.await {
            Ok(()) | Err(FindPackError::Unknown) => {}
            Err(FindPackError::Store(error)) => return Err(error),
        }
    }
    Ok(())
}
