//! Who is calling: from credentials to a [`Principal`].

use std::{net::IpAddr, time::Duration};

use np_domain::{
    Timestamp,
    account::{EmailAddress, User},
    permission::Grants,
    ports::{AccountStore, StoreError},
    token::{ApiToken, Identity, Owner, Principal, Refusal},
};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The last use of a token is noted no more often than this.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// What a caller brings.
#[derive(Clone, Copy)]
pub enum Credentials<'a> {
    /// The secret of a token.
    Token(&'a str),
    /// A user's address and key.
    Key(&'a EmailAddress, &'a str),
}

/// Why credentials open nothing.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No token has this secret.
    #[error("no token has this secret")]
    UnknownToken,
    /// No user has this address and this key.
    #[error("no user has this address with this key")]
    UnknownKey,
    /// The token is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who is calling from `from`, and notes that their token was used.
///
/// # Errors
/// See [`IdentityError`].
pub async fn authenticate(
    accounts: &dyn AccountStore,
    credentials: Credentials<'_>,
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<Principal, IdentityError> {
    match credentials {
        Credentials::Token(secret) => {
            let token = accounts.token_by_secret(&hash(secret)).await?;
            let token = token.ok_or(IdentityError::UnknownToken)?;
            token.admit(now, from)?;
            note_use(accounts, &token, now).await;
            Ok(of_token(token))
        }
        Credentials::Key(email, key) => {
            let user = accounts.user_by_key(&hash(key)).await?;
            let user = user.filter(|user| user.email == *email);
            of_user(accounts, user.ok_or(IdentityError::UnknownKey)?).await
        }
    }
}

/// SHA-256 of a token's secret or a user's key: what the store knows of it.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A note that fails is no reason to refuse what the token allows.
async fn note_use(accounts: &dyn AccountStore, token: &ApiToken, now: Timestamp) {
    let since = now - USE_NOTED_EVERY;
    if token.last_used_at.is_some_and(|last| last >= since) {
        return;
    }
    if let Err(why) = accounts.note_token_use(token.id, now, since).await {
        tracing::warn!(token = %token.id, error = %why, "token.use_not_noted");
    }
}

fn of_token(token: ApiToken) -> Principal {
    let user = match token.owner {
        Owner::Account(_) => None,
        Owner::User(id) => Some(id),
    };
    Principal {
        identity: Identity::Token(token.id),
        user,
        account: token.account,
        grants: token.grants,
    }
}

/// A user may do everything, and acts in the oldest account where a request names none.
async fn of_user(accounts: &dyn AccountStore, user: User) -> Result<Principal, IdentityError> {
    let account = accounts.accounts().await?.into_iter().next();
    let account = account.ok_or(IdentityError::UnknownKey)?.id;
    Ok(Principal {
        identity: Identity::User(user.id),
        user: Some(user.id),
        account,
        grants: Grants::Everything,
    })
}
