//! Certificates of hostnames: table `certificates`, at most one per hostname.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    custom_hostname::HostnameRecord,
    entry::FeedKey,
    id::{HostnameId, PackId},
    ports::{CertificateChange, CertificateStore, Hold, Lease, StoreError},
};

use crate::{
    Store,
    database::Connection,
    records::{self, COLUMNS, TABLES},
    statement::{Parameter, sql},
};

#[async_trait]
impl CertificateStore for Store {
    async fn claim_certificates(
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

    async fn record_of(&self, hostname: HostnameId) -> Result<Option<HostnameRecord>, StoreError> {
        let find =
            format!("SELECT {COLUMNS} FROM {TABLES} WHERE h.id = $1 AND h.state <> 'leaving'");
        let mut reader = self.database.reader().await?;
        let row = reader.fetch_optional(sql(find).bind(hostname)).await?;
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
                    records::remember(connection, certificate.hostname, &change.events).await?;
                    let key = FeedKey::Hostname(certificate.hostname);
                    records::mark(connection, key, change.publish).await
                })
            })
            .await
    }
}

async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<HostnameRecord>, StoreError> {
    let lock = connection.locking("FOR UPDATE OF c SKIP LOCKED");
    let due = format!(
        "SELECT {COLUMNS} FROM certificates c JOIN hostnames h ON h.id = c.hostname \
         WHERE c.due_at <= $1 AND (c.lease_until IS NULL OR c.lease_until <= $1) \
         AND h.state <> 'leaving' ORDER BY c.due_at LIMIT $2 {lock}"
    );
    let rows = connection.fetch_all(sql(due).bind(now).bind(limit)).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.id("c_id").map(PackId::from_bytes));
    let ids: Vec<_> = ids.collect::<Result<_, _>>().map_err(|why| why.of("certificates", "due"))?;
    let take = format!(
        "UPDATE certificates SET lease_owner = $1, lease_until = $2 WHERE id IN ({})",
        records::placeholders(3, ids.len())
    );
    let take = sql(take).bind(lease.owner.0.as_str()).bind(lease.until);
    connection.execute(take.bind_all(ids.into_iter().map(Parameter::from))).await?;
    Ok(records::readable(&rows, records::record))
}
