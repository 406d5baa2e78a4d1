//! Zones: table `zones`.

mod list;

use std::collections::BTreeSet;

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    entry::FeedKey,
    id::{AccountId, ZoneId},
    name::DnsName,
    ports::{InsertError, Lease, Page, Publish, Revision, StoreError, ZoneFilter, ZoneStore},
    text::Explanation,
    zone::{Settings, Zone},
};

use crate::{
    Store, accounts,
    database::Connection,
    dns_records, packs, records,
    revisions::Changed,
    row::{self, Damage},
    statement::{Parameter, Row, sql},
};

/// The most names that one query looks for.
const NAMES_PER_QUERY_MAX: usize = 500;

/// The columns of `zones z`.
pub(crate) const COLUMNS: &str = "z.id AS z_id, z.account AS z_account, z.name AS z_name, \
    z.version AS z_version, z.document AS z_document, z.state AS z_state, z.settings AS z_settings";

#[async_trait]
impl ZoneStore for Store {
    fn zones_revision(&self) -> Revision {
        self.revisions.of(Changed::Zones)
    }

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

    async fn insert_unrivalled_zone(&self, zone: &Zone) -> Result<bool, InsertError> {
        let zone = zone.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    accounts::check_account(connection, zone.account).await?;
                    pass_gate(connection).await?;
                    if has_rival(connection, &zone).await? {
                        return Ok(false);
                    }
                    insert(connection, &zone).await?;
                    records::mark(connection, FeedKey::Zone(zone.id), Publish::Yes).await?;
                    Ok(true)
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
        let mut reader = self.database.reader().await?;
        let total = reader.fetch_one(list::count(filter)).await?;
        let total = total.count("total").map_err(|why| why.of("zones", "count"))?;
        let rows = reader.fetch_all(list::page_of(filter, page)).await?;
        Ok((records::readable(&rows, zone), total))
    }

    async fn save_zone(&self, zone: &Zone, publish: Publish) -> Result<(), StoreError> {
        let zone = zone.clone();
        self.changing(Changed::Zones, move |connection| {
            Box::pin(async move {
                update(connection, &zone).await?;
                records::mark_zone(connection, &zone, publish).await
            })
        })
        .await
    }

    async fn zones_around(&self, names: &[DnsName]) -> Result<Vec<Zone>, StoreError> {
        around(&mut self.database.reader().await?, names).await
    }

