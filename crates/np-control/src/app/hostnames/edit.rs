//! Changing a hostname: edits by key, and the restart of its checks (behaviour.md 4.6).

use np_domain::{
    Timestamp,
    certificate::{
        AuthorityName, BundleMethod, Certificate, DcvMethod, IssuedCertificate, Wanted,
        order::{reorder, restart},
        upload::deliver,
    },
    custom_hostname::{CustomHostname, HostnameRecord, Metadata},
    event::{Event, EventKind},
    id::{HostnameId, PackId},
    origin::{CustomOrigin, OriginHost, OriginSni},
    ownership,
    ports::{CertificateChange, HostnameChange, Publish, StoreError},
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
    zone::Zone,
};
use thiserror::Error;

use super::{
    FindError, Upload, UploadError, WantedError, check, event, find,
    upload::{self},
    wanted::check_tls,
};
use crate::app::{App, Terms, race::Race};

/// What to change; what is not named stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// The name that the caller believes it to have: a name cannot be changed.
    pub name: Option<Box<str>>,
    /// Changes of the hostname's own fields, in order.
    pub fields: Vec<FieldEdit>,
    /// Changes of its certificate, or its first certificate.
    pub certificate: Option<CertificateEdit>,
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldEdit {
    /// All metadata.
    Metadata(Metadata),
    /// The custom origin; `None` goes back to the fallback origin.
    OriginServer(Option<OriginHost>),
    /// The SNI towards the custom origin.
    OriginSni(OriginSni),
}

/// Changes of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateEdit {
    /// How control is shown. Naming it restarts the checks, also when it is the same.
    pub method: Option<DcvMethod>,
    /// Whether the type of validation is named, which a first certificate needs.
    pub is_type_named: bool,
    /// Whether `*.hostname` is covered.
    pub wildcard: Option<bool>,
    /// The CA; `Some(None)` is the default one.
    pub authority: Option<Option<AuthorityName>>,
    /// How the chain is built.
    pub bundle: Option<BundleMethod>,
    /// TLS settings, in order.
    pub tls: Vec<TlsEdit>,
    /// Certificates to serve instead of those that there are.
    pub upload: Option<Upload>,
}

/// A change of one TLS setting; `None` goes back to the product's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsEdit {
    /// All of them go back to their defaults.
    Reset,
    /// The oldest version.
    MinVersion(Option<TlsVersion>),
    /// TLS 1.3.
    Tls13(Option<Switch>),
    /// HTTP/2.
    Http2(Option<Switch>),
    /// Early hints.
    EarlyHints(Option<Switch>),
    /// Cipher suites.
    Ciphers(Option<CipherList>),
}

/// Why a hostname was not changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// No such hostname, or memory failed.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Its name cannot be changed.
    #[error("the name of a custom hostname cannot be changed")]
    NameFixed,
    /// A first certificate needs type and method.
    #[error("a first certificate needs both type and method")]
    TypeAndMethodNeeded,
    /// An SNI needs a custom origin.
    #[error("an SNI towards the origin needs a custom origin")]
    SniWithoutOrigin,
    /// The certificate cannot be asked for like this.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// The uploaded certificate is not taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// A certificate for a hostname that has none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCertificate(pub PackId);

impl TlsEdit {
    /// Makes the change.
    pub fn apply(&self, tls: &mut TlsPolicy) {
        match self {
            Self::Reset => *tls = TlsPolicy::default(),
            Self::MinVersion(version) => tls.min_version = *version,
            Self::Tls13(switch) => tls.tls_1_3 = *switch,
            Self::Http2(switch) => tls.http2 = *switch,
            Self::EarlyHints(switch) => tls.early_hints = *switch,
            Self::Ciphers(ciphers) => tls.ciphers = ciphers.clone(),
        }
    }
}

/// Changes a hostname and its certificate in one transaction; a lost race is run again on what won.
///
/// # Errors
/// See [`EditError`].
pub async fn edit(
    app: &App,
    zone: &Zone,
    id: HostnameId,
    edit: &Edit,
) -> Result<HostnameRecord, EditError> {
    let fresh = NewCertificate(app.draws.pack_id());
    let mut race = Race::new();
    loop {
        let record = find(app, zone, id).await?;
        let uploaded = uploaded(app, zone, &record, edit).await?;
        let (hostname, certificate) = decide(record, edit, fresh, uploaded, &app.terms, app.now())?;
        match app.stores.hostnames.save_edit(&hostname, certificate.as_ref()).await {
            Err(StoreError::Stale) => {
                race.lost(app.draws.as_ref()).await.map_err(FindError::from)?;
                continue;
            }
            saved => saved.map_err(FindError::from)?,
        }
        app.journal.note(&hostname.hostname, &hostname.events);
        if let Some(change) = &certificate {
            app.journal.note(&hostname.hostname, &change.events);
        }
        app.bells.ownership.ring();
        app.bells.issuance.ring();
        app.bells.publication.ring();
        app.bells.saved.ring_all();
        return Ok(find(app, zone, id).await?);
    }
}

