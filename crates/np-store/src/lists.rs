//! Lists of hostnames: pages of a zone in an order, filtered, with a total, quick also out of a million.
//!
//! There are three ways to a page, and [`page_of`] chooses. What a zone has of each [`facet`] is counted all the time
//! ([`counts`]), so that most filters are a few ranges of one index, merged, with an exact total ([`branches`]). A name or an
//! origin that few have is found by its own index and sorted here ([`found`]). One that many have is met soon
//! anyway: its index or the whole zone is walked in the order asked for ([`walk`]), at most [`WINDOW`] at a time
//! when a cursor can go on from there; then the total is an estimate from a [`sample`].

mod branches;
pub(crate) mod counts;
pub(crate) mod facet;
mod found;
mod key;
mod parts;
mod sample;
mod walk;

use np_domain::{
    custom_hostname::HostnameRecord,
    id::ZoneId,
    ports::{
        Direction, HostnameFilter, HostnameList, HostnamePage, NameFilter, Order, StoreError, Total,
    },
};

use crate::{
    Store,
    database::Connection,
    records::{self, COLUMNS},
    statement::{Parameter, Row, Statement, sql},
};
use counts::{Counts, Tally};
use found::{Having, Source};

/// A name or an origin that at most so many hostnames have is found by its index; with more it is walked to.
const FOUND_MAX: u64 = 1_000;
/// An index of parts of names is read up to here: it has the names of all zones, and some that only look alike.
const CANDIDATES_MAX: u64 = 2_000;
/// A page by cursor looks at no more than so many hostnames; when they are over it ends, though it may be short, and the
/// next one goes on from there.
const WINDOW: u32 = 5_000;
/// With more facets than this, a filter is as good as none, and the zone is walked.
const BRANCHES_MAX: usize = 64;

/// A page of a zone's hostnames.
pub(crate) async fn list(
    store: &Store,
    zone: ZoneId,
    list: &HostnameList,
) -> Result<HostnamePage, StoreError> {
    let mut snapshot = store.database.snapshot().await?;
    let counts = counts::read(&mut snapshot, zone, list.now).await?;
    let is_sqlite = snapshot.is_sqlite();
    let page = page_of(&mut snapshot, &Asked { zone, list, counts: &counts, is_sqlite }).await?;
    drop(snapshot);
    counts::tidy(store, zone, &counts, list.now);
    Ok(page)
}

/// What is asked for, and how much there is.
struct Asked<'a> {
    zone: ZoneId,
    list: &'a HostnameList,
    counts: &'a Counts,
    is_sqlite: bool,
}

impl Asked<'_> {
    fn filter(&self) -> &HostnameFilter {
        &self.list.filter
    }

    /// The facets that pass.
    fn matching(&self) -> Vec<&Tally> {
        self.counts.tallies.iter().filter(|tally| tally.passes(self.filter())).collect()
    }

    /// Whether some facet does not pass.
    fn is_narrowed(&self) -> bool {
        self.matching().len() < self.counts.tallies.len()
    }

    /// How many of the facets that pass.
    fn matching_total(&self) -> u64 {
        self.matching().iter().map(|tally| tally.n).sum()
    }
}

async fn page_of(snapshot: &mut Connection, asked: &Asked<'_>) -> Result<HostnamePage, StoreError> {
    let filter = asked.filter();
    let nothing = asked.matching_total() == 0 || cannot_match(filter);
    if nothing {
        return Ok(HostnamePage { records: Vec::new(), total: Total::Exact(0), next: None });
    }
    let by_facet_only = filter.name.is_none() && filter.id.is_none() && filter.origin.is_none();
    let total = Total::Exact(asked.matching_total());
    match asked.list.order {
        _ if !by_facet_only => by_name_or_origin(snapshot, asked).await,
        Order::Created | Order::Name if !asked.is_narrowed() => {
            walk::page(snapshot, asked, total).await
        }
        Order::Name => {
            // More may be found than match: those that are over have another facet.
            let facets = Source::Index(Having::Facets);
            let few = asked.matching_total() <= FOUND_MAX;
            match if few { found::page(snapshot, asked, &facets).await? } else { None } {
                Some(page) => Ok(page),
                None => walk::page(snapshot, asked, total).await,
            }
        }
        Order::Created if asked.matching().len() > BRANCHES_MAX => {
            walk::page(snapshot, asked, total).await
        }
        Order::Created | Order::Certificate | Order::Standing => {
            branches::page(snapshot, asked, total).await
        }
    }
}

