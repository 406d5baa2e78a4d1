//! The way by facets: one range of an index per facet, merged. The cost is that of the facets and of the page, whatever
//! the zone has.

use np_domain::{
    Timestamp,
    id::HostnameId,
    ports::{HostnamePage, Order, Position, Start, StoreError, Total},
};

use super::{
    Asked, Key, Tally, Values, backwards, beyond,
    counts::Ends,
    key::{self, COLUMNS, group, place},
    page as page_of_rows, records_of,
    walk::name_or_origin,
};
use crate::database::Connection;

/// A page in order of creation, by certificate or by standing.
pub(super) async fn page(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    total: Total,
) -> Result<HostnamePage, StoreError> {
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let limit = values.put(asked.limit().saturating_add(asked.offset()));
    let matching = asked.matching();
    let branches =
        matching.iter().filter_map(|tally| branch(asked, tally, &zone, &limit, &mut values));
    let branches: Vec<String> = branches.collect();
    if branches.is_empty() {
        return page_of_rows(asked, Vec::new(), total);
    }
    let end = backwards(asked.list.direction);
    let (limit, offset) = (values.put(asked.limit()), values.put(asked.offset()));
    let keys = format!(
        "SELECT id, created_at, place FROM ({}) m ORDER BY place{end}, created_at{end}, id{end} \
         LIMIT {limit} OFFSET {offset}",
        branches.join(" UNION ALL ")
    );
    let order = format!("k.place{end}, k.created_at{end}, k.id{end}");
    page_of_rows(asked, records_of(snapshot, &keys, &order, values).await?, total)
}

/// The range of one facet; `None` when all of it lies before the page.
fn branch(
    asked: &Asked<'_>,
    tally: &Tally,
    zone: &str,
    limit: &str,
    values: &mut Values,
) -> Option<String> {
    let (order, direction) = (asked.list.order, asked.list.direction);
    let place = match order {
        Order::Created | Order::Name => 0,
        Order::Certificate | Order::Standing => place(group(order, tally.standing())),
    };
    let after = match &asked.list.start {
        Start::Page(_) => None,
        Start::After(Position::Created(at, id)) => Some((*at, *id)),
        Start::After(Position::Group(group, at, id)) => match place.cmp(&key::place(*group)) {
            std::cmp::Ordering::Equal => Some((*at, *id)),
            ahead if (ahead == std::cmp::Ordering::Greater) == (beyond(direction) == ">") => None,
            _ => return None,
        },
        Start::After(Position::Name(_)) => None,
    };
    let condition = condition(asked, tally, zone, after, values);
    let end = backwards(direction);
    Some(format!(
        "SELECT id, created_at, place FROM (SELECT id, created_at, CAST({place} AS BIGINT) AS place FROM hostnames \
         WHERE {condition} ORDER BY created_at{end}, id{end} LIMIT {limit}) b{}",
        values.0.len()
    ))
}

fn condition(
    asked: &Asked<'_>,
    tally: &Tally,
    zone: &str,
    after: Option<(Timestamp, HostnameId)>,
    values: &mut Values,
) -> String {
    let mut terms = vec![format!("zone = {zone}"), of_facet(asked, tally, zone, values)];
    if let Some((at, id)) = after {
        let sign = beyond(asked.list.direction);
        terms.push(format!("(created_at, id) {sign} ({}, {})", values.put(at), values.put(id)));
    }
    terms.extend(name_or_origin(asked.filter(), values));
    terms.join(" AND ")
}

/// Few are over, so that they are looked up among those that are, and not in their facet.
fn of_facet(asked: &Asked<'_>, tally: &Tally, zone: &str, values: &mut Values) -> String {
    let facet = values.put(tally.text.as_str());
    match tally.ends {
        Ends::All => format!("facet = {facet}"),
        Ends::Later => format!("facet = {facet} AND id NOT IN ({})", over(asked, zone, values)),
        Ends::Over => {
            format!("(facet || '') = {facet} AND ends_at <= {}", values.put(asked.list.now))
        }
    }
}

/// Those whose certificates have ended without a note.
pub(super) fn over(asked: &Asked<'_>, zone: &str, values: &mut Values) -> String {
    let now = values.put(asked.list.now);
    format!("SELECT id FROM hostnames WHERE zone = {zone} AND ends_at <= {now}")
}

/// The keys of all hostnames of the facets that pass; there must be few.
pub(super) async fn all(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<Vec<Key>, StoreError> {
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let matching = asked.matching();
    let facets: Vec<String> =
        matching.iter().map(|tally| values.put(tally.text.as_str())).collect();
    let text = format!(
        "SELECT {COLUMNS} FROM hostnames WHERE zone = {zone} AND facet IN ({})",
        facets.join(", ")
    );
    super::found::read(snapshot, asked, values.into_statement(text)).await
}
