//! The first start of an installation: an account, and a token to begin with.
//!
//! The secret is on the disk before its token is in the database: a crash at any moment leaves nothing, or a secret that
//! the next start makes good. The same way an operator who lost the token writes a new secret and starts again.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use np_control::{
    app::{
        draws::RandomDraws,
        tokens::{self, Ensured, TokenSecret},
        users::{self, UserKey},
    },
    stores::Stores,
};
use np_domain::{
    account::{EmailAddress, User},
    ports::Clock,
};

use super::node::write_private;

/// Who besides the owner may do anything with a file.
const OTHERS: u32 = 0o077;

/// The administrator's first token, made just now.
pub(crate) struct AdminToken {
    /// The secret, to be shown once.
    pub(crate) secret: String,
    /// Where it is kept.
    pub(crate) path: PathBuf,
}

/// Sees that the secret at `path` is an administrator's token; draws one when there is none and no account either.
pub(crate) async fn admin_token(
    stores: &Stores,
    clock: &dyn Clock,
    path: &Path,
) -> anyhow::Result<Option<AdminToken>> {
    let accounts = stores.accounts.accounts().await.context("the accounts cannot be read")?;
    let secret = match kept(path) {
        Some(secret) => secret,
        None if accounts.is_empty() => drawn(path)?,
        // The operator took it away, or it lies with another control process.
        None => return Ok(None),
    };
    let ensured = tokens::ensure_admin(&*stores.accounts, &RandomDraws, &secret, clock.now());
    match ensured.await.context("the administrator's token cannot be made")? {
        Ensured::WasThere => Ok(None),
        Ensured::Made => {
            tracing::info!(path = %path.display(), "admin_token.made");
            Ok(Some(AdminToken { secret: secret.expose().to_owned(), path: path.to_owned() }))
        }
    }
}

/// Sees that there is a user who may do everything, with the address `email` and a key at `path`. The key is on the disk
/// before its user is in the database, as with the token.
pub(crate) async fn admin_user(
    stores: &Stores,
    clock: &dyn Clock,
    email: EmailAddress,
    path: &Path,
) -> anyhow::Result<()> {
    let accounts = &*stores.accounts;
    let users = accounts.users().await.context("the users cannot be read")?;
    match users.into_iter().next() {
        Some(user) if user.email == email => Ok(()),
        Some(user) => {
            tracing::info!(from = %user.email, to = %email, "admin_user.email_changed");
            let changed = accounts.save_user(&User { email, ..user }).await;
            changed.context("the user's address cannot be changed")
        }
        None => {
            let kept = private(path).and_then(|text| UserKey::parse(&text));
            let key = match kept {
                Some(key) => key,
                None => new_key(path)?,
            };
            let made = users::create(accounts, &RandomDraws, email, &key, clock.now()).await;
            let user = made.context("the user cannot be made")?;
            tracing::info!(path = %path.display(), email = %user.email, "admin_user.made");
            Ok(())
        }
    }
}

/// Gives the first user a new key, which is at `path` then; its digits. The old one opens nothing any more.
pub(crate) async fn roll_admin_key(stores: &Stores, path: &Path) -> anyhow::Result<String> {
    let users = stores.accounts.users().await.context("the users cannot be read")?;
    let user = users.into_iter().next();
    let user = user.context("there is no user yet: start `serve` or `control` once")?;
    let key = new_key(path)?;
    users::roll_key(&*stores.accounts, user, &key).await.context("the key cannot be changed")?;
    Ok(key.expose().to_owned())
}

/// A new key, which is at `path` by then.
fn new_key(path: &Path) -> anyhow::Result<UserKey> {
    let key = UserKey::draw(&RandomDraws);
    write_private(path, key.expose())
        .with_context(|| format!("the key cannot be written to {}", path.display()))?;
    Ok(key)
}

/// The secret at `path`.
fn kept(path: &Path) -> Option<TokenSecret> {
    TokenSecret::parse(&private(path)?)
}

/// What stands at `path`. What others can read is nothing.
fn private(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    if mode & OTHERS != 0 {
        let path = path.display();
        tracing::warn!(%path, "secret.ignored: the file is open to others; chmod 600 it");
        return None;
    }
    fs::read_to_string(path).ok()
}

