//! Our account at the CA: made at the first step, kept sealed, shared by all processes; and made anew when the CA does not know
//! it any more.
//!
//! It gets another key ([`AccountKeeper::roll`]) in three steps: the new key is kept, sealed; the CA is told; the new key takes
//! the old one's place. Whoever is refused with the old key looks whether there is a newer one, and asks the CA which of
//! the two it takes. So a crash after any step loses nothing, and no process needs to be told.

use std::sync::{Arc, PoisonError, RwLock};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, Error, ExternalAccountKey, Key, NewAccount,
};
use np_domain::{
    name::DnsName,
    ports::{AuthorityError, SecretStore, StoreError, Vault},
    secret::{SealedBytes, SecretBytes},
    text::Explanation,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::{
    AcmeSettings, Stop, client::CaClient, jws::Signer, key_change, persistently, problem,
    problem::Doubt,
};

/// What the credentials are sealed for.
const CONTEXT: &str = "acme-account";

/// Knows the account, or how to come by it.
pub(super) struct AccountKeeper {
    settings: AcmeSettings,
    client: CaClient,
    secrets: Arc<dyn SecretStore>,
    vault: Arc<dyn Vault>,
    held: RwLock<Option<Arc<Held>>>,
    /// Of many who ask at once, one finds, makes or changes the account, and the others wait.
    turn: Mutex<()>,
}

/// The account with one of its keys.
pub(super) struct Held {
    pub(super) account: Account,
    pub(super) signer: Signer,
    /// As it is kept.
    sealed: SealedBytes,
}

/// What came of a wish for another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rolled {
    /// The account has another key.
    Done,
    /// The account has the key of an earlier try, which the CA knew already.
    Finished,
    /// There is no account yet, and its first key will be new.
    NoAccount,
}

impl AccountKeeper {
    pub(super) fn new(
        settings: AcmeSettings,
        client: CaClient,
        secrets: Arc<dyn SecretStore>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        let (held, turn) = Default::default();
        Self { settings, client, secrets, vault, held, turn }
    }

    /// The account.
    pub(super) async fn held(&self) -> Result<Arc<Held>, AuthorityError> {
        if let Some(held) = self.current() {
            return Ok(held);
        }
        let _turn = self.turn.lock().await;
        match self.current() {
            Some(held) => Ok(held),
            None => self.find_or_make().await,
        }
    }

    /// The account's URI, once the account was used.
    pub(super) fn uri(&self) -> Option<Explanation> {
        self.current().map(|held| Explanation::new(held.account.id()))
    }

    /// The name by which records that stay know the CA, once it was said in an authorization.
    pub(super) fn issuer_domain(&self) -> Option<DnsName> {
        self.client.issuer_domain()
    }

    /// What to ask with instead of what the CA has refused; `None` when the refusal stands.
    pub(super) async fn instead_of(
        &self,
        refused: &Arc<Held>,
        doubt: Doubt,
    ) -> Result<Option<Arc<Held>>, AuthorityError> {
        let _turn = self.turn.lock().await;
        if let Some(current) = self.current()
            && !Arc::ptr_eq(&current, refused)
        {
            return Ok(Some(current));
        }
        let kept = match self.kept(&self.secret_name()).await? {
            None => return self.find_or_make().await.map(Some),
            Some(kept) if kept != refused.sealed => return self.hold(kept).await.map(Some),
            Some(kept) => kept,
        };
        if let Some(next) = self.next(refused).await?
            && self.is_the_accounts(&next).await?
        {
            return self.put_in_place(&kept, &next).await.map(Some);
        }
        match doubt {
            Doubt::Key => Ok(None),
            Doubt::Unknown => self.make_anew(&kept).await.map(Some),
        }
    }