/// The certificates that an edit brings: newly uploaded ones, or those of before, judged by new terms.
async fn uploaded(
    app: &App,
    zone: &Zone,
    record: &HostnameRecord,
    edit: &Edit,
) -> Result<Option<Vec<IssuedCertificate>>, EditError> {
    let Some(edit) = &edit.certificate else { return Ok(None) };
    let mut wanted = match &record.certificate {
        Some(certificate) => certificate.wanted.clone(),
        None => bare(&app.terms),
    };
    let before = wanted.clone();
    change_wanted(&mut wanted, edit);
    let terms = upload::Terms::of(&record.hostname.name, &wanted);
    if let Some(upload) = &edit.upload {
        return Ok(Some(upload::prepare(app, zone, upload, &terms).await?));
    }
    let is_same = (wanted.bundle, wanted.wildcard) == (before.bundle, before.wildcard);
    match &record.certificate {
        Some(certificate) if certificate.is_uploaded() && edit.method.is_none() && !is_same => {
            Ok(Some(upload::judge_again(app, &certificate.to_serve(), &terms)?))
        }
        _ => Ok(None),
    }
}

/// What an edit leads to. Pure.
fn decide(
    record: HostnameRecord,
    edit: &Edit,
    fresh: NewCertificate,
    uploaded: Option<Vec<IssuedCertificate>>,
    terms: &Terms,
    now: Timestamp,
) -> Result<(HostnameChange, Option<CertificateChange>), EditError> {
    if edit.name.as_ref().is_some_and(|name| !is_name(&record.hostname, name)) {
        return Err(EditError::NameFixed);
    }
    let certificate = match (&edit.certificate, record.certificate) {
        (None, _) => None,
        (Some(edit), Some(current)) => {
            Some(changed_certificate(current, edit, uploaded, terms, now)?)
        }
        (Some(edit), None) => {
            Some(first_certificate(record.hostname.id, edit, fresh, uploaded, terms, now)?)
        }
    };
    let restarts = edit.certificate.as_ref().is_some_and(|edit| edit.method.is_some());
    Ok((changed_hostname(record.hostname, &edit.fields, restarts, now)?, certificate))
}

fn is_name(hostname: &CustomHostname, name: &str) -> bool {
    name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(hostname.name.as_str())
}

fn changed_hostname(
    mut hostname: CustomHostname,
    fields: &[FieldEdit],
    restarts: bool,
    now: Timestamp,
) -> Result<HostnameChange, EditError> {
    let before = hostname.clone();
    for field in fields {
        change_field(&mut hostname, field)?;
    }
    let mut events = vec![event(EventKind::Edited, "asked for by the API", now)];
    if restarts && let Some(verdict) = ownership::restart(&hostname.ownership, now) {
        hostname.ownership = verdict.state;
        let detail = verdict.detail;
        events.extend(verdict.event.map(|kind| Event { at: now, kind, detail }));
    }
    let same = hostname.origin == before.origin
        && hostname.metadata == before.metadata
        && is_told_of(&hostname.ownership) == is_told_of(&before.ownership);
    let publish = if same { Publish::No } else { Publish::Yes };
    Ok(HostnameChange { hostname, events, publish })
}

/// Whether serving nodes know of a hostname in this state of ownership.
fn is_told_of(ownership: &ownership::State) -> bool {
    !matches!(ownership, ownership::State::GivenUp(_) | ownership::State::Leaving(_))
}

fn change_field(hostname: &mut CustomHostname, field: &FieldEdit) -> Result<(), EditError> {
    match field {
        FieldEdit::Metadata(metadata) => hostname.metadata = metadata.clone(),
        FieldEdit::OriginServer(None) => hostname.origin = None,
        FieldEdit::OriginServer(Some(server)) => {
            let sni = hostname.origin.take().map_or(OriginSni::Origin, |origin| origin.sni);
            hostname.origin = Some(CustomOrigin { server: server.clone(), sni });
        }
        FieldEdit::OriginSni(sni) => match (&mut hostname.origin, sni) {
            (Some(origin), _) => origin.sni = sni.clone(),
            (None, OriginSni::Origin) => {}
            (None, OriginSni::Name(_) | OriginSni::RequestHost) => {
                return Err(EditError::SniWithoutOrigin);
            }
        },
    }
    Ok(())
}

