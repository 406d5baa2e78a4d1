//! Names that contain something: found by their trigrams, every three characters in a row.
//!
//! On PostgreSQL there is an index by `pg_trgm`, on SQLite a table of FTS5. Either is asked for the rarest trigrams of the
//! text, as far as a sample shows: both read all that they have of each trigram that they are asked for, so that a common
//! one costs as much as the zone is large.

use np_domain::ports::{NameFilter, StoreError};

use super::{Asked, CANDIDATES_MAX, Values, sample};
use crate::database::Connection;

/// The shortest text that has a trigram.
const LENGTH_MIN: usize = 3;
/// At most so many trigrams are asked for.
const GRAMS_MAX: usize = 3;
/// With at least so many in the sample, a name that contains the text is met soon by walking.
const HITS_MAX: u64 = 3;
/// An index that has more names than this for the rarest trigram of a text is not asked.
const READ_MAX: u64 = 30_000;

/// What an index of trigrams is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    grams: Vec<String>,
    part: String,
}

/// What to look for; `None` when many names contain `part`, or no index helps.
pub(super) async fn pattern(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<(Option<Pattern>, sample::Sample), StoreError> {
    let sample = sample::take(snapshot, asked).await?;
    let part = match &asked.filter().name {
        Some(NameFilter::Contains(part)) if part.as_str().len() >= LENGTH_MIN => {
            part.as_str().to_ascii_lowercase()
        }
        _ => return Ok((None, sample)),
    };
    let grams = rarest(&part, &sample);
    let rarest = grams.first().map_or(0, |gram| sample.with(gram));
    let is_common =
        sample.with(&part) >= HITS_MAX || sample.scaled(rarest, asked.counts.total()) > READ_MAX;
    Ok(((!is_common).then_some(Pattern { grams, part }), sample))
}

impl Pattern {
    /// The query for what the index has, of whatever zone and with some that only look alike, and after it those of `p` that
    /// do contain the text, as what follows FROM.
    pub(super) fn candidates(&self, is_sqlite: bool, values: &mut Values) -> (String, String) {
        let limit = CANDIDATES_MAX + 1;
        let like = |values: &mut Values, part: &str| values.put(format!("%{part}%"));
        if is_sqlite {
            let quoted = self.grams.iter().map(|gram| format!("\"{gram}\""));
            let pattern = values.put(quoted.collect::<Vec<_>>().join(" AND "));
            let candidates = format!(
                "SELECT rowid AS number FROM hostname_parts WHERE hostname_parts MATCH {pattern} LIMIT {limit}"
            );
            let part = like(values, &self.part);
            let whose = format!(
                "p CROSS JOIN hostnames h WHERE h.seq = p.number AND (h.name || '') LIKE {part}"
            );
            return (candidates, whose);
        }
        let terms = self.grams.iter().map(|gram| format!("name LIKE {}", like(values, gram)));
        let terms = terms.collect::<Vec<_>>().join(" AND ");
        let candidates = format!(
            "SELECT id, zone, state, created_at, name, facet, origin, ends_at FROM hostnames \
             WHERE {terms} LIMIT {limit}"
        );
        (candidates, format!("p h WHERE h.name LIKE {}", like(values, &self.part)))
    }
}

/// The trigrams of `part` that the fewest names of the sample have, the rarest first.
fn rarest(part: &str, sample: &sample::Sample) -> Vec<String> {
    let mut grams: Vec<&str> = (0..=part.len() - LENGTH_MIN)
        .filter_map(|begin| part.get(begin..begin + LENGTH_MIN))
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams.sort_by_cached_key(|gram| sample.with(gram));
    grams.into_iter().take(GRAMS_MAX).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{sample::Sample, *};

    #[test]
    fn the_rarest_trigrams_are_asked_for() {
        let nothing = Sample::default();
        assert_eq!(rarest("app.x", &nothing), ["app", "p.x", "pp."]);
        assert_eq!(rarest("aaaaa", &nothing), ["aaa"]);
        let some = Sample::of_names(&["app.x.com", "app.y.com", "shop.y.com"]);
        assert_eq!(rarest("app.x.com", &some), [".x.", "p.x", "x.c"]);
    }
}
