//! Changes of a zone's records: all written first, then judged by what the zone would be.

use std::collections::BTreeMap;

use np_domain::{
    dns_record::{DnsRecord, RECORDS_PER_NAME_MAX, RECORDS_PER_ZONE_MAX, RecordName, rules},
    entry::FeedKey,
    id::{DnsRecordId, ZoneId},
    ports::{DnsRecordChange, DnsRecordChangeError, Publish, StoreError},
    zone::Zone,
};

use super::{COLUMNS, record};
use crate::{
    database::Connection,
    records, row,
    statement::{Parameter, Statement, sql},
    zones,
};

/// What became of a change.
struct Done {
    before: Option<DnsRecord>,
    after: Option<DnsRecord>,
}

pub(super) async fn all(
    connection: &mut Connection,
    zone: ZoneId,
    changes: Vec<DnsRecordChange>,
) -> Result<Vec<DnsRecord>, DnsRecordChangeError> {
    let zone = hold(connection, zone).await?.ok_or(DnsRecordChangeError::NoZone)?;
    let mut done = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        done.push(write(connection, &zone, index, change).await?);
    }
    judge(connection, &zone, &done).await?;
    // In one order always, so that two that mark the same items do not wait for each other.
    let mut ids: Vec<DnsRecordId> = changes.iter().map(DnsRecordChange::id).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        records::mark(connection, FeedKey::Record(id), Publish::Yes).await?;
    }
    Ok(done.into_iter().filter_map(|done| done.after.or(done.before)).collect())
}

/// The zone, held so that nobody else changes its records or removes it.
async fn hold(connection: &mut Connection, zone: ZoneId) -> Result<Option<Zone>, StoreError> {
    let lock = connection.locking("FOR NO KEY UPDATE");
    let find = format!("SELECT {} FROM zones z WHERE z.id = $1 {lock}", zones::COLUMNS);
    let row = connection.fetch_optional(sql(find).bind(zone)).await?;
    row.as_ref().map(zones::zone).transpose()
}

async fn write(
    connection: &mut Connection,
    zone: &Zone,
    index: usize,
    change: &DnsRecordChange,
) -> Result<Done, DnsRecordChangeError> {
    let before = find(connection, zone.id, change.id()).await?;
    match (change, before) {
        (DnsRecordChange::Add(record), None) => {
            let after = DnsRecord { version: 0, ..(**record).clone() };
            connection.execute(insert(&after)?).await?;
            write_tags(connection, &after).await?;
            Ok(Done { before: None, after: Some(after) })
        }
        (DnsRecordChange::Add(_), Some(_)) => Err(StoreError::Stale.into()),
        (DnsRecordChange::Save(record), Some(before)) => {
            records::one(connection.execute(update(record)?).await?)?;
            write_tags(connection, record).await?;
            let after = DnsRecord { version: record.version + 1, ..(**record).clone() };
            Ok(Done { before: Some(before), after: Some(after) })
        }
        (DnsRecordChange::Remove(id), Some(before)) => {
            connection.execute(sql("DELETE FROM dns_records WHERE id = $1").bind(*id)).await?;
            Ok(Done { before: Some(before), after: None })
        }
        (DnsRecordChange::Save(_) | DnsRecordChange::Remove(_), None) => {
            Err(DnsRecordChangeError::NoRecord { index })
        }
    }
}

async fn find(
    connection: &mut Connection,
    zone: ZoneId,
    id: DnsRecordId,
) -> Result<Option<DnsRecord>, StoreError> {
    let find = format!("SELECT {COLUMNS} FROM dns_records r WHERE r.id = $1 AND r.zone = $2");
    let row = connection.fetch_optional(sql(find).bind(id).bind(zone)).await?;
    row.as_ref().map(record).transpose()
}

fn insert(record: &DnsRecord) -> Result<Statement, StoreError> {
    const INSERT: &str = "INSERT INTO dns_records \
        (name, kind, content, sought, comment, proxied, ttl, document, id, zone, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)";
    Ok(sql(INSERT).bind_all(columns(record)?).bind(record.id).bind(record.zone))
}

fn update(record: &DnsRecord) -> Result<Statement, StoreError> {
    const UPDATE: &str = "UPDATE dns_records SET name = $1, kind = $2, content = $3, sought = $4, \
        comment = $5, proxied = $6, ttl = $7, document = $8, version = version + 1 \
        WHERE id = $9 AND version = $10";
    Ok(sql(UPDATE).bind_all(columns(record)?).bind(record.id).bind(record.version))
}

