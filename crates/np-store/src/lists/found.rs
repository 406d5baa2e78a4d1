//! The way by what few have: the hostnames are found by an index of what they have; then they are filtered, sorted and
//! counted in the same statement.

use np_domain::ports::{HostnamePage, NameFilter, Order, Position, Start, StoreError, Total};

use super::{
    Asked, CANDIDATES_MAX, FOUND_MAX, Values, backwards, beyond,
    counts::Ends,
    key::{group, place},
    page as page_of_rows, parts,
    walk::name_or_origin,
};
use crate::{
    database::Connection,
    records,
    statement::{Row, Statement},
};
use np_domain::certificate::Standing;

/// What is found of a hostname: all that lists are filtered and ordered by.
const COLUMNS: [&str; 5] = ["id", "created_at", "name", "origin", "ends_at"];

/// By what hostnames are found.
pub(super) enum Source {
    /// By conditions on `hostnames` that an index serves.
    Index(Having),
    /// By parts of their names.
    Parts(parts::Pattern),
}

/// What an index finds.
pub(super) enum Having {
    /// All of the zone, which are few.
    All,
    /// All of the facets that pass, which are few.
    Facets,
    /// The one with the id.
    Id,
    /// The one with the name, those whose names start so, or those with the origin.
    NameOrOrigin,
}

impl Having {
    fn index(&self, asked: &Asked<'_>) -> Option<&'static str> {
        match (self, &asked.filter().name) {
            (Self::Id, _) => None,
            (Self::Facets, _) => Some("hostnames_by_facet"),
            (Self::NameOrOrigin, Some(NameFilter::Exact(_))) => Some("hostnames_of_name"),
            (Self::NameOrOrigin, None) => Some("hostnames_by_origin"),
            (Self::All, _) | (Self::NameOrOrigin, Some(_)) => Some("hostnames_by_name"),
        }
    }
}

/// What the filter's name or origin has an index for; `None`: nothing.
pub(super) fn having(asked: &Asked<'_>) -> Option<Having> {
    let filter = asked.filter();
    match (&filter.name, filter.id, &filter.origin) {
        (_, Some(_), _) => Some(Having::Id),
        (Some(NameFilter::Exact(_)), ..) => Some(Having::NameOrOrigin),
        _ if asked.counts.total() <= FOUND_MAX => Some(Having::All),
        (Some(NameFilter::Contains(_)), ..) => None,
        _ => Some(Having::NameOrOrigin),
    }
}

impl Having {
    fn condition(&self, asked: &Asked<'_>, values: &mut Values) -> String {
        let filter = asked.filter();
        match (self, &filter.name, &filter.origin) {
            (Self::Id, ..) => {
                let ids = filter.id.map(|id| format!("id = {}", values.put(id)));
                ids.unwrap_or_else(|| "1 = 0".to_owned())
            }
            (Self::Facets, ..) => {
                let matching = asked.matching();
                let mut facets: Vec<&str> = matching.iter().map(|tally| &*tally.text).collect();
                facets.dedup();
                asked.has_a_facet_of(&facets, values)
            }
            (Self::NameOrOrigin, Some(NameFilter::Exact(name)), _) => {
                format!("name = {}", values.put(name.as_str().to_ascii_lowercase()))
            }
            (Self::NameOrOrigin, Some(NameFilter::StartsWith(start)), _) => {
                starts_with(start.as_str(), values)
            }
            (Self::NameOrOrigin, _, Some(origin)) => {
                format!("origin = {}", values.put(origin.as_str()))
            }
            (Self::All, ..) | (Self::NameOrOrigin, ..) => "1 = 1".to_owned(),
        }
    }
}

/// The range of names that start so.
pub(super) fn starts_with(start: &str, values: &mut Values) -> String {
    let start = start.to_ascii_lowercase();
    let end = format!("{start}{}", char::MAX);
    format!("name >= {} AND name < {}", values.put(start), values.put(end))
}

/// Whether an index finds more than are sorted here: counted in the index alone, as far as matters.
pub(super) async fn are_many(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    having: &Having,
) -> Result<bool, StoreError> {
    if !matches!(having, Having::NameOrOrigin) {
        return Ok(false);
    }
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let condition = having.condition(asked, &mut values);
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM hostnames{} \
         WHERE zone = {zone} AND state <> 'leaving' AND {condition} LIMIT {}) f",
        having.index(asked).map(|index| asked.by(index)).unwrap_or_default(),
        FOUND_MAX + 1
    );
    let row = snapshot.fetch_one(values.into_statement(text)).await?;
    Ok(row.count("n").map_err(|why| why.of("hostnames", asked.zone))? > FOUND_MAX)
}

/// The page of what `source` finds; `None` when that is too much.
pub(super) async fn page(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    source: &Source,
) -> Result<Option<HostnamePage>, StoreError> {
    let statement = statement(asked, source, snapshot.is_sqlite());
    let mut rows = snapshot.fetch_all(statement).await?;
    let [candidates, found, matching] = counts(asked, rows.first())?;
    if candidates > CANDIDATES_MAX || found > FOUND_MAX {
        return Ok(None);
    }
    // Without any hostname there is one row, of the counts alone.
    rows.retain(|row| !matches!(row.maybe_id("h_id"), Ok(None)));
    page_of_rows(asked, rows, Total::Exact(matching)).map(Some)
}

fn counts(asked: &Asked<'_>, row: Option<&Row>) -> Result<[u64; 3], StoreError> {
    let Some(row) = row else { return Ok([0; 3]) };
    let count = |column| row.count(column).map_err(|why| why.of("hostnames", asked.zone));
    Ok([count("n_candidates")?, count("n_found")?, count("n_matching")?])
}

