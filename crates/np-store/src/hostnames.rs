//! Custom hostnames: table `hostnames`. A leaving one is out of every list and frees its name; it is kept until the
//! serving nodes have forgotten it.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    custom_hostname::{CustomHostname, HostnameRecord},
    entry::FeedKey,
    event::Event,
    id::{HostnameId, ZoneId},
    name::Hostname,
    ports::{
        CertificateChange, Hold, HostnameChange, HostnameFilter, HostnameStore, InsertError, Lease,
        LeaseOwner, NameFilter, Page, Publish, StoreError,
    },
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    records::{self, COLUMNS, TABLES},
    row,
    statement::{Parameter, Statement, sql},
};

#[async_trait]
impl HostnameStore for Store {
    async fn insert(&self, record: &HostnameRecord, events: &[Event]) -> Result<(), InsertError> {
        let (record, events) = (record.clone(), events.to_vec());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let hostname = &record.hostname;
                    check_zone(connection, hostname.zone).await?;
                    insert_hostname(connection, &record).await?;
                    if let Some(certificate) = &record.certificate
                        && !records::insert_certificate(connection, certificate).await?
                    {
                        let existing = Explanation::new(certificate.id.to_string());
                        return Err(InsertError::Duplicate { existing });
                    }
                    records::remember(connection, hostname.id, &events).await?;
                    let key = FeedKey::Hostname(hostname.id);
                    Ok(records::mark(connection, key, Publish::Yes).await?)
                })
            })
            .await
    }

    async fn find(
        &self,
        zone: ZoneId,
        id: HostnameId,
    ) -> Result<Option<HostnameRecord>, StoreError> {
        let find = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE h.id = $1 AND h.zone = $2 AND h.state <> 'leaving'"
        );
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(id).bind(zone)).await?;
        row.as_ref().map(records::record).transpose()
    }

    async fn list(
        &self,
        zone: ZoneId,
        filter: &HostnameFilter,
        page: Page,
    ) -> Result<(Vec<HostnameRecord>, u64), StoreError> {
        let list = page_of(zone, filter, page);
        let mut reader = self.database.reader().await?;
        let rows = reader.fetch_all(list).await?;
        let total = reader.fetch_one(count(zone, filter)).await?;
        let total = total.count("total").map_err(|why| why.of("hostnames", zone))?;
        Ok((records::readable(&rows, records::record), total))
    }

    async fn proven_rivals(
        &self,
        name: &Hostname,
        except: HostnameId,
    ) -> Result<Vec<CustomHostname>, StoreError> {
        let find = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE h.name = $1 AND h.state = 'proven' AND h.id <> $2 \
             ORDER BY h.id"
        );
        let mut reader = self.database.reader().await?;
        let rows = reader.fetch_all(sql(find).bind(name.as_str()).bind(except)).await?;
        let rivals = records::readable(&rows, records::record);
        Ok(rivals.into_iter().map(|record| record.hostname).collect())
    }

    async fn save(&self, changes: &[HostnameChange], hold: &Hold) -> Result<(), StoreError> {
        let (mut changes, hold) = (changes.to_vec(), hold.clone());
        // In one order always, so that two that save the same hostnames do not wait for each other.
        changes.sort_by_key(|change| change.hostname.id);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for change in &changes {
                        save_one(connection, change, &hold).await?;
                    }
                    for change in &changes {
                        let key = FeedKey::Hostname(change.hostname.id);
                        records::mark(connection, key, change.publish).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The leases end too: whoever works on what was there before is too late anyway.
    async fn save_edit(
        &self,
        hostname: &HostnameChange,
        certificate: Option<&CertificateChange>,
    ) -> Result<(), StoreError> {
        let (hostname, certificate) = (hostname.clone(), certificate.cloned());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    save_one(connection, &hostname, &Hold::Release).await?;
                    let mut publish = hostname.publish;
                    if let Some(change) = &certificate {
                        upsert_certificate(connection, change).await?;
                        if change.publish == Publish::Yes {
                            publish = Publish::Yes;
                        }
                    }
                    let key = FeedKey::Hostname(hostname.hostname.id);
                    records::mark(connection, key, publish).await
                })
            })
            .await
    }

    async fn claim_ownership(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<HostnameRecord>, StoreError> {
        let lease = lease.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move { claim(connection, now, &lease, limit).await })
            })
            .await
    }

    /// Only the column moves: the document's own time is that of the schedule, which the next check goes on with.
    async fn hasten_unproven(&self, zone: ZoneId, now: Timestamp) -> Result<(), StoreError> {
        const HASTEN: &str = "UPDATE hostnames SET due_at = $1 \
            WHERE zone = $2 AND state = 'unproven' AND due_at > $1";
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(sql(HASTEN).bind(now).bind(zone)).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn release_leases(
        &self,
        owner: &LeaseOwner,
        due_by: Timestamp,
    ) -> Result<(), StoreError> {
        const RELEASE: [&str; 4] = [
            "UPDATE hostnames SET lease_owner = NULL, lease_until = NULL \
             WHERE due_at <= $1 AND lease_owner = $2",
            "UPDATE certificates SET lease_owner = NULL, lease_until = NULL \
             WHERE due_at <= $1 AND lease_owner = $2",
            "UPDATE zones SET lease_owner = NULL, lease_until = NULL \
             WHERE due_at <= $1 AND lease_owner = $2",
            "UPDATE packs SET lease_owner = NULL, lease_until = NULL \
             WHERE due_at <= $1 AND lease_owner = $2",
        ];
        let owner = owner.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for release in RELEASE {
                        connection
                            .execute(sql(release).bind(due_by).bind(owner.0.as_str()))
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn remove(&self, id: HostnameId) -> Result<(), StoreError> {
        const REMOVE: &str = "DELETE FROM hostnames WHERE id = $1 AND state = 'leaving'";
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(sql(REMOVE).bind(id)).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// The zone exists, and cannot be removed before this transaction ends.
pub(crate) async fn check_zone(
    connection: &mut Connection,
    zone: ZoneId,
) -> Result<(), InsertError> {
    let lock = connection.locking("FOR KEY SHARE");
    let find = sql(format!("SELECT id FROM zones WHERE id = $1 {lock}")).bind(zone);
    match connection.fetch_optional(find).await? {
        Some(_) => Ok(()),
        None => Err(InsertError::NoParent),
    }
}

async fn insert_hostname(
    connection: &mut Connection,
    record: &HostnameRecord,
) -> Result<(), InsertError> {
    const INSERT: &str = "INSERT INTO hostnames \
        (id, zone, name, state, certificate, created_at, version, due_at, document) \
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8) ON CONFLICT DO NOTHING";
    let hostname = &record.hostname;
    let insert = sql(INSERT)
        .bind(hostname.id)
        .bind(hostname.zone)
        .bind(hostname.name.as_str())
        .bind(row::hostname::Hostname::word(hostname))
        .bind(records::word(record.certificate.as_ref()))
        .bind(hostname.created_at)
        .bind(hostname.ownership.due_at())
        .bind(row::encode(&row::hostname::Hostname::from(hostname))?);
    match connection.execute(insert).await? {
        0 => Err(duplicate(connection, hostname).await?),
        _ => Ok(()),
    }
}

async fn duplicate(
    connection: &mut Connection,
    hostname: &CustomHostname,
) -> Result<InsertError, StoreError> {
    const FIND: &str =
        "SELECT id FROM hostnames WHERE zone = $1 AND name = $2 AND state <> 'leaving'";
    let find = sql(FIND).bind(hostname.zone).bind(hostname.name.as_str());
    // None of this name: then it is the id that is taken.
    let existing = match connection.fetch_optional(find).await? {
        Some(row) => {
            HostnameId::from_bytes(row.id("id").map_err(|why| why.of("hostnames", &hostname.name))?)
        }
        None => hostname.id,
    };
    Ok(InsertError::Duplicate { existing: Explanation::new(existing.to_string()) })
}

async fn save_one(
    connection: &mut Connection,
    change: &HostnameChange,
    hold: &Hold,
) -> Result<(), StoreError> {
    records::update_hostname(connection, &change.hostname, hold).await?;
    records::remember(connection, change.hostname.id, &change.events).await
}

async fn upsert_certificate(
    connection: &mut Connection,
    change: &CertificateChange,
) -> Result<(), StoreError> {
    let certificate = &change.certificate;
    let added =
        certificate.version == 0 && records::insert_certificate(connection, certificate).await?;
    if !added {
        records::update_certificate(connection, certificate, &Hold::Release).await?;
    }
    records::remember_certificate(connection, certificate, &change.events).await
}

async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<HostnameRecord>, StoreError> {
    let lock = connection.locking("FOR UPDATE OF h SKIP LOCKED");
    let due = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE h.due_at <= $1 \
         AND (h.lease_until IS NULL OR h.lease_until <= $1) ORDER BY h.due_at LIMIT $2 {lock}"
    );
    let rows = connection.fetch_all(sql(due).bind(now).bind(limit)).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.id("h_id").map(HostnameId::from_bytes));
    let ids: Vec<_> = ids.collect::<Result<_, _>>().map_err(|why| why.of("hostnames", "due"))?;
    let take = format!(
        "UPDATE hostnames SET lease_owner = $1, lease_until = $2 WHERE id IN ({})",
        records::placeholders(3, ids.len())
    );
    let take = sql(take).bind(lease.owner.0.as_str()).bind(lease.until);
    connection.execute(take.bind_all(ids.into_iter().map(Parameter::from))).await?;
    Ok(records::readable(&rows, records::record))
}

// === lists ===

/// The page's ids come out of an index; only then are its documents read.
fn page_of(zone: ZoneId, filter: &HostnameFilter, page: Page) -> Statement {
    let (condition, parameters) = condition(zone, filter);
    let (limit, offset) = (parameters.len() + 1, parameters.len() + 2);
    let list = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE h.id IN \
         (SELECT id FROM hostnames WHERE {condition} ORDER BY created_at, id \
          LIMIT ${limit} OFFSET ${offset}) \
         ORDER BY h.created_at, h.id"
    );
    sql(list).bind_all(parameters).bind(page.size).bind(self::offset(page))
}

fn count(zone: ZoneId, filter: &HostnameFilter) -> Statement {
    let (condition, parameters) = condition(zone, filter);
    sql(format!("SELECT COUNT(*) AS total FROM hostnames WHERE {condition}")).bind_all(parameters)
}

/// The condition of a list, on `hostnames`, with the values of its placeholders.
fn condition(zone: ZoneId, filter: &HostnameFilter) -> (String, Vec<Parameter>) {
    let mut terms = vec!["zone = $1 AND state <> 'leaving'".to_owned()];
    let mut parameters = vec![Parameter::from(zone)];
    let mut value = |parameter: Parameter| {
        parameters.push(parameter);
        format!("${}", parameters.len())
    };
    if let Some(id) = filter.id {
        terms.push(format!("id = {}", value(id.into())));
    }
    match filter.name.as_ref() {
        Some(NameFilter::Exact(name)) => {
            terms.push(format!("name = {}", value(lower(name).into())));
        }
        Some(NameFilter::Contains(part)) => {
            terms.push(format!("name LIKE {} ESCAPE '!'", value(pattern(part).into())));
        }
        Some(NameFilter::StartsWith(start)) => {
            let (from, to) = (lower(start), format!("{}{}", lower(start), char::MAX));
            terms.push(format!("name >= {} AND name < {}", value(from.into()), value(to.into())));
        }
        None => {}
    }
    match filter.with_certificate {
        Some(true) => terms.push("certificate <> 'none'".into()),
        Some(false) => terms.push("certificate = 'none'".into()),
        None => {}
    }
    match filter.wildcard {
        Some(true) => terms.push("certificate = 'wildcard'".into()),
        Some(false) => terms.push("certificate <> 'wildcard'".into()),
        None => {}
    }
    (terms.join(" AND "), parameters)
}

/// Names are kept in lower case.
fn lower(text: &Explanation) -> String {
    text.as_str().to_ascii_lowercase()
}

/// The pattern for names that contain `part`, which may have signs that mean something in a pattern.
fn pattern(part: &Explanation) -> String {
    let escaped = lower(part).replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// How many come before the page.
pub(crate) fn offset(page: Page) -> i64 {
    i64::from(page.number.saturating_sub(1)) * i64::from(page.size)
}
