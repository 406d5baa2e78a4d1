//! How many hostnames a zone has of each facet: table `hostname_counts`, whose rows triggers write in the transactions that
//! change hostnames (migration 0007). On PostgreSQL each transaction adds rows of its own, so that none waits for
//! another; a reader that meets many of them has them added up. On SQLite there is one row per facet.
//!
//! A certificate ends without anybody writing anything: such hostnames are found by `ends_at`, counted apart from their
//! facet, and, once there are many, noted as over.

use std::sync::atomic::{AtomicBool, Ordering};

use np_domain::{
    Timestamp,
    certificate::Standing,
    id::ZoneId,
    ports::{HostnameFilter, StoreError},
};

use super::facet::{self, Facet};
use crate::{
    Store,
    database::{Connection, Database},
    statement::{Row, sql},
};

/// A reader that meets more rows than this has them added up.
const ROWS_MAX: u64 = 1_000;
/// At most so many are added up in one transaction.
const ADDED_UP_MAX: u32 = 5_000;
/// A reader that meets more ended certificates than this has them noted.
const ENDED_MAX: u64 = 200;
/// At most so many are noted in one transaction.
const NOTED_MAX: u32 = 5_000;

/// What a zone has.
pub(super) struct Counts {
    pub(super) tallies: Vec<Tally>,
    /// How many rows were read.
    rows: u64,
    /// How many hostnames' certificates have ended without a note.
    ended: u64,
}

/// Hostnames of one facet.
#[derive(Debug)]
pub(super) struct Tally {
    /// The column's text.
    pub(super) text: String,
    /// What it says; `None` when a newer program wrote it.
    facet: Option<Facet>,
    /// Which of that facet.
    pub(super) ends: Ends,
    /// How many.
    pub(super) n: u64,
}

/// Which hostnames of a facet, by the end of their certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// All of them: none has ended.
    All,
    /// Those that have not ended.
    Later,
    /// Those that have ended without a note.
    Over,
}

impl Tally {
    /// Where their certificates stand now.
    pub(super) fn standing(&self) -> Standing {
        match (self.ends, self.facet) {
            (Ends::Over, _) => Standing::Over,
            (_, Some(facet)) => facet.standing,
            (_, None) => Standing::Absent,
        }
    }

    pub(super) fn passes(&self, filter: &HostnameFilter) -> bool {
        match self.facet {
            Some(facet) => facet.standing_at(self.standing()).passes(filter),
            None => facet::is_open(filter),
        }
    }
}

/// How many hostnames there are in all.
pub(crate) async fn total(connection: &mut Connection, zone: ZoneId) -> Result<u64, StoreError> {
    const SUM: &str =
        "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) AS n FROM hostname_counts WHERE zone = $1";
    let row = connection.fetch_one(sql(SUM).bind(zone)).await?;
    Ok(row.int("n").map_err(|why| why.of("hostname_counts", zone))?.max(0).unsigned_abs())
}

pub(super) async fn read(
    snapshot: &mut Connection,
    zone: ZoneId,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    const SUMS: &str = "SELECT facet, CAST(SUM(n) AS BIGINT) AS n, COUNT(*) AS entries \
        FROM hostname_counts WHERE zone = $1 GROUP BY facet ORDER BY facet";
    const ENDED: &str = "SELECT facet, COUNT(*) AS n FROM hostnames \
        WHERE zone = $1 AND ends_at <= $2 AND facet IS NOT NULL GROUP BY facet ORDER BY facet";
    let sums = snapshot.fetch_all(sql(SUMS).bind(zone)).await?;
    let ended = snapshot.fetch_all(sql(ENDED).bind(zone).bind(now)).await?;
    let damaged = |why: crate::row::Damage| why.of("hostname_counts", zone);
    let number =
        |row: &Row, column| row.int(column).map(|n| n.max(0).unsigned_abs()).map_err(damaged);
    let mut over = Vec::new();
    for row in &ended {
        over.push((row.text("facet").map_err(damaged)?, number(row, "n")?));
    }
    let mut counts =
        Counts { tallies: Vec::new(), rows: 0, ended: over.iter().map(|(_, n)| n).sum() };
    for row in &sums {
        counts.rows += number(row, "entries")?;
        let text = row.text("facet").map_err(damaged)?;
        let ended = over.iter().find(|(facet, _)| *facet == text).map_or(0, |(_, n)| *n);
        counts.add(text, number(row, "n")?, ended);
    }
    Ok(counts)
}

