//! DNS records: tables `dns_records` and `dns_record_tags`; scans: tables `dns_scans` and `dns_scanned`.
//!
//! Who changes records of a zone holds the zone's row until the transaction ends, so that the rules between records
//! are judged of a state that nobody else is changing. Hostnames, which hold it in a weaker way, do not wait for that.

mod change;
mod list;
mod scan;

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    dns_record::{Content, DnsRecord, Given, Proxy, Ttl},
    id::{DnsRecordId, ZoneId},
    ports::{
        DnsRecordChange, DnsRecordChangeError, DnsRecordFilter, DnsRecordStore, Lease, Page,
        StoreError,
    },
    zone::Zone,
};

use crate::{
    Store, records,
    row::{self, Damage},
    statement::{Row, sql},
};

pub(crate) use change::remove_all;

/// The columns of `dns_records r`.
pub(crate) const COLUMNS: &str = "r.id AS r_id, r.zone AS r_zone, r.name AS r_name, r.kind AS r_kind, \
    r.content AS r_content, r.proxied AS r_proxied, r.ttl AS r_ttl, r.version AS r_version, \
    r.document AS r_document";

#[async_trait]
impl DnsRecordStore for Store {
    async fn dns_record(
        &self,
        zone: ZoneId,
        id: DnsRecordId,
    ) -> Result<Option<DnsRecord>, StoreError> {
        let find = format!("SELECT {COLUMNS} FROM dns_records r WHERE r.id = $1 AND r.zone = $2");
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(id).bind(zone)).await?;
        row.as_ref().map(record).transpose()
    }

    async fn list_dns_records(
        &self,
        zone: ZoneId,
        filter: &DnsRecordFilter,
        page: Page,
    ) -> Result<(Vec<DnsRecord>, u64), StoreError> {
        let mut reader = self.database.reader().await?;
        let total = reader.fetch_one(list::count(zone, filter)).await?;
        let total = total.count("total").map_err(|why| why.of("dns_records", zone))?;
        let rows = reader.fetch_all(list::page_of(zone, filter, page)).await?;
        Ok((records::readable(&rows, record), total))
    }

    async fn change_dns_records(
        &self,
        zone: ZoneId,
        changes: &[DnsRecordChange],
    ) -> Result<Vec<DnsRecord>, DnsRecordChangeError> {
        let changes = changes.to_vec();
        self.database
            .write(move |connection| {
                Box::pin(async move { change::all(connection, zone, changes).await })
            })
            .await
    }

    async fn ask_scan(&self, zone: ZoneId, now: Timestamp) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(scan::ask(zone, now)).await.map(drop) })
            })
            .await
    }

    async fn is_scan_due(&self, zone: ZoneId) -> Result<bool, StoreError> {
        let mut reader = self.database.reader().await?;
        Ok(reader.fetch_optional(scan::due(zone)).await?.is_some())
    }

    async fn claim_scans(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<Zone>, StoreError> {
        let lease = lease.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move { scan::claim(connection, now, &lease, limit).await })
            })
            .await
    }

    async fn keep_scanned(&self, zone: ZoneId, found: &[DnsRecord]) -> Result<(), StoreError> {
        let found = found.to_vec();
        self.database
            .write(move |connection| {
                Box::pin(async move { scan::keep(connection, zone, &found).await })
            })
            .await
    }

    async fn scanned(&self, zone: ZoneId) -> Result<Vec<DnsRecord>, StoreError> {
        let mut reader = self.database.reader().await?;
        Ok(records::readable(&reader.fetch_all(scan::all(zone)).await?, record))
    }

    async fn forget_scanned(&self, zone: ZoneId, finds: &[DnsRecordId]) -> Result<(), StoreError> {
        let finds = finds.to_vec();
        self.database
            .write(move |connection| {
                Box::pin(async move { scan::forget(connection, zone, &finds).await })
            })
            .await
    }
}

/// The record of a row with [`COLUMNS`].
pub(crate) fn record(row: &Row) -> Result<DnsRecord, StoreError> {
    read(row).map_err(|why| why.of("dns_records", records::readable_id(row, "r_id")))
}

fn read(row: &Row) -> Result<DnsRecord, Damage> {
    let document: row::dns_record::Record = row::decode(&row.text("r_document")?)?;
    let parts = row::dns_record::Parts::try_from(document)?;
    let content = row.text("r_content")?;
    let given = Given { content: Some(&content), priority: parts.priority, data: None };
    Ok(DnsRecord {
        id: DnsRecordId::from_bytes(row.id("r_id")?),
        zone: ZoneId::from_bytes(row.id("r_zone")?),
        name: row.text("r_name")?.parse()?,
        content: Content::parse(row.text("r_kind")?.parse()?, given)?,
        ttl: Ttl::from_number(row.count("r_ttl")?)?,
        proxy: Proxy::from(row.int("r_proxied")? != 0),
        comment: parts.comment,
        tags: parts.tags,
        settings: parts.settings,
        created_at: parts.created_at,
        modified_at: parts.modified_at,
        comment_modified_at: parts.comment_modified_at,
        tags_modified_at: parts.tags_modified_at,
        version: row.count("r_version")?,
    })
}
