//! Certificate signing requests that operators take to a CA of their own. The key is made here, sealed, and used by an
//! upload that names the request.

use np_domain::{
    csr::{CSRS_MAX, CsrOwner, CsrTerms, CustomCsr},
    id::{AccountId, CsrId},
    ports::{CsrOrder, CsrRemoval, InsertError, Page, StoreError},
    zone::Zone,
};
use thiserror::Error;

use super::App;
use crate::adapters::keys::{self, KeyError};

/// The vault context of requests' private keys.
pub const CSR_KEY_CONTEXT: &str = "csr-key";

/// Whose requests: an owner in its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Who may use them.
    pub owner: CsrOwner,
    /// The account.
    pub account: AccountId,
}

impl Scope {
    /// Those of an account, for all its zones.
    pub fn account(account: AccountId) -> Self {
        Self { owner: CsrOwner::Account(account), account }
    }

    /// Those of one zone.
    pub fn zone(zone: &Zone) -> Self {
        Self { owner: CsrOwner::Zone(zone.id), account: zone.account }
    }
}

/// Why there is no request to show, or none was made or removed.
#[derive(Debug, Error)]
pub enum CsrFailure {
    /// The owner has none with this id.
    #[error("there is no certificate signing request with this id")]
    Unknown,
    /// A certificate pack uses it.
    #[error("a certificate pack uses it")]
    InUse,
    /// The owner has as many as it may have.
    #[error("there are {CSRS_MAX} certificate signing requests already")]
    QuotaExceeded,
    /// No key or request could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The work on the key ended early: the program is ending.
    #[error("making the key was cut short")]
    CutShort,
    /// Memory did not take it.
    #[error(transparent)]
    Insert(#[from] InsertError),
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key and a request for it.
///
/// # Errors
/// See [`CsrFailure`].
pub async fn create(app: &App, scope: Scope, terms: CsrTerms) -> Result<CustomCsr, CsrFailure> {
    let one = Page { number: 1, size: 1 };
    let (_, count) = app.stores.csrs.list_csrs(scope.owner, CsrOrder::default(), one).await?;
    if count >= CSRS_MAX {
        return Err(CsrFailure::QuotaExceeded);
    }
    let asked = terms.clone();
    // RSA keys take long to find: not on a thread that serves others.
    let made = tokio::task::spawn_blocking(move || keys::custom_request(&asked)).await;
    let made = made.map_err(|_| CsrFailure::CutShort)??;
    let csr = CustomCsr {
        id: app.draws.csr_id(),
        owner: scope.owner,
        account: scope.account,
        terms,
        request: made.csr,
        key: app.vault.seal(CSR_KEY_CONTEXT, &made.key),
        created_at: app.now(),
    };
    app.stores.csrs.insert_csr(&csr).await?;
    Ok(csr)
}

/// One request of an owner.
///
/// # Errors
/// See [`CsrFailure`].
pub async fn find(app: &App, scope: Scope, id: CsrId) -> Result<CustomCsr, CsrFailure> {
    app.stores.csrs.csr(scope.owner, id).await?.ok_or(CsrFailure::Unknown)
}

/// The request that an upload to a zone may use: the zone's own, or one of its account.
///
/// # Errors
/// When memory fails.
pub async fn usable(app: &App, zone: &Zone, id: CsrId) -> Result<Option<CustomCsr>, StoreError> {
    match app.stores.csrs.csr(CsrOwner::Zone(zone.id), id).await? {
        Some(own) => Ok(Some(own)),
        None => app.stores.csrs.csr(CsrOwner::Account(zone.account), id).await,
    }
}

/// Removes a request with its key, unless a certificate pack uses it.
///
/// # Errors
/// See [`CsrFailure`].
pub async fn remove(app: &App, scope: Scope, id: CsrId) -> Result<(), CsrFailure> {
    match app.stores.csrs.remove_csr(scope.owner, id).await? {
        CsrRemoval::Removed => Ok(()),
        CsrRemoval::Unknown => Err(CsrFailure::Unknown),
        CsrRemoval::InUse => Err(CsrFailure::InUse),
    }
}