/// `f` are those that are found, `m` those of them that match, `k` the page.
fn statement(asked: &Asked<'_>, source: &Source, is_sqlite: bool) -> Statement {
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let found = match source {
        Source::Index(having) => {
            let condition = having.condition(asked, &mut values);
            format!(
                "p AS (SELECT 1 AS one WHERE 1 = 0), f AS MATERIALIZED (SELECT {}, {} AS facet FROM hostnames{} \
                 WHERE zone = {zone} AND state <> 'leaving' AND {condition} LIMIT {})",
                COLUMNS.join(", "),
                asked.facet(),
                having.index(asked).map(|index| asked.by(index)).unwrap_or_default(),
                FOUND_MAX + 1
            )
        }
        Source::Parts(pattern) => {
            let (candidates, whose) = pattern.candidates(is_sqlite, &mut values);
            format!(
                "p AS MATERIALIZED ({candidates}), f AS MATERIALIZED (SELECT {}, h.facet FROM {whose} \
                 AND h.zone = {zone} AND h.state <> 'leaving' LIMIT {})",
                COLUMNS.map(|column| format!("h.{column}")).join(", "),
                FOUND_MAX + 1
            )
        }
    };
    let place = place_of(asked, &mut values);
    let matching = match matching(asked, &mut values) {
        terms if terms.is_empty() => String::new(),
        terms => format!(" WHERE {}", terms.join(" AND ")),
    };
    let after = match after(asked, &mut values) {
        Some(after) => format!(" WHERE {after}"),
        None => String::new(),
    };
    let (limit, offset) = (values.put(asked.limit()), values.put(asked.offset()));
    let order = order(asked, "");
    let text = format!(
        "WITH {found}, m AS MATERIALIZED (SELECT id, created_at, name, {place} AS place FROM f{matching}) \
         SELECT {}, k.place AS k_place, n.candidates AS n_candidates, n.found AS n_found, \
         n.matching AS n_matching FROM (SELECT (SELECT COUNT(*) FROM p) AS candidates, \
         (SELECT COUNT(*) FROM f) AS found, (SELECT COUNT(*) FROM m) AS matching) n \
         LEFT JOIN (SELECT id, created_at, name, place FROM m{after} ORDER BY {order} \
         LIMIT {limit} OFFSET {offset}) k ON 1 = 1 \
         LEFT JOIN hostnames h ON h.id = k.id LEFT JOIN certificates c ON c.hostname = h.id ORDER BY {}",
        records::COLUMNS,
        self::order(asked, "k."),
    );
    values.into_statement(text)
}

/// What those that are found must have to match.
fn matching(asked: &Asked<'_>, values: &mut Values) -> Vec<String> {
    let filter = asked.filter();
    let mut terms = Vec::new();
    if asked.is_narrowed() {
        terms.push(of_facets(asked, values));
    }
    terms.extend(filter.id.map(|id| format!("id = {}", values.put(id))));
    terms.extend(name_or_origin(filter, values));
    terms
}

fn of_facets(asked: &Asked<'_>, values: &mut Values) -> String {
    let now = values.put(asked.list.now);
    let matching = asked.matching();
    let mut of = |is_over: bool, when: &str| {
        let facets = matching.iter().filter(|tally| (tally.ends == Ends::Over) == is_over);
        let facets: Vec<String> = facets.map(|tally| values.put(tally.text.as_str())).collect();
        (!facets.is_empty()).then(|| format!("({when} AND facet IN ({}))", facets.join(", ")))
    };
    let later = of(false, &format!("(ends_at IS NULL OR ends_at > {now})"));
    let over = of(true, &format!("ends_at <= {now}"));
    let any: Vec<String> = [later, over].into_iter().flatten().collect();
    format!("({})", any.join(" OR "))
}

/// The number of a hostname's group, in the orders that have groups.
fn place_of(asked: &Asked<'_>, values: &mut Values) -> String {
    let order = asked.list.order;
    let number = |standing: Standing| place(group(order, standing));
    if matches!(order, Order::Created | Order::Name) {
        return "CAST(0 AS BIGINT)".to_owned();
    }
    let now = values.put(asked.list.now);
    let mut cases = format!("WHEN ends_at <= {now} THEN {}", number(Standing::Over));
    for tally in asked.counts.tallies.iter().filter(|tally| tally.ends != Ends::Over) {
        let facet = values.put(tally.text.as_str());
        cases.push_str(&format!(" WHEN facet = {facet} THEN {}", number(tally.standing())));
    }
    format!("CAST(CASE {cases} ELSE {} END AS BIGINT)", number(Standing::Absent))
}

fn after(asked: &Asked<'_>, values: &mut Values) -> Option<String> {
    let Start::After(position) = &asked.list.start else { return None };
    let sign = beyond(asked.list.direction);
    Some(match position {
        Position::Created(at, id) => {
            format!("(created_at, id) {sign} ({}, {})", values.put(*at), values.put(*id))
        }
        Position::Name(name) => format!("name {sign} {}", values.put(&**name)),
        Position::Group(group, at, id) => format!(
            "(place, created_at, id) {sign} ({}, {}, {})",
            values.put(place(*group)),
            values.put(*at),
            values.put(*id)
        ),
    })
}

fn order(asked: &Asked<'_>, of: &str) -> String {
    let end = backwards(asked.list.direction);
    match asked.list.order {
        Order::Created => format!("{of}created_at{end}, {of}id{end}"),
        Order::Name => format!("{of}name{end}"),
        Order::Certificate | Order::Standing => {
            format!("{of}place{end}, {of}created_at{end}, {of}id{end}")
        }
    }
}
