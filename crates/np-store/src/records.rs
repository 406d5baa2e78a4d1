//! What hostnames, certificates and the feed share: reading a hostname's record, writing its parts, and marking it.

use np_domain::{
    certificate::{Certificate, Owner},
    custom_hostname::{CustomHostname, HostnameRecord},
    entry::FeedKey,
    event::Event,
    id::{HostnameId, PackId, ZoneId},
    ports::{Hold, Publish, StoreError},
    zone::Zone,
};
use uuid::Uuid;

use crate::{
    csrs,
    database::Connection,
    lists::facet,
    packs,
    row::{self, Damage},
    statement::{Parameter, Row, sql},
};

/// The columns of a record, of `hostnames h` and `certificates c` joined from the left.
pub(crate) const COLUMNS: &str = "h.id AS h_id, h.zone AS h_zone, h.name AS h_name, \
    h.created_at AS h_created_at, h.version AS h_version, h.document AS h_document, \
    c.id AS c_id, c.version AS c_version, c.document AS c_document";

/// The tables that [`COLUMNS`] are of.
pub(crate) const TABLES: &str = "hostnames h LEFT JOIN certificates c ON c.hostname = h.id";

/// The record of a row with [`COLUMNS`].
pub(crate) fn record(row: &Row) -> Result<HostnameRecord, StoreError> {
    let hostname = hostname(row).map_err(|why| why.of("hostnames", readable_id(row, "h_id")))?;
    let certificate = certificate(row, hostname.id)
        .map_err(|why| why.of("certificates", readable_id(row, "c_id")))?;
    Ok(HostnameRecord { hostname, certificate })
}

/// Those that can be read: one that cannot is told to the operator and hides no other.
pub(crate) fn readable<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, StoreError>) -> Vec<T> {
    let told = |why: StoreError| tracing::error!(%why, "store.row_skipped");
    rows.iter().filter_map(|row| read(row).map_err(told).ok()).collect()
}

/// The id of a row that may be damaged, for people.
pub(crate) fn readable_id(row: &Row, column: &str) -> String {
    row.id(column).map_or("?".into(), |id| Uuid::from_bytes(id).to_string())
}

fn hostname(row: &Row) -> Result<CustomHostname, Damage> {
    let document: row::hostname::Hostname = row::decode(&row.text("h_document")?)?;
    let parts = row::hostname::Parts::try_from(document)?;
    Ok(CustomHostname {
        id: HostnameId::from_bytes(row.id("h_id")?),
        zone: ZoneId::from_bytes(row.id("h_zone")?),
        name: row::hostname(&row.text("h_name")?)?,
        token: parts.token,
        ownership: parts.ownership,
        origin: parts.origin,
        metadata: parts.metadata,
        created_at: row.moment("h_created_at")?,
        version: row.count("h_version")?,
    })
}

fn certificate(row: &Row, hostname: HostnameId) -> Result<Option<Certificate>, Damage> {
    let Some(id) = row.maybe_id("c_id")? else { return Ok(None) };
    let document: row::certificate::Certificate = row::decode(&row.text("c_document")?)?;
    let parts = row::certificate::Parts::try_from(document)?;
    Ok(Some(Certificate {
        id: PackId::from_bytes(id),
        owner: Owner::Hostname(hostname),
        wanted: parts.wanted,
        active: parts.active,
        attempt: parts.attempt,
        alarm: parts.alarm,
        revocations: parts.revocations,
        version: row.count("c_version")?,
    }))
}

/// Saves over the version that was read.
pub(crate) async fn update_hostname(
    connection: &mut Connection,
    hostname: &CustomHostname,
    hold: &Hold,
) -> Result<(), StoreError> {
    const SAVE: &str = "UPDATE hostnames \
        SET state = $1, due_at = $2, document = $3, lease_owner = $4, lease_until = $5, \
            origin = $6, version = version + 1 \
        WHERE id = $7 AND version = $8";
    let (owner, until) = lease(hold);
    let save = sql(SAVE)
        .bind(row::hostname::Hostname::word(hostname))
        .bind(hostname.ownership.due_at())
        .bind(row::encode(&row::hostname::Hostname::from(hostname))?)
        .bind(owner)
        .bind(until)
        .bind(origin(hostname))
        .bind(hostname.id)
        .bind(hostname.version);
    one(connection.execute(save).await?)
}

/// Adds a hostname's certificate at version 0; `false` when the hostname has one, or the id is taken.
pub(crate) async fn insert_certificate(
    connection: &mut Connection,
    certificate: &Certificate,
) -> Result<bool, StoreError> {
    let Owner::Hostname(hostname) = certificate.owner else { return Ok(false) };
    const INSERT: &str = "INSERT INTO certificates (id, hostname, version, due_at, document) \
        VALUES ($1, $2, 0, $3, $4) ON CONFLICT DO NOTHING";
    let insert = sql(INSERT)
        .bind(certificate.id)
        .bind(hostname)
        .bind(certificate.due_at())
        .bind(row::encode(&row::certificate::Certificate::from(certificate))?);
    if connection.execute(insert).await? == 0 {
        return Ok(false);
    }
    csrs::note_uses(connection, certificate).await?;
    note_certificate(connection, hostname, certificate).await?;
    Ok(true)
}

