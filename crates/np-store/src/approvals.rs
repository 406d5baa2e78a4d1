//! Approvals by e-mail: tables `approvals` and `approval_links`.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    approval::{Approval, Given, Link, LinkHash},
    certificate::ValidationAddress,
    id::{PackId, ZoneId},
    name::DnsName,
    ports::{ApprovalStore, StoreError},
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    records,
    row::{self, Damage},
    statement::{Row, sql},
};

const COLUMNS: &str = "a.order_url AS order_url, a.domain AS domain, a.zone AS zone, \
    a.certificate AS certificate, a.expires_at AS expires_at, a.mailings AS mailings, \
    a.mailed_at AS mailed_at, a.given_at AS given_at, a.given_by AS given_by, \
    a.document AS document";

#[async_trait]
impl ApprovalStore for Store {
    async fn approvals(&self, order: &Explanation) -> Result<Vec<Approval>, StoreError> {
        let find =
            format!("SELECT {COLUMNS} FROM approvals a WHERE a.order_url = $1 ORDER BY a.domain");
        let find = sql(find).bind(order.as_str());
        let rows = self.database.reader().await?.fetch_all(find).await?;
        Ok(records::readable(&rows, approval))
    }

    async fn ask_approval(&self, approval: &Approval, links: &[Link]) -> Result<(), StoreError> {
        let (approval, links) = (approval.clone(), links.to_vec());
        self.database
            .write(move |connection| {
                Box::pin(async move { ask(connection, &approval, &links).await })
            })
            .await
    }

    async fn approval_by_link(
        &self,
        link: &LinkHash,
    ) -> Result<Option<(Approval, ValidationAddress)>, StoreError> {
        let find = format!(
            "SELECT {COLUMNS}, l.address AS address FROM approval_links l JOIN approvals a \
             ON a.order_url = l.order_url AND a.domain = l.domain WHERE l.hash = $1"
        );
        let find = sql(find).bind(link.as_slice());
        let row = self.database.reader().await?.fetch_optional(find).await?;
        row.map(|row| Ok((approval(&row)?, address(&row)?))).transpose()
    }

    async fn give_approval(&self, link: &LinkHash, now: Timestamp) -> Result<bool, StoreError> {
        const GIVE: &str = "UPDATE approvals SET given_at = $1, \
            given_by = (SELECT address FROM approval_links WHERE hash = $2) \
            WHERE given_at IS NULL AND expires_at > $1 AND EXISTS (SELECT 1 FROM approval_links l \
            WHERE l.hash = $2 AND l.order_url = approvals.order_url AND l.domain = approvals.domain)";
        let give = sql(GIVE).bind(now).bind(link.as_slice());
        let given = self
            .database
            .write(move |connection| Box::pin(async move { connection.execute(give).await }))
            .await?;
        Ok(given == 1)
    }

    async fn mailings(&self, domain: &DnsName, since: Timestamp) -> Result<u64, StoreError> {
        // SUM of BIGINT is NUMERIC on PostgreSQL.
        const COUNT: &str = "SELECT CAST(COALESCE(SUM(mailings), 0) AS BIGINT) AS total \
            FROM approvals WHERE domain = $1 AND mailed_at >= $2";
        let count = sql(COUNT).bind(domain.as_str()).bind(since);
        let row = self.database.reader().await?.fetch_one(count).await?;
        row.count("total").map_err(|why| why.of("approvals", domain))
    }

    async fn sweep_approvals(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        const SWEEP: &str = "DELETE FROM approvals WHERE (order_url, domain) IN \
            (SELECT order_url, domain FROM approvals WHERE expires_at <= $1 \
            ORDER BY expires_at LIMIT $2)";
        let sweep = sql(SWEEP).bind(now).bind(limit);
        self.database
            .write(move |connection| Box::pin(async move { connection.execute(sweep).await }))
            .await
    }
}

async fn ask(
    connection: &mut Connection,
    approval: &Approval,
    links: &[Link],
) -> Result<(), StoreError> {
    const ASK: &str = "INSERT INTO approvals \
        (order_url, domain, zone, certificate, expires_at, mailings, mailed_at, document) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
        ON CONFLICT (order_url, domain) DO UPDATE SET mailings = excluded.mailings, \
        mailed_at = excluded.mailed_at, expires_at = excluded.expires_at \
        WHERE approvals.given_at IS NULL";
    const FORGET: &str = "DELETE FROM approval_links WHERE order_url = $1 AND domain = $2";
    const LINK: &str =
        "INSERT INTO approval_links (hash, order_url, domain, address) VALUES ($1, $2, $3, $4)";
    let (order, domain) = (approval.order.as_str(), approval.domain.as_str());
    let ask = sql(ASK)
        .bind(order)
        .bind(domain)
        .bind(approval.zone)
        .bind(approval.certificate)
        .bind(approval.expires_at)
        .bind(approval.mailings)
        .bind(approval.mailed_at)
        .bind(row::encode(&row::approval::Approval::from(approval))?);
    if connection.execute(ask).await? == 0 {
        return Ok(());
    }
    connection.execute(sql(FORGET).bind(order).bind(domain)).await?;
    for link in links {
        let address = link.address.to_string();
        let insert = sql(LINK).bind(link.hash.as_slice()).bind(order).bind(domain).bind(address);
        connection.execute(insert).await?;
    }
    Ok(())
}

fn approval(row: &Row) -> Result<Approval, StoreError> {
    let id = row.text("order_url").unwrap_or_default();
    read(row).map_err(|why| why.of("approvals", id))
}

fn read(row: &Row) -> Result<Approval, Damage> {
    let document: row::approval::Approval = row::decode(&row.text("document")?)?;
    let (authority, names) = document.parts()?;
    let by = row.maybe_text("given_by")?.map(|by| by.parse::<ValidationAddress>()).transpose()?;
    let given = row.maybe_moment("given_at")?.zip(by).map(|(at, by)| Given { at, by });
    Ok(Approval {
        order: Explanation::new(row.text("order_url")?),
        domain: row.text("domain")?.parse()?,
        names,
        authority,
        zone: ZoneId::from_bytes(row.id("zone")?),
        certificate: PackId::from_bytes(row.id("certificate")?),
        expires_at: row.moment("expires_at")?,
        mailings: row.count("mailings")?.try_into()?,
        mailed_at: row.maybe_moment("mailed_at")?,
        given,
    })
}

fn address(row: &Row) -> Result<ValidationAddress, StoreError> {
    let read = || -> Result<ValidationAddress, Damage> { Ok(row.text("address")?.parse()?) };
    read().map_err(|why| why.of("approval_links", "address"))
}
