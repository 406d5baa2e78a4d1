//! The way by what few have: the hostnames are found by an index of what they have, and filtered, sorted and counted
//! here.

use np_domain::{
    id::HostnameId,
    ports::{Direction, HostnamePage, NameFilter, Position, Start, StoreError, Total},
};

use super::{Asked, FOUND_MAX, Key, Values, key::COLUMNS, parts};
use crate::{
    database::Connection,
    records::{self, TABLES},
    statement::{Parameter, Statement, sql},
};

/// The keys of all hostnames that may pass; `None` when there are more than [`FOUND_MAX`], or no index has them.
pub(super) async fn keys(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<Option<Vec<Key>>, StoreError> {
    let filter = asked.filter();
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let having = match (&filter.name, filter.id, &filter.origin) {
        (_, Some(id), _) => format!("id = {}", values.put(id)),
        (Some(NameFilter::Exact(name)), ..) => {
            format!("name = {}", values.put(name.as_str().to_ascii_lowercase()))
        }
        // The whole zone is not many.
        _ if asked.counts.total() <= FOUND_MAX as u64 => "1 = 1".to_owned(),
        (Some(NameFilter::StartsWith(start)), ..) => starts_with(start.as_str(), &mut values),
        (Some(NameFilter::Contains(part)), ..) => {
            return parts::keys(snapshot, asked, part.as_str()).await;
        }
        (None, None, Some(origin)) => format!("origin = {}", values.put(origin.as_str())),
        (None, None, None) => "1 = 1".to_owned(),
    };
    let text = format!(
        "SELECT {COLUMNS} FROM hostnames WHERE zone = {zone} AND state <> 'leaving' AND {having} LIMIT {}",
        FOUND_MAX + 1
    );
    let found = read(snapshot, asked, values.into_statement(text)).await?;
    Ok((found.len() <= FOUND_MAX).then_some(found))
}

/// The range of names that start so.
pub(super) fn starts_with(start: &str, values: &mut Values) -> String {
    let start = start.to_ascii_lowercase();
    let end = format!("{start}{}", char::MAX);
    format!("name >= {} AND name < {}", values.put(start), values.put(end))
}

/// Reads keys. One that cannot be read is told to the operator and hides no other.
pub(super) async fn read(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    statement: Statement,
) -> Result<Vec<Key>, StoreError> {
    let rows = snapshot.fetch_all(statement).await?;
    Ok(records::readable(&rows, |row| {
        Key::of(row, asked.list.now)
            .map_err(|why| why.of("hostnames", records::readable_id(row, "id")))
    }))
}

/// The page of what was found.
pub(super) async fn page(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    keys: Vec<Key>,
) -> Result<HostnamePage, StoreError> {
    let order = asked.list.order;
    let mut placed: Vec<(Position, HostnameId)> = keys
        .iter()
        .filter(|key| key.passes(asked.filter()))
        .map(|key| (key.position(order), key.id))
        .collect();
    placed.sort();
    if asked.list.direction == Direction::Descending {
        placed.reverse();
    }
    let total = Total::Exact(placed.len() as u64);
    let begin = match (&asked.list.start, asked.list.direction) {
        (Start::Page(_), _) => {
            usize::try_from(asked.skipped()).unwrap_or(usize::MAX).min(placed.len())
        }
        (Start::After(place), Direction::Ascending) => {
            placed.partition_point(|(at, _)| at <= place)
        }
        (Start::After(place), Direction::Descending) => {
            placed.partition_point(|(at, _)| at >= place)
        }
    };
    let rest = placed.get(begin..).unwrap_or_default();
    let shown = rest.get(..asked.list.size as usize).unwrap_or(rest);
    let goes_on = rest.len() > shown.len();
    let next = shown.last().filter(|_| goes_on).map(|(position, _)| position.clone());
    let ids: Vec<HostnameId> = shown.iter().map(|(_, id)| *id).collect();
    Ok(HostnamePage { records: records_by_id(snapshot, &ids).await?, total, next })
}

/// The records with these ids, in this order.
async fn records_by_id(
    snapshot: &mut Connection,
    ids: &[HostnameId],
) -> Result<Vec<np_domain::custom_hostname::HostnameRecord>, StoreError> {
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    // Few lengths, so that few statements are prepared: the rest is filled up with the last one.
    let length = ids.len().next_power_of_two();
    let padded = ids.iter().chain(std::iter::repeat(last)).take(length);
    let find = format!(
        "SELECT {} FROM {TABLES} WHERE h.id IN ({})",
        records::COLUMNS,
        records::placeholders(1, length)
    );
    let rows = snapshot.fetch_all(sql(find).bind_all(padded.copied().map(Parameter::from))).await?;
    let mut records = records::readable(&rows, records::record);
    records.sort_by_key(|record| ids.iter().position(|id| *id == record.hostname.id));
    Ok(records)
}
