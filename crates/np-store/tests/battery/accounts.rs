//! Accounts, users and tokens.

use std::time::Duration;

use np_domain::{
    account::{Account, User},
    id::{AccountId, PolicyId, TokenId, UserId, ZoneId},
    permission::{Effect, Grants, Group, Policy, Resource},
    ports::{AccountStore, Direction, InsertError, Page, StoreError, TokenUse},
    token::{AllowedFrom, ApiToken, Owner, Switch},
};
use uuid::Uuid;

use crate::{
    values::{self, START, at, text},
    world::World,
};

const ALL: Page = Page { number: 1, size: 100 };

fn token(account: AccountId, secret: u8) -> ApiToken {
    ApiToken {
        id: TokenId::from_uuid(Uuid::new_v4()),
        account,
        owner: Owner::Account(account),
        name: text("deploy"),
        secret_sha256: [secret; 32],
        grants: Grants::Everything,
        switch: Switch::Enabled,
        from: AllowedFrom::default(),
        not_before: None,
        expires_at: None,
        created_at: START,
        modified_at: START,
        last_used_at: None,
        version: 0,
    }
}

/// Every group and every kind of resource.
fn policies(account: AccountId) -> Grants {
    let user = UserId::from_uuid(Uuid::new_v4());
    let resources = vec![
        Resource::Account(account),
        Resource::AccountZones(account),
        Resource::AllAccounts,
        Resource::AllZones,
        Resource::User(user),
        Resource::Zone(ZoneId::from_uuid(Uuid::new_v4())),
    ];
    let policy = |effect| Policy {
        id: PolicyId::from_uuid(Uuid::new_v4()),
        effect,
        groups: Group::ALL.to_vec(),
        resources: resources.clone(),
    };
    Grants::Policies(vec![policy(Effect::Allow), policy(Effect::Deny)])
}

fn user(email: &str, key: Option<u8>) -> User {
    User {
        id: UserId::from_uuid(Uuid::new_v4()),
        email: email.parse().unwrap(),
        key_sha256: key.map(|byte| [byte; 32]),
        first_name: None,
        last_name: None,
        created_at: START,
        version: 0,
    }
}

pub(crate) async fn accounts_come_back_oldest_first(world: World) {
    let older = Account { created_at: at(-10), ..values::account() };
    world.store.insert_account(&older).await.unwrap();
    let again = world.store.insert_account(&older).await;
    assert!(matches!(again, Err(InsertError::Duplicate { .. })), "{again:?}");
    assert_eq!(world.store.accounts().await.unwrap(), [older.clone(), world.account.clone()]);
    assert_eq!(world.store.first_account().await.unwrap(), Some(older.clone()));
    let nobody = AccountId::from_uuid(Uuid::new_v4());
    assert_eq!(world.store.account(world.account.id).await.unwrap(), Some(world.account.clone()));
    assert_eq!(world.store.account(nobody).await.unwrap(), None);
    let among = world.store.accounts_among(&[nobody, world.account.id, older.id]).await.unwrap();
    assert_eq!(among, [older, world.account.clone()]);
    assert_eq!(world.store.accounts_among(&[]).await.unwrap(), []);
}

pub(crate) async fn changes_of_callers_count_as_revisions_and_uses_do_not(world: World) {
    let store = &world.store;
    let mut made = token(world.account.id, 1);
    store.insert_token(&made).await.unwrap();
    let mut somebody = user("a@b.net", Some(1));
    store.insert_user(&somebody).await.unwrap();
    let before = store.callers_revision();
    let one = TokenUse { id: made.id, at: at(1), since: at(0) };
    store.note_token_uses(&[one]).await.unwrap();
    assert_eq!(store.callers_revision(), before);

    made.switch = Switch::Disabled;
    store.save_token(&made).await.unwrap();
    let saved = store.callers_revision();
    somebody.key_sha256 = Some([2; 32]);
    store.save_user(&somebody).await.unwrap();
    let rolled = store.callers_revision();
    store.remove_token(made.id).await.unwrap();
    let removed = store.callers_revision();
    assert!(before < saved && saved < rolled && rolled < removed);
    // A change whose caller goes away counts too, once it has happened.
    let other = token(world.account.id, 3);
    store.insert_token(&other).await.unwrap();
    let gone = tokio::time::timeout(Duration::ZERO, store.remove_token(other.id)).await;
    while store.token(other.id).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    while store.callers_revision() == removed {
        tokio::task::yield_now().await;
    }
    drop(gone);
}

