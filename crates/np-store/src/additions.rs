//! Adding hostnames: many at a time, also when each comes in a request of its own.
//!
//! Whatever has queued up while the last group was being written shares the next transaction, whose statements take many rows
//! each; so a commit, and on PostgreSQL a round trip, is paid once for all of them. Nobody waits for a group to fill.
//! One that cannot be added does not hinder the others of its group.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use tokio::sync::{Semaphore, mpsc, oneshot};

use np_domain::{
    certificate::{Certificate, Owner},
    custom_hostname::HostnameRecord,
    entry::FeedKey,
    event::Event,
    id::{HostnameId, ZoneId},
    ports::{AddError, Addition, InsertError, StoreError},
    text::Explanation,
};

use crate::{
    Store, csrs,
    database::{Connection, Database},
    lists::{self, facet},
    records, row,
    statement::{Parameter, sql},
};

/// The most hostnames that share a transaction, unless one call brings more at once.
const GROUP_MAX: usize = 128;
/// A call's hostnames are cut into transactions of so many.
const CALL_MAX: usize = 128;
/// The most calls that wait; more callers wait for a place.
const QUEUE_MAX: usize = 1024;
/// How many groups PostgreSQL works on at a time; SQLite has one writer.
const GROUPS_AT_ONCE: usize = 3;
/// The most rows of one statement; fewer rows are cut into powers of two, so that few statements are prepared.
const ROWS_MAX: usize = 64;
/// With at least so many places left in a zone, creates need not wait for each other: never are so many under way.
const ROOM_ENOUGH: u64 = 100_000;
/// After so many groups the counts of a zone are added up.
const GROUPS_PER_SUM: usize = 200;

/// What became of each.
type Outcomes = Vec<Result<(), AddError>>;

/// Some hostnames to add, and who waits for the outcome.
pub(crate) struct Call {
    additions: Vec<Addition>,
    answer: oneshot::Sender<Outcomes>,
}

/// The way to the task that adds.
pub(crate) type Queue = mpsc::Sender<Call>;

/// Starts the task that adds to `database`; it ends with the last [`Queue`].
pub(crate) fn start(database: &Database) -> Queue {
    let (queue, calls) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(add_groups(database.clone(), calls));
    queue
}

/// Adds hostnames; what became of each, in order.
pub(crate) async fn add(store: &Store, mut additions: Vec<Addition>) -> Outcomes {
    let mut answers = Vec::new();
    while !additions.is_empty() {
        let rest = additions.split_off(additions.len().min(CALL_MAX));
        let (answer, answered) = oneshot::channel();
        let count = additions.len();
        // Nobody to take it: then nobody answers either.
        let _ = store.additions.send(Call { additions, answer }).await;
        answers.push((count, answered));
        additions = rest;
    }
    let mut outcomes = Vec::new();
    for (count, answered) in answers {
        let lost = || Err(AddError::from(StoreError::Unavailable("the writer ended".into())));
        outcomes.extend(answered.await.unwrap_or_else(|_| (0..count).map(|_| lost()).collect()));
    }
    outcomes
}

async fn add_groups(database: Database, mut calls: mpsc::Receiver<Call>) {
    let at_once = if database.is_sqlite() { 1 } else { GROUPS_AT_ONCE };
    let slots = Arc::new(Semaphore::new(at_once));
    let mut groups = 0_usize;
    // The slot first, so that a group grows for as long as there is none.
    while let Ok(slot) = slots.clone().acquire_owned().await {
        let Some(first) = calls.recv().await else { return };
        let mut size = first.additions.len();
        let mut group = vec![first];
        while size < GROUP_MAX
            && let Ok(call) = calls.try_recv()
        {
            size += call.additions.len();
            group.push(call);
        }
        groups += 1;
        let is_sum_due = groups.is_multiple_of(GROUPS_PER_SUM);
        let database = database.clone();
        let zone = group.iter().find_map(|call| call.additions.first());
        let zone = zone.map(|addition| addition.record.hostname.zone).filter(|_| is_sum_due);
        tokio::spawn(async move {
            add_group(&database, group).await;
            if let Some(zone) = zone {
                lists::counts::add_up_soon(&database, zone);
            }
            drop(slot);
        });
    }
}

