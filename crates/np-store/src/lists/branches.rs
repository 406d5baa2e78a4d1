//! The way by facets: one range of an index per facet, merged. The cost is that of the facets and of the page, whatever
//! the zone has.

use np_domain::{
    Timestamp,
    certificate::Standing,
    id::HostnameId,
    ports::{HostnamePage, Order, Position, Start, StoreError, Total},
};

use super::{
    Asked, Tally, Values, backwards, beyond,
    counts::Ends,
    key::{self, group, place},
    page as page_of_rows, records_of,
    walk::name_or_origin,
};
use crate::database::Connection;

/// Each facet is looked at for at least so many hostnames.
const WINDOW_MIN: u32 = 100;
/// All facets together are looked at for so many: what is filtered by name is read from the table.
const WINDOW: u32 = 2_000;

/// A page in order of creation, by certificate or by standing.
pub(super) async fn page(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    total: Total,
) -> Result<HostnamePage, StoreError> {
    let mut values = Values::default();
    let end = end_of_windows(snapshot, asked).await?;
    let zone = values.put(asked.zone);
    let limit = values.put(asked.limit().saturating_add(asked.offset()));
    let ranges = ranges(asked, end);
    let branches: Vec<String> =
        ranges.iter().map(|range| range.branch(asked, &zone, &limit, &mut values)).collect();
    if branches.is_empty() {
        return page_of_rows(asked, Vec::new(), total);
    }
    let direction = backwards(asked.list.direction);
    let (limit, offset) = (values.put(asked.limit()), values.put(asked.offset()));
    let keys = format!(
        "SELECT id, created_at, place FROM ({}) m ORDER BY place{direction}, created_at{direction}, \
         id{direction} LIMIT {limit} OFFSET {offset}",
        branches.join(" UNION ALL ")
    );
    let order = format!("k.place{direction}, k.created_at{direction}, k.id{direction}");
    let rows = records_of(snapshot, &keys, &order, values).await?;
    let mut page = page_of_rows(asked, rows, total)?;
    if page.next.is_none() {
        page.next = end.map(|end| Position::Group(end.group, end.at, end.id));
    }
    Ok(page)
}

/// A place among facets.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: Standing,
    at: Timestamp,
    id: HostnameId,
}

/// The part of a facet that a page is looked for in.
struct Range<'a> {
    tally: &'a Tally,
    place: i64,
    /// What it comes after.
    after: Option<(Timestamp, HostnameId)>,
    /// What it ends with.
    until: Option<(Timestamp, HostnameId)>,
}

/// The ranges of the facets that pass, up to `end`; none of a facet that lies before the page or behind its end.
fn ranges<'a>(asked: &'a Asked<'_>, end: Option<Place>) -> Vec<Range<'a>> {
    let (order, direction) = (asked.list.order, asked.list.direction);
    let after = match &asked.list.start {
        Start::After(Position::Created(at, id)) => Some((None, (*at, *id))),
        Start::After(Position::Group(group, at, id)) => Some((Some(place(*group)), (*at, *id))),
        Start::Page(_) | Start::Begin | Start::After(Position::Name(_)) => None,
    };
    let lies_beyond = |here: i64, there: i64| match beyond(direction) {
        ">" => here > there,
        _ => here < there,
    };
    asked
        .matching()
        .into_iter()
        .filter_map(|tally| {
            let here = match order {
                Order::Created | Order::Name => 0,
                Order::Certificate | Order::Standing => place(group(order, tally.standing())),
            };
            let after = match after {
                Some((Some(there), _)) if lies_beyond(here, there) => None,
                Some((Some(there), _)) if here != there => return None,
                Some((_, at)) => Some(at),
                None => None,
            };
            let until = match end {
                Some(end) if lies_beyond(here, place(end.group)) => return None,
                Some(end) if here == place(end.group) => Some((end.at, end.id)),
                _ => None,
            };
            Some(Range { tally, place: here, after, until })
        })
        .collect()
}

