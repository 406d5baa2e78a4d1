//! The way in order: along the index of the order asked for, past what does not match.

use np_domain::ports::{
    HostnameFilter, HostnamePage, NameFilter, Order, Position, Start, StoreError, Total,
};

use super::{
    Asked, Values, WINDOW, backwards, beyond, branches, counts::Ends, found::starts_with,
    page as page_of_rows, records_of,
};
use crate::database::Connection;

/// A page in order of creation or of names.
pub(super) async fn page(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    total: Total,
) -> Result<HostnamePage, StoreError> {
    let end = backwards(asked.list.direction);
    let order = match asked.list.order {
        Order::Name => format!("name{end}"),
        Order::Created | Order::Certificate | Order::Standing => {
            format!("created_at{end}, id{end}")
        }
    };
    let mut values = Values::default();
    let way = way(asked, &mut values);
    let rest = rest(asked, &mut values);
    let is_cursor = asked.is_by_cursor();
    let (limit, offset) = (values.put(asked.limit()), values.put(asked.offset()));
    let window = match &rest {
        Some(_) if is_cursor => format!(" ORDER BY {order} LIMIT {WINDOW}"),
        _ => String::new(),
    };
    let keys = format!(
        "SELECT id, created_at, name, 0 AS place FROM (SELECT id, created_at, name, {} AS facet, origin \
         FROM hostnames{} WHERE {way}{window}) w WHERE {} ORDER BY {order} LIMIT {limit} OFFSET {offset}",
        asked.facet(),
        asked.by(index(asked)),
        rest.as_deref().unwrap_or("1 = 1"),
    );
    let by_key = match asked.list.order {
        Order::Name => format!("k.name{end}"),
        Order::Created | Order::Certificate | Order::Standing => {
            format!("k.created_at{end}, k.id{end}")
        }
    };
    let rows = records_of(snapshot, &keys, &by_key, values).await?;
    let mut page = page_of_rows(asked, rows, total)?;
    if page.next.is_none() && rest.is_some() && is_cursor {
        page.next = end_of_window(snapshot, asked, &order).await?;
    }
    Ok(page)
}

/// The last hostname that the window had, when more may follow.
async fn end_of_window(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    order: &str,
) -> Result<Option<Position>, StoreError> {
    let mut values = Values::default();
    let way = way(asked, &mut values);
    let text = format!(
        "SELECT id AS h_id, created_at AS h_created_at, name AS h_name FROM hostnames{} \
         WHERE {way} ORDER BY {order} LIMIT 1 OFFSET {}",
        asked.by(index(asked)),
        WINDOW - 1
    );
    let row = snapshot.fetch_optional(values.into_statement(text)).await?;
    let position = row.map(|row| super::key::position(&row, asked.list.order)).transpose();
    position.map_err(|why| why.of("hostnames", asked.zone))
}

/// The index that is walked along.
fn index(asked: &Asked<'_>) -> &'static str {
    let filter = asked.filter();
    match (asked.list.order, &filter.name, &filter.origin) {
        (Order::Name, ..) => "hostnames_by_name",
        (Order::Created, None, Some(_)) => "hostnames_by_origin",
        (Order::Created | Order::Certificate | Order::Standing, ..) => "hostnames_by_creation",
    }
}

/// The range of an index that is walked along.
fn way(asked: &Asked<'_>, values: &mut Values) -> String {
    let mut terms =
        vec![format!("zone = {}", values.put(asked.zone)), "state <> 'leaving'".to_owned()];
    let filter = asked.filter();
    match (asked.list.order, &filter.name, &filter.origin) {
        (Order::Name, Some(NameFilter::StartsWith(start)), _) => {
            terms.push(starts_with(start.as_str(), values));
        }
        (Order::Created, None, Some(origin)) => {
            terms.push(format!("origin = {}", values.put(origin.as_str())));
        }
        _ => {}
    }
    let sign = beyond(asked.list.direction);
    match &asked.list.start {
        Start::Page(_) | Start::Begin | Start::After(Position::Group(..)) => {}
        Start::After(Position::Created(at, id)) => {
            terms.push(format!(
                "(created_at, id) {sign} ({}, {})",
                values.put(*at),
                values.put(*id)
            ));
        }
        Start::After(Position::Name(name)) => {
            terms.push(format!("name {sign} {}", values.put(&**name)));
        }
    }
    terms.join(" AND ")
}

/// What hostnames on the way must have besides.
fn rest(asked: &Asked<'_>, values: &mut Values) -> Option<String> {
    let mut terms = Vec::new();
    if asked.is_narrowed() {
        terms.push(of_facets(asked, values));
    }
    terms.extend(name_or_origin(asked.filter(), values));
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

fn of_facets(asked: &Asked<'_>, values: &mut Values) -> String {
    let zone = values.put(asked.zone);
    let matching = asked.matching();
    let mut of = |ends: Ends| -> Option<String> {
        let facets = matching.iter().filter(|tally| tally.ends == ends);
        let facets: Vec<String> = facets.map(|tally| values.put(tally.text.as_str())).collect();
        (!facets.is_empty()).then(|| {
            let facets = format!("facet IN ({})", facets.join(", "));
            match ends {
                Ends::All => facets,
                Ends::Later => {
                    format!("({facets} AND id NOT IN ({}))", branches::over(asked, &zone, values))
                }
                Ends::Over => {
                    format!("({facets} AND id IN ({}))", branches::over(asked, &zone, values))
                }
            }
        })
    };
    let terms: Vec<String> =
        [of(Ends::All), of(Ends::Later), of(Ends::Over)].into_iter().flatten().collect();
    format!("({})", terms.join(" OR "))
}

/// The conditions on name and origin, in a form that no index serves: the way is chosen already.
pub(super) fn name_or_origin(filter: &HostnameFilter, values: &mut Values) -> Vec<String> {
    let name = filter.name.as_ref().map(|name| match name {
        NameFilter::Exact(text) => {
            format!("(name || '') = {}", values.put(text.as_str().to_ascii_lowercase()))
        }
        NameFilter::Contains(text) => {
            format!(
                "(name || '') LIKE {}",
                values.put(format!("%{}%", text.as_str().to_ascii_lowercase()))
            )
        }
        NameFilter::StartsWith(text) => {
            format!(
                "(name || '') LIKE {}",
                values.put(format!("{}%", text.as_str().to_ascii_lowercase()))
            )
        }
    });
    let origin = filter.origin.as_ref();
    let origin = origin.map(|origin| format!("(origin || '') = {}", values.put(origin.as_str())));
    name.into_iter().chain(origin).collect()
}
