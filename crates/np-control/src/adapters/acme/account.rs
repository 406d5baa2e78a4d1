//! Our account at the CA: made at the first step, kept sealed, shared by all processes.

use std::sync::Arc;

use instant_acme::{Account, AccountBuilder, AccountCredentials, ExternalAccountKey, NewAccount};
use np_domain::{
    name::DnsName,
    ports::{AuthorityError, SecretStore, StoreError, Vault},
    secret::{SealedBytes, SecretBytes},
    text::Explanation,
};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::{AcmeSettings, Stop, client::CaClient, new_order::Signer, persistently, problem};

/// What the credentials are sealed for.
const CONTEXT: &str = "acme-account";

/// Knows the account, or how to come by it.
pub(super) struct AccountKeeper {
    settings: AcmeSettings,
    client: CaClient,
    secrets: Arc<dyn SecretStore>,
    vault: Arc<dyn Vault>,
    account: OnceCell<Account>,
}

impl AccountKeeper {
    pub(super) fn new(
        settings: AcmeSettings,
        client: CaClient,
        secrets: Arc<dyn SecretStore>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self { settings, client, secrets, vault, account: OnceCell::new() }
    }

    /// The account; of many who ask at once, one makes it and the others wait.
    pub(super) async fn account(&self) -> Result<&Account, AuthorityError> {
        self.account
            .get_or_try_init(|| persistently(|| self.find_or_make(), problem::of_account))
            .await
    }

    /// The account's URI, once the account was used.
    pub(super) fn uri(&self) -> Option<Explanation> {
        self.account.get().map(|account| Explanation::new(account.id()))
    }

    /// The name by which records that stay know the CA, once it was said in an authorization.
    pub(super) fn issuer_domain(&self) -> Option<DnsName> {
        self.client.issuer_domain()
    }

    /// Who signs a request that the library does not make.
    pub(super) async fn signer(&self) -> Result<Signer, Stop> {
        let account = self.account().await?.id().to_owned();
        let kept = self.secrets.secret(&self.secret_name()).await.map_err(store_trouble)?;
        let kept = kept.ok_or_else(|| unusable("its key is no longer kept"))?;
        Ok(Signer { account, credentials: self.credentials(&kept)? })
    }

    /// How the CA is reached, and where its directory is.
    pub(super) fn place(&self) -> (&CaClient, &str) {
        (&self.client, &self.settings.directory_url)
    }

    async fn find_or_make(&self) -> Result<Account, Stop> {
        let name = self.secret_name();
        if let Some(kept) = self.secrets.secret(&name).await.map_err(store_trouble)? {
            return self.restore(&kept).await;
        }
        let (account, credentials) = self.make().await?;
        let sealed = self.seal(&credentials)?;
        // A crash before this line leaves an account at the CA that nobody uses.
        let kept = self.secrets.keep_secret(&name, &sealed).await.map_err(store_trouble)?;
        if kept == sealed { Ok(account) } else { self.restore(&kept).await }
    }

    /// One account for each CA and directory, so that a change of the directory's URL makes a new one.
    fn secret_name(&self) -> String {
        let directory = hex::encode(Sha256::digest(&self.settings.directory_url));
        format!("acme-account/{}/{directory}", self.settings.name.as_str())
    }

    async fn make(&self) -> Result<(Account, AccountCredentials), Stop> {
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
        Ok(self.builder().create(&wanted, directory, external.as_ref()).await?)
    }

    async fn restore(&self, kept: &SealedBytes) -> Result<Account, Stop> {
        Ok(self.builder().from_credentials(self.credentials(kept)?).await?)
    }

    fn credentials(&self, kept: &SealedBytes) -> Result<AccountCredentials, AuthorityError> {
        let opened = self.vault.open(CONTEXT, kept).map_err(|_| {
            unusable("its key was sealed with another master key; start with that master key")
        })?;
        serde_json::from_slice(opened.expose()).map_err(|_| {
            unusable("its kept key cannot be read; remove the secret to make a new one")
        })
    }

    fn seal(&self, credentials: &AccountCredentials) -> Result<SealedBytes, AuthorityError> {
        let text =
            serde_json::to_vec(credentials).map_err(|_| unusable("its key has no JSON form"))?;
        Ok(self.vault.seal(CONTEXT, &SecretBytes::new(text)))
    }

    fn builder(&self) -> AccountBuilder {
        Account::builder_with_http(Box::new(self.client.clone()))
    }
}

fn unusable(words: &str) -> AuthorityError {
    AuthorityError::Account(Explanation::new(words))
}

/// Our memory is no fault of the account: it may answer the next time.
fn store_trouble(error: StoreError) -> AuthorityError {
    let words = format!("the account's key cannot be had from the store: {error}");
    AuthorityError::Unreachable(Explanation::new(words))
}
