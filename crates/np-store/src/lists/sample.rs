//! A look at some of a zone's hostnames, the oldest and the newest: how many of them match. It comes back as one row, because
//! a thousand rows cost more than the look.

use np_domain::ports::{NameFilter, StoreError};

use super::{Asked, Values, walk::name_or_origin};
use crate::{database::Connection, row::Damage, statement::Row};

/// So many are looked at from either end.
const HALF: u32 = 500;
/// Between names; no name has it.
const BETWEEN: char = '/';

/// What was looked at.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// How many.
    size: u64,
    /// How many of them pass the whole filter.
    hits: u64,
    /// Their names.
    names: String,
}

pub(super) async fn take(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<Sample, StoreError> {
    let mut values = Values::default();
    let zone = values.put(asked.zone);
    let half = |end: &str, alias: &str| {
        format!(
            "SELECT name, facet, origin FROM (SELECT name, {} AS facet, origin FROM hostnames{} \
             WHERE zone = {zone} AND state <> 'leaving' ORDER BY created_at{end}, id{end} LIMIT {HALF}) {alias}",
            asked.facet(),
            asked.by("hostnames_by_creation")
        )
    };
    let halves = format!("{} UNION ALL {}", half("", "oldest"), half(" DESC", "newest"));
    let hit = match hit(asked, &mut values) {
        terms if terms.is_empty() => "1 = 1".to_owned(),
        terms => terms.join(" AND "),
    };
    // Names matter to searches for parts of names only.
    let names = match asked.filter().name {
        Some(NameFilter::Contains(_)) => format!("string_agg(name, '{BETWEEN}')"),
        _ => "CAST(NULL AS TEXT)".to_owned(),
    };
    let text = format!(
        "SELECT COUNT(*) AS size, CAST(COALESCE(SUM(CASE WHEN {hit} THEN 1 ELSE 0 END), 0) AS BIGINT) AS hits, \
         {names} AS names FROM ({halves}) s"
    );
    let row = snapshot.fetch_one(values.into_statement(text)).await?;
    Sample::of(&row).map_err(|why| why.of("hostnames", asked.zone))
}

/// What a hostname of the sample must have to match. The end of a certificate is not in the index, and does not matter in an
/// estimate.
fn hit(asked: &Asked<'_>, values: &mut Values) -> Vec<String> {
    let mut terms = Vec::new();
    if asked.is_narrowed() {
        let matching = asked.matching();
        let facets = matching.iter().map(|tally| values.put(tally.text.as_str()));
        terms.push(format!("facet IN ({})", facets.collect::<Vec<_>>().join(", ")));
    }
    terms.extend(name_or_origin(asked.filter(), values));
    terms
}

impl Sample {
    fn of(row: &Row) -> Result<Self, Damage> {
        let names = row.maybe_text("names")?.unwrap_or_default();
        Ok(Self { size: row.count("size")?, hits: row.count("hits")?, names })
    }

    /// How many of the names contain `part`.
    pub(super) fn with(&self, part: &str) -> u64 {
        self.names.split(BETWEEN).filter(|name| name.contains(part)).count() as u64
    }

    /// How many of a zone with so many hostnames have what `some` of the sample have, if it is everywhere as it is here.
    pub(super) fn scaled(&self, some: u64, total: u64) -> u64 {
        (total as f64 * some as f64 / self.size.max(1) as f64) as u64
    }

    /// How many of the zone pass.
    pub(super) fn estimate(&self, asked: &Asked<'_>) -> u64 {
        self.scaled(self.hits, asked.counts.total())
    }

    #[cfg(test)]
    pub(super) fn of_names(names: &[&str]) -> Self {
        Self { size: names.len() as u64, hits: 0, names: names.join("/") }
    }
}
