//! Reading single hostnames, many at a time, also when each comes in a request of its own.
//!
//! Whatever has queued up while the last ones were read shares the next statement, so that the way to the database and back
//! (a switch of threads on SQLite, a round trip on PostgreSQL) is paid once for all of them. Nobody waits for a group to
//! fill. A statement begins after all who share it have asked, so that each sees what was committed before.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{Semaphore, mpsc, oneshot};

use np_domain::{
    custom_hostname::HostnameRecord,
    id::{HostnameId, ZoneId},
    ports::StoreError,
};

use crate::{
    Store,
    database::Database,
    records::{self, COLUMNS, TABLES},
    statement::{Parameter, Row, sql},
};

/// The most hostnames that share a statement.
const GROUP_MAX: usize = 64;
/// The most calls that wait; more callers wait for a place.
const QUEUE_MAX: usize = 1024;
/// How many groups are read at a time.
const GROUPS_AT_ONCE: usize = 2;

/// What was found for one call.
type Found = Result<Option<HostnameRecord>, StoreError>;

/// A hostname that is looked up, and who waits for it.
pub(crate) struct Call {
    zone: ZoneId,
    id: HostnameId,
    answer: oneshot::Sender<Found>,
}

/// The way to the task that looks up.
pub(crate) type Queue = mpsc::Sender<Call>;

/// Starts the task that reads from `database`; it ends with the last [`Queue`].
pub(crate) fn start(database: &Database) -> Queue {
    let (queue, calls) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(look_up_groups(database.clone(), calls));
    queue
}

/// One hostname of a zone.
pub(crate) async fn look_up(store: &Store, zone: ZoneId, id: HostnameId) -> Found {
    let (answer, answered) = oneshot::channel();
    // Nobody to take it: then nobody answers either.
    let _ = store.lookups.send(Call { zone, id, answer }).await;
    let lost = || Err(StoreError::Unavailable("the reader ended".into()));
    answered.await.unwrap_or_else(|_| lost())
}

async fn look_up_groups(database: Database, mut calls: mpsc::Receiver<Call>) {
    let slots = Arc::new(Semaphore::new(GROUPS_AT_ONCE));
    // The slot first, so that a group grows for as long as there is none.
    while let Ok(slot) = slots.clone().acquire_owned().await {
        let Some(first) = calls.recv().await else { return };
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(call) = calls.try_recv()
        {
            group.push(call);
        }
        let database = database.clone();
        tokio::spawn(async move {
            let rows = read(&database, &group).await;
            drop(slot);
            answer(group, rows);
        });
    }
}

/// The rows of all that are looked up.
async fn read(database: &Database, group: &[Call]) -> Result<HashMap<HostnameId, Row>, StoreError> {
    let mut reader = database.reader().await?;
    let Some(last) = group.last() else { return Ok(HashMap::new()) };
    // Few lengths, so that few statements are prepared: the rest is filled up with the last one.
    let length = group.len().next_power_of_two();
    let ids = group.iter().chain(std::iter::repeat(last)).take(length).map(|call| call.id);
    let find = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE h.id IN ({}) AND h.state <> 'leaving'",
        records::placeholders(1, length)
    );
    let rows = reader.fetch_all(sql(find).bind_all(ids.map(Parameter::from))).await?;
    // A row without a readable id is nobody's.
    let of = |row: Row| Some((HostnameId::from_bytes(row.id("h_id").ok()?), row));
    Ok(rows.into_iter().filter_map(of).collect())
}

/// Gives each its own. A row that cannot be read is a failure for those alone who asked for it.
fn answer(group: Vec<Call>, rows: Result<HashMap<HostnameId, Row>, StoreError>) {
    for call in group {
        let found = match &rows {
            Ok(rows) => rows.get(&call.id).map(records::record).transpose(),
            Err(why) => Err(StoreError::Unavailable(why.to_string().into())),
        };
        let found = found.map(|record| record.filter(|record| record.hostname.zone == call.zone));
        // Whoever went away does not want to know.
        let _ = call.answer.send(found);
    }
}
