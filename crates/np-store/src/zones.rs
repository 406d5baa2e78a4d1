//! Zones: table `zones`.

use async_trait::async_trait;

use np_domain::{
    entry::FeedKey,
    id::{AccountId, ZoneId},
    ports::{InsertError, Page, Publish, StoreError, ZoneFilter, ZoneStore},
    text::Explanation,
    zone::Zone,
};

use crate::{
    Store, accounts,
    database::Connection,
    hostnames::offset,
    records,
    row::{self, Damage},
    statement::{Parameter, Row, sql},
};

/// The columns of `zones z`.
pub(crate) const COLUMNS: &str = "z.id AS z_id, z.account AS z_account, z.name AS z_name, \
    z.version AS z_version, z.document AS z_document";

#[async_trait]
impl ZoneStore for Store {
    async fn insert_zone(&self, zone: &Zone) -> Result<(), InsertError> {
        let zone = zone.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    accounts::check_account(connection, zone.account).await?;
                    insert(connection, &zone).await?;
                    Ok(records::mark(connection, FeedKey::Zone(zone.id), Publish::Yes).await?)
                })
            })
            .await
    }

    async fn zone(&self, id: ZoneId) -> Result<Option<Zone>, StoreError> {
        let find = format!("SELECT {COLUMNS} FROM zones z WHERE z.id = $1");
        let row = self.database.reader().await?.fetch_optional(sql(find).bind(id)).await?;
        row.as_ref().map(zone).transpose()
    }

    async fn list_zones(
        &self,
        filter: &ZoneFilter,
        page: Page,
    ) -> Result<(Vec<Zone>, u64), StoreError> {
        let (condition, parameters) = condition(filter);
        let count = format!("SELECT COUNT(*) AS total FROM zones z WHERE {condition}");
        let mut reader = self.database.reader().await?;
        let total = reader.fetch_one(sql(count).bind_all(parameters)).await?;
        let total = total.count("total").map_err(|why| why.of("zones", "count"))?;

        let (condition, parameters) = self::condition(filter);
        let next = parameters.len() + 1;
        let list = format!(
            "SELECT {COLUMNS} FROM zones z WHERE {condition} ORDER BY z.name, z.id \
             LIMIT ${next} OFFSET ${}",
            next + 1
        );
        let list = sql(list).bind_all(parameters).bind(page.size).bind(offset(page));
        Ok((records::readable(&reader.fetch_all(list).await?, zone), total))
    }

    async fn save_zone(&self, zone: &Zone, publish: Publish) -> Result<(), StoreError> {
        const SAVE: &str =
            "UPDATE zones SET document = $1, version = version + 1 WHERE id = $2 AND version = $3";
        let zone = zone.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let save = sql(SAVE)
                        .bind(row::encode(&row::zone::Zone::from(&zone))?)
                        .bind(zone.id)
                        .bind(zone.version);
                    records::one(connection.execute(save).await?)?;
                    records::mark(connection, FeedKey::Zone(zone.id), publish).await
                })
            })
            .await
    }

    async fn remove_zone(&self, id: ZoneId) -> Result<bool, StoreError> {
        self.database
            .write(move |connection| Box::pin(async move { remove(connection, id).await }))
            .await
    }
}

async fn insert(connection: &mut Connection, zone: &Zone) -> Result<(), InsertError> {
    const INSERT: &str = "INSERT INTO zones (id, account, name, version, document) \
        VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING";
    const FIND: &str = "SELECT id FROM zones WHERE account = $1 AND name = $2";
    let insert = sql(INSERT)
        .bind(zone.id)
        .bind(zone.account)
        .bind(zone.name.as_str())
        .bind(row::encode(&row::zone::Zone::from(zone))?);
    if connection.execute(insert).await? == 1 {
        return Ok(());
    }
    let find = sql(FIND).bind(zone.account).bind(zone.name.as_str());
    // None of this name: then it is the id that is taken.
    let existing = match connection.fetch_optional(find).await? {
        Some(row) => ZoneId::from_bytes(row.id("id").map_err(|why| why.of("zones", &zone.name))?),
        None => zone.id,
    };
    Err(InsertError::Duplicate { existing: Explanation::new(existing.to_string()) })
}

/// Removing what is gone is no error.
async fn remove(connection: &mut Connection, id: ZoneId) -> Result<bool, StoreError> {
    const USED: &str = "SELECT id FROM hostnames WHERE zone = $1 AND state <> 'leaving' LIMIT 1";
    const REMOVE: &str = "DELETE FROM zones WHERE id = $1";
    // Hostnames that are being added hold the zone: see `hostnames`.
    let lock = connection.locking("FOR UPDATE");
    let find = sql(format!("SELECT id FROM zones WHERE id = $1 {lock}")).bind(id);
    if connection.fetch_optional(find).await?.is_none() {
        return Ok(true);
    }
    if connection.fetch_optional(sql(USED).bind(id)).await?.is_some() {
        return Ok(false);
    }
    connection.execute(sql(REMOVE).bind(id)).await?;
    records::mark(connection, FeedKey::Zone(id), Publish::Yes).await?;
    Ok(true)
}

/// The condition of a list, on `zones z`, with the values of its placeholders.
fn condition(filter: &ZoneFilter) -> (String, Vec<Parameter>) {
    let mut terms = vec!["1 = 1".to_owned()];
    let mut parameters = Vec::new();
    if let Some(account) = filter.account {
        parameters.push(account.into());
        terms.push(format!("z.account = ${}", parameters.len()));
    }
    if let Some(name) = &filter.name {
        parameters.push(name.as_str().to_ascii_lowercase().into());
        terms.push(format!("z.name = ${}", parameters.len()));
    }
    match filter.among.as_deref() {
        Some([]) => terms.push("1 = 0".to_owned()),
        Some(zones) => {
            let list = records::placeholders(parameters.len() + 1, zones.len());
            terms.push(format!("z.id IN ({list})"));
            parameters.extend(zones.iter().copied().map(Parameter::from));
        }
        None => {}
    }
    (terms.join(" AND "), parameters)
}

/// The zone of a row with [`COLUMNS`].
pub(crate) fn zone(row: &Row) -> Result<Zone, StoreError> {
    read(row).map_err(|why| why.of("zones", records::readable_id(row, "z_id")))
}

fn read(row: &Row) -> Result<Zone, Damage> {
    let document: row::zone::Zone = row::decode(&row.text("z_document")?)?;
    let parts = row::zone::Parts::try_from(document)?;
    Ok(Zone {
        id: ZoneId::from_bytes(row.id("z_id")?),
        account: AccountId::from_bytes(row.id("z_account")?),
        name: row::hostname(&row.text("z_name")?)?,
        kind: parts.kind,
        delegation: parts.delegation,
        fallback: parts.fallback,
        created_at: parts.created_at,
        modified_at: parts.modified_at,
        version: row.count("z_version")?,
    })
}
