//! Accounts and API tokens: tables `accounts` and `tokens`, and the way to [`users`]. Of a token's secret only the hash is
//! here.

use async_trait::async_trait;

use np_domain::{
    account::{Account, User},
    id::{AccountId, TokenId, UserId},
    ports::{AccountStore, Direction, InsertError, Page, Revision, StoreError, TokenUse},
    text::Explanation,
    token::{ApiToken, Owner},
};

use crate::{
    Store,
    database::Connection,
    hostnames::offset,
    records,
    revisions::Changed,
    row::{self, Damage},
    statement::{Parameter, Row, Statement, sql},
    users,
};

const ACCOUNT: &str = "SELECT id, name, created_at FROM accounts";
const TOKEN: &str =
    "SELECT id, account, user_id, secret_sha256, last_used_at, version, document FROM tokens";

#[async_trait]
impl AccountStore for Store {
    fn callers_revision(&self) -> Revision {
        self.revisions.of(Changed::Callers)
    }

    async fn insert_account(&self, account: &Account) -> Result<(), InsertError> {
        const INSERT: &str = "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING";
        let id = account.id;
        let insert = sql(INSERT).bind(id).bind(account.name.as_str()).bind(account.created_at);
        self.database
            .write(move |connection| {
                Box::pin(async move { added(connection.execute(insert).await?, id) })
            })
            .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        find_accounts(self, sql(format!("{ACCOUNT} ORDER BY created_at, id"))).await
    }

    async fn first_account(&self) -> Result<Option<Account>, StoreError> {
        let first = sql(format!("{ACCOUNT} ORDER BY created_at, id LIMIT 1"));
        Ok(find_accounts(self, first).await?.pop())
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts_among(&[id]).await?.pop())
    }

    async fn accounts_among(&self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let find = format!(
            "{ACCOUNT} WHERE id IN ({}) ORDER BY created_at, id",
            records::placeholders(1, ids.len())
        );
        find_accounts(self, sql(find).bind_all(ids.iter().copied().map(Parameter::from))).await
    }

    async fn insert_token(&self, token: &ApiToken) -> Result<(), InsertError> {
        const INSERT: &str = "INSERT INTO tokens \
            (id, account, user_id, secret_sha256, created_at, version, document) \
            VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT DO NOTHING";
        let (id, account) = (token.id, token.account);
        let insert = sql(INSERT)
            .bind(id)
            .bind(account)
            .bind(user_of(token.owner))
            .bind(token.secret_sha256.as_slice())
            .bind(token.created_at)
            .bind(row::encode(&row::account::Token::from(token))?);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    check_account(connection, account).await?;
                    added(connection.execute(insert).await?, id)
                })
            })
            .await
    }

    async fn token_by_secret(&self, sha256: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let find = format!("{TOKEN} WHERE secret_sha256 = $1");
        find_token(self, sql(find).bind(sha256.as_slice())).await
    }

    async fn token(&self, id: TokenId) -> Result<Option<ApiToken>, StoreError> {
        find_token(self, sql(format!("{TOKEN} WHERE id = $1")).bind(id)).await
    }

    async fn list_tokens(
        &self,
        owner: Owner,
        order: Direction,
        page: Page,
    ) -> Result<(Vec<ApiToken>, u64), StoreError> {
        let (condition, id) = match &owner {
            Owner::Account(id) => ("user_id IS NULL AND account = $1", id.as_bytes()),
            Owner::User(id) => ("user_id = $1", id.as_bytes()),
        };
        let direction = word(order);
        let count = format!("SELECT COUNT(*) AS total FROM tokens WHERE {condition}");
        let mut reader = self.database.reader().await?;
        let total = reader.fetch_one(sql(count).bind(id.as_slice())).await?;
        let total = total.count("total").map_err(|why| why.of("tokens", "count"))?;
        let list = format!(
            "{TOKEN} WHERE {condition} ORDER BY created_at {direction}, id {direction} \
             LIMIT $2 OFFSET $3"
        );
        let list = sql(list).bind(id.as_slice()).bind(page.size).bind(offset(page));
        Ok((records::readable(&reader.fetch_all(list).await?, readable_token), total))
    }

    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError> {
        const SAVE: &str = "UPDATE tokens \
            SET secret_sha256 = $1, document = $2, version = version + 1 \
            WHERE id = $3 AND version = $4";
        let save = sql(SAVE)
            .bind(token.secret_sha256.as_slice())
            .bind(row::encode(&row::account::Token::from(token))?)
            .bind(token.id)
            .bind(token.version);
        self.changing(Changed::Callers, move |connection| {
            Box::pin(async move { records::one(connection.execute(save).await?) })
        })
        .await
    }

    async fn note_token_uses(&self, uses: &[TokenUse]) -> Result<(), StoreError> {
        const NOTE: &str = "UPDATE tokens SET last_used_at = $1 \
            WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
        let mut uses = uses.to_vec();
        // In one order always, so that two that note the same tokens do not wait for each other.
        uses.sort_by_key(|one| one.id);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for one in uses {
                        let note = sql(NOTE).bind(one.at).bind(one.id).bind(one.since);
                        connection.execute(note).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn remove_token(&self, id: TokenId) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM tokens WHERE id = $1";
        let remove = sql(REMOVE).bind(id);
        self.changing(Changed::Callers, move |connection| {
            Box::pin(async move { Ok(connection.execute(remove).await? > 0) })
        })
        .await
    }

    async fn insert_user(&self, user: &User) -> Result<(), InsertError> {
        users::insert(self, user).await
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        users::all(self).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        users::by_id(self, id).await
    }

    async fn user_by_key(&self, sha256: &[u8; 32]) -> Result<Option<User>, StoreError> {
        users::by_key(self, sha256).await
    }

    async fn save_user(&self, user: &User) -> Result<(), StoreError> {
        users::save(self, user).await
    }
}

