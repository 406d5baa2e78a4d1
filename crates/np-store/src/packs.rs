//! Certificate packs of zones: table `packs`, each row a pack with its certificate. A leaving one is out of every list; it
//! is kept until the serving nodes have forgotten it.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    certificate::{Certificate, Owner},
    certificate_pack::{Pack, PackKind, PackRecord},
    entry::FeedKey,
    event::Event,
    id::{PackId, ZoneId},
    ports::{Hold, InsertError, InsertPackError, PackChange, PackStore, Publish, StoreError},
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    history, hostnames, records,
    row::{self, Damage},
    statement::{Parameter, Row, sql},
};

/// The columns of a pack, of `packs p`.
pub(crate) const COLUMNS: &str = "p.id AS p_id, p.zone AS p_zone, p.kind AS p_kind, \
    p.created_at AS p_created_at, p.version AS p_version, p.certificate AS p_certificate, \
    p.document AS p_document";

#[async_trait]
impl PackStore for Store {
    async fn insert_pack(
        &self,
        record: &PackRecord,
        max: u32,
        events: &[Event],
    ) -> Result<(), InsertPackError> {
        let (record, events) = (record.clone(), events.to_vec());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    hostnames::check_zone(connection, record.pack.zone).await?;
                    check_room(connection, &record.pack, max).await?;
                    insert(connection, &record).await?;
                    remember(connection, record.pack.id, &events).await?;
                    Ok(records::mark(connection, FeedKey::Pack(record.pack.id), Publish::Yes)
                        .await?)
                })
            })
            .await
    }

    async fn pack(&self, zone: ZoneId, id: PackId) -> Result<Option<PackRecord>, StoreError> {
        let find = format!(
            "SELECT {COLUMNS} FROM packs p WHERE p.id = $1 AND p.zone = $2 AND p.state <> 'leaving'"
        );
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(id).bind(zone)).await?;
        row.as_ref().map(pack_record).transpose()
    }

    async fn packs(&self, zone: ZoneId) -> Result<Vec<PackRecord>, StoreError> {
        let list = format!(
            "SELECT {COLUMNS} FROM packs p WHERE p.zone = $1 AND p.state <> 'leaving' \
             ORDER BY p.created_at, p.id"
        );
        let rows = self.database.reader().await?.fetch_all(sql(list).bind(zone)).await?;
        Ok(records::readable(&rows, pack_record))
    }

    async fn save_pack(&self, change: &PackChange) -> Result<(), StoreError> {
        let change = change.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let id = change.record.pack.id;
                    update(connection, &change.record).await?;
                    remember(connection, id, &change.events).await?;
                    records::mark(connection, FeedKey::Pack(id), change.publish).await
                })
            })
            .await
    }

    async fn remove_pack(&self, id: PackId) -> Result<(), StoreError> {
        const REMOVE: &str = "DELETE FROM packs WHERE id = $1 AND state = 'leaving'";
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(sql(REMOVE).bind(id)).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn pack_history(&self, id: PackId, limit: u32) -> Result<Vec<Event>, StoreError> {
        const LIST: &str = "SELECT at, kind, detail FROM pack_events WHERE pack = $1 \
            ORDER BY at DESC, id DESC LIMIT $2";
        let list = sql(LIST).bind(id).bind(limit);
        let rows = self.database.reader().await?.fetch_all(list).await?;
        let read = |row: &Row| history::event(row).map_err(|why| why.of("pack_events", id));
        Ok(records::readable(&rows, read))
    }
}

/// Refuses a pack above the limit. The zone's row is locked by now in a way that lets another insert pass: two at the very
/// limit may both find room, which is harmless.
async fn check_room(
    connection: &mut Connection,
    pack: &Pack,
    max: u32,
) -> Result<(), InsertPackError> {
    const COUNT: &str = "SELECT COUNT(*) AS total FROM packs \
        WHERE zone = $1 AND kind = 'advanced' AND state <> 'leaving'";
    if pack.kind == PackKind::Universal {
        return Ok(());
    }
    let row = connection.fetch_one(sql(COUNT).bind(pack.zone)).await?;
    let total = row.count("total").map_err(|why| why.of("packs", pack.zone))?;
    if total >= u64::from(max) { Err(InsertPackError::Full(max)) } else { Ok(()) }
}

async fn insert(connection: &mut Connection, record: &PackRecord) -> Result<(), InsertPackError> {
    const INSERT: &str = "INSERT INTO packs \
        (id, zone, kind, state, created_at, version, due_at, certificate, document) \
        VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) ON CONFLICT DO NOTHING";
    let (pack, certificate) = (&record.pack, &record.certificate);
    let insert = sql(INSERT)
        .bind(pack.id)
        .bind(pack.zone)
        .bind(row::pack::kind_word(pack.kind))
        .bind(row::pack::Pack::word(pack))
        .bind(pack.created_at)
        .bind(due_at(record))
        .bind(row::encode(&row::certificate::Certificate::from(certificate))?)
        .bind(row::encode(&row::pack::Pack::from(pack))?);
    if connection.execute(insert).await? == 1 {
        return Ok(());
    }
    const UNIVERSAL: &str = "SELECT id FROM packs \
        WHERE zone = $1 AND kind = 'universal' AND state <> 'leaving'";
    // None: then it is the id that is taken.
    let existing = match connection.fetch_optional(sql(UNIVERSAL).bind(pack.zone)).await? {
        Some(row) => PackId::from_bytes(row.id("id").map_err(|why| why.of("packs", pack.id))?),
        None => pack.id,
    };
    Err(InsertError::Duplicate { existing: Explanation::new(existing.to_string()) }.into())
}

