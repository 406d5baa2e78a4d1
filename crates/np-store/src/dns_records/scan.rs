//! Scans: which zones are to be scanned, and what was found and nobody has judged yet.

use np_domain::{
    Timestamp,
    dns_record::DnsRecord,
    id::{DnsRecordId, ZoneId},
    ports::{Lease, StoreError},
    zone::Zone,
};

use crate::{
    database::Connection,
    records, row,
    statement::{Parameter, Statement, sql},
    zones,
};

/// Has a zone scanned. A zone that is gone by now is not.
pub(super) fn ask(zone: ZoneId, now: Timestamp) -> Statement {
    const ASK: &str = "INSERT INTO dns_scans (zone, asked_at) SELECT id, $2 FROM zones WHERE id = $1 \
        ON CONFLICT DO NOTHING";
    sql(ASK).bind(zone).bind(now)
}

pub(super) fn due(zone: ZoneId) -> Statement {
    sql("SELECT asked_at FROM dns_scans WHERE zone = $1").bind(zone)
}

pub(super) async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<Zone>, StoreError> {
    let lock = connection.locking("FOR UPDATE OF s SKIP LOCKED");
    let due = format!(
        "SELECT {} FROM dns_scans s JOIN zones z ON z.id = s.zone \
         WHERE s.asked_at <= $1 AND (s.lease_until IS NULL OR s.lease_until <= $1) \
         ORDER BY s.asked_at LIMIT $2 {lock}",
        zones::COLUMNS
    );
    let rows = connection.fetch_all(sql(due).bind(now).bind(limit)).await?;
    let zones = records::readable(&rows, zones::zone);
    if zones.is_empty() {
        return Ok(zones);
    }
    let take = format!(
        "UPDATE dns_scans SET lease_owner = $1, lease_until = $2 WHERE zone IN ({})",
        records::placeholders(3, zones.len())
    );
    let take = sql(take).bind(lease.owner.0.as_str()).bind(lease.until);
    let take = take.bind_all(zones.iter().map(|zone| Parameter::from(zone.id)));
    connection.execute(take).await?;
    Ok(zones)
}

/// Keeps finds in place of former ones, and ends the scan. A zone that is gone by now keeps none.
pub(super) async fn keep(
    connection: &mut Connection,
    zone: ZoneId,
    found: &[DnsRecord],
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO dns_scanned (id, zone, name, kind, content, proxied, ttl, document) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let lock = connection.locking("FOR NO KEY UPDATE");
    let zone_row = sql(format!("SELECT id FROM zones WHERE id = $1 {lock}")).bind(zone);
    if connection.fetch_optional(zone_row).await?.is_none() {
        return Ok(());
    }
    connection.execute(sql("DELETE FROM dns_scanned WHERE zone = $1").bind(zone)).await?;
    connection.execute(sql("DELETE FROM dns_scans WHERE zone = $1").bind(zone)).await?;
    for record in found {
        let insert = sql(INSERT)
            .bind(record.id)
            .bind(zone)
            .bind(record.name.as_str())
            .bind(record.kind().as_str())
            .bind(record.content.text())
            .bind(i64::from(record.proxy.is_on()))
            .bind(record.ttl.number())
            .bind(row::encode(&row::dns_record::Record::from(record))?);
        connection.execute(insert).await?;
    }
    Ok(())
}

/// The finds of a zone, with the columns of records.
pub(super) fn all(zone: ZoneId) -> Statement {
    const ALL: &str = "SELECT r.id AS r_id, r.zone AS r_zone, r.name AS r_name, r.kind AS r_kind, \
        r.content AS r_content, r.proxied AS r_proxied, r.ttl AS r_ttl, CAST(0 AS BIGINT) AS r_version, \
        r.document AS r_document FROM dns_scanned r WHERE r.zone = $1 ORDER BY r.name, r.kind, r.id";
    sql(ALL).bind(zone)
}

pub(super) async fn forget(
    connection: &mut Connection,
    zone: ZoneId,
    finds: &[DnsRecordId],
) -> Result<(), StoreError> {
    if finds.is_empty() {
        return Ok(());
    }
    let list = records::placeholders(2, finds.len());
    let forget = sql(format!("DELETE FROM dns_scanned WHERE zone = $1 AND id IN ({list})"))
        .bind(zone)
        .bind_all(finds.iter().copied().map(Parameter::from));
    connection.execute(forget).await.map(|_| ())
}
