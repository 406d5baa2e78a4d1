//! Accounts and API tokens: tables `accounts` and `tokens`. Of a token's secret only the hash is here.

use async_trait::async_trait;

use np_domain::{
    account::{Account, ApiToken},
    id::{AccountId, TokenId},
    ports::{AccountStore, InsertError, StoreError},
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    records,
    row::{self, Damage},
    statement::{Row, Statement, sql},
};

const TOKEN: &str = "SELECT id, account, secret_sha256, document FROM tokens";

#[async_trait]
impl AccountStore for Store {
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
        const LIST: &str = "SELECT id, name, created_at FROM accounts ORDER BY created_at, id";
        let rows = self.database.reader().await?.fetch_all(sql(LIST)).await?;
        let read = |row: &Row| {
            account(row).map_err(|why| why.of("accounts", records::readable_id(row, "id")))
        };
        Ok(records::readable(&rows, read))
    }

    async fn insert_token(&self, token: &ApiToken) -> Result<(), InsertError> {
        const INSERT: &str = "INSERT INTO tokens (id, account, secret_sha256, document) \
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let (id, account) = (token.id, token.account);
        let insert = sql(INSERT)
            .bind(id)
            .bind(account)
            .bind(token.secret_sha256.as_slice())
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

async fn find_token(store: &Store, find: Statement) -> Result<Option<ApiToken>, StoreError> {
    let row = store.database.reader().await?.fetch_optional(find).await?;
    let read =
        |row: &Row| token(row).map_err(|why| why.of("tokens", records::readable_id(row, "id")));
    row.as_ref().map(read).transpose()
}

fn account(row: &Row) -> Result<Account, Damage> {
    Ok(Account {
        id: AccountId::from_bytes(row.id("id")?),
        name: Explanation::new(row.text("name")?),
        created_at: row.moment("created_at")?,
    })
}

fn token(row: &Row) -> Result<ApiToken, Damage> {
    let document: row::account::Token = row::decode(&row.text("document")?)?;
    let parts = row::account::Parts::try_from(document)?;
    Ok(ApiToken {
        id: TokenId::from_bytes(row.id("id")?),
        account: AccountId::from_bytes(row.id("account")?),
        name: parts.name,
        secret_sha256: row.array("secret_sha256")?,
        access: parts.access,
        scope: parts.scope,
        expires_at: parts.expires_at,
        created_at: parts.created_at,
    })
}