    async fn claim_zones(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<Zone>, StoreError> {
        let lease = lease.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move { claim(connection, now, &lease, limit).await })
            })
            .await
    }

    async fn save_activation(&self, zones: &[Zone], publish: Publish) -> Result<(), StoreError> {
        let mut zones = zones.to_vec();
        // In one order always, so that two that save the same zones do not wait for each other.
        zones.sort_by_key(|zone| zone.id);
        self.changing(Changed::Zones, move |connection| {
            Box::pin(async move {
                pass_gate(connection).await?;
                for zone in &zones {
                    update(connection, zone).await?;
                }
                for zone in zones.iter().filter(|zone| zone.state.is_active()) {
                    check_alone(connection, zone).await?;
                }
                for zone in &zones {
                    records::mark_zone(connection, zone, publish).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn remove_zone(&self, id: ZoneId) -> Result<bool, StoreError> {
        self.changing(Changed::Zones, move |connection| {
            Box::pin(async move { remove(connection, id).await })
        })
        .await
    }
}

/// The zones at and above these names.
pub(crate) async fn around(
    reader: &mut Connection,
    names: &[DnsName],
) -> Result<Vec<Zone>, StoreError> {
    let around: BTreeSet<&str> = names.iter().flat_map(DnsName::and_ancestors).collect();
    let around: Vec<&str> = around.into_iter().collect();
    let mut zones = Vec::new();
    for names in around.chunks(NAMES_PER_QUERY_MAX) {
        let find = format!(
            "SELECT {COLUMNS} FROM zones z WHERE z.name IN ({}) ORDER BY z.name, z.id",
            records::placeholders(1, names.len())
        );
        let find = sql(find).bind_all(names.iter().map(|name| Parameter::from(*name)));
        zones.extend(records::readable(&reader.fetch_all(find).await?, zone));
    }
    Ok(zones)
}

async fn insert(connection: &mut Connection, zone: &Zone) -> Result<(), InsertError> {
    const INSERT: &str = "INSERT INTO zones \
        (id, account, name, version, document, status, kind, name_reversed, state, due_at, settings) \
        VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    const FIND: &str = "SELECT id FROM zones WHERE account = $1 AND name = $2";
    let insert = sql(INSERT)
        .bind(zone.id)
        .bind(zone.account)
        .bind(zone.name.as_str())
        .bind(row::encode(&row::zone::Zone::from(zone))?)
        .bind(zone.state.status().as_str())
        .bind(row::zone::word(zone.kind))
        .bind(backwards(zone.name.as_str()))
        .bind(row::encode(&row::activation::Activation::from(zone))?)
        .bind(zone.state.due_at())
        .bind(row::encode(&row::zone_settings::Settings::from(&zone.settings))?);
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

/// Saves over the version that was read; a lease ends.
async fn update(connection: &mut Connection, zone: &Zone) -> Result<(), StoreError> {
    const SAVE: &str = "UPDATE zones \
        SET document = $1, status = $2, kind = $3, name_reversed = $4, state = $5, due_at = $6, \
            settings = $7, lease_owner = NULL, lease_until = NULL, version = version + 1 \
        WHERE id = $8 AND version = $9";
    let save = sql(SAVE)
        .bind(row::encode(&row::zone::Zone::from(zone))?)
        .bind(zone.state.status().as_str())
        .bind(row::zone::word(zone.kind))
        .bind(backwards(zone.name.as_str()))
        .bind(row::encode(&row::activation::Activation::from(zone))?)
        .bind(zone.state.due_at())
        .bind(row::encode(&row::zone_settings::Settings::from(&zone.settings))?)
        .bind(zone.id)
        .bind(zone.version);
    records::one(connection.execute(save).await?)
}

/// Whoever makes a zone active comes through here, one at a time.
async fn pass_gate(connection: &mut Connection) -> Result<(), StoreError> {
    let lock = connection.locking("FOR UPDATE");
    connection.fetch_one(sql(format!("SELECT one FROM zone_gate {lock}"))).await.map(drop)
}

/// Whether another account has an active zone of the name, or of one above or below it.
async fn has_rival(connection: &mut Connection, zone: &Zone) -> Result<bool, StoreError> {
    const BELOW: &str = "SELECT id FROM zones WHERE name_reversed >= $1 AND name_reversed < $2 \
        AND account <> $3 AND status = 'active' LIMIT 1";
    let names: Vec<Parameter> = zone.name.as_dns().and_ancestors().map(Parameter::from).collect();
    let above = format!(
        "SELECT id FROM zones WHERE account <> $1 AND status = 'active' AND name IN ({}) LIMIT 1",
        records::placeholders(2, names.len())
    );
    let above = sql(above).bind(zone.account).bind_all(names);
    if connection.fetch_optional(above).await?.is_some() {
        return Ok(true);
    }
    let reversed = backwards(zone.name.as_str());
    let below = sql(BELOW)
        .bind(format!("{reversed}."))
        // The character after the dot ends the range.
        .bind(format!("{reversed}/"))
        .bind(zone.account);
    Ok(connection.fetch_optional(below).await?.is_some())
}

/// No other account has this name as an active zone.
async fn check_alone(connection: &mut Connection, zone: &Zone) -> Result<(), StoreError> {
    const FIND: &str =
        "SELECT id FROM zones WHERE name = $1 AND account <> $2 AND status = 'active' LIMIT 1";
    let find = sql(FIND).bind(zone.name.as_str()).bind(zone.account);
    match connection.fetch_optional(find).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::Stale),
    }
}

async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<Zone>, StoreError> {
    let lock = connection.locking("FOR UPDATE SKIP LOCKED");
    let due = format!(
        "SELECT {COLUMNS} FROM zones z WHERE z.due_at <= $1 \
         AND (z.lease_until IS NULL OR z.lease_until <= $1) ORDER BY z.due_at LIMIT $2 {lock}"
    );
    let rows = connection.fetch_all(sql(due).bind(now).bind(limit)).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.id("z_id").map(ZoneId::from_bytes));
    let ids: Vec<_> = ids.collect::<Result<_, _>>().map_err(|why| why.of("zones", "due"))?;
    let take = format!(
        "UPDATE zones SET lease_owner = $1, lease_until = $2 WHERE id IN ({})",
        records::placeholders(3, ids.len())
    );
    let take = sql(take).bind(lease.owner.0.as_str()).bind(lease.until);
    connection.execute(take.bind_all(ids.into_iter().map(Parameter::from))).await?;
    Ok(records::readable(&rows, zone))
}

/// A name written backwards: names below it begin with it and a dot.
fn backwards(name: &str) -> String {
    name.chars().rev().collect()
}

/// Removing what is gone is no error.
async fn remove(connection: &mut Connection, id: ZoneId) -> Result<bool, StoreError> {
    const USED: &str = "SELECT id FROM hostnames WHERE zone = $1 AND state <> 'leaving' LIMIT 1";
    const REMOVE: &str = "DELETE FROM zones WHERE id = $1";
    // Hostnames that are being added hold the zone: see `hostnames`.
    let lock = connection.locking("FOR UPDATE");
    let find = sql(format!("SELECT id, name FROM zones WHERE id = $1 {lock}")).bind(id);
    let Some(row) = connection.fetch_optional(find).await? else { return Ok(true) };
    let name = row.text("name").map_err(|why| why.of("zones", id))?;
    if connection.fetch_optional(sql(USED).bind(id)).await?.is_some() {
        return Ok(false);
    }
    packs::remove_all(connection, id).await?;
    dns_records::remove_all(connection, id).await?;
    connection.execute(sql(REMOVE).bind(id)).await?;
    // What it had taken from zones above is theirs again.
    packs::mark_around(connection, id, &name).await?;
    records::mark(connection, FeedKey::Zone(id), Publish::Yes).await?;
    Ok(true)
}

/// The zone of a row with [`COLUMNS`].
pub(crate) fn zone(row: &Row) -> Result<Zone, StoreError> {
    read(row).map_err(|why| why.of("zones", records::readable_id(row, "z_id")))
}

/// Nothing of a zone that the release before has added.
fn settings(row: &Row) -> Result<Settings, Damage> {
    match row.maybe_text("z_settings")? {
        Some(text) => row::decode::<row::zone_settings::Settings>(&text)?.try_into(),
        None => Ok(Settings::default()),
    }
}

fn read(row: &Row) -> Result<Zone, Damage> {
    let document: row::zone::Zone = row::decode(&row.text("z_document")?)?;
    let parts = row::zone::Parts::try_from(document)?;
    let activation = match row.maybe_text("z_state")? {
        Some(text) => row::decode::<row::activation::Activation>(&text)?.try_into()?,
        None => row::activation::Parts::of_before(parts.created_at),
    };
    Ok(Zone {
        id: ZoneId::from_bytes(row.id("z_id")?),
        account: AccountId::from_bytes(row.id("z_account")?),
        name: row::hostname(&row.text("z_name")?)?,
        kind: parts.kind,
        delegation: parts.delegation,
        fallback: parts.fallback,
        hold: parts.hold,
        state: activation.state,
        paused: activation.paused,
        original_name_servers: activation.original_name_servers,
        settings: settings(row)?,
        created_at: parts.created_at,
        modified_at: parts.modified_at,
        version: row.count("z_version")?,
    })
}