/// A new secret, which is at `path` by then.
fn drawn(path: &Path) -> anyhow::Result<TokenSecret> {
    let secret = TokenSecret::draw(&RandomDraws);
    write_private(path, secret.expose()).with_context(|| {
        format!("the administrator's token cannot be written to {}", path.display())
    })?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use np_control::{
        adapters::clock::SystemClock,
        app::{
            draws::Draws,
            identity::{Credentials, Identities},
        },
    };
    use np_domain::{account::Account, text::Explanation};
    use np_store::{Store, StoreOptions};
    use tempfile::TempDir;

    use super::*;

    struct Installation {
        folder: TempDir,
        stores: Stores,
    }

    impl Installation {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("nameplate.db").display());
            let store = Store::open(&url, &StoreOptions::default()).await.unwrap();
            Self { folder, stores: Stores::of(Arc::new(store)) }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("admin-token")
        }

        async fn start(&self) -> Option<AdminToken> {
            admin_token(&self.stores, &SystemClock, &self.path()).await.unwrap()
        }

        async fn accounts(&self) -> Vec<Account> {
            self.stores.accounts.accounts().await.unwrap()
        }

        /// The secret in the file opens the API, and there is one account.
        async fn assert_open(&self) {
            let secret = fs::read_to_string(self.path()).unwrap();
            let credentials = Credentials::Token(secret.trim());
            let identities = Identities::new(self.stores.accounts.clone(), Duration::ZERO);
            let found = identities.authenticate(credentials, None, SystemClock.now());
            let accounts = self.accounts().await;
            assert_eq!((accounts.len(), found.await.unwrap().account), (1, accounts[0].id));
        }
    }

    #[tokio::test]
    async fn the_first_start_makes_a_user_whose_key_can_be_rolled() {
        let installation = Installation::new().await;
        installation.start().await.unwrap();
        let (stores, path) = (&installation.stores, installation.folder.path().join("admin-key"));
        let start = async |email: &str| {
            let email = email.parse().unwrap();
            admin_user(stores, &SystemClock, email, &path).await.unwrap();
            fs::read_to_string(&path).unwrap().trim().to_owned()
        };
        let opens = async |email: &str, key: &str| {
            let email = email.parse().unwrap();
            let credentials = Credentials::Key(&email, key);
            let now = SystemClock.now();
            let identities = Identities::new(stores.accounts.clone(), Duration::ZERO);
            identities.authenticate(credentials, None, now).await.is_ok()
        };
        let key = start("a@b.net").await;
        assert!(opens("a@b.net", &key).await && !opens("x@b.net", &key).await);
        // Another address, the same key.
        assert_eq!(start("c@d.net").await, key);
        assert!(opens("c@d.net", &key).await && !opens("a@b.net", &key).await);

        let rolled = roll_admin_key(stores, &path).await.unwrap();
        assert!(opens("c@d.net", &rolled).await && !opens("c@d.net", &key).await);
        assert_eq!(start("c@d.net").await, rolled);
    }

    #[tokio::test]
    async fn the_first_start_makes_a_token_and_the_second_none() {
        let installation = Installation::new().await;
        let made = installation.start().await.unwrap();
        assert_eq!(fs::read_to_string(installation.path()).unwrap().trim(), made.secret);
        assert!(installation.start().await.is_none());
        installation.assert_open().await;
    }

    #[tokio::test]
    async fn a_start_after_a_crash_before_the_account_uses_the_secret_that_is_there() {
        let installation = Installation::new().await;
        let secret = drawn(&installation.path()).unwrap();
        assert_eq!(installation.start().await.unwrap().secret, secret.expose());
        installation.assert_open().await;
    }

    #[tokio::test]
    async fn a_start_after_a_crash_before_the_token_makes_it_for_the_account_that_is_there() {
        let installation = Installation::new().await;
        let secret = drawn(&installation.path()).unwrap();
        let draws: &dyn Draws = &RandomDraws;
        let (id, name) = (draws.account_id(), Explanation::new("first"));
        let account = Account { id, name, created_at: SystemClock.now() };
        installation.stores.accounts.insert_account(&account).await.unwrap();
        assert_eq!(installation.start().await.unwrap().secret, secret.expose());
        installation.assert_open().await;
    }

    #[tokio::test]
    async fn a_token_that_was_lost_is_replaced_by_the_secret_that_the_operator_writes() {
        let installation = Installation::new().await;
        installation.start().await.unwrap();
        fs::remove_file(installation.path()).unwrap();
        assert!(installation.start().await.is_none() && !installation.path().exists());
        let secret = drawn(&installation.path()).unwrap();
        assert_eq!(installation.start().await.unwrap().secret, secret.expose());
        installation.assert_open().await;
    }

    #[tokio::test]
    async fn a_secret_that_others_can_read_becomes_no_token() {
        let installation = Installation::new().await;
        let secret = drawn(&installation.path()).unwrap();
        fs::set_permissions(installation.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert_ne!(installation.start().await.unwrap().secret, secret.expose());
        installation.assert_open().await;
    }
}
