//! Users: made at the first start, with a key that is shown once and kept as a hash.

use np_domain::{
    Timestamp,
    account::{EmailAddress, User},
    id::AccountId,
    ports::{AccountStore, InsertError, StoreError},
    text::Explanation,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{App, draws::Draws, identity};

/// A key has so many lower-case hex digits, as the original's.
pub const KEY_DIGITS: usize = 37;

/// A user's key, for the one who asked for it. `Debug` hides it, memory is wiped.
pub struct UserKey(Zeroizing<String>);

impl UserKey {
    /// Draws a new one: 148 random bits.
    pub fn draw(draws: &dyn Draws) -> Self {
        let bytes = Zeroizing::new(draws.key());
        let mut digits = Zeroizing::new(hex::encode(bytes.as_slice()));
        digits.truncate(KEY_DIGITS);
        Self(digits)
    }

    /// Takes one that was kept, with or without space around it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let good = text.len() == KEY_DIGITS && text.bytes().all(digit);
        good.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits, for the one showing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for UserKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserKey(..)")
    }
}

/// Makes a user with this address and key.
///
/// # Errors
/// When the address is taken, or memory fails.
pub async fn create(
    accounts: &dyn AccountStore,
    draws: &dyn Draws,
    email: EmailAddress,
    key: &UserKey,
    now: Timestamp,
) -> Result<User, InsertError> {
    let user = User {
        id: draws.user_id(),
        email,
        key_sha256: Some(identity::hash(key.expose())),
        first_name: None,
        last_name: None,
        created_at: now,
        version: 0,
    };
    accounts.insert_user(&user).await?;
    Ok(user)
}

/// Gives a user a new key; the old one opens nothing from then on.
///
/// # Errors
/// When somebody else changed the user, or memory fails.
pub async fn roll_key(
    accounts: &dyn AccountStore,
    user: User,
    key: &UserKey,
) -> Result<(), StoreError> {
    let key_sha256 = Some(identity::hash(key.expose()));
    accounts.save_user(&User { key_sha256, ..user }).await
}

/// Names of a user: `None` leaves one as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// The first name.
    pub first: Option<Option<Explanation>>,
    /// The last name.
    pub last: Option<Option<Explanation>>,
}

/// Changes a user's names.
///
/// # Errors
/// When somebody else changed the user, or memory fails.
pub async fn rename(app: &App, user: User, names: Names) -> Result<User, StoreError> {
    let first_name = names.first.unwrap_or_else(|| user.first_name.clone());
    let last_name = names.last.unwrap_or_else(|| user.last_name.clone());
    let renamed = User { first_name, last_name, ..user };
    app.stores.accounts.save_user(&renamed).await?;
    Ok(renamed)
}

/// The id of a user's membership in an account: memberships are not kept, every user is in every account.
pub fn membership_id(user: &User, account: AccountId) -> String {
    let digest = Sha256::new_with_prefix(user.id.as_bytes()).chain_update(account.as_bytes());
    let digest = digest.finalize();
    hex::encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::draws::RandomDraws;

    #[test]
    fn a_key_has_37_lower_case_hex_digits_and_hides_itself() {
        let key = UserKey::draw(&RandomDraws);
        assert_eq!(UserKey::parse(&format!("{}\n", key.expose())).unwrap().expose(), key.expose());
        assert!(!format!("{key:?}").contains(key.expose()));
        for other in [
            "",
            "x",
            &key.expose()[1..],
            &key.expose().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
        ] {
            assert!(UserKey::parse(other).is_none(), "{other}");
        }
    }
}