async fn add_group(database: &Database, group: Vec<Call>) {
    let (mut additions, mut waiting) = (Vec::new(), Vec::new());
    for call in group {
        waiting.push((call.additions.len(), call.answer));
        additions.extend(call.additions);
    }
    let count = additions.len();
    let written = database.write(move |connection| {
        Box::pin(async move { Group::new(additions).write(connection).await })
    });
    let mut outcomes = match written.await {
        Ok(outcomes) => outcomes,
        Err(why) => {
            let why: StoreError = why;
            let lost = || Err(StoreError::Unavailable(why.to_string().into()).into());
            (0..count).map(|_| lost()).collect::<Outcomes>()
        }
    };
    for (count, answer) in waiting {
        let rest = outcomes.split_off(count.min(outcomes.len()));
        // Whoever went away does not want to know.
        let _ = answer.send(outcomes);
        outcomes = rest;
    }
}

/// Hostnames that are added in one transaction.
struct Group {
    additions: Vec<Addition>,
    outcomes: Outcomes,
    /// Those that may still be added, by (zone, name): always in one order, so that two groups with the same names do
    /// not wait for each other.
    open: Vec<usize>,
}

impl Group {
    fn new(additions: Vec<Addition>) -> Self {
        let mut open: Vec<usize> = (0..additions.len()).collect();
        open.sort_by_key(|index| {
            let hostname = &additions[*index].record.hostname;
            (hostname.zone, hostname.name.as_str().to_owned())
        });
        let outcomes = additions.iter().map(|_| Ok(())).collect();
        Self { additions, outcomes, open }
    }

    async fn write(mut self, connection: &mut Connection) -> Result<Outcomes, StoreError> {
        self.keep_those_with_a_zone(connection).await?;
        let room = self.room(connection).await?;
        self.insert_hostnames(connection).await?;
        self.keep_room(connection, room).await?;
        self.insert_certificates(connection).await?;
        self.remember(connection).await?;
        self.mark(connection).await?;
        Ok(self.outcomes)
    }

    fn record(&self, index: usize) -> &HostnameRecord {
        &self.additions[index].record
    }

    /// Keeps open those that pass, and writes down why the others do not.
    fn keep(&mut self, mut refused: impl FnMut(&Addition) -> Option<AddError>) {
        let (additions, outcomes) = (&self.additions, &mut self.outcomes);
        self.open.retain(|index| match refused(&additions[*index]) {
            Some(why) => {
                outcomes[*index] = Err(why);
                false
            }
            None => true,
        });
    }

    /// The zones exist, and cannot be removed before this transaction ends.
    async fn keep_those_with_a_zone(
        &mut self,
        connection: &mut Connection,
    ) -> Result<(), StoreError> {
        let zones: HashSet<ZoneId> =
            self.additions.iter().map(|addition| addition.record.hostname.zone).collect();
        let mut zones: Vec<ZoneId> = zones.into_iter().collect();
        zones.sort();
        let lock = connection.locking("FOR KEY SHARE");
        let list = records::placeholders(1, zones.len());
        let find = format!("SELECT id FROM zones WHERE id IN ({list}) ORDER BY id {lock}");
        let rows = connection
            .fetch_all(sql(find).bind_all(zones.into_iter().map(Parameter::from)))
            .await?;
        let found = rows.iter().map(|row| row.id("id").map(ZoneId::from_bytes));
        let found: HashSet<ZoneId> =
            found.collect::<Result<_, _>>().map_err(|why| why.of("zones", "id"))?;
        self.keep(|addition| {
            let has_zone = found.contains(&addition.record.hostname.zone);
            (!has_zone).then(|| InsertError::NoParent.into())
        });
        Ok(())
    }

    /// How many more each zone with a limit may have. Where they are few, other creates wait until this one is done.
    async fn room(
        &mut self,
        connection: &mut Connection,
    ) -> Result<BTreeMap<ZoneId, u64>, StoreError> {
        let mut room = BTreeMap::new();
        for index in &self.open {
            let addition = &self.additions[*index];
            if let Some(max) = addition.hostnames_max {
                room.entry(addition.record.hostname.zone).or_insert(max);
            }
        }
        let lock = connection.locking("FOR NO KEY UPDATE");
        for (zone, left) in &mut room {
            let max = *left;
            *left = max.saturating_sub(lists::counts::total(connection, *zone).await?);
            if *left < ROOM_ENOUGH && !lock.is_empty() {
                let lock = format!("SELECT id FROM zones WHERE id = $1 {lock}");
                connection.fetch_optional(sql(lock).bind(*zone)).await?;
                *left = max.saturating_sub(lists::counts::total(connection, *zone).await?);
            }
        }
        self.keep(|addition| {
            let is_full = addition.hostnames_max.is_some()
                && room.get(&addition.record.hostname.zone) == Some(&0);
            is_full.then_some(AddError::Full)
        });
        Ok(room)
    }