/// Whether the name has a sign that no hostname has.
fn cannot_match(filter: &HostnameFilter) -> bool {
    let Some(name) = &filter.name else { return false };
    let (NameFilter::Exact(text) | NameFilter::Contains(text) | NameFilter::StartsWith(text)) =
        name;
    !text.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

async fn by_name_or_origin(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<HostnamePage, StoreError> {
    let (source, sample) = match found::having(asked) {
        Some(having) if found::are_many(snapshot, asked, &having).await? => (None, None),
        Some(having) => (Some(Source::Index(having)), None),
        None => {
            let (pattern, sample) = parts::pattern(snapshot, asked).await?;
            (pattern.map(Source::Parts), Some(sample))
        }
    };
    if let Some(source) = source
        && let Some(page) = found::page(snapshot, asked, &source).await?
    {
        return Ok(page);
    }
    let sample = match sample {
        Some(sample) => sample,
        None => sample::take(snapshot, asked).await?,
    };
    let total = Total::Estimate(sample.estimate(asked));
    match asked.list.order {
        Order::Created | Order::Name => walk::page(snapshot, asked, total).await,
        Order::Certificate | Order::Standing => branches::page(snapshot, asked, total).await,
    }
}

/// Values of a statement that is put together, in the order of their placeholders.
#[derive(Default)]
struct Values(Vec<Parameter>);

impl Values {
    /// The placeholder of one more value.
    fn put(&mut self, value: impl Into<Parameter>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }

    fn into_statement(self, text: String) -> Statement {
        sql(text).bind_all(self.0)
    }
}

/// `DESC` or nothing.
fn backwards(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    }
}

/// The sign between a key and the position that it comes after.
fn beyond(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => ">",
        Direction::Descending => "<",
    }
}

/// The records of `keys`, a query with the columns `id`, `created_at`, `name` and `place`, in the order of `order`.
async fn records_of(
    snapshot: &mut Connection,
    keys: &str,
    order: &str,
    values: Values,
) -> Result<Vec<Row>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS}, k.place AS k_place FROM ({keys}) k JOIN hostnames h ON h.id = k.id \
         LEFT JOIN certificates c ON c.hostname = h.id ORDER BY {order}"
    );
    snapshot.fetch_all(values.into_statement(text)).await
}

/// A page out of rows of [`records_of`], of which there is one more than asked for where the list goes on.
fn page(asked: &Asked<'_>, mut rows: Vec<Row>, total: Total) -> Result<HostnamePage, StoreError> {
    let size = asked.list.size as usize;
    let goes_on = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().filter(|_| goes_on).map(|row| key::position(row, asked.list.order));
    let next = last.transpose().map_err(|why| why.of("hostnames", asked.zone))?;
    let records: Vec<HostnameRecord> = records::readable(&rows, records::record);
    let seen = asked.skipped() + rows.len() as u64 + u64::from(goes_on);
    let total = match total {
        Total::Estimate(count) => Total::Estimate(count.max(seen)),
        Total::Exact(count) => Total::Exact(count),
    };
    Ok(HostnamePage { records, total, next })
}

impl Asked<'_> {
    /// The facet of a hostname. SQLite reads the whole row for a column that follows from others, though an index has it.
    fn facet(&self) -> &'static str {
        if self.is_sqlite { "(state || '/' || pack)" } else { "facet" }
    }

    /// Which index SQLite shall go by: without statistics it takes one that has everything for one that finds something.
    fn by(&self, index: &str) -> String {
        if self.is_sqlite { format!(" INDEXED BY {index}") } else { String::new() }
    }

    /// That a hostname has this facet, as the index of facets has it.
    fn has_facet(&self, facet: &str, values: &mut Values) -> String {
        match facet.split_once('/').filter(|_| self.is_sqlite) {
            Some((state, pack)) => format!(
                "state = {} AND pack = {} AND state <> 'leaving'",
                values.put(state),
                values.put(pack)
            ),
            None => format!("facet = {}", values.put(facet)),
        }
    }

    /// That a hostname has one of these.
    fn has_a_facet_of(&self, facets: &[&str], values: &mut Values) -> String {
        let mut put = |facet: &str| match facet.split_once('/').filter(|_| self.is_sqlite) {
            Some((state, pack)) => format!("({}, {})", values.put(state), values.put(pack)),
            None => values.put(facet),
        };
        let list = facets.iter().map(|facet| put(facet)).collect::<Vec<_>>().join(", ");
        match self.is_sqlite {
            true => format!("(state, pack) IN (VALUES {list})"),
            false => format!("facet IN ({list})"),
        }
    }

    /// Whether the page may be short, because a cursor goes on from where it ends.
    fn is_by_cursor(&self) -> bool {
        !matches!(self.list.start, np_domain::ports::Start::Page(_))
    }

    /// How many come before the page, when it has a number.
    fn skipped(&self) -> u64 {
        match &self.list.start {
            np_domain::ports::Start::Page(number) => {
                u64::from(number.saturating_sub(1)) * u64::from(self.list.size)
            }
            np_domain::ports::Start::Begin | np_domain::ports::Start::After(_) => 0,
        }
    }

    /// The same as a parameter of `OFFSET`.
    fn offset(&self) -> i64 {
        i64::try_from(self.skipped()).unwrap_or(i64::MAX)
    }

    /// How many rows to read: one more than the page has, to see whether the list goes on.
    fn limit(&self) -> i64 {
        i64::from(self.list.size) + 1
    }
}
