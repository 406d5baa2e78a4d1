//! The operator's rules: tables `blocked_names` and `account_prefixes`.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    id::AccountId,
    name::Hostname,
    network::AddressRange,
    ownership::BlockedName,
    ports::{InsertError, RULES_MAX, RuleStore, StoreError},
    text::Explanation,
};

use crate::{
    Store, accounts, records,
    row::{self, Damage},
    statement::{Row, Statement, sql},
};

#[async_trait]
impl RuleStore for Store {
    async fn blocked_names(&self) -> Result<Vec<BlockedName>, StoreError> {
        const LIST: &str = "SELECT name, reason FROM blocked_names ORDER BY name LIMIT $1";
        let rows = self.database.reader().await?.fetch_all(sql(LIST).bind(RULES_MAX)).await?;
        Ok(records::readable(&rows, |row| {
            blocked(row).map_err(|why| why.of("blocked_names", "list"))
        }))
    }

    async fn block(&self, blocked: &BlockedName, now: Timestamp) -> Result<(), StoreError> {
        const BLOCK: &str = "INSERT INTO blocked_names (name, reason, since) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE SET reason = excluded.reason";
        let block = sql(BLOCK).bind(blocked.name.as_str()).bind(blocked.reason.as_str()).bind(now);
        self.run(block).await.map(drop)
    }

    async fn unblock(&self, name: &Hostname) -> Result<bool, StoreError> {
        const UNBLOCK: &str = "DELETE FROM blocked_names WHERE name = $1";
        self.run(sql(UNBLOCK).bind(name.as_str())).await.map(|gone| gone > 0)
    }

    async fn prefixes(&self) -> Result<Vec<(AccountId, AddressRange)>, StoreError> {
        const LIST: &str =
            "SELECT account, prefix FROM account_prefixes ORDER BY account, prefix LIMIT $1";
        let rows = self.database.reader().await?.fetch_all(sql(LIST).bind(RULES_MAX)).await?;
        Ok(records::readable(&rows, |row| {
            prefix(row).map_err(|why| why.of("account_prefixes", "list"))
        }))
    }

    async fn allocate(&self, account: AccountId, prefix: AddressRange) -> Result<(), InsertError> {
        const ALLOCATE: &str = "INSERT INTO account_prefixes (account, prefix) VALUES ($1, $2) \
            ON CONFLICT DO NOTHING";
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    accounts::check_account(connection, account).await?;
                    let allocate = sql(ALLOCATE).bind(account).bind(prefix.to_string());
                    connection.execute(allocate).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn deallocate(
        &self,
        account: AccountId,
        prefix: AddressRange,
    ) -> Result<bool, StoreError> {
        const TAKE: &str = "DELETE FROM account_prefixes WHERE account = $1 AND prefix = $2";
        self.run(sql(TAKE).bind(account).bind(prefix.to_string())).await.map(|gone| gone > 0)
    }
}

impl Store {
    /// One statement in a transaction of its own; how many rows it changed.
    async fn run(&self, statement: Statement) -> Result<u64, StoreError> {
        self.database
            .write(move |connection| Box::pin(async move { connection.execute(statement).await }))
            .await
    }
}

fn blocked(row: &Row) -> Result<BlockedName, Damage> {
    let (name, reason) = (row::hostname(&row.text("name")?)?, row.text("reason")?);
    Ok(BlockedName { name, reason: Explanation::new(reason) })
}

fn prefix(row: &Row) -> Result<(AccountId, AddressRange), Damage> {
    let text = row.text("prefix")?;
    let range = text.parse().map_err(|_| Damage::new(format!("no range of addresses: {text}")))?;
    Ok((AccountId::from_bytes(row.id("account")?), range))
}
