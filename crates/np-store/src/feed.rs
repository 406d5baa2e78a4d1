//! The outbox: tables `feed` and `feed_head`, and what nodes report: table `nodes`.
//!
//! Why no reader misses a change. Writers only mark ([`records::mark`]); generations are given by [`number`] alone, to
//! which `feed_head` lets in one at a time, and all of one call become visible at once, above all that were visible
//! before. A row that is marked again keeps its generation until it gets the next one, so that it is never out of
//! sight; it only ever moves towards the end, ahead of every reader.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    entry::{FeedKey, Generation},
    id::{DnsRecordId, HostnameId, PackId, ZoneId},
    ports::{FeedItem, FeedPosition, FeedStore, FeedSubject, NodeReport, NodeRole, StoreError},
    text::Explanation,
    zone::Zone,
};

use crate::{
    Store,
    database::Connection,
    dns_records, packs, records,
    row::Damage,
    statement::{Parameter, Row, sql},
    zones,
};

#[async_trait]
impl FeedStore for Store {
    async fn number(&self) -> Result<Generation, StoreError> {
        const LOOK: &str = "SELECT generation, (SELECT COUNT(*) FROM \
            (SELECT 1 FROM feed WHERE marked = 1 LIMIT 1) AS any_marked) AS marked FROM feed_head";
        let row = self.database.reader().await?.fetch_one(sql(LOOK)).await?;
        let marked = row.int("marked").map_err(|why| why.of("feed", "marked"))?;
        if marked == 0 {
            return head(&row);
        }
        self.database.write(|connection| Box::pin(number(connection))).await
    }

    async fn feed_after(&self, after: Generation, limit: u32) -> Result<Vec<FeedItem>, StoreError> {
        let mut reader = self.database.reader().await?;
        let mut after = after.0;
        loop {
            let rows = page(&mut reader, after, limit).await?;
            let items = with_zones_around(&mut reader, records::readable(&rows, item)).await?;
            // A page of nothing but damage must not look like the end.
            match rows.last() {
                Some(last) if items.is_empty() => {
                    after = last.count("generation").map_err(|why| why.of("feed", after))?;
                }
                _ => return Ok(items),
            }
        }
    }

    async fn position(&self, key: FeedKey) -> Result<FeedPosition, StoreError> {
        const FIND: &str = "SELECT generation, marked FROM feed WHERE kind = $1 AND subject = $2";
        let (kind, subject) = records::columns_of(key);
        let find = sql(FIND).bind(kind).bind(subject);
        let row = self.database.reader().await?.fetch_optional(find).await?;
        let damaged = |why: Damage| why.of("feed", kind);
        Ok(match row {
            None => FeedPosition::Absent,
            Some(row) if row.int("marked").map_err(damaged)? == 1 => FeedPosition::Unnumbered,
            Some(row) => FeedPosition::At(Generation(row.count("generation").map_err(damaged)?)),
        })
    }

    async fn report(&self, report: &NodeReport) -> Result<(), StoreError> {
        const REPORT: &str = "INSERT INTO nodes (node, role, applied, seen_at) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (node, role) \
            DO UPDATE SET applied = excluded.applied, seen_at = excluded.seen_at";
        let report = sql(REPORT)
            .bind(report.node.as_str())
            .bind(report.role.as_str())
            .bind(report.applied.0)
            .bind(report.seen_at);
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(report).await.map(|_| ()) })
            })
            .await
    }

    async fn heed(&self, hostnames: &[HostnameId], now: Timestamp) -> Result<(), StoreError> {
        if hostnames.is_empty() {
            return Ok(());
        }
        // In one order always, so that two that heed the same hostnames do not wait for each other.
        let mut ids = hostnames.to_vec();
        ids.sort_unstable();
        let hasten = format!(
            "UPDATE hostnames SET due_at = $1 \
             WHERE id IN ({}) AND state = 'unproven' AND due_at > $1",
            records::placeholders(2, ids.len())
        );
        let hasten = sql(hasten).bind(now).bind_all(ids.into_iter().map(Parameter::from));
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(hasten).await.map(|_| ()) })
            })
            .await
    }

    async fn nodes(&self, seen_since: Timestamp) -> Result<Vec<NodeReport>, StoreError> {
        const LIST: &str = "SELECT node, role, applied, seen_at FROM nodes WHERE seen_at >= $1 \
            ORDER BY node, role";
        let rows = self.database.reader().await?.fetch_all(sql(LIST).bind(seen_since)).await?;
        let read = |row: &Row| {
            report(row).map_err(|why| why.of("nodes", row.text("node").unwrap_or_default()))
        };
        Ok(records::readable(&rows, read))
    }
}