pub(crate) async fn token_is_found_by_the_hash_of_its_secret_and_by_id(world: World) {
    let account = world.account.id;
    let ranges = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let plain = token(account, 1);
    let full = ApiToken {
        owner: Owner::User(UserId::from_uuid(Uuid::new_v4())),
        grants: policies(account),
        switch: Switch::Disabled,
        from: AllowedFrom { within: ranges(&["192.0.2.0/24"]), not_within: ranges(&["::1"]) },
        not_before: Some(at(-1)),
        expires_at: Some(at(1000)),
        modified_at: at(5),
        ..token(account, 2)
    };
    for token in [plain, full] {
        world.store.insert_token(&token).await.unwrap();
        let found = world.store.token_by_secret(&token.secret_sha256).await.unwrap();
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

pub(crate) async fn tokens_are_listed_with_their_owner_only(world: World) {
    let account = world.account.id;
    let user = Owner::User(UserId::from_uuid(Uuid::new_v4()));
    let of = |secret: u8, owner| ApiToken {
        owner,
        created_at: at(i64::from(secret)),
        ..token(account, secret)
    };
    let tokens = [
        of(1, Owner::Account(account)),
        of(2, user),
        of(3, Owner::Account(account)),
        of(4, Owner::Account(account)),
    ];
    for token in &tokens {
        world.store.insert_token(token).await.unwrap();
    }
    let listed = async |owner, order, page| {
        let (tokens, total) = world.store.list_tokens(owner, order, page).await.unwrap();
        (tokens.iter().map(|token| token.secret_sha256[0]).collect::<Vec<_>>(), total)
    };
    let (own, up, down) = (Owner::Account(account), Direction::Ascending, Direction::Descending);
    assert_eq!(listed(own, up, ALL).await, (vec![1, 3, 4], 3));
    assert_eq!(listed(own, down, ALL).await, (vec![4, 3, 1], 3));
    assert_eq!(listed(own, up, Page { number: 2, size: 2 }).await, (vec![4], 3));
    assert_eq!(listed(own, up, Page { number: 9, size: 2 }).await, (vec![], 3));
    assert_eq!(listed(user, up, ALL).await, (vec![2], 1));
    let nobody = Owner::Account(AccountId::from_uuid(Uuid::new_v4()));
    assert_eq!(listed(nobody, up, ALL).await, (vec![], 0));
}

pub(crate) async fn token_is_saved_over_the_version_that_was_read_and_removed_once(world: World) {
    let made = token(world.account.id, 1);
    world.store.insert_token(&made).await.unwrap();
    let changed = ApiToken {
        name: text("renamed"),
        secret_sha256: [7; 32],
        grants: policies(world.account.id),
        switch: Switch::Disabled,
        expires_at: Some(at(9)),
        ..made.clone()
    };
    world.store.save_token(&changed).await.unwrap();
    let saved = ApiToken { version: 1, ..changed.clone() };
    assert_eq!(world.store.token(made.id).await.unwrap(), Some(saved));
    assert_eq!(world.store.token_by_secret(&made.secret_sha256).await.unwrap(), None);
    let late = world.store.save_token(&changed).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert!(world.store.remove_token(made.id).await.unwrap());
    assert!(!world.store.remove_token(made.id).await.unwrap());
    assert_eq!(world.store.token_by_secret(&[7; 32]).await.unwrap(), None);
}

pub(crate) async fn use_of_a_token_is_noted_no_more_often_than_asked_for(world: World) {
    let made = token(world.account.id, 1);
    world.store.insert_token(&made).await.unwrap();
    let minute = Duration::from_secs(60);
    let used = async |seconds: i64| {
        let at = at(seconds);
        let one = TokenUse { id: made.id, at, since: at - minute };
        world.store.note_token_uses(&[one]).await.unwrap();
        world.store.token(made.id).await.unwrap().unwrap()
    };
    assert_eq!(used(0).await.last_used_at, Some(at(0)));
    assert_eq!(used(60).await.last_used_at, Some(at(0)));
    let token = used(61).await;
    assert_eq!((token.last_used_at, token.version), (Some(at(61)), 0));
}

pub(crate) async fn first_tokens_are_read_as_what_they_allowed(world: World) {
    world.store.insert_token(&token(world.account.id, 1)).await.unwrap();
    world
        .tamper(
            r#"UPDATE tokens SET document = '{"v":1,"name":"old","access":"read","scope":"account","expires_at":null,"created_at":7}'"#,
        )
        .await;
    let read = world.store.token_by_secret(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(read.name, text("old"));
    assert!(matches!(read.grants, Grants::Policies(policies) if policies.len() == 2));
}

pub(crate) async fn users_are_found_by_their_keys_and_saved(world: World) {
    let [first, second] = [user("a@b.net", Some(1)), user("c@d.net", None)];
    for user in [&first, &second] {
        world.store.insert_user(user).await.unwrap();
    }
    let again = world.store.insert_user(&user("A@B.net", Some(3))).await;
    let Err(InsertError::Duplicate { existing }) = again else { panic!("{again:?}") };
    assert_eq!(existing, text(&first.id.to_string()));
    assert_eq!(world.store.users().await.unwrap().len(), 2);
    assert_eq!(world.store.user_by_key(&[1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(world.store.user_by_key(&[0; 32]).await.unwrap(), None);

    let rolled = User { key_sha256: Some([9; 32]), first_name: Some(text("Ada")), ..first };
    world.store.save_user(&rolled).await.unwrap();
    assert_eq!(world.store.user_by_key(&[1; 32]).await.unwrap(), None);
    let saved = User { version: 1, ..rolled.clone() };
    assert_eq!(world.store.user(rolled.id).await.unwrap(), Some(saved));
    let late = world.store.save_user(&rolled).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
}
