//! A look at some of a zone's hostnames, the oldest and the newest: how many of them match.

use np_domain::ports::StoreError;

use super::{Asked, Key, Values, found, key::COLUMNS};
use crate::database::Connection;

/// So many are looked at from either end.
const HALF: u32 = 500;

/// What was looked at.
pub(super) struct Sample(pub(super) Vec<Key>);

pub(super) async fn take(
    snapshot: &mut Connection,
    asked: &Asked<'_>,
) -> Result<Sample, StoreError> {
    let mut keys = Vec::new();
    for end in ["", " DESC"] {
        let mut values = Values::default();
        let zone = values.put(asked.zone);
        // The end of a certificate is not in the index, and does not matter in an estimate.
        let columns = COLUMNS.replace("ends_at", "NULL AS ends_at");
        let text = format!(
            "SELECT {columns} FROM hostnames WHERE zone = {zone} AND state <> 'leaving' \
             ORDER BY created_at{end}, id{end} LIMIT {HALF}"
        );
        keys.extend(found::read(snapshot, asked, values.into_statement(text)).await?);
    }
    Ok(Sample(keys))
}

impl Sample {
    /// How many of them pass.
    pub(super) fn hits(&self, asked: &Asked<'_>) -> usize {
        self.0.iter().filter(|key| key.passes(asked.filter())).count()
    }

    /// How many of the zone pass, if it is everywhere as it is here.
    pub(super) fn estimate(&self, asked: &Asked<'_>) -> u64 {
        let share = self.hits(asked) as f64 / self.0.len().max(1) as f64;
        (asked.counts.total() as f64 * share) as u64
    }
}