/// Gives generations to all that is marked, one caller at a time.
async fn number(connection: &mut Connection) -> Result<Generation, StoreError> {
    let lock = connection.locking("FOR UPDATE");
    let last = sql(format!("SELECT generation FROM feed_head {lock}"));
    let Generation(last) = head(&connection.fetch_one(last).await?)?;
    // Rows are locked in the order in which writers lock them. A writer that has marked one and is not done is waited
    // for: its change was marked before, or it is not seen here and numbered by the next call.
    let number = format!(
        "WITH found AS (SELECT kind, subject FROM feed WHERE marked = 1 ORDER BY kind, subject {lock}), \
         numbered AS (SELECT kind, subject, row_number() OVER (ORDER BY kind, subject) AS n FROM found) \
         UPDATE feed SET generation = $1 + numbered.n, marked = 0 FROM numbered \
         WHERE feed.kind = numbered.kind AND feed.subject = numbered.subject"
    );
    let count = connection.execute(sql(number).bind(last)).await?;
    let head = last + count;
    connection.execute(sql("UPDATE feed_head SET generation = $1").bind(head)).await?;
    Ok(Generation(head))
}

fn head(row: &Row) -> Result<Generation, StoreError> {
    row.count("generation").map(Generation).map_err(|why| why.of("feed_head", "generation"))
}

/// Where the next items stand, with what is known of them now.
async fn page(reader: &mut Connection, after: u64, limit: u32) -> Result<Vec<Row>, StoreError> {
    let page = format!(
        "SELECT f.generation AS generation, f.kind AS kind, f.subject AS subject, {}, {}, {}, {} \
         FROM (SELECT generation, kind, subject FROM feed WHERE generation > $1 \
               ORDER BY generation LIMIT $2) AS f \
         LEFT JOIN hostnames h ON f.kind = 'hostname' AND h.id = f.subject \
         LEFT JOIN certificates c ON c.hostname = h.id \
         LEFT JOIN packs p ON f.kind = 'pack' AND p.id = f.subject \
         LEFT JOIN dns_records r ON f.kind = 'record' AND r.id = f.subject \
         LEFT JOIN zones z ON z.id = COALESCE(h.zone, p.zone, r.zone, f.subject) \
         ORDER BY f.generation",
        records::COLUMNS,
        packs::COLUMNS,
        dns_records::COLUMNS,
        zones::COLUMNS,
    );
    reader.fetch_all(sql(page).bind(after).bind(limit)).await
}

/// Adds to packs the zones around their hosts: one look for all packs of a page.
async fn with_zones_around(
    reader: &mut Connection,
    mut items: Vec<FeedItem>,
) -> Result<Vec<FeedItem>, StoreError> {
    let names = |item: &FeedItem| match &item.subject {
        Some(FeedSubject::Pack(record, ..)) => record.pack.hosts.base_names(),
        _ => Vec::new(),
    };
    let zones = zones::around(reader, &items.iter().flat_map(names).collect::<Vec<_>>()).await?;
    for item in &mut items {
        let names = names(item);
        if let Some(FeedSubject::Pack(_, _, around)) = &mut item.subject {
            let is_around = |zone: &&Zone| names.iter().any(|n| n.is_within(zone.name.as_str()));
            *around = zones.iter().filter(is_around).cloned().collect();
        }
    }
    Ok(items)
}

fn item(row: &Row) -> Result<FeedItem, StoreError> {
    let damaged = |why: Damage| why.of("feed", records::readable_id(row, "subject"));
    let key = key(row).map_err(damaged)?;
    let has = |column: &str| row.maybe_id(column).map(|id| id.is_some()).map_err(damaged);
    let zone = if has("z_id")? { Some(Box::new(zones::zone(row)?)) } else { None };
    let subject = match (key, zone) {
        (FeedKey::Zone(_), zone) => zone.map(FeedSubject::Zone),
        (FeedKey::Hostname(_), Some(zone)) if has("h_id")? => {
            Some(FeedSubject::Hostname(Box::new(records::record(row)?), zone))
        }
        (FeedKey::Pack(_), Some(zone)) if has("p_id")? => {
            Some(FeedSubject::Pack(Box::new(packs::pack_record(row)?), zone, Vec::new()))
        }
        (FeedKey::Record(_), _) if has("r_id")? => {
            Some(FeedSubject::Record(Box::new(dns_records::record(row)?)))
        }
        (FeedKey::Hostname(_) | FeedKey::Pack(_) | FeedKey::Record(_), _) => None,
    };
    let generation = row.count("generation").map(Generation).map_err(damaged)?;
    Ok(FeedItem { generation, key, subject })
}

fn key(row: &Row) -> Result<FeedKey, Damage> {
    let subject = row.id("subject")?;
    match row.text("kind")?.as_str() {
        "hostname" => Ok(FeedKey::Hostname(HostnameId::from_bytes(subject))),
        "pack" => Ok(FeedKey::Pack(PackId::from_bytes(subject))),
        "record" => Ok(FeedKey::Record(DnsRecordId::from_bytes(subject))),
        "zone" => Ok(FeedKey::Zone(ZoneId::from_bytes(subject))),
        kind => Err(Damage::new(format!("unknown kind {kind}"))),
    }
}

fn report(row: &Row) -> Result<NodeReport, Damage> {
    let role = match row.text("role")?.as_str() {
        "dns" => NodeRole::Dns,
        "edge" => NodeRole::Edge,
        role => return Err(Damage::new(format!("unknown role {role}"))),
    };
    Ok(NodeReport {
        node: Explanation::new(row.text("node")?),
        role,
        applied: Generation(row.count("applied")?),
        seen_at: row.moment("seen_at")?,
    })
}