    /// Gives the account another key.
    pub(super) async fn roll(&self) -> Result<Rolled, AuthorityError> {
        let _turn = self.turn.lock().await;
        let Some(kept) = self.kept(&self.secret_name()).await? else {
            return Ok(Rolled::NoAccount);
        };
        let old = self.hold(kept.clone()).await?;
        let next = match self.next(&old).await? {
            Some(next) => next,
            None => self.draw_next(&old).await?,
        };
        let new = self.restored(next.clone()).await?;
        let tell = async || Ok(key_change::tell(&self.client, &old.signer, &new.signer).await?);
        let rolled = match persistently(tell).await {
            Ok(()) => Rolled::Done,
            // An earlier try may have told it already.
            Err(_) if self.is_the_accounts(&next).await? => Rolled::Finished,
            Err(stop) => return Err(stop.verdict(problem::of_account)),
        };
        self.put_in_place(&kept, &next).await?;
        Ok(rolled)
    }

    fn current(&self) -> Option<Arc<Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds what is kept.
    async fn hold(&self, kept: SealedBytes) -> Result<Arc<Held>, AuthorityError> {
        let held = Arc::new(self.restored(kept).await?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held)
    }

    async fn find_or_make(&self) -> Result<Arc<Held>, AuthorityError> {
        let name = self.secret_name();
        let kept = match self.kept(&name).await? {
            Some(kept) => kept,
            None => {
                let made = self.make().await?;
                // A crash before this line leaves an account at the CA that nobody uses.
                self.secrets.keep_secret(&name, &made).await.map_err(store_trouble)?
            }
        };
        self.hold(kept).await
    }

    /// The CA has forgotten the account that is kept: another takes its place.
    async fn make_anew(&self, kept: &SealedBytes) -> Result<Arc<Held>, AuthorityError> {
        let authority = self.settings.name.as_str();
        tracing::warn!(
            authority,
            "acme.account_unknown: the CA does not know our account any more"
        );
        let made = self.make().await?;
        self.put_in_place(kept, &made).await
    }

    /// Keeps `next` in the place of `kept`, and holds what is kept then: another process may have been faster.
    async fn put_in_place(
        &self,
        kept: &SealedBytes,
        next: &SealedBytes,
    ) -> Result<Arc<Held>, AuthorityError> {
        let now = self.secrets.replace_secret(&self.secret_name(), kept, next).await;
        let now = now.map_err(store_trouble)?;
        self.hold(now.ok_or_else(|| unusable("its key is no longer kept"))?).await
    }

    /// The key that is to take the place of the one that is held, if there is one.
    async fn next(&self, held: &Held) -> Result<Option<SealedBytes>, AuthorityError> {
        let Some(next) = self.kept(&self.next_name()).await? else { return Ok(None) };
        let signer = self.signer(&next)?;
        let is_another = signer.jwk() != held.signer.jwk();
        // One that is left of an account before this one is of no use.
        Ok((is_another && signer.account() == held.signer.account()).then_some(next))
    }

    /// Draws that key and keeps it. What is kept under its name stays when its time is over, and is then replaced by who knows it:
    /// so of two who draw at once, both go on with the same.
    async fn draw_next(&self, held: &Held) -> Result<SealedBytes, AuthorityError> {
        let (_, pkcs8) = Key::generate_pkcs8().map_err(problem::of_account)?;
        let drawn = self.seal(&json!({
            "id": held.account.id(),
            "key_pkcs8": BASE64_URL_SAFE_NO_PAD.encode(pkcs8.secret_pkcs8_der()),
            "directory": self.settings.directory_url,
        }));
        let name = self.next_name();
        match self.kept(&name).await? {
            None => self.secrets.keep_secret(&name, &drawn).await.map_err(store_trouble),
            Some(over) => {
                let now = self.secrets.replace_secret(&name, &over, &drawn).await;
                now.map_err(store_trouble)?
                    .ok_or_else(|| unusable("its next key is no longer kept"))
            }
        }
    }