/// Saves over the version that was read, in the table of what the certificate belongs to.
pub(crate) async fn update_certificate(
    connection: &mut Connection,
    certificate: &Certificate,
    hold: &Hold,
) -> Result<(), StoreError> {
    let hostname = match certificate.owner {
        Owner::Hostname(hostname) => hostname,
        Owner::Zone(_) => return packs::update_certificate(connection, certificate, hold).await,
    };
    const SAVE: &str = "UPDATE certificates \
        SET due_at = $1, document = $2, lease_owner = $3, lease_until = $4, version = version + 1 \
        WHERE id = $5 AND version = $6";
    hold_hostname(connection, hostname).await?;
    let (owner, until) = lease(hold);
    let save = sql(SAVE)
        .bind(certificate.due_at())
        .bind(row::encode(&row::certificate::Certificate::from(certificate))?)
        .bind(owner)
        .bind(until)
        .bind(certificate.id)
        .bind(certificate.version);
    one(connection.execute(save).await?)?;
    csrs::note_uses(connection, certificate).await?;
    note_certificate(connection, hostname, certificate).await
}

/// Whoever changes a hostname and its certificate takes the hostname first, as edits do, so that no two wait for each other.
async fn hold_hostname(
    connection: &mut Connection,
    hostname: HostnameId,
) -> Result<(), StoreError> {
    match connection.locking("FOR NO KEY UPDATE") {
        // One writer at a time: nobody to wait for.
        "" => Ok(()),
        lock => {
            let take = format!("SELECT id FROM hostnames WHERE id = $1 {lock}");
            connection.fetch_optional(sql(take).bind(hostname)).await.map(|_| ())
        }
    }
}

/// The word for what is asked for in the column `certificate` of `hostnames`, by which lists are filtered.
pub(crate) fn word(certificate: Option<&Certificate>) -> &'static str {
    match certificate {
        None => "none",
        Some(certificate) if certificate.wanted.wildcard => "wildcard",
        Some(_) => "exact",
    }
}

/// The column `origin`: where its requests go, as it is printed.
pub(crate) fn origin(hostname: &CustomHostname) -> Option<String> {
    hostname.origin.as_ref().map(|origin| origin.server.to_string())
}

/// Brings the columns up to date that say of a hostname what its certificate is.
async fn note_certificate(
    connection: &mut Connection,
    hostname: HostnameId,
    certificate: &Certificate,
) -> Result<(), StoreError> {
    const NOTE: &str = "UPDATE hostnames SET certificate = $1, pack = $2, ends_at = $3 WHERE id = $4 \
        AND (certificate <> $1 OR pack <> $2 OR ends_at IS DISTINCT FROM $3)";
    let note = sql(NOTE)
        .bind(word(Some(certificate)))
        .bind(facet::pack(Some(certificate)))
        .bind(certificate.ends_at())
        .bind(hostname);
    connection.execute(note).await.map(|_| ())
}

/// The columns `lease_owner` and `lease_until` after a save.
pub(crate) fn lease(hold: &Hold) -> (Parameter, Parameter) {
    match hold {
        Hold::Release => (Parameter::Text(None), Parameter::Int(None)),
        Hold::Keep(lease) => (lease.owner.0.as_str().into(), lease.until.into()),
    }
}

/// A save that found no row of that version was too late.
pub(crate) fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Writes down what happened to a certificate, in the history of what it belongs to.
pub(crate) async fn remember_certificate(
    connection: &mut Connection,
    certificate: &Certificate,
    events: &[Event],
) -> Result<(), StoreError> {
    match certificate.owner {
        Owner::Hostname(hostname) => remember(connection, hostname, events).await,
        Owner::Zone(_) => packs::remember(connection, certificate.id, events).await,
    }
}

/// Writes down what happened to a hostname.
pub(crate) async fn remember(
    connection: &mut Connection,
    hostname: HostnameId,
    events: &[Event],
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO events (hostname, at, kind, detail) VALUES ($1, $2, $3, $4)";
    remember_by(connection, INSERT, hostname, events).await
}

/// Writes events of `subject` down with `insert`, whose values are the subject, the time, the kind and the detail.
pub(crate) async fn remember_by(
    connection: &mut Connection,
    insert: &'static str,
    subject: impl Into<Parameter> + Copy,
    events: &[Event],
) -> Result<(), StoreError> {
    for event in events {
        let insert = sql(insert)
            .bind(subject)
            .bind(event.at)
            .bind(event.kind.as_str())
            .bind(event.detail.as_str());
        connection.execute(insert).await?;
    }
    Ok(())
}

/// Marks an item of the feed as changed, when it shall be published. Whoever marks several does so in the order of their
/// keys, so that no two wait for each other.
pub(crate) async fn mark(
    connection: &mut Connection,
    key: FeedKey,
    publish: Publish,
) -> Result<(), StoreError> {
    const MARK: &str = "INSERT INTO feed (kind, subject, generation, marked) VALUES ($1, $2, 0, 1) \
        ON CONFLICT (kind, subject) DO UPDATE SET marked = 1";
    if publish == Publish::No {
        return Ok(());
    }
    let (kind, subject) = columns_of(key);
    connection.execute(sql(MARK).bind(kind).bind(subject)).await?;
    Ok(())
}

/// Marks a zone as changed, when it shall be published, and before it the packs whose entries depend on it: its own, and
/// those of the zones above, from which an active zone takes its names.
pub(crate) async fn mark_zone(
    connection: &mut Connection,
    zone: &Zone,
    publish: Publish,
) -> Result<(), StoreError> {
    if publish == Publish::Yes {
        packs::mark_around(connection, zone.id, zone.name.as_str()).await?;
    }
    mark(connection, FeedKey::Zone(zone.id), publish).await
}

/// The columns `kind` and `subject` of a key.
pub(crate) fn columns_of(key: FeedKey) -> (&'static str, Parameter) {
    match key {
        FeedKey::Hostname(id) => ("hostname", id.into()),
        FeedKey::Pack(id) => ("pack", id.into()),
        FeedKey::Record(id) => ("record", id.into()),
        FeedKey::Zone(id) => ("zone", id.into()),
    }
}

/// `$from, $from+1, ...`: the placeholders of a list of values.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    let numbers: Vec<String> = (from..from + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}