/// A page by cursor that is filtered by name or origin looks at so many hostnames of each facet only: where the first of
/// them has more, which is where the page ends at the latest.
async fn end_of_windows(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<Option<Place>, StoreError> {
    let mut values = Values::default();
    let filtered = !name_or_origin(asked.filter(), &mut Values::default()).is_empty();
    let ranges = ranges(asked, None);
    if !filtered || !asked.is_by_cursor() || ranges.is_empty() {
        return Ok(None);
    }
    let window = (WINDOW / ranges.len() as u32).max(WINDOW_MIN);
    let zone = values.put(asked.zone);
    let ends: Vec<String> =
        ranges.iter().map(|range| range.end(asked, &zone, window, &mut values)).collect();
    let direction = backwards(asked.list.direction);
    let text = format!(
        "SELECT id AS h_id, created_at AS h_created_at, place AS k_place FROM ({}) m \
         ORDER BY place{direction}, created_at{direction}, id{direction} LIMIT 1",
        ends.join(" UNION ALL ")
    );
    let row = snapshot.fetch_optional(values.into_statement(text)).await?;
    let position = row.map(|row| key::position(&row, asked.list.order)).transpose();
    match position.map_err(|why| why.of("hostnames", asked.zone))? {
        Some(Position::Group(group, at, id)) => Ok(Some(Place { group, at, id })),
        _ => Ok(None),
    }
}

impl Range<'_> {
    /// Those of the range that match.
    fn branch(&self, asked: &Asked<'_>, zone: &str, limit: &str, values: &mut Values) -> String {
        let mut terms = self.terms(asked, zone, values);
        terms.extend(name_or_origin(asked.filter(), values));
        self.select(asked, &terms, limit, values)
    }

    /// The last one of its window, if it has so many.
    fn end(&self, asked: &Asked<'_>, zone: &str, window: u32, values: &mut Values) -> String {
        let terms = self.terms(asked, zone, values);
        self.select(asked, &terms, &format!("1 OFFSET {}", window - 1), values)
    }

    fn select(
        &self,
        asked: &Asked<'_>,
        terms: &[String],
        limit: &str,
        values: &mut Values,
    ) -> String {
        let end = backwards(asked.list.direction);
        format!(
            "SELECT id, created_at, place FROM (SELECT id, created_at, CAST({} AS BIGINT) AS place \
             FROM hostnames{} WHERE {} ORDER BY created_at{end}, id{end} LIMIT {limit}) b{}",
            self.place,
            asked.by(match self.tally.ends {
                Ends::All | Ends::Later => "hostnames_by_facet",
                Ends::Over => "hostnames_ending",
            }),
            terms.join(" AND "),
            values.0.len()
        )
    }

    fn terms(&self, asked: &Asked<'_>, zone: &str, values: &mut Values) -> Vec<String> {
        let mut terms = vec![format!("zone = {zone}"), of_facet(asked, self.tally, zone, values)];
        let sign = beyond(asked.list.direction);
        if let Some((at, id)) = self.after {
            terms.push(format!("(created_at, id) {sign} ({}, {})", values.put(at), values.put(id)));
        }
        if let Some((at, id)) = self.until {
            let sign = if sign == ">" { "<=" } else { ">=" };
            terms.push(format!("(created_at, id) {sign} ({}, {})", values.put(at), values.put(id)));
        }
        terms
    }
}

/// Few are over, so that they are looked up among those that are, and not in their facet.
fn of_facet(asked: &Asked<'_>, tally: &Tally, zone: &str, values: &mut Values) -> String {
    match tally.ends {
        Ends::All => asked.has_facet(&tally.text, values),
        Ends::Later => format!(
            "{} AND id NOT IN ({})",
            asked.has_facet(&tally.text, values),
            over(asked, zone, values)
        ),
        Ends::Over => format!(
            "({} || '') = {} AND ends_at <= {}",
            asked.facet(),
            values.put(tally.text.as_str()),
            values.put(asked.list.now)
        ),
    }
}

/// Those whose certificates have ended without a note.
pub(super) fn over(asked: &Asked<'_>, zone: &str, values: &mut Values) -> String {
    let now = values.put(asked.list.now);
    let by = asked.by("hostnames_ending");
    format!("SELECT id FROM hostnames{by} WHERE zone = {zone} AND ends_at <= {now}")
}
