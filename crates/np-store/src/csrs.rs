//! Certificate signing requests: tables `custom_csrs` and `csr_uses`.
//!
//! `csr_uses` names the certificates that ever were saved with a request's key in them. It is only added to: whether one
//! still has the key is read from the certificate when it matters, at a removal.

use async_trait::async_trait;

use np_domain::{
    certificate::{Certificate, upload},
    csr::{CsrOwner, CustomCsr},
    id::{AccountId, CsrId, ZoneId},
    ports::{CsrOrder, CsrRemoval, CsrStore, InsertError, Page, StoreError},
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    hostnames::offset,
    records,
    row::{self, Damage},
    statement::{Parameter, Row, sql},
};

const COLUMNS: &str = "id, account, zone, name, created_at, document";

#[async_trait]
impl CsrStore for Store {
    async fn insert_csr(&self, csr: &CustomCsr) -> Result<(), InsertError> {
        let csr = csr.clone();
        self.database
            .write(move |connection| Box::pin(async move { insert(connection, &csr).await }))
            .await
    }

    async fn csr(&self, owner: CsrOwner, id: CsrId) -> Result<Option<CustomCsr>, StoreError> {
        let (condition, owner) = condition(owner);
        let find = format!("SELECT {COLUMNS} FROM custom_csrs WHERE {condition} AND id = $2");
        let find = sql(find).bind(owner).bind(id);
        let row = self.database.reader().await?.fetch_optional(find).await?;
        row.as_ref().map(csr).transpose()
    }

    async fn list_csrs(
        &self,
        owner: CsrOwner,
        order: CsrOrder,
        page: Page,
    ) -> Result<(Vec<CustomCsr>, u64), StoreError> {
        let (condition, parameter) = condition(owner);
        let count = format!("SELECT COUNT(*) AS total FROM custom_csrs WHERE {condition}");
        let mut reader = self.database.reader().await?;
        let total = reader.fetch_one(sql(count).bind(parameter)).await?;
        let total = total.count("total").map_err(|why| why.of("custom_csrs", "count"))?;
        let list = format!(
            "SELECT {COLUMNS} FROM custom_csrs WHERE {condition} ORDER BY {} LIMIT $2 OFFSET $3",
            order_by(order)
        );
        let list = sql(list).bind(self::condition(owner).1).bind(page.size).bind(offset(page));
        Ok((records::readable(&reader.fetch_all(list).await?, csr), total))
    }

    async fn remove_csr(&self, owner: CsrOwner, id: CsrId) -> Result<CsrRemoval, StoreError> {
        self.database
            .write(move |connection| Box::pin(async move { remove(connection, owner, id).await }))
            .await
    }
}

fn condition(owner: CsrOwner) -> (&'static str, Parameter) {
    match owner {
        CsrOwner::Account(account) => ("account = $1 AND zone IS NULL", account.into()),
        CsrOwner::Zone(zone) => ("zone = $1", zone.into()),
    }
}

fn order_by(order: CsrOrder) -> &'static str {
    match order {
        CsrOrder::OldestFirst => "created_at, id",
        CsrOrder::NewestFirst => "created_at DESC, id DESC",
        CsrOrder::NameAscending => "name, created_at, id",
        CsrOrder::NameDescending => "name DESC, created_at DESC, id DESC",
    }
}