    async fn insert_hostnames(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        const COLUMNS: &str = "id, zone, name, state, certificate, created_at, version, due_at, document, \
            pack, origin, ends_at";
        let mut rows = Vec::new();
        for index in &self.open {
            rows.push(hostname_row(self.record(*index))?);
        }
        let added = insert_rows(connection, "hostnames", COLUMNS, "id", rows).await?;
        let refused: Vec<usize> = self
            .open
            .iter()
            .copied()
            .filter(|index| !added.contains(self.record(*index).hostname.id.as_bytes()))
            .collect();
        for index in &refused {
            self.outcomes[*index] = Err(duplicate(connection, self.record(*index)).await?.into());
        }
        self.open.retain(|index| !refused.contains(index));
        Ok(())
    }

    /// Takes back those for which there is no room: only now it is known how many are new.
    async fn keep_room(
        &mut self,
        connection: &mut Connection,
        mut room: BTreeMap<ZoneId, u64>,
    ) -> Result<(), StoreError> {
        // Who came first in the call stays.
        self.open.sort_unstable();
        let mut excess = Vec::new();
        self.keep(|addition| {
            let hostname = &addition.record.hostname;
            let left = room.get_mut(&hostname.zone).filter(|_| addition.hostnames_max.is_some())?;
            match left.checked_sub(1) {
                Some(less) => {
                    *left = less;
                    None
                }
                None => {
                    excess.push(hostname.id);
                    Some(AddError::Full)
                }
            }
        });
        take_back(connection, &excess).await
    }

    async fn insert_certificates(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        const COLUMNS: &str = "id, hostname, version, due_at, document";
        let mut rows = Vec::new();
        for certificate in
            self.open.iter().filter_map(|index| self.record(*index).certificate.as_ref())
        {
            let Owner::Hostname(hostname) = certificate.owner else { continue };
            rows.push(vec![
                certificate.id.into(),
                hostname.into(),
                0_i64.into(),
                certificate.due_at().into(),
                row::encode(&row::certificate::Certificate::from(certificate))?.into(),
            ]);
        }
        let added = insert_rows(connection, "certificates", COLUMNS, "hostname", rows).await?;
        let mut without = Vec::new();
        self.keep(|addition| {
            let hostname = addition.record.hostname.id;
            let pack = addition.record.certificate.as_ref()?.id;
            if added.contains(hostname.as_bytes()) {
                return None;
            }
            without.push(hostname);
            let existing = Explanation::new(pack.to_string());
            Some(InsertError::Duplicate { existing }.into())
        });
        take_back(connection, &without).await?;
        for index in &self.open {
            if let Some(certificate) = &self.record(*index).certificate {
                csrs::note_uses(connection, certificate).await?;
            }
        }
        Ok(())
    }

    async fn remember(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let events = self.open.iter().flat_map(|index| {
            let addition = &self.additions[*index];
            let id = addition.record.hostname.id;
            addition.events.iter().map(move |event| event_row(id, event))
        });
        let rows = events.collect();
        each_chunk(connection, rows, |values| {
            format!("INSERT INTO events (hostname, at, kind, detail) VALUES {values}")
        })
        .await
    }

    async fn mark(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let mut ids: Vec<HostnameId> =
            self.open.iter().map(|index| self.record(*index).hostname.id).collect();
        ids.sort();
        let rows = ids.into_iter().map(|id| {
            let (kind, subject) = records::columns_of(FeedKey::Hostname(id));
            vec![kind.into(), subject, 0_i64.into(), 1_i64.into()]
        });
        each_chunk(connection, rows.collect(), |values| {
            format!(
                "INSERT INTO feed (kind, subject, generation, marked) VALUES {values} \
                 ON CONFLICT (kind, subject) DO UPDATE SET marked = 1"
            )
        })
        .await
    }
}