fn columns(record: &DnsRecord) -> Result<[Parameter; 8], StoreError> {
    Ok([
        record.name.as_str().into(),
        record.kind().as_str().into(),
        record.content.text().into(),
        record.content.sought().into(),
        record.comment.as_ref().map(|comment| comment.as_str().to_lowercase()).into(),
        i64::from(record.proxy.is_on()).into(),
        record.ttl.number().into(),
        row::encode(&row::dns_record::Record::from(record))?.into(),
    ])
}

async fn write_tags(connection: &mut Connection, record: &DnsRecord) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO dns_record_tags (record, name, value) VALUES ($1, $2, $3) \
        ON CONFLICT DO NOTHING";
    let forget = sql("DELETE FROM dns_record_tags WHERE record = $1").bind(record.id);
    connection.execute(forget).await?;
    for tag in record.tags.iter() {
        let insert = sql(INSERT)
            .bind(record.id)
            .bind(tag.name().to_lowercase())
            .bind(tag.value().to_lowercase());
        connection.execute(insert).await?;
    }
    Ok(())
}

/// Judges the zone as it would be.
async fn judge(
    connection: &mut Connection,
    zone: &Zone,
    done: &[Done],
) -> Result<(), DnsRecordChangeError> {
    let apex = RecordName::from(&zone.name);
    let mut names: BTreeMap<RecordName, Vec<DnsRecord>> = BTreeMap::new();
    for Done { before, after } in done {
        for record in before.iter().chain(after) {
            if !names.contains_key(&record.name) {
                let there = at_name(connection, zone.id, &record.name).await?;
                names.insert(record.name.clone(), there);
            }
        }
    }
    let at = |record: &DnsRecord| names.get(&record.name).map(Vec::as_slice).unwrap_or_default();
    for (index, Done { before, after }) in done.iter().enumerate() {
        let refused = |conflict| DnsRecordChangeError::Conflict { index, conflict };
        if let Some(before) = before {
            rules::check_loss(zone, before, at(before)).map_err(refused)?;
        }
        // What a later change of the same batch took away or changed again is judged there.
        let stays = |record: &&DnsRecord| at(record).iter().any(|there| there == *record);
        if let Some(after) = after.as_ref().filter(stays) {
            rules::check_alone(after, &apex).map_err(refused)?;
            rules::check_beside(after, at(after)).map_err(refused)?;
        }
    }
    let added = done.iter().position(|done| done.before.is_none());
    match added {
        Some(index) => check_total(connection, zone.id, index).await,
        None => Ok(()),
    }
}

async fn at_name(
    connection: &mut Connection,
    zone: ZoneId,
    name: &RecordName,
) -> Result<Vec<DnsRecord>, StoreError> {
    let find = format!(
        "SELECT {COLUMNS} FROM dns_records r WHERE r.zone = $1 AND r.name = $2 \
         ORDER BY r.kind, r.id LIMIT $3"
    );
    // One more than may be: that suffices to see that it is too many.
    let limit = RECORDS_PER_NAME_MAX as u64 + 1;
    let find = sql(find).bind(zone).bind(name.as_str()).bind(limit);
    Ok(records::readable(&connection.fetch_all(find).await?, record))
}

async fn check_total(
    connection: &mut Connection,
    zone: ZoneId,
    index: usize,
) -> Result<(), DnsRecordChangeError> {
    let count = sql("SELECT COUNT(*) AS total FROM dns_records WHERE zone = $1").bind(zone);
    let total = connection.fetch_one(count).await?;
    let total = total.count("total").map_err(|why| why.of("dns_records", zone))?;
    if total > RECORDS_PER_ZONE_MAX {
        let conflict = rules::Conflict::TooManyInZone;
        return Err(DnsRecordChangeError::Conflict { index, conflict });
    }
    Ok(())
}

/// Removes the records of a zone that is removed, and marks them.
pub(crate) async fn remove_all(
    connection: &mut Connection,
    zone: ZoneId,
) -> Result<(), StoreError> {
    const MARK: &str = "INSERT INTO feed (kind, subject, generation, marked) \
        SELECT 'record', id, 0, 1 FROM dns_records WHERE zone = $1 ORDER BY id \
        ON CONFLICT (kind, subject) DO UPDATE SET marked = 1";
    connection.execute(sql(MARK).bind(zone)).await?;
    connection.execute(sql("DELETE FROM dns_records WHERE zone = $1").bind(zone)).await?;
    Ok(())
}