async fn insert(connection: &mut Connection, csr: &CustomCsr) -> Result<(), InsertError> {
    const INSERT: &str = "INSERT INTO custom_csrs (id, account, zone, name, created_at, document) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    const ACCOUNT: &str = "SELECT id FROM accounts WHERE id = $1";
    const ZONE: &str = "SELECT id FROM zones WHERE id = $1 AND account = $2";
    let lock = connection.locking("FOR KEY SHARE");
    let (parent, zone) = match csr.owner {
        CsrOwner::Account(_) => (sql(format!("{ACCOUNT} {lock}")).bind(csr.account), None),
        CsrOwner::Zone(zone) => {
            (sql(format!("{ZONE} {lock}")).bind(zone).bind(csr.account), Some(zone))
        }
    };
    if connection.fetch_optional(parent).await?.is_none() {
        return Err(InsertError::NoParent);
    }
    let insert = sql(INSERT)
        .bind(csr.id)
        .bind(csr.account)
        .bind(Parameter::Bytes(zone.map(|zone| zone.as_bytes().to_vec())))
        .bind(csr.terms.name.as_str())
        .bind(csr.created_at)
        .bind(row::encode(&row::csr::Csr::from(csr))?);
    match connection.execute(insert).await? {
        1 => Ok(()),
        _ => Err(InsertError::Duplicate { existing: Explanation::new(csr.id.to_string()) }),
    }
}

async fn remove(
    connection: &mut Connection,
    owner: CsrOwner,
    id: CsrId,
) -> Result<CsrRemoval, StoreError> {
    const REMOVE: &str = "DELETE FROM custom_csrs WHERE id = $1";
    let lock = connection.locking("FOR UPDATE");
    let (condition, parameter) = condition(owner);
    let find = format!("SELECT id FROM custom_csrs WHERE {condition} AND id = $2 {lock}");
    if connection.fetch_optional(sql(find).bind(parameter).bind(id)).await?.is_none() {
        return Ok(CsrRemoval::Unknown);
    }
    if is_used(connection, id).await? {
        return Ok(CsrRemoval::InUse);
    }
    connection.execute(sql(REMOVE).bind(id)).await?;
    Ok(CsrRemoval::Removed)
}

/// Writes down which requests' keys a certificate has. One whose request is gone has a key of its own all the same.
pub(crate) async fn note_uses(
    connection: &mut Connection,
    certificate: &Certificate,
) -> Result<(), StoreError> {
    const NOTE: &str = "INSERT INTO csr_uses (csr, certificate) \
        SELECT id, $2 FROM custom_csrs WHERE id = $1 ON CONFLICT DO NOTHING";
    for csr in certificate.csrs() {
        connection.execute(sql(NOTE).bind(csr).bind(certificate.id)).await?;
    }
    Ok(())
}

/// Whether a certificate that once had the request's key still has it. One that cannot be read may.
async fn is_used(connection: &mut Connection, id: CsrId) -> Result<bool, StoreError> {
    const USES: &str = "SELECT c.document AS document FROM csr_uses u \
        JOIN certificates c ON c.id = u.certificate WHERE u.csr = $1";
    let rows = connection.fetch_all(sql(USES).bind(id)).await?;
    let uses = |row: &Row| -> Result<bool, Damage> {
        let document: row::certificate::Certificate = row::decode(&row.text("document")?)?;
        let parts = row::certificate::Parts::try_from(document)?;
        Ok(upload::csrs(&parts.active, &parts.attempt).any(|used| used == id))
    };
    Ok(rows.iter().any(|row| uses(row).unwrap_or(true)))
}

/// The request of a row with [`COLUMNS`].
fn csr(row: &Row) -> Result<CustomCsr, StoreError> {
    read(row).map_err(|why| why.of("custom_csrs", records::readable_id(row, "id")))
}

fn read(row: &Row) -> Result<CustomCsr, Damage> {
    let document: row::csr::Csr = row::decode(&row.text("document")?)?;
    let parts = document.parts(&row.text("name")?)?;
    let account = AccountId::from_bytes(row.id("account")?);
    let zone = row.maybe_id("zone")?.map(ZoneId::from_bytes);
    Ok(CustomCsr {
        id: CsrId::from_bytes(row.id("id")?),
        owner: zone.map_or(CsrOwner::Account(account), CsrOwner::Zone),
        account,
        terms: parts.terms,
        request: parts.request,
        key: parts.key,
        created_at: row.moment("created_at")?,
    })
}
