//! The first start of an installation: an account, and a token to begin with.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use np_control::{
    app::{draws::RandomDraws, tokens},
    stores::Stores,
};
use np_domain::ports::Clock;

use super::node::write_private;

/// The administrator's first token, made just now.
pub(crate) struct AdminToken {
    /// The secret, to be shown once.
    pub(crate) secret: String,
    /// Where it is kept.
    pub(crate) path: PathBuf,
}

/// Makes an account with an administrator's token, unless there is an account.
pub(crate) async fn admin_token(
    stores: &Stores,
    clock: &dyn Clock,
    path: &Path,
) -> anyhow::Result<Option<AdminToken>> {
    let accounts = stores.accounts.accounts().await.context("the accounts cannot be read")?;
    if !accounts.is_empty() {
        return Ok(None);
    }
    let made = tokens::create_admin(&*stores.accounts, &RandomDraws, clock.now());
    let made = made.await.context("the administrator's token cannot be made")?;
    let secret = made.secret.expose().to_owned();
    write_private(path, &secret).with_context(|| {
        format!("the administrator's token cannot be written to {}", path.display())
    })?;
    Ok(Some(AdminToken { secret, path: path.to_owned() }))
}