async fn update(connection: &mut Connection, record: &PackRecord) -> Result<(), StoreError> {
    const SAVE: &str = "UPDATE packs \
        SET state = $1, due_at = $2, certificate = $3, document = $4, lease_owner = NULL, \
            lease_until = NULL, version = version + 1 \
        WHERE id = $5 AND version = $6";
    let (pack, certificate) = (&record.pack, &record.certificate);
    let save = sql(SAVE)
        .bind(row::pack::Pack::word(pack))
        .bind(due_at(record))
        .bind(row::encode(&row::certificate::Certificate::from(certificate))?)
        .bind(row::encode(&row::pack::Pack::from(pack))?)
        .bind(pack.id)
        .bind(certificate.version);
    records::one(connection.execute(save).await?)
}

/// A leaving pack is due for its retirement at once, whatever its certificate waits for.
fn due_at(record: &PackRecord) -> Option<Timestamp> {
    record.pack.leaving_since.or_else(|| record.certificate.due_at())
}

/// Saves the certificate of a pack that is not leaving over the version that was read.
pub(crate) async fn update_certificate(
    connection: &mut Connection,
    certificate: &Certificate,
    hold: &Hold,
) -> Result<(), StoreError> {
    const SAVE: &str = "UPDATE packs \
        SET due_at = $1, certificate = $2, lease_owner = $3, lease_until = $4, \
            version = version + 1 \
        WHERE id = $5 AND version = $6 AND state <> 'leaving'";
    let (owner, until) = records::lease(hold);
    let save = sql(SAVE)
        .bind(certificate.due_at())
        .bind(row::encode(&row::certificate::Certificate::from(certificate))?)
        .bind(owner)
        .bind(until)
        .bind(certificate.id)
        .bind(certificate.version);
    records::one(connection.execute(save).await?)
}

/// Writes down what happened to a pack.
pub(crate) async fn remember(
    connection: &mut Connection,
    pack: PackId,
    events: &[Event],
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO pack_events (pack, at, kind, detail) VALUES ($1, $2, $3, $4)";
    records::remember_by(connection, INSERT, pack, events).await
}

/// Marks all packs of a zone, and of the zones above it, as changed, in the order of their keys.
pub(crate) async fn mark_around(
    connection: &mut Connection,
    zone: ZoneId,
    name: &str,
) -> Result<(), StoreError> {
    let above: Vec<Parameter> =
        std::iter::successors(name.split_once('.'), |(_, name)| name.split_once('.'))
            .map(|(_, above)| Parameter::from(above))
            .collect();
    let list = format!(
        "SELECT p.id AS id FROM packs p JOIN zones z ON z.id = p.zone \
         WHERE (z.id = $1 OR z.name IN ({})) AND p.state <> 'leaving' ORDER BY p.id",
        records::placeholders(2, above.len())
    );
    for row in connection.fetch_all(sql(list).bind(zone).bind_all(above)).await? {
        let id = PackId::from_bytes(row.id("id").map_err(|why| why.of("packs", zone))?);
        records::mark(connection, FeedKey::Pack(id), Publish::Yes).await?;
    }
    Ok(())
}

/// Removes all packs of a zone that is being removed; serving nodes forget them with it.
pub(crate) async fn remove_all(
    connection: &mut Connection,
    zone: ZoneId,
) -> Result<(), StoreError> {
    let rows = connection
        .fetch_all(sql("SELECT id FROM packs WHERE zone = $1 ORDER BY id").bind(zone))
        .await?;
    connection.execute(sql("DELETE FROM packs WHERE zone = $1").bind(zone)).await?;
    for row in rows {
        let id = PackId::from_bytes(row.id("id").map_err(|why| why.of("packs", zone))?);
        records::mark(connection, FeedKey::Pack(id), Publish::Yes).await?;
    }
    Ok(())
}

/// The pack of a row with [`COLUMNS`].
pub(crate) fn pack_record(row: &Row) -> Result<PackRecord, StoreError> {
    read(row).map_err(|why| why.of("packs", records::readable_id(row, "p_id")))
}

fn read(row: &Row) -> Result<PackRecord, Damage> {
    let document: row::pack::Pack = row::decode(&row.text("p_document")?)?;
    let pack = row::pack::Parts::try_from(document)?;
    let document: row::certificate::Certificate = row::decode(&row.text("p_certificate")?)?;
    let parts = row::certificate::Parts::try_from(document)?;
    let (id, zone) = (PackId::from_bytes(row.id("p_id")?), ZoneId::from_bytes(row.id("p_zone")?));
    Ok(PackRecord {
        pack: Pack {
            id,
            zone,
            kind: row::pack::kind(&row.text("p_kind")?)?,
            hosts: pack.hosts,
            validity: pack.validity,
            branding: pack.branding,
            created_at: row.moment("p_created_at")?,
            leaving_since: pack.leaving_since,
        },
        certificate: Certificate {
            id,
            owner: Owner::Zone(zone),
            wanted: parts.wanted,
            active: parts.active,
            attempt: parts.attempt,
            alarm: parts.alarm,
            revocations: parts.revocations,
            version: row.count("p_version")?,
        },
    })
}
