//! Who is calling: from credentials to a [`Principal`].
//!
//! Callers that were read a moment ago are known without asking memory ([`super::shelf`] says for how long): each of them
//! makes many calls, and a call is not to cost more than what it asks for.

use std::{net::IpAddr, sync::Arc, time::Duration};

use np_domain::{
    Timestamp,
    account::{EmailAddress, User},
    permission::Grants,
    ports::{AccountStore, StoreError},
    token::{ApiToken, Identity, Owner, Principal, Refusal},
};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    shelf::{Moment, Shelf},
    token_uses::TokenUses,
};

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

/// How heavy all callers that are known without asking memory may be: a caller weighs 1, and as much again as it has groups
/// and resources in its policies. About 32 bytes each.
const KNOWN_WEIGHT_MAX: usize = 200_000;

/// Tells who is calling.
pub struct Identities {
    accounts: Arc<dyn AccountStore>,
    known: Shelf<Secret, Known>,
    uses: TokenUses,
}

/// By what a caller is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Secret {
    Token([u8; 32]),
    Key([u8; 32]),
}

/// What opens to a secret. Whether a token is taken now, and from there, is judged at each call.
enum Known {
    Token(Box<ApiToken>, Arc<Principal>),
    User(EmailAddress, Arc<Principal>),
}

impl Identities {
    /// Those in `accounts`. What was read of one is good for `age_max`, if nothing of it is changed by this process before.
    pub fn new(accounts: Arc<dyn AccountStore>, age_max: Duration) -> Self {
        let known = Shelf::new(age_max, KNOWN_WEIGHT_MAX);
        Self { uses: TokenUses::new(accounts.clone()), known, accounts }
    }

    /// Who is calling from `from`. That their token was used is noted beside.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn authenticate(
        &self,
        credentials: Credentials<'_>,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, IdentityError> {
        let secret = match credentials {
            Credentials::Token(secret) => Secret::Token(hash(secret)),
            Credentials::Key(_, key) => Secret::Key(hash(key)),
        };
        match (&*self.known(secret).await?, credentials) {
            (Known::Token(token, principal), Credentials::Token(_)) => {
                token.admit(now, from)?;
                self.uses.note(token, now);
                Ok(principal.clone())
            }
            (Known::User(known, principal), Credentials::Key(email, _)) if known == email => {
                Ok(principal.clone())
            }
            _ => Err(secret.unknown()),
        }
    }

    async fn known(&self, secret: Secret) -> Result<Arc<Known>, IdentityError> {
        let moment = Moment::now(self.accounts.callers_revision());
        if let Some(known) = self.known.get(&secret, moment) {
            return Ok(known);
        }
        let known = Arc::new(self.read(secret).await?);
        self.known.put(secret, known.clone(), known.weight(), moment);
        Ok(known)
    }

    async fn read(&self, secret: Secret) -> Result<Known, IdentityError> {
        let accounts = self.accounts.as_ref();
        match &secret {
            Secret::Token(sha256) => {
                let token = accounts.token_by_secret(sha256).await?;
                let token = token.ok_or_else(|| secret.unknown())?;
                let principal = Arc::new(of_token(&token));
                Ok(Known::Token(Box::new(token), principal))
            }
            Secret::Key(sha256) => {
                let user = accounts.user_by_key(sha256).await?;
                let user = user.ok_or_else(|| secret.unknown())?;
                let principal = Arc::new(of_user(accounts, &user).await?);
                Ok(Known::User(user.email, principal))
            }
        }
    }
}

impl Secret {
    fn unknown(self) -> IdentityError {
        match self {
            Self::Token(_) => IdentityError::UnknownToken,
            Self::Key(_) => IdentityError::UnknownKey,
        }
    }
}

impl Known {
    fn weight(&self) -> usize {
        let (Self::Token(_, principal) | Self::User(_, principal)) = self;
        match &principal.grants {
            Grants::Everything => 1,
            Grants::Policies(policies) => {
                let weights =
                    policies.iter().map(|policy| policy.groups.len() + policy.resources.len());
                // Token and principal have them both.
                1 + 2 * weights.sum::<usize>()
            }
        }
    }
}

/// SHA-256 of a token's secret or a user's key: what the store knows of it.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn of_token(token: &ApiToken) -> Principal {
    let user = match token.owner {
        Owner::Account(_) => None,
        Owner::User(id) => Some(id),
    };
    Principal {
        identity: Identity::Token(token.id),
        user,
        account: token.account,
        grants: token.grants.clone(),
    }
}

/// A user may do everything, and acts in the oldest account where a request names none.
async fn of_user(accounts: &dyn AccountStore, user: &User) -> Result<Principal, IdentityError> {
    let account = accounts.first_account().await?;
    let account = account.ok_or(IdentityError::UnknownKey)?.id;
    Ok(Principal {
        identity: Identity::User(user.id),
        user: Some(user.id),
        account,
        grants: Grants::Everything,
    })
}
