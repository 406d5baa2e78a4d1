//! Custom hostnames: table `hostnames`. A leaving one is out of every list and frees its name; it is kept until the
//! serving nodes have forgotten it.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    custom_hostname::{CustomHostname, HostnameRecord},
    entry::FeedKey,
    id::{HostnameId, ZoneId},
    name::Hostname,
    ports::{
        AddError, Addition, CertificateChange, Hold, HostnameChange, HostnameList, HostnamePage,
        HostnameStore, InsertError, Lease, LeaseOwner, Page, Publish, StoreError,
    },
};

use crate::{
    Store, additions,
    database::Connection,
    lists, lookups,
    records::{self, COLUMNS, TABLES},
    statement::{Parameter, sql},
};

#[async_trait]
impl HostnameStore for Store {
    async fn add(&self, additions: Vec<Addition>) -> Vec<Result<(), AddError>> {
        additions::add(self, additions).await
    }

    async fn find(
        &self,
        zone: ZoneId,
        id: HostnameId,
    ) -> Result<Option<HostnameRecord>, StoreError> {
        lookups::look_up(self, zone, id).await
    }

    async fn list(&self, zone: ZoneId, list: &HostnameList) -> Result<HostnamePage, StoreError> {
        lists::list(self, zone, list).await
    }

    async fn count(&self, zone: ZoneId) -> Result<u64, StoreError> {
        lists::counts::total(&mut self.database.reader().await?, zone).await
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

/// How many come before the page.
pub(crate) fn offset(page: Page) -> i64 {
    i64::from(page.number.saturating_sub(1)) * i64::from(page.size)
}
