//! API tokens: made once, shown once, kept as a hash.

pub mod manage;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use np_domain::{
    Timestamp,
    account::Account,
    id::{AccountId, TokenId},
    permission::Grants,
    ports::{AccountStore, InsertError},
    text::Explanation,
    token::{AllowedFrom, ApiToken, Owner, Switch},
};
use zeroize::Zeroizing;

use super::{draws::Draws, identity};

/// A secret has this many random bytes: 40 characters of base64url.
pub const SECRET_BYTES: usize = 30;
/// The name of the account that the first start makes.
const ADMIN_ACCOUNT: &str = "Administration";
/// The name of its token.
const ADMIN_TOKEN: &str = "administrator";

/// The secret of an API token, for the one who asked for it. `Debug` hides it, memory is wiped.
pub struct TokenSecret(Zeroizing<String>);

impl TokenSecret {
    /// Draws a new one.
    pub fn draw(draws: &dyn Draws) -> Self {
        let bytes = Zeroizing::new(draws.secret());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Takes one that was kept: 40 characters of base64url, with or without space around them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        (bytes.len() == SECRET_BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The 40 characters, for the one showing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// The account that it acts for.
    pub account: AccountId,
    /// Its id.
    pub id: TokenId,
    /// Its secret, which nothing keeps.
    pub secret: TokenSecret,
}

/// Makes an account and an administrator's token for it: the first start of an installation.
///
/// # Errors
/// When memory fails.
pub async fn create_admin(
    accounts: &dyn AccountStore,
    draws: &dyn Draws,
    now: Timestamp,
) -> Result<NewToken, InsertError> {
    let account = oldest_account(accounts, draws, now).await?;
    issue(accounts, draws, account, ADMIN_TOKEN, Grants::Everything, now).await
}

/// Sees that `secret` is an administrator's token: makes what is missing, the account included. After a crash in the
/// middle, the same call with the same secret goes on.
///
/// # Errors
/// When memory fails.
pub async fn ensure_admin(
    accounts: &dyn AccountStore,
    draws: &dyn Draws,
    secret: &TokenSecret,
    now: Timestamp,
) -> Result<Ensured, InsertError> {
    if accounts.token_by_secret(&identity::hash(secret.expose())).await?.is_some() {
        return Ok(Ensured::WasThere);
    }
    let account = oldest_account(accounts, draws, now).await?;
    let token = fresh(draws, account, ADMIN_TOKEN, Grants::Everything, secret, now);
    accounts.insert_token(&token).await?;
    Ok(Ensured::Made)
}

/// What became of a token that shall be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// It was made.
    Made,
    /// It was there.
    WasThere,
}

/// The account that was made first; made now when there is none.
async fn oldest_account(
    accounts: &dyn AccountStore,
    draws: &dyn Draws,
    now: Timestamp,
) -> Result<AccountId, InsertError> {
    if let Some(account) = accounts.first_account().await? {
        return Ok(account.id);
    }
    let name = Explanation::new(ADMIN_ACCOUNT);
    let account = Account { id: draws.account_id(), name, created_at: now };
    accounts.insert_account(&account).await?;
    Ok(account.id)
}

/// Makes a token of an account, without an end. Who asks for it is not asked: for the executable, and for tests.
///
/// # Errors
/// When the account does not exist, or memory fails.
pub async fn issue(
    accounts: &dyn AccountStore,
    draws: &dyn Draws,
    account: AccountId,
    name: &str,
    grants: Grants,
    now: Timestamp,
) -> Result<NewToken, InsertError> {
    let secret = TokenSecret::draw(draws);
    let token = fresh(draws, account, name, grants, &secret, now);
    accounts.insert_token(&token).await?;
    Ok(NewToken { account, id: token.id, secret })
}

/// A token of an account that is taken at once, from everywhere and for ever. Nothing is kept yet.
pub fn fresh(
    draws: &dyn Draws,
    account: AccountId,
    name: &str,
    grants: Grants,
    secret: &TokenSecret,
    now: Timestamp,
) -> ApiToken {
    ApiToken {
        id: draws.token_id(),
        account,
        owner: Owner::Account(account),
        name: Explanation::new(name),
        secret_sha256: identity::hash(secret.expose()),
        grants,
        switch: Switch::Enabled,
        from: AllowedFrom::default(),
        not_before: None,
        expires_at: None,
        created_at: now,
        modified_at: now,
        last_used_at: None,
        version: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::draws::RandomDraws;

    #[test]
    fn a_kept_secret_is_taken_and_nothing_else() {
        let secret = TokenSecret::draw(&RandomDraws);
        let kept = TokenSecret::parse(&format!("{}\n", secret.expose())).unwrap();
        assert_eq!(kept.expose(), secret.expose());
        for other in ["", "secret", &secret.expose()[1..], &format!("{}AAAA", secret.expose())] {
            assert!(TokenSecret::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_secret_has_40_url_safe_characters_and_hides_itself() {
        let secret = TokenSecret::draw(&RandomDraws);
        assert_eq!(secret.expose().len(), 40);
        let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(secret.expose().bytes().all(safe), "{}", secret.expose());
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