fn user_of(owner: Owner) -> Option<UserId> {
    match owner {
        Owner::Account(_) => None,
        Owner::User(id) => Some(id),
    }
}

fn word(order: Direction) -> &'static str {
    match order {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    }
}

/// The account exists. Accounts are never removed.
pub(crate) async fn check_account(
    connection: &mut Connection,
    account: AccountId,
) -> Result<(), InsertError> {
    let find = sql("SELECT id FROM accounts WHERE id = $1").bind(account);
    match connection.fetch_optional(find).await? {
        Some(_) => Ok(()),
        None => Err(InsertError::NoParent),
    }
}

fn added(rows: u64, id: impl ToString) -> Result<(), InsertError> {
    match rows {
        0 => Err(InsertError::Duplicate { existing: Explanation::new(id.to_string()) }),
        _ => Ok(()),
    }
}

async fn find_accounts(store: &Store, find: Statement) -> Result<Vec<Account>, StoreError> {
    let rows = store.database.reader().await?.fetch_all(find).await?;
    let read =
        |row: &Row| account(row).map_err(|why| why.of("accounts", records::readable_id(row, "id")));
    Ok(records::readable(&rows, read))
}

async fn find_token(store: &Store, find: Statement) -> Result<Option<ApiToken>, StoreError> {
    let row = store.database.reader().await?.fetch_optional(find).await?;
    row.as_ref().map(readable_token).transpose()
}

fn account(row: &Row) -> Result<Account, Damage> {
    Ok(Account {
        id: AccountId::from_bytes(row.id("id")?),
        name: Explanation::new(row.text("name")?),
        created_at: row.moment("created_at")?,
    })
}

fn readable_token(row: &Row) -> Result<ApiToken, StoreError> {
    token(row).map_err(|why| why.of("tokens", records::readable_id(row, "id")))
}

fn token(row: &Row) -> Result<ApiToken, Damage> {
    let account = AccountId::from_bytes(row.id("account")?);
    let user = row.maybe_id("user_id")?.map(UserId::from_bytes);
    let parts = row::account::Parts::read(&row.text("document")?, account)?;
    Ok(ApiToken {
        id: TokenId::from_bytes(row.id("id")?),
        account,
        owner: user.map_or(Owner::Account(account), Owner::User),
        name: parts.name,
        secret_sha256: row.array("secret_sha256")?,
        grants: parts.grants,
        switch: parts.switch,
        from: parts.from,
        not_before: parts.not_before,
        expires_at: parts.expires_at,
        created_at: parts.created_at,
        modified_at: parts.modified_at,
        last_used_at: row.maybe_moment("last_used_at")?,
        version: row.count("version")?,
    })
}
