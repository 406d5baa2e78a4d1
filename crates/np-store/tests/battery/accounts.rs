//! Accounts and tokens.

use np_domain::{
    account::{Access, Account, ApiToken, Scope},
    id::{AccountId, TokenId, ZoneId},
    ports::{AccountStore, InsertError},
};
use uuid::Uuid;

use crate::{
    values::{self, START, at, text},
    world::World,
};

fn token(account: AccountId, secret: u8) -> ApiToken {
    ApiToken {
        id: TokenId::from_uuid(Uuid::new_v4()),
        account,
        name: text("deploy"),
        secret_sha256: [secret; 32],
        access: Access::Write,
        scope: Scope::Account,
        expires_at: None,
        created_at: START,
    }
}

pub(crate) async fn accounts_come_back_oldest_first(world: World) {
    let older = Account { created_at: at(-10), ..values::account() };
    world.store.insert_account(&older).await.unwrap();
    let again = world.store.insert_account(&older).await;
    assert!(matches!(again, Err(InsertError::Duplicate { .. })), "{again:?}");
    assert_eq!(world.store.accounts().await.unwrap(), [older, world.account.clone()]);
}

pub(crate) async fn token_is_found_by_the_hash_of_its_secret_and_by_id(world: World) {
    let zones = vec![ZoneId::from_uuid(Uuid::new_v4()), world.zone.id];
    for (secret, access, scope, expires_at) in [
        (1, Access::Read, Scope::Account, None),
        (2, Access::Write, Scope::Zones(zones), Some(at(1000))),
        (3, Access::Admin, Scope::Zones(vec![]), None),
    ] {
        let token = ApiToken { access, scope, expires_at, ..token(world.account.id, secret) };
        world.store.insert_token(&token).await.unwrap();
        let found = world.store.token_by_secret(&[secret; 32]).await.unwrap();
        assert_eq!(found.as_ref(), Some(&token));
        assert_eq!(world.store.token(token.id).await.unwrap(), Some(token));
    }
    assert_eq!(world.store.token_by_secret(&[9; 32]).await.unwrap(), None);
}

pub(crate) async fn token_needs_an_account_and_a_secret_of_its_own(world: World) {
    let first = token(world.account.id, 1);
    world.store.insert_token(&first).await.unwrap();
    let again = world.store.insert_token(&token(world.account.id, 1)).await;
    assert!(matches!(again, Err(InsertError::Duplicate { .. })), "{again:?}");
    let nobody = AccountId::from_uuid(Uuid::new_v4());
    let refused = world.store.insert_token(&token(nobody, 2)).await;
    assert!(matches!(refused, Err(InsertError::NoParent)), "{refused:?}");
}
