//! Names that contain something: found by their trigrams, every three characters in a row.
//!
//! On PostgreSQL that is an index by `pg_trgm`, which takes the pattern as it is; on SQLite a table of FTS5, which is
//! asked for the rarest trigrams of the text, as far as a sample shows, because the cost is that of the commonest.

use np_domain::ports::StoreError;

use super::{
    Asked, FOUND_MAX, Key, Values,
    found::read,
    key::COLUMNS,
    sample::{self, Sample},
};
use crate::{database::Connection, statement::sql};

/// The shortest text that has a trigram.
const LENGTH_MIN: usize = 3;
/// At most so many trigrams are asked for.
const GRAMS_MAX: usize = 3;
/// With at least so many in the sample, a name that contains the text is met soon by walking.
const HITS_MAX: usize = 3;
/// The index is read up to here: it has the names of all zones, and some that only look alike.
const CANDIDATES_MAX: usize = 8_000;

/// The keys of all hostnames whose names contain `part`; `None` when they are many.
pub(super) async fn keys(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
    part: &str,
) -> Result<Option<Vec<Key>>, StoreError> {
    let part = part.to_ascii_lowercase();
    if part.len() < LENGTH_MIN {
        return Ok(None);
    }
    let sample = sample::take(snapshot, asked).await?;
    if sample.0.iter().filter(|key| key.name.contains(&part)).count() >= HITS_MAX {
        return Ok(None);
    }
    let pattern = match snapshot.is_sqlite() {
        true => rarest(&part, &sample),
        false => format!("%{part}%"),
    };
    let mut values = Values::default();
    let parts = parts(snapshot, &values.put(pattern.as_str()));
    let text = format!(
        "WITH p AS MATERIALIZED ({parts}) \
         SELECT {} FROM p CROSS JOIN hostnames h WHERE {} AND h.zone = {} AND h.state <> 'leaving' \
         AND (h.name || '') LIKE {} LIMIT {}",
        COLUMNS.split(", ").map(|column| format!("h.{column}")).collect::<Vec<_>>().join(", "),
        if snapshot.is_sqlite() { "h.seq = p.number" } else { "h.id = p.id" },
        values.put(asked.zone),
        values.put(format!("%{part}%")),
        FOUND_MAX + 1,
    );
    let found = read(snapshot, asked, values.into_statement(text)).await?;
    let is_whole =
        found.len() <= FOUND_MAX && candidates(snapshot, &pattern).await? <= CANDIDATES_MAX as u64;
    Ok(is_whole.then_some(found))
}

/// What the index has for the pattern at a placeholder.
fn parts(snapshot: &Connection, pattern: &str) -> String {
    let limit = CANDIDATES_MAX + 1;
    match snapshot.is_sqlite() {
        true => format!(
            "SELECT rowid AS number FROM hostname_parts WHERE hostname_parts MATCH {pattern} LIMIT {limit}"
        ),
        false => format!("SELECT id FROM hostnames WHERE name LIKE {pattern} LIMIT {limit}"),
    }
}

/// How many names, of whatever zone, the index has for a pattern.
async fn candidates(snapshot: &mut Connection, pattern: &str) -> Result<u64, StoreError> {
    let parts = parts(snapshot, "$1");
    let count = sql(format!("SELECT COUNT(*) AS n FROM ({parts}) p")).bind(pattern);
    let row = snapshot.fetch_one(count).await?;
    row.count("n").map_err(|why| why.of("hostname_parts", pattern))
}

/// The trigrams of `part` that the fewest names of the sample have, as an expression of FTS5.
fn rarest(part: &str, sample: &Sample) -> String {
    let mut grams: Vec<&str> = (0..=part.len() - LENGTH_MIN)
        .filter_map(|begin| part.get(begin..begin + LENGTH_MIN))
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams.sort_by_cached_key(|gram| sample.0.iter().filter(|key| key.name.contains(gram)).count());
    let quoted = grams.iter().take(GRAMS_MAX).map(|gram| format!("\"{gram}\""));
    quoted.collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_sample_any_three_trigrams_are_asked_for() {
        assert_eq!(rarest("app.x", &Sample(Vec::new())), "\"app\" AND \"p.x\" AND \"pp.\"");
        assert_eq!(rarest("aaaaa", &Sample(Vec::new())), "\"aaa\"");
    }
}