    /// Whether the CA knows the account by this key (RFC 8555 section 7.3.1).
    async fn is_the_accounts(&self, sealed: &SealedBytes) -> Result<bool, AuthorityError> {
        let credentials = self.credentials(sealed)?;
        let ask = async || {
            let pkcs8 = credentials.private_key().secret_pkcs8_der().to_vec();
            let pkcs8 = PrivatePkcs8KeyDer::from(pkcs8);
            let key = Key::from_pkcs8_der(pkcs8.clone_key())?;
            let directory = self.settings.directory_url.clone();
            match self.builder().from_key((key, pkcs8.into()), directory).await {
                Ok(_) => Ok(true),
                Err(Error::Api(why)) if problem::doubt(&why) == Some(Doubt::Unknown) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        persistently(ask).await.map_err(|stop| stop.verdict(problem::of_account))
    }

    /// One account for each CA and directory, so that a change of the directory's URL makes a new one.
    fn secret_name(&self) -> String {
        let directory = hex::encode(Sha256::digest(&self.settings.directory_url));
        format!("acme-account/{}/{directory}", self.settings.name.as_str())
    }

    fn next_name(&self) -> String {
        format!("{}/next", self.secret_name())
    }

    async fn kept(&self, name: &str) -> Result<Option<SealedBytes>, AuthorityError> {
        self.secrets.secret(name).await.map_err(store_trouble)
    }

    /// Makes an account at the CA.
    async fn make(&self) -> Result<SealedBytes, AuthorityError> {
        let made = persistently(|| self.try_make()).await;
        let credentials = made.map_err(|stop| stop.verdict(problem::of_account))?;
        let authority = self.settings.name.as_str();
        tracing::info!(authority, "acme.account_made");
        let text = serde_json::to_value(&credentials);
        Ok(self.seal(&text.map_err(|_| unusable("its key has no JSON form"))?))
    }

    async fn try_make(&self) -> Result<AccountCredentials, Stop> {
        let contacts: Vec<_> =
            self.settings.contacts.iter().map(|mail| format!("mailto:{mail}")).collect();
        let contacts: Vec<_> = contacts.iter().map(String::as_str).collect();
        let wanted = NewAccount {
            contact: &contacts,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let external = self.settings.external_account.as_ref();
        let external = external
            .map(|known| ExternalAccountKey::new(known.key_id.clone(), known.hmac_key.expose()));
        let directory = self.settings.directory_url.clone();
        let (_, credentials) = self.builder().create(&wanted, directory, external.as_ref()).await?;
        Ok(credentials)
    }

    async fn restored(&self, kept: SealedBytes) -> Result<Held, AuthorityError> {
        let signer = self.signer(&kept)?;
        let credentials = self.credentials(&kept)?;
        let account = self.builder().from_credentials(credentials).await;
        Ok(Held { account: account.map_err(problem::of_account)?, signer, sealed: kept })
    }

    fn signer(&self, kept: &SealedBytes) -> Result<Signer, AuthorityError> {
        #[derive(serde::Deserialize)]
        struct Named {
            id: String,
        }
        let opened = self.opened(kept)?;
        let named: Named = serde_json::from_slice(opened.expose()).map_err(|_| unreadable())?;
        let key = self.credentials(kept)?;
        Signer::new(&named.id, key.private_key().secret_pkcs8_der()).map_err(problem::of_account)
    }

    fn credentials(&self, kept: &SealedBytes) -> Result<AccountCredentials, AuthorityError> {
        serde_json::from_slice(self.opened(kept)?.expose()).map_err(|_| unreadable())
    }

    fn opened(&self, kept: &SealedBytes) -> Result<SecretBytes, AuthorityError> {
        self.vault.open(CONTEXT, kept).map_err(|_| {
            unusable("its key was sealed with another master key; start with that master key")
        })
    }

    fn seal(&self, credentials: &serde_json::Value) -> SealedBytes {
        self.vault.seal(CONTEXT, &SecretBytes::new(credentials.to_string().into_bytes()))
    }

    fn builder(&self) -> AccountBuilder {
        Account::builder_with_http(Box::new(self.client.clone()))
    }
}

fn unreadable() -> AuthorityError {
    unusable("its kept key cannot be read; remove the secret to make a new one")
}

fn unusable(words: &str) -> AuthorityError {
    AuthorityError::Account(Explanation::new(words))
}

/// Our memory is no fault of the account: it may answer the next time.
fn store_trouble(error: StoreError) -> AuthorityError {
    let words = format!("the account's key cannot be had from the store: {error}");
    AuthorityError::Unreachable(Explanation::new(words))
}