impl Counts {
    fn add(&mut self, text: String, n: u64, ended: u64) {
        let facet = Facet::parse(&text);
        let mut push = |ends, n| {
            if n > 0 {
                self.tallies.push(Tally { text: text.clone(), facet, ends, n });
            }
        };
        match ended {
            0 => push(Ends::All, n),
            _ => {
                push(Ends::Later, n.saturating_sub(ended));
                push(Ends::Over, ended);
            }
        }
    }

    /// How many hostnames the zone has.
    pub(super) fn total(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.n).sum()
    }
}

/// Adds rows up and notes ended certificates, where a reader met many, without making it wait.
pub(super) fn tidy(store: &Store, zone: ZoneId, counts: &Counts, now: Timestamp) {
    if counts.rows > ROWS_MAX {
        add_up_soon(&store.database, zone);
    }
    if counts.ended > ENDED_MAX {
        let store = store.clone();
        tokio::spawn(async move {
            if let Err(why) = note_ended(&store, now).await {
                tracing::warn!(
                    error = &why as &dyn std::error::Error,
                    "noting ended certificates failed"
                );
            }
        });
    }
}

/// Adds a zone's rows up in a task of its own, unless that is under way in this process. On SQLite they are added up already.
pub(crate) fn add_up_soon(database: &Database, zone: ZoneId) {
    static UNDER_WAY: AtomicBool = AtomicBool::new(false);
    if database.is_sqlite() || UNDER_WAY.swap(true, Ordering::AcqRel) {
        return;
    }
    let database = database.clone();
    tokio::spawn(async move {
        if let Err(why) = add_up(&database, zone).await {
            tracing::warn!(error = &why as &dyn std::error::Error, "adding up counts failed");
        }
        UNDER_WAY.store(false, Ordering::Release);
    });
}

async fn add_up(database: &Database, zone: ZoneId) -> Result<(), StoreError> {
    const FACETS: &str = "SELECT facet FROM hostname_counts WHERE zone = $1 \
        GROUP BY facet HAVING COUNT(*) > 1 ORDER BY facet";
    let rows = database.reader().await?.fetch_all(sql(FACETS).bind(zone)).await?;
    for row in rows {
        let facet = row.text("facet").map_err(|why| why.of("hostname_counts", zone))?;
        while add_up_facet(database, zone, facet.clone()).await? == u64::from(ADDED_UP_MAX) {}
    }
    Ok(())
}

/// Replaces at most [`ADDED_UP_MAX`] rows of a facet by their sum; how many. Of two that do it at once, each takes what the
/// other has not taken.
async fn add_up_facet(database: &Database, zone: ZoneId, facet: String) -> Result<u64, StoreError> {
    const TAKE: &str = "DELETE FROM hostname_counts WHERE ctid IN \
        (SELECT ctid FROM hostname_counts WHERE zone = $1 AND facet = $2 LIMIT $3 FOR UPDATE SKIP LOCKED) \
        RETURNING n";
    const PUT: &str = "INSERT INTO hostname_counts (zone, facet, n) VALUES ($1, $2, $3)";
    database
        .write(move |connection| {
            Box::pin(async move {
                let take = sql(TAKE).bind(zone).bind(facet.as_str()).bind(ADDED_UP_MAX);
                let rows = connection.fetch_all(take).await?;
                let mut sum = 0;
                for row in &rows {
                    sum += row.int("n").map_err(|why| why.of("hostname_counts", zone))?;
                }
                if sum != 0 {
                    connection.execute(sql(PUT).bind(zone).bind(facet).bind(sum)).await?;
                }
                Ok(rows.len() as u64)
            })
        })
        .await
}

/// Writes down which certificates have ended, so that they are found like any other standing. The next save of a
/// certificate writes anew what it then is.
async fn note_ended(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let serving = Standing::Serving.as_str();
    let over = Standing::Over.as_str();
    let note = format!(
        "UPDATE hostnames SET pack = REPLACE(pack, '{serving}/', '{over}/'), ends_at = NULL \
         WHERE ends_at <= $1 AND id IN (SELECT id FROM hostnames WHERE ends_at <= $1 LIMIT $2)"
    );
    store
        .database
        .write(move |connection| {
            Box::pin(async move {
                connection.execute(sql(note).bind(now).bind(NOTED_MAX)).await.map(|_| ())
            })
        })
        .await
}
