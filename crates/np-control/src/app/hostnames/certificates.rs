//! Single certificates of a hostname's pack: one of two is replaced or removed (behaviour.md 4.3). Only uploaded ones are
//! anybody's to change.

use np_domain::{
    certificate::{Certificate, IssuedCertificate, upload::deliver},
    custom_hostname::HostnameRecord,
    event::EventKind,
    id::{CertificateId, HostnameId, PackId},
    ports::{CertificateChange, HostnameChange, Publish, StoreError},
    zone::Zone,
};
use thiserror::Error;

use super::{FindError, UploadError, UploadedPair, event, find, upload};
use crate::app::{App, race::Race};

/// Which certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificatePath {
    /// The hostname.
    pub hostname: HostnameId,
    /// Its pack.
    pub pack: PackId,
    /// The certificate in the pack.
    pub certificate: CertificateId,
}

/// Why a certificate was not replaced or removed.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// No such hostname, or memory failed.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The hostname has no such pack, or the pack no such certificate.
    #[error("there is no such certificate")]
    Unknown,
    /// It comes from a CA that we ask.
    #[error("the certificate was not uploaded")]
    Managed,
    /// The pack would be empty.
    #[error("it is the last certificate of its pack")]
    Last,
    /// The new one has a key of the other kind.
    #[error("the new certificate has a key of another kind")]
    OtherKind(KeyKinds),
    /// The new one is not taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// The kinds of key of the certificate that is there and of the new one, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyKinds {
    /// Of the one that is there.
    pub old: &'static str,
    /// Of the new one.
    pub new: &'static str,
}

/// Replaces one certificate by one with a key of the same kind.
///
/// # Errors
/// See [`CertificateError`].
pub async fn replace_certificate(
    app: &App,
    zone: &Zone,
    path: CertificatePath,
    pair: &UploadedPair,
) -> Result<HostnameRecord, CertificateError> {
    let mut race = Race::new();
    loop {
        let record = find(app, zone, path.hostname).await?;
        let certificate = uploaded(&record, path)?;
        let terms = upload::Terms::of(&record.hostname.name, &certificate.wanted);
        let new = upload::prepare_one(app, zone, pair, &terms).await?;
        let replaced = replaced(certificate, path.certificate, new)?;
        match save(app, &record, certificate.clone(), replaced).await {
            Err(StoreError::Stale) => {
                race.lost(app.draws.as_ref()).await.map_err(FindError::from)?;
            }
            saved => {
                saved.map_err(FindError::from)?;
                return Ok(find(app, zone, path.hostname).await?);
            }
        }
    }
}

/// Removes one certificate of two.
///
/// # Errors
/// See [`CertificateError`].
pub async fn remove_certificate(
    app: &App,
    zone: &Zone,
    path: CertificatePath,
) -> Result<(), CertificateError> {
    let mut race = Race::new();
    loop {
        let record = find(app, zone, path.hostname).await?;
        let certificate = uploaded(&record, path)?;
        let mut left: Vec<_> = certificate.to_serve().into_iter().cloned().collect();
        left.retain(|one| one.id != path.certificate);
        if left.is_empty() {
            return Err(CertificateError::Last);
        }
        match save(app, &record, certificate.clone(), left).await {
            Err(StoreError::Stale) => {
                race.lost(app.draws.as_ref()).await.map_err(FindError::from)?;
            }
            saved => return Ok(saved.map_err(FindError::from)?),
        }
    }
}

/// The pack of the path, if it is uploaded and has the certificate.
fn uploaded(
    record: &HostnameRecord,
    path: CertificatePath,
) -> Result<&Certificate, CertificateError> {
    let certificate = record.certificate.as_ref().filter(|pack| pack.id == path.pack);
    let certificate = certificate.ok_or(CertificateError::Unknown)?;
    let active = certificate.active.iter().map(|active| &active.issued);
    if !certificate.to_serve().into_iter().chain(active).any(|one| one.id == path.certificate) {
        return Err(CertificateError::Unknown);
    }
    match certificate.is_uploaded() {
        true => Ok(certificate),
        false => Err(CertificateError::Managed),
    }
}

/// What is served, with `new` in the place of the one with the id.
fn replaced(
    certificate: &Certificate,
    id: CertificateId,
    new: IssuedCertificate,
) -> Result<Vec<IssuedCertificate>, CertificateError> {
    let mut all: Vec<_> = certificate.to_serve().into_iter().cloned().collect();
    let old = all.iter_mut().find(|one| one.id == id).ok_or(CertificateError::Unknown)?;
    let (was, is) = (old.key_type.kind(), new.key_type.kind());
    if was != is {
        let kinds = KeyKinds { old: was.as_str(), new: is.as_str() };
        return Err(CertificateError::OtherKind(kinds));
    }
    *old = new;
    Ok(all)
}

async fn save(
    app: &App,
    record: &HostnameRecord,
    mut certificate: Certificate,
    certificates: Vec<IssuedCertificate>,
) -> Result<(), StoreError> {
    let now = app.now();
    deliver(&mut certificate, certificates, now);
    let detail = upload::summary(&certificate.to_serve());
    let edited = event(EventKind::Edited, "asked for by the API", now);
    let hostname = HostnameChange {
        hostname: record.hostname.clone(),
        events: vec![edited],
        publish: Publish::No,
    };
    let events = vec![event(EventKind::CertificateUploaded, &detail, now)];
    let change = CertificateChange { certificate, events, publish: Publish::Yes };
    app.stores.hostnames.save_edit(&hostname, Some(&change)).await?;
    app.journal.note(&hostname.hostname, &hostname.events);
    app.journal.note(&hostname.hostname, &change.events);
    app.bells.issuance.ring();
    app.bells.publication.ring();
    app.bells.saved.ring_all();
    Ok(())
}
