//! What happened to hostnames: table `events`.

use async_trait::async_trait;

use np_domain::{
    event::{Event, EventKind},
    id::HostnameId,
    ports::{HistoryStore, StoreError},
    text::Explanation,
};

use crate::{
    Store, records,
    row::Damage,
    statement::{Row, sql},
};

#[async_trait]
impl HistoryStore for Store {
    async fn history(&self, hostname: HostnameId, limit: u32) -> Result<Vec<Event>, StoreError> {
        const LIST: &str = "SELECT at, kind, detail FROM events WHERE hostname = $1 \
            ORDER BY at DESC, id DESC LIMIT $2";
        let list = sql(LIST).bind(hostname).bind(limit);
        let rows = self.database.reader().await?.fetch_all(list).await?;
        Ok(records::readable(&rows, |row| event(row).map_err(|why| why.of("events", hostname))))
    }
}

/// The event of a row, whatever it happened to.
pub(crate) fn event(row: &Row) -> Result<Event, Damage> {
    let kind = row.text("kind")?;
    Ok(Event {
        at: row.moment("at")?,
        kind: EventKind::parse(&kind)
            .ok_or_else(|| Damage::new(format!("unknown kind of event {kind}")))?,
        detail: Explanation::new(row.text("detail")?),
    })
}
