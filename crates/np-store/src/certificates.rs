//! Certificates: those of hostnames in table `certificates`, at most one per hostname; those of zones' packs in the packs'
//! own rows ([`crate::packs`]).

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    certificate::{CertificateRecord, Holder},
    custom_hostname::HostnameRecord,
    id::{HostnameId, PackId, ZoneId},
    ports::{CertificateChange, CertificateStore, Hold, Lease, StoreError},
};

use crate::{
    Store,
    database::Connection,
    packs,
    records::{self, COLUMNS, TABLES},
    row::Damage,
    statement::{Parameter, Row, sql},
};

#[async_trait]
impl CertificateStore for Store {
    async fn claim_certificates(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let lease = lease.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move { claim(connection, now, &lease, limit).await })
            })
            .await
    }

    async fn record_of(&self, hostname: HostnameId) -> Result<Option<HostnameRecord>, StoreError> {
        let find =
            format!("SELECT {COLUMNS} FROM {TABLES} WHERE h.id = $1 AND h.state <> 'leaving'");
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(hostname)).await?;
        row.as_ref().map(records::record).transpose()
    }

    async fn hostname_of(
        &self,
        zone: ZoneId,
        certificate: PackId,
    ) -> Result<Option<HostnameRecord>, StoreError> {
        let find = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE c.id = $1 AND h.zone = $2 AND h.state <> 'leaving'"
        );
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(certificate).bind(zone)).await?;
        row.as_ref().map(records::record).transpose()
    }

    async fn save_certificate(
        &self,
        change: &CertificateChange,
        hold: &Hold,
    ) -> Result<(), StoreError> {
        let (change, hold) = (change.clone(), hold.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let certificate = &change.certificate;
                    records::update_certificate(connection, certificate, &hold).await?;
                    records::remember_certificate(connection, certificate, &change.events).await?;
                    records::mark(connection, certificate.feed_key(), change.publish).await
                })
            })
            .await
    }
}

/// Whoever claims sees the longest due of both tables, so that neither kind of certificate waits behind the other. What is
/// looked at and not taken is locked until the end of this transaction only.
async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let mut due = due(connection, Of::Hostnames, now, limit).await?;
    due.extend(self::due(connection, Of::Packs, now, limit).await?);
    due.sort_by_key(|due| due.at);
    due.truncate(limit as usize);
    for of in [Of::Hostnames, Of::Packs] {
        let ids = due.iter().filter(|due| due.of == of).map(|due| due.id).collect();
        take(connection, of, ids, lease).await?;
    }
    let told = |why: StoreError| tracing::error!(%why, "store.row_skipped");
    Ok(due.iter().filter_map(|due| due.record().map_err(told).ok().flatten()).collect())
}

/// Whose certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Hostnames,
    Packs,
}

/// A row that is due.
struct Due {
    of: Of,
    id: PackId,
    at: i64,
    row: Row,
}

impl Due {
    fn record(&self) -> Result<Option<CertificateRecord>, StoreError> {
        Ok(match self.of {
            Of::Hostnames => {
                let record = records::record(&self.row)?;
                let holder = Holder::Hostname(record.hostname);
                record.certificate.map(|certificate| CertificateRecord { holder, certificate })
            }
            Of::Packs => {
                let record = packs::pack_record(&self.row)?;
                let holder = Holder::Pack(record.pack);
                Some(CertificateRecord { holder, certificate: record.certificate })
            }
        })
    }
}

async fn due(
    connection: &mut Connection,
    of: Of,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Due>, StoreError> {
    let due = match of {
        Of::Hostnames => format!(
            "SELECT c.due_at AS due_at, {COLUMNS} \
             FROM certificates c JOIN hostnames h ON h.id = c.hostname \
             WHERE c.due_at <= $1 AND (c.lease_until IS NULL OR c.lease_until <= $1) \
             AND h.state <> 'leaving' ORDER BY c.due_at LIMIT $2 {}",
            connection.locking("FOR UPDATE OF c SKIP LOCKED")
        ),
        Of::Packs => format!(
            "SELECT p.due_at AS due_at, {} FROM packs p \
             WHERE p.due_at <= $1 AND (p.lease_until IS NULL OR p.lease_until <= $1) \
             ORDER BY p.due_at LIMIT $2 {}",
            packs::COLUMNS,
            connection.locking("FOR UPDATE OF p SKIP LOCKED")
        ),
    };
    let id = match of {
        Of::Hostnames => "c_id",
        Of::Packs => "p_id",
    };
    let rows = connection.fetch_all(sql(due).bind(now).bind(limit)).await?;
    let read =
        |row: Row| Ok(Due { of, id: PackId::from_bytes(row.id(id)?), at: row.int("due_at")?, row });
    let read = |row| read(row).map_err(|why: Damage| why.of("certificates", "due"));
    rows.into_iter().map(read).collect()
}

async fn take(
    connection: &mut Connection,
    of: Of,
    ids: Vec<PackId>,
    lease: &Lease,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let table = match of {
        Of::Hostnames => "certificates",
        Of::Packs => "packs",
    };
    let take = format!(
        "UPDATE {table} SET lease_owner = $1, lease_until = $2 WHERE id IN ({})",
        records::placeholders(3, ids.len())
    );
    let take = sql(take).bind(lease.owner.0.as_str()).bind(lease.until);
    connection.execute(take.bind_all(ids.into_iter().map(Parameter::from))).await.map(|_| ())
}
