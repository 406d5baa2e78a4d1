//! Sealed secrets with a name: table `secrets`. The first one kept under a name stays until it is forgotten, or whoever knows it
//! replaces it.

use async_trait::async_trait;

use np_domain::{
    ports::{SecretStore, StoreError},
    secret::SealedBytes,
};

use crate::{
    Store,
    statement::{Row, sql},
};

const FIND: &str = "SELECT sealed FROM secrets WHERE name = $1";

#[async_trait]
impl SecretStore for Store {
    async fn secret(&self, name: &str) -> Result<Option<SealedBytes>, StoreError> {
        let row = self.database.reader().await?.fetch_optional(sql(FIND).bind(name)).await?;
        row.map(|row| sealed(&row, name)).transpose()
    }

    async fn keep_secret(
        &self,
        name: &str,
        sealed: &SealedBytes,
    ) -> Result<SealedBytes, StoreError> {
        const KEEP: &str =
            "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        let keep = sql(KEEP).bind(name).bind(sealed.as_bytes());
        let name = name.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(keep).await?;
                    let row = connection.fetch_one(sql(FIND).bind(name.as_str())).await?;
                    self::sealed(&row, &name)
                })
            })
            .await
    }

    async fn forget_secrets(&self, from: &str, until: &str) -> Result<(), StoreError> {
        const FORGET: &str = "DELETE FROM secrets WHERE name >= $1 AND name < $2";
        let forget = sql(FORGET).bind(from).bind(until);
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(forget).await.map(|_| ()) })
            })
            .await
    }

    async fn replace_secret(
        &self,
        name: &str,
        expected: &SealedBytes,
        sealed: &SealedBytes,
    ) -> Result<Option<SealedBytes>, StoreError> {
        const REPLACE: &str = "UPDATE secrets SET sealed = $3 WHERE name = $1 AND sealed = $2";
        let replace = sql(REPLACE).bind(name).bind(expected.as_bytes()).bind(sealed.as_bytes());
        let name = name.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(replace).await?;
                    let row = connection.fetch_optional(sql(FIND).bind(name.as_str())).await?;
                    row.map(|row| self::sealed(&row, &name)).transpose()
                })
            })
            .await
    }

    async fn remove_secret(&self, name: &str) -> Result<(), StoreError> {
        let remove = sql("DELETE FROM secrets WHERE name = $1").bind(name);
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(remove).await.map(drop) })
            })
            .await
    }
}

fn sealed(row: &Row, name: &str) -> Result<SealedBytes, StoreError> {
    row.bytes("sealed").map(SealedBytes::from_vec).map_err(|why| why.of("secrets", name))
}