fn hostname_row(record: &HostnameRecord) -> Result<Vec<Parameter>, StoreError> {
    let hostname = &record.hostname;
    let certificate = record.certificate.as_ref();
    Ok(vec![
        hostname.id.into(),
        hostname.zone.into(),
        hostname.name.as_str().into(),
        row::hostname::Hostname::word(hostname).into(),
        records::word(certificate).into(),
        hostname.created_at.into(),
        0_i64.into(),
        hostname.ownership.due_at().into(),
        row::encode(&row::hostname::Hostname::from(hostname))?.into(),
        facet::pack(certificate).into(),
        records::origin(hostname).into(),
        certificate.and_then(Certificate::ends_at).into(),
    ])
}

fn event_row(hostname: HostnameId, event: &Event) -> Vec<Parameter> {
    vec![hostname.into(), event.at.into(), event.kind.as_str().into(), event.detail.as_str().into()]
}

/// Inserts rows, except those that conflict; of those inserted the ids in the column `of`.
async fn insert_rows(
    connection: &mut Connection,
    table: &'static str,
    columns: &str,
    of: &str,
    rows: Vec<Vec<Parameter>>,
) -> Result<HashSet<[u8; 16]>, StoreError> {
    let mut added = HashSet::new();
    for chunk in chunks(rows) {
        let text = format!(
            "INSERT INTO {table} ({columns}) VALUES {} ON CONFLICT DO NOTHING RETURNING {of}",
            placeholders(&chunk)
        );
        for row in connection.fetch_all(sql(text).bind_all(chunk.into_iter().flatten())).await? {
            added.insert(row.id(of).map_err(|why| why.of(table, of))?);
        }
    }
    Ok(added)
}

async fn each_chunk(
    connection: &mut Connection,
    rows: Vec<Vec<Parameter>>,
    text: impl Fn(String) -> String,
) -> Result<(), StoreError> {
    for chunk in chunks(rows) {
        let text = text(placeholders(&chunk));
        connection.execute(sql(text).bind_all(chunk.into_iter().flatten())).await?;
    }
    Ok(())
}

/// Rows in chunks whose lengths are powers of two.
fn chunks(mut rows: Vec<Vec<Parameter>>) -> Vec<Vec<Vec<Parameter>>> {
    let mut chunks = Vec::new();
    while !rows.is_empty() {
        let length = (1 << rows.len().ilog2()).min(ROWS_MAX);
        let rest = rows.split_off(length);
        chunks.push(rows);
        rows = rest;
    }
    chunks
}

/// `($1, $2), ($3, $4)`
fn placeholders(rows: &[Vec<Parameter>]) -> String {
    let mut next = 1;
    let tuples = rows.iter().map(|row| {
        let list = records::placeholders(next, row.len());
        next += row.len();
        format!("({list})")
    });
    tuples.collect::<Vec<_>>().join(", ")
}

/// Removes what this transaction has added.
async fn take_back(connection: &mut Connection, ids: &[HostnameId]) -> Result<(), StoreError> {
    for id in ids {
        connection.execute(sql("DELETE FROM hostnames WHERE id = $1").bind(*id)).await?;
    }
    Ok(())
}

async fn duplicate(
    connection: &mut Connection,
    record: &HostnameRecord,
) -> Result<InsertError, StoreError> {
    const FIND: &str =
        "SELECT id FROM hostnames WHERE zone = $1 AND name = $2 AND state <> 'leaving'";
    let hostname = &record.hostname;
    let find = sql(FIND).bind(hostname.zone).bind(hostname.name.as_str());
    // None of this name: then it is the id that is taken.
    let existing = match connection.fetch_optional(find).await? {
        Some(row) => {
            HostnameId::from_bytes(row.id("id").map_err(|why| why.of("hostnames", &hostname.name))?)
        }
        None => hostname.id,
    };
    Ok(InsertError::Duplicate { existing: Explanation::new(existing.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_few_lengths_and_all_rows() {
        for count in [0, 1, 2, 3, 37, 64, 100, 129] {
            let rows = (0..count).map(|n: i64| vec![n.into(), n.into()]).collect();
            let chunks = chunks(rows);
            assert_eq!(chunks.iter().map(Vec::len).sum::<usize>(), count as usize);
            assert!(
                chunks.iter().all(|chunk| chunk.len().is_power_of_two() && chunk.len() <= ROWS_MAX)
            );
        }
        let rows = [vec![1_i64.into(), 2_i64.into()], vec![3_i64.into(), 4_i64.into()]];
        assert_eq!(placeholders(&rows), "($1, $2), ($3, $4)");
    }
}
