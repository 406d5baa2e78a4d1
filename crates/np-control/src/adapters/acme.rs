//! A CA that speaks ACME (RFC 8555), through instant-acme, which only this folder knows.
//!
//! Each step is an exchange or a few and never waits for the CA to make up its mind: the attempt at a certificate lives in
//! the store, and the order is found again by its URL, so that any process can take the next step. [`client`] is how
//! the CA is reached, [`account`] who we are there, [`challenges`] what it wants to see, [`problem`] what its refusals mean. What instant-acme does not ask, or not
//! as we need it, is in [`jws`], [`new_order`], [`key_change`] and [`renewal_info`].

mod account;
mod challenges;
mod client;
mod jws;
mod key_change;
mod new_order;
mod problem;
mod renewal_info;
mod txt;

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use instant_acme::{
    Error, Order as PlacedOrder, OrderStatus as CaStatus, RevocationReason, RevocationRequest,
};
use np_domain::{
    authority::Limits,
    certificate::{Actor, AuthorityName, Order, Problem, TxtChallenge, renewal::Advice},
    diagnosis::Issuer,
    ports::{Authority, AuthorityError, OrderStatus, OrderTerms, SecretStore, Vault},
    secret::SecretBytes,
    text::Explanation,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use thiserror::Error;

pub use self::account::Rolled;
use self::{
    account::{AccountKeeper, Held},
    new_order::{Placed, Wish},
    txt::TxtTerms,
};

/// How often a step begins anew when the CA keeps refusing nonces; the library itself has tried three times by then.
const NONCE_ROUNDS_MAX: usize = 10;

/// A CA and who we are there.
#[derive(Debug, Clone)]
pub struct AcmeSettings {
    /// Which of the API's CAs it stands for.
    pub name: AuthorityName,
    /// Where its directory is, with `https`.
    pub directory_url: String,
    /// E-mail addresses for the account.
    pub contacts: Vec<String>,
    /// What ties the account to one that the CA knows already (RFC 8555 section 7.3.4).
    pub external_account: Option<ExternalAccount>,
    /// The profile of certificates to ask for.
    pub profile: Option<String>,
    /// Which challenge TXT records answer.
    pub txt: TxtChallenge,
    /// How often it may be asked.
    pub limits: Limits,
    /// The only root to trust for the CA's own HTTPS, in PEM: for test and private CAs. `None`: the system's roots.
    pub root_pem: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl AcmeSettings {
    /// A public CA without external account, contacts, profile or limits.
    pub fn new(name: AuthorityName, directory_url: impl Into<String>) -> Self {
        Self {
            name,
            directory_url: directory_url.into(),
            contacts: Vec::new(),
            external_account: None,
            profile: None,
            txt: TxtChallenge::default(),
            limits: Limits::NONE,
            root_pem: None,
            timeout: Duration::from_secs(30),
        }
    }
}

/// External account binding.
#[derive(Debug, Clone)]
pub struct ExternalAccount {
    /// The key's id.
    pub key_id: String,
    /// The key itself, decoded.
    pub hmac_key: SecretBytes,
}

/// Why a CA cannot be set up.
#[derive(Debug, Error)]
pub enum AcmeSetupError {
    /// `root_pem` is no certificate.
    #[error("the root certificate for {0} cannot be used; it must be one certificate in PEM")]
    Root(&'static str),
    /// There are no roots to trust.
    #[error("no root certificates of the system can be used; install ca-certificates")]
    SystemRoots(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// Asks the CA of `settings` for its directory: whether it can be reached at all.
///
/// # Errors
/// When its HTTPS cannot be trusted or set up, or it does not answer as an ACME CA in time.
pub async fn reach(settings: &AcmeSettings) -> Result<(), UnreachableError> {
    let client = client::CaClient::new(settings)?;
    client.directory().await.map(|_| ()).map_err(UnreachableError::Exchange)
}

/// Why a CA cannot be reached.
#[derive(Debug, Error)]
pub enum UnreachableError {
    /// It cannot be spoken to at all.
    #[error(transparent)]
    Setup(#[from] AcmeSetupError),
    /// It does not answer, or not as a CA.
    #[error("its directory cannot be had")]
    Exchange(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A CA that speaks ACME.
pub struct AcmeAuthority {
    name: AuthorityName,
    profile: Option<String>,
    txt: TxtChallenge,
    limits: Limits,
    client: client::CaClient,
    account: AccountKeeper,
}

/// A step ended without result: an answer of the CA that must yet be understood, or a verdict.
enum Stop {
    Ca(Error),
    Verdict(AuthorityError),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Ca(error)
    }
}

impl From<AuthorityError> for Stop {
    fn from(error: AuthorityError) -> Self {
        Self::Verdict(error)
    }
}

#[async_trait]
impl Authority for AcmeAuthority {
    fn name(&self) -> AuthorityName {
        self.name
    }

    fn issuer(&self) -> Issuer {
        let account = self.account.uri();
        let label = account.as_ref().map(|uri| Explanation::new(txt::account_label(uri.as_str())));
        Issuer::public(self.name, account).with_txt(self.txt, label)
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        let meaning = match terms.replaces {
            Some(_) => problem::of_replacing_order,
            None => problem::of_new_order,
        };
        self.step(|held| self.try_place(held, terms), meaning).await
    }

    async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        self.step(|held| try_tell(held, order), problem::of_known_order).await
    }

    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        let poll = async |held: Arc<Held>| status(&mut placed(&held, order).await?).await;
        self.step(poll, problem::of_known_order).await
    }

    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        self.step(|held| try_finalize(held, order, csr_der), problem::of_known_order).await
    }

    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        self.step(|held| try_fetch(held, order), problem::of_known_order).await
    }

    async fn revoke(&self, leaf_der: &[u8]) -> Result<(), AuthorityError> {
        self.step(|held| try_revoke(held, leaf_der), problem::of_new_order).await
    }

    async fn renewal_advice(&self, leaf_der: &[u8]) -> Result<Option<Advice>, AuthorityError> {
        // Nothing is signed: it is asked without an account too.
        renewal_info::ask(&self.client, leaf_der).await.map_err(problem::of_new_order)
    }
}

impl AcmeAuthority {
    /// The CA of `settings`. Nothing is asked of it yet: the account is made, or found in `secrets`, at the first step.
    ///
    /// # Errors
    /// When its HTTPS cannot be trusted.
    pub fn new(
        settings: AcmeSettings,
        secrets: Arc<dyn SecretStore>,
        vault: Arc<dyn Vault>,
    ) -> Result<Self, AcmeSetupError> {
        let client = client::CaClient::new(&settings)?;
        let AcmeSettings { name, txt, limits, .. } = settings;
        let profile = settings.profile.clone();
        let account = AccountKeeper::new(settings, client.clone(), secrets, vault);
        Ok(Self { name, profile, txt, limits, client, account })
    }

    /// Gives our account another key. May be interrupted at any point and called again; processes that use the account go on
    /// with the new key by themselves.
    ///
    /// # Errors
    /// When the CA or the store cannot be reached, or the CA refuses.
    pub async fn roll_account_key(&self) -> Result<Rolled, AuthorityError> {
        self.account.roll().await
    }

    /// Takes a step; once more if the CA refuses because the account that is held is out of date. `meaning` turns other refusals
    /// into verdicts.
    async fn step<T, F: Future<Output = Result<T, Stop>>>(
        &self,
        take: impl Fn(Arc<Held>) -> F,
        meaning: fn(Error) -> AuthorityError,
    ) -> Result<T, AuthorityError> {
        let held = self.account.held().await?;
        let stop = match persistently(|| take(held.clone())).await {
            Ok(done) => return Ok(done),
            Err(stop) => stop,
        };
        let doubt = match &stop {
            Stop::Ca(Error::Api(problem)) => problem::doubt(problem),
            _ => None,
        };
        let other = match doubt {
            Some(doubt) => self.account.instead_of(&held, doubt).await?,
            None => None,
        };
        match other {
            Some(other) => {
                persistently(|| take(other.clone())).await.map_err(|stop| stop.verdict(meaning))
            }
            None => Err(stop.verdict(meaning)),
        }
    }

    async fn try_place(&self, held: Arc<Held>, terms: &OrderTerms) -> Result<Order, Stop> {
        let Placed { url, expires_at, is_renewal } = self.try_order(&held, terms).await?;
        let mut placed = held.account.order(url).await?;
        let url = Explanation::new(placed.url());
        let mut controls = Vec::with_capacity(terms.names.len());
        let account = held.account.id();
        let asked = TxtTerms { challenge: self.txt, account, keeper: &self.account };
        let mut authorizations = placed.authorizations();
        while let Some(authorization) = authorizations.next().await {
            controls.push(challenges::control(&mut authorization?, terms, &asked)?);
        }
        let (authority, key_type) = (self.name, terms.key_type);
        Ok(Order { authority, url, key_type, controls, expires_at, is_renewal })
    }

    async fn try_order(&self, held: &Held, terms: &OrderTerms) -> Result<Placed, Stop> {
        let replaces = match &terms.replaces {
            Some(leaf) => Some(self.replaced_id(leaf).await?),
            None => None,
        };
        let names = terms.names.iter().map(ToString::to_string).collect();
        let (profile, not_after) = (self.profile.as_deref(), terms.not_after);
        let wish = Wish { names, profile, not_after, replaces };
        Ok(new_order::place(&self.client, &held.signer, wish).await?)
    }

    /// The id of what is renewed, for a CA that wants to know it.
    async fn replaced_id(&self, leaf_der: &[u8]) -> Result<String, Stop> {
        let directory = self.client.directory().await.map_err(Error::Other)?;
        let id = directory.renewal_info.as_ref().and(renewal_info::certificate_id(leaf_der));
        let words = "it does not ask what an order renews";
        Ok(id.ok_or_else(|| AuthorityError::NotReplaceable(Explanation::new(words)))?)
    }
}

impl Stop {
    fn verdict(self, meaning: fn(Error) -> AuthorityError) -> AuthorityError {
        match self {
            Self::Ca(error) => meaning(error),
            Self::Verdict(verdict) => verdict,
        }
    }
}

async fn try_revoke(held: Arc<Held>, leaf_der: &[u8]) -> Result<(), Stop> {
    let certificate = CertificateDer::from(leaf_der);
    let request =
        RevocationRequest { certificate: &certificate, reason: Some(RevocationReason::Superseded) };
    match held.account.revoke(&request).await {
        Err(Error::Api(why)) if problem::is_revoked_already(&why) => Ok(()),
        other => Ok(other?),
    }
}

async fn try_tell(held: Arc<Held>, order: &Order) -> Result<(), Stop> {
    let mut placed = placed(&held, order).await?;
    if placed.state().status != CaStatus::Pending {
        return Ok(());
    }
    match challenges::tell_pending(&mut placed, order).await {
        Err(Stop::Ca(Error::Api(problem))) if !problem::is_bad_nonce(&problem) => {
            // Somebody else of us may have told it at the same moment, and it may have decided since.
            let mut placed = self::placed(&held, order).await?;
            match placed.state().status {
                CaStatus::Pending => challenges::tell_pending(&mut placed, order).await,
                _ => Ok(()),
            }
        }
        other => other,
    }
}

async fn try_finalize(held: Arc<Held>, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, Stop> {
    let mut placed = placed(&held, order).await?;
    if placed.state().status == CaStatus::Ready {
        placed.finalize_csr(csr_der).await?;
    }
    status(&mut placed).await
}

async fn try_fetch(held: Arc<Held>, order: &Order) -> Result<Vec<Box<[u8]>>, Stop> {
    let mut placed = placed(&held, order).await?;
    if !matches!(placed.state().status, CaStatus::Valid | CaStatus::Processing) {
        return Err(AuthorityError::OrderGone.into());
    }
    let still = || {
        let words = "the certificate is still being made";
        AuthorityError::Unreachable(Explanation::new(words))
    };
    let pem = placed.certificate().await?.ok_or_else(still)?;
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
    let chain: Result<Vec<_>, _> = chain.map(|der| der.map(|der| der.as_ref().into())).collect();
    chain.map_err(|_| AuthorityError::Unreachable(Explanation::new("the chain is not PEM")).into())
}

/// The order as it stands at the CA now.
async fn placed(held: &Held, order: &Order) -> Result<PlacedOrder, Stop> {
    Ok(held.account.order(order.url.as_str().to_owned()).await?)
}

/// Takes a step, and again as long as the CA refuses the nonce.
async fn persistently<T, F: Future<Output = Result<T, Stop>>>(
    step: impl Fn() -> F,
) -> Result<T, Stop> {
    let mut rounds = 1;
    loop {
        match step().await {
            Err(Stop::Ca(Error::Api(problem)))
                if problem::is_bad_nonce(&problem) && rounds < NONCE_ROUNDS_MAX =>
            {
                rounds += 1;
            }
            ended => return ended,
        }
    }
}

/// Where the order stands, with the reasons if it failed.
async fn status(placed: &mut PlacedOrder) -> Result<OrderStatus, Stop> {
    Ok(match placed.state().status {
        CaStatus::Pending => OrderStatus::Pending,
        CaStatus::Ready => OrderStatus::Ready,
        CaStatus::Processing => OrderStatus::Processing,
        CaStatus::Valid => OrderStatus::Valid,
        CaStatus::Invalid => failed(placed).await?,
    })
}

/// Why the order failed: the errors of its challenges, else its own.
async fn failed(placed: &mut PlacedOrder) -> Result<OrderStatus, Stop> {
    let own = placed.state().error.clone();
    let mut is_caa = own.as_ref().is_some_and(problem::is_caa);
    let mut reasons = Vec::new();
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization?;
        for error in authorization.challenges.iter().filter_map(|c| c.error.as_ref()) {
            is_caa |= problem::is_caa(error);
            reasons.extend(problem::explain_all(error));
        }
    }
    if reasons.is_empty() {
        reasons.extend(own.iter().flat_map(problem::explain_all));
    }
    if reasons.is_empty() {
        let message = Explanation::new("the order ended without a reason; it may have expired");
        reasons.push(Problem { actor: Actor::Authority, message });
    }
    Ok(if is_caa { OrderStatus::Forbidden(reasons) } else { OrderStatus::Invalid(reasons) })
}