fn changed_certificate(
    mut certificate: Certificate,
    edit: &CertificateEdit,
    uploaded: Option<Vec<IssuedCertificate>>,
    terms: &Terms,
    now: Timestamp,
) -> Result<CertificateChange, EditError> {
    let before = certificate.clone();
    let mut events = Vec::new();
    change_wanted(&mut certificate.wanted, edit);
    if let Some(uploaded) = uploaded {
        check_tls(&certificate.wanted.tls)?;
        deliver(&mut certificate, uploaded, now);
        let detail = upload::summary(&certificate.to_serve());
        events.push(event(EventKind::CertificateUploaded, &detail, now));
    } else if certificate.is_uploaded() {
        change_uploaded(&mut certificate, edit, terms, now)?;
    } else {
        check(&certificate.wanted, terms)?;
        change_managed(&mut certificate, &before.wanted, edit, terms, now);
    }
    let same = certificate.wanted.tls == before.wanted.tls
        && certificate.wanted.wildcard == before.wanted.wildcard
        && certificate.open_order() == before.open_order()
        && certificate.to_serve() == before.to_serve();
    let publish = if same { Publish::No } else { Publish::Yes };
    Ok(CertificateChange { certificate, events, publish })
}

/// An edit of one that is obtained from a CA: ordered anew when other terms are asked for, else checked anew when that is.
fn change_managed(
    certificate: &mut Certificate,
    before: &Wanted,
    edit: &CertificateEdit,
    terms: &Terms,
    now: Timestamp,
) {
    if order_terms(&certificate.wanted, terms) != order_terms(before, terms) {
        reorder(certificate, now);
    } else if edit.method.is_some()
        && let Some(attempt) = restart(certificate, now)
    {
        certificate.attempt = attempt;
    }
}

/// An edit without a certificate of one that was uploaded: type and method ask for a managed one, which takes its place once
/// it is deployed; other settings are just changed.
fn change_uploaded(
    certificate: &mut Certificate,
    edit: &CertificateEdit,
    terms: &Terms,
    now: Timestamp,
) -> Result<(), EditError> {
    match (edit.method, edit.is_type_named) {
        (Some(_), true) => {
            check(&certificate.wanted, terms)?;
            reorder(certificate, now);
            Ok(())
        }
        (None, _) if edit.authority.is_none() => Ok(check_tls(&certificate.wanted.tls)?),
        _ => Err(EditError::TypeAndMethodNeeded),
    }
}

/// What is wanted of a certificate of which nothing has been said.
fn bare(terms: &Terms) -> Wanted {
    Wanted {
        method: DcvMethod::Http,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: terms.keys.clone(),
    }
}

/// What an order was placed for: when it changes, the order is of no use. Naming the default CA changes nothing.
fn order_terms(wanted: &Wanted, terms: &Terms) -> (DcvMethod, bool, AuthorityName) {
    (wanted.method, wanted.wildcard, wanted.authority.unwrap_or(terms.default_authority))
}

fn change_wanted(wanted: &mut Wanted, edit: &CertificateEdit) {
    wanted.method = edit.method.unwrap_or(wanted.method);
    wanted.wildcard = edit.wildcard.unwrap_or(wanted.wildcard);
    wanted.authority = edit.authority.unwrap_or(wanted.authority);
    wanted.bundle = edit.bundle.unwrap_or(wanted.bundle);
    edit.tls.iter().for_each(|tls| tls.apply(&mut wanted.tls));
}

fn first_certificate(
    hostname: HostnameId,
    edit: &CertificateEdit,
    fresh: NewCertificate,
    uploaded: Option<Vec<IssuedCertificate>>,
    terms: &Terms,
    now: Timestamp,
) -> Result<CertificateChange, EditError> {
    let mut wanted = bare(terms);
    change_wanted(&mut wanted, edit);
    if let Some(uploaded) = uploaded {
        check_tls(&wanted.tls)?;
        let certificate = Certificate::uploaded(fresh.0, hostname, wanted, uploaded, now);
        let detail = upload::summary(&certificate.to_serve());
        let events = vec![event(EventKind::CertificateUploaded, &detail, now)];
        return Ok(CertificateChange { certificate, events, publish: Publish::Yes });
    }
    if edit.method.is_none() || !edit.is_type_named {
        return Err(EditError::TypeAndMethodNeeded);
    }
    check(&wanted, terms)?;
    let certificate = Certificate::new(fresh.0, hostname, wanted, now);
    Ok(CertificateChange { certificate, events: Vec::new(), publish: Publish::Yes })
}

#[cfg(test)]
mod tests;
