//! A CA that speaks ACME (RFC 8555), through instant-acme, which only this folder knows.
//!
//! Each step is an exchange or a few and never waits for the CA to make up its mind: the attempt at a certificate lives in
//! the store, and the order is found again by its URL, so that any process can take the next step. [`client`] is how
//! the CA is reached, [`account`] who we are there, [`problem`] what its refusals mean.

mod account;
mod client;
mod new_order;
mod problem;
mod txt;

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use instant_acme::{
    AuthorizationHandle, AuthorizationStatus, ChallengeStatus, ChallengeType, Error, Identifier,
    NewOrder, Order as PlacedOrder, OrderStatus as CaStatus, RevocationReason, RevocationRequest,
};
use np_domain::{
    certificate::{
        Actor, AuthorityName, CertName, Control, ControlProof, DcvMethod, Order, Problem,
        TxtChallenge,
    },
    diagnosis::Issuer,
    ports::{Authority, AuthorityError, OrderStatus, OrderTerms, SecretStore, Vault},
    secret::SecretBytes,
    text::Explanation,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use thiserror::Error;

use self::{account::AccountKeeper, new_order::Wish, txt::TxtTerms};

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
    /// The only root to trust for the CA's own HTTPS, in PEM: for test and private CAs. `None`: the system's roots.
    pub root_pem: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl AcmeSettings {
    /// A public CA without external account, contacts or profile.
    pub fn new(name: AuthorityName, directory_url: impl Into<String>) -> Self {
        Self {
            name,
            directory_url: directory_url.into(),
            contacts: Vec::new(),
            external_account: None,
            profile: None,
            txt: TxtChallenge::default(),
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
    let directory = client.directory(&settings.directory_url).await;
    directory.map(|_| ()).map_err(UnreachableError::Exchange)
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

    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        persistently(|| self.try_place(terms), problem::of_new_order).await
    }

    async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        persistently(|| self.try_tell(order), problem::of_known_order).await
    }

    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        let poll = async || status(&mut self.placed(order).await?).await;
        persistently(poll, problem::of_known_order).await
    }

    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        persistently(|| self.try_finalize(order, csr_der), problem::of_known_order).await
    }

    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        persistently(|| self.try_fetch(order), problem::of_known_order).await
    }

    async fn revoke(&self, leaf_der: &[u8]) -> Result<(), AuthorityError> {
        persistently(|| self.try_revoke(leaf_der), problem::of_new_order).await
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
        let (name, profile, txt) = (settings.name, settings.profile.clone(), settings.txt);
        Ok(Self {
            name,
            profile,
            txt,
            account: AccountKeeper::new(settings, client, secrets, vault),
        })
    }

    async fn try_revoke(&self, leaf_der: &[u8]) -> Result<(), Stop> {
        let certificate = CertificateDer::from(leaf_der);
        let request = RevocationRequest {
            certificate: &certificate,
            reason: Some(RevocationReason::Superseded),
        };
        match self.account.account().await?.revoke(&request).await {
            Err(Error::Api(why)) if problem::is_revoked_already(&why) => Ok(()),
            other => Ok(other?),
        }
    }

    async fn try_place(&self, terms: &OrderTerms) -> Result<Order, Stop> {
        let account = self.account.account().await?;
        let identifiers: Vec<_> =
            terms.names.iter().map(|name| Identifier::Dns(name.to_string())).collect();
        let mut wanted = NewOrder::new(&identifiers);
        if let Some(profile) = &self.profile {
            wanted = wanted.profile(profile);
        }
        let mut placed = match self.try_place_until(terms).await? {
            Some(url) => account.order(url).await?,
            None => account.new_order(&wanted).await?,
        };
        let url = Explanation::new(placed.url());
        let mut controls = Vec::with_capacity(terms.names.len());
        let asked = TxtTerms { challenge: self.txt, account: account.id(), keeper: &self.account };
        let mut authorizations = placed.authorizations();
        while let Some(authorization) = authorizations.next().await {
            controls.push(control(&mut authorization?, terms, &asked)?);
        }
        let key_type = terms.key_type;
        Ok(Order {
            authority: self.name,
            url,
            key_type,
            controls,
            expires_at: None,
            is_renewal: false,
        })
    }

    /// The URL of an order with the end that is wished for; `None` when none is, or the CA takes no such wish.
    async fn try_place_until(&self, terms: &OrderTerms) -> Result<Option<String>, Stop> {
        let Some(not_after) = terms.not_after else { return Ok(None) };
        let names = terms.names.iter().map(ToString::to_string).collect();
        let wish = Wish { names, profile: self.profile.as_deref(), not_after };
        let (client, directory_url) = self.account.place();
        let signer = self.account.signer().await?;
        match new_order::place(client, directory_url, &signer, &wish).await {
            Ok(url) => Ok(Some(url)),
            Err(Error::Api(problem)) if problem::is_malformed(&problem) => {
                let why = problem.detail.as_deref().unwrap_or_default();
                tracing::info!(authority = self.name.as_str(), why, "acme.decides_the_life_itself");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn try_tell(&self, order: &Order) -> Result<(), Stop> {
        let mut placed = self.placed(order).await?;
        if placed.state().status != CaStatus::Pending {
            return Ok(());
        }
        match tell_pending(&mut placed, order).await {
            // The CA may have looked and decided since: then the verdict is for the next poll to fetch.
            Err(Stop::Ca(Error::Api(problem))) if !problem::is_bad_nonce(&problem) => {
                match placed.refresh().await?.status {
                    CaStatus::Pending => Err(Error::Api(problem).into()),
                    _ => Ok(()),
                }
            }
            other => other,
        }
    }

    async fn try_finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, Stop> {
        let mut placed = self.placed(order).await?;
        if placed.state().status == CaStatus::Ready {
            placed.finalize_csr(csr_der).await?;
        }
        status(&mut placed).await
    }

    async fn try_fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, Stop> {
        let mut placed = self.placed(order).await?;
        if !matches!(placed.state().status, CaStatus::Valid | CaStatus::Processing) {
            return Err(AuthorityError::OrderGone.into());
        }
        let still = || {
            let words = "the certificate is still being made";
            AuthorityError::Unreachable(Explanation::new(words))
        };
        let pem = placed.certificate().await?.ok_or_else(still)?;
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
        let chain: Result<Vec<_>, _> =
            chain.map(|der| der.map(|der| der.as_ref().into())).collect();
        chain.map_err(|_| {
            AuthorityError::Unreachable(Explanation::new("the chain is not PEM")).into()
        })
    }

    /// The order as it stands at the CA now.
    async fn placed(&self, order: &Order) -> Result<PlacedOrder, Stop> {
        let account = self.account.account().await?;
        Ok(account.order(order.url.as_str().to_owned()).await?)
    }
}

/// Takes a step, and again as long as the CA refuses the nonce; `meaning` turns other refusals into verdicts.
async fn persistently<T, F: Future<Output = Result<T, Stop>>>(
    step: impl Fn() -> F,
    meaning: fn(Error) -> AuthorityError,
) -> Result<T, AuthorityError> {
    let mut rounds = 1;
    loop {
        match step().await {
            Ok(done) => return Ok(done),
            Err(Stop::Verdict(verdict)) => return Err(verdict),
            Err(Stop::Ca(Error::Api(problem)))
                if problem::is_bad_nonce(&problem) && rounds < NONCE_ROUNDS_MAX =>
            {
                rounds += 1;
            }
            Err(Stop::Ca(error)) => return Err(meaning(error)),
        }
    }
}

/// The proof that the CA wants for the name of this authorization.
fn control<'a>(
    authorization: &'a mut AuthorizationHandle<'a>,
    terms: &OrderTerms,
    txt: &TxtTerms<'_>,
) -> Result<Control, AuthorityError> {
    let identifier = authorization.identifier().to_string();
    let name = terms.names.iter().find(|name| name.to_string() == identifier).cloned();
    let name = name.ok_or_else(|| {
        let words = format!("the authority wants proof for {identifier}, which was not ordered");
        refused(Actor::Authority, &words)
    })?;
    let satisfied = authorization.status == AuthorizationStatus::Valid;
    let offered: Vec<_> = authorization.challenges.iter().map(|c| c.r#type.clone()).collect();
    let no_such = || no_such_challenge(&name, terms.method, txt.challenge, &offered);
    let wanted = challenge_type(terms.method, txt.challenge).ok_or_else(no_such)?;
    // An authorization that is valid already lists the one challenge that it was won with, whatever that was.
    let chosen = match (offered.contains(&wanted), satisfied, offered.first()) {
        (false, true, Some(other)) => other.clone(),
        _ => wanted,
    };
    let challenge = authorization.challenge(chosen);
    let challenge = challenge.ok_or_else(no_such)?;
    let key_authorization = challenge.key_authorization();
    let proof = match terms.method {
        DcvMethod::Http => ControlProof::Http {
            path: Explanation::new(format!("/.well-known/acme-challenge/{}", challenge.token)),
            body: Explanation::new(key_authorization.as_str()),
        },
        // The other methods were refused above.
        DcvMethod::Txt | DcvMethod::Email | DcvMethod::Cname => {
            txt.proof(&name, terms, &key_authorization.dns_value())?
        }
    };
    Ok(Control { name, proof, satisfied })
}

fn challenge_type(method: DcvMethod, txt: TxtChallenge) -> Option<ChallengeType> {
    match method {
        DcvMethod::Http => Some(ChallengeType::Http01),
        DcvMethod::Txt => Some(txt::challenge_type(txt)),
        DcvMethod::Email | DcvMethod::Cname => None,
    }
}

fn no_such_challenge(
    name: &CertName,
    method: DcvMethod,
    txt: TxtChallenge,
    offered: &[ChallengeType],
) -> AuthorityError {
    let is_offered =
        |method| challenge_type(method, txt).is_some_and(|kind| offered.contains(&kind));
    if method == DcvMethod::Txt && txt != TxtChallenge::Dns {
        let words = format!(
            "the authority does not offer {} for {name}; take txt_challenge out of its configuration",
            txt.as_str()
        );
        return refused(Actor::Provider, &words);
    }
    let others = DcvMethod::ALL.iter().filter(|(method, _)| is_offered(*method));
    let others: Vec<_> = others.map(|(_, word)| *word).collect();
    let others = if others.is_empty() { "no method of ours".to_owned() } else { others.join(", ") };
    let asked = method.as_str();
    let words = format!(
        "the authority does not validate {name} by method {asked}; set ssl.method to one that it offers: {others}"
    );
    refused(Actor::Provider, &words)
}

fn refused(actor: Actor, words: &str) -> AuthorityError {
    AuthorityError::Refused(Problem { actor, message: Explanation::new(words) })
}

/// Tells the CA of every challenge of the order that it has not been told of.
async fn tell_pending(placed: &mut PlacedOrder, order: &Order) -> Result<(), Stop> {
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status != AuthorizationStatus::Pending {
            continue;
        }
        let identifier = authorization.identifier().to_string();
        let control = order.controls.iter().find(|control| control.name.to_string() == identifier);
        let kind = control.and_then(|control| match &control.proof {
            ControlProof::Txt { name, .. } => Some(txt::challenge_type(TxtChallenge::at(name))),
            proof => challenge_type(proof.method(), TxtChallenge::Dns),
        });
        // What the order wants is no longer what was shown for it.
        let mut challenge =
            kind.and_then(|kind| authorization.challenge(kind)).ok_or(AuthorityError::OrderGone)?;
        if challenge.status == ChallengeStatus::Pending {
            challenge.set_ready().await?;
        }
    }
    Ok(())
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
