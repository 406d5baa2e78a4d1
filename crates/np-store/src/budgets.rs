//! Budgets of CAs and the queues for them: tables `budgets` and `turns`.
//!
//! Rows of budgets are locked in the order of their keys, so that two orders that share some do not wait for one another.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    authority::{Charge, Spend, pacing},
    certificate::AuthorityName,
    ports::{BudgetStore, Grant, QueueLength, StoreError, Wish},
};

use crate::{
    Store,
    database::Connection,
    row::{Damage, Micros},
    statement::sql,
};

/// How long after its look one that queues is still waited for: longer than a lease lasts after a crash.
const GRACE: std::time::Duration = std::time::Duration::from_secs(120);
/// What is over for this long is removed.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// The most rows that one call removes on its way.
const SWEPT_MAX: u32 = 10;
/// The most that are counted ahead of one that queues; beyond that its turn is further away than any forecast reaches.
const AHEAD_MAX: u32 = 1_000_000;
/// Longer keys are kept as their digest: an index takes only so many bytes.
const KEY_BYTES_MAX: usize = 512;

#[async_trait]
impl BudgetStore for Store {
    async fn take(&self, wish: &Wish, now: Timestamp) -> Result<Grant, StoreError> {
        let wish = wish.clone();
        self.database
            .write(move |connection| Box::pin(async move { take(connection, &wish, now).await }))
            .await
    }

    async fn give_back(
        &self,
        authority: AuthorityName,
        charges: &[Charge],
    ) -> Result<(), StoreError> {
        const GIVE_BACK: &str = "UPDATE budgets SET full_at = full_at - $2 WHERE key = $1";
        let mut back: Vec<_> = charges.iter().map(|c| (key(authority, c), worth(c))).collect();
        back.sort_unstable();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for (key, worth) in back {
                        connection.execute(sql(GIVE_BACK).bind(key).bind(worth)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueLength>, StoreError> {
        const COUNT: &str = "SELECT authority, COUNT(DISTINCT certificate) AS waiting, \
            MAX(expected_at) AS longest FROM turns WHERE live_until > $1 \
            GROUP BY authority ORDER BY authority";
        let rows = self.database.reader().await?.fetch_all(sql(COUNT).bind(now)).await?;
        let read = |row: crate::statement::Row| {
            let authority = AuthorityName::parse(&row.text("authority")?);
            Ok(QueueLength {
                authority: authority.ok_or_else(|| Damage::new("an unknown authority"))?,
                waiting: row.count("waiting")?,
                longest_until: row.moment("longest")?,
            })
        };
        let read = |row| read(row).map_err(|why: Damage| why.of("turns", "queues"));
        rows.into_iter().map(read).collect()
    }
}

/// One of the budgets that a wish concerns, as it stands.
struct Bucket<'w> {
    key: String,
    charge: &'w Charge,
    full_at: Timestamp,
    /// The wish's place in the queue.
    turn: i64,
    /// The turn that was served last.
    served: i64,
    /// How many are served before.
    ahead: u32,
    available_at: Timestamp,
}

async fn take(
    connection: &mut Connection,
    wish: &Wish,
    now: Timestamp,
) -> Result<Grant, StoreError> {
    sweep(connection, now).await?;
    let mut keys: Vec<_> = wish.charges.iter().map(|c| (key(wish.authority, c), c)).collect();
    keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut buckets = Vec::with_capacity(keys.len());
    for (key, charge) in keys {
        buckets.push(bucket(connection, wish, key, charge, now).await?);
    }
    match buckets.iter().max_by_key(|bucket| bucket.available_at) {
        Some(last) if last.available_at > now => queue(connection, wish, last, now).await,
        _ => {
            spend(connection, wish, &buckets, now).await?;
            Ok(Grant::Taken)
        }
    }
}

/// Locks the budget and looks who is ahead.
async fn bucket<'w>(
    connection: &mut Connection,
    wish: &Wish,
    key: String,
    charge: &'w Charge,
    now: Timestamp,
) -> Result<Bucket<'w>, StoreError> {
    const MAKE: &str =
        "INSERT INTO budgets (key, full_at, served) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
    const TURN: &str = "SELECT turn FROM turns WHERE certificate = $1 AND queue = $2";
    const LAST_OF_ZONE: &str = "SELECT MAX(turn) AS turn FROM turns WHERE queue = $1 AND zone = $2";
    const AHEAD: &str = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM turns \
        WHERE queue = $1 AND live_until > $2 AND (turn < $3 OR (turn = $3 AND certificate < $4)) \
        LIMIT $5) AS ahead";
    let damaged = |why: Damage| why.of("budgets", "take");
    connection.execute(sql(MAKE).bind(key.as_str())).await?;
    let lock = connection.locking("FOR UPDATE");
    let find = format!("SELECT full_at, served FROM budgets WHERE key = $1 {lock}");
    let row = connection.fetch_one(sql(find).bind(key.as_str())).await?;
    let full_at = row.moment("full_at").map_err(damaged)?;
    let served = row.int("served").map_err(damaged)?;
    let kept =
        connection.fetch_optional(sql(TURN).bind(wish.certificate).bind(key.as_str())).await?;
    let turn = match kept {
        Some(row) => row.int("turn").map_err(damaged)?,
        None => {
            let last = sql(LAST_OF_ZONE).bind(key.as_str()).bind(wish.zone);
            let last = connection.fetch_one(last).await?.maybe_int("turn").map_err(damaged)?;
            pacing::turn(served, last)
        }
    };
    let count =
        sql(AHEAD).bind(key.as_str()).bind(now).bind(turn).bind(wish.certificate).bind(AHEAD_MAX);
    let ahead = connection.fetch_one(count).await?.count("n").map_err(damaged)?;
    let ahead = u32::try_from(ahead).unwrap_or(AHEAD_MAX);
    let available_at = charge.limit.available_at(full_at, ahead, charge.units, now);
    Ok(Bucket { key, charge, full_at, turn, served, ahead, available_at })
}

async fn spend(
    connection: &mut Connection,
    wish: &Wish,
    buckets: &[Bucket<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    const SPEND: &str = "UPDATE budgets SET full_at = $2, served = $3 WHERE key = $1";
    const LEAVE: &str = "DELETE FROM turns WHERE certificate = $1";
    for bucket in buckets {
        let charge = bucket.charge;
        let full_at = match charge.spend {
            Spend::Later => bucket.full_at,
            Spend::Now => charge.limit.taken(bucket.full_at, charge.units, now),
        };
        let spend =
            sql(SPEND).bind(bucket.key.as_str()).bind(full_at).bind(bucket.served.max(bucket.turn));
        connection.execute(spend).await?;
    }
    connection.execute(sql(LEAVE).bind(wish.certificate)).await.map(drop)
}

/// Takes a place in one queue of the CA, and leaves its others.
async fn queue(
    connection: &mut Connection,
    wish: &Wish,
    bucket: &Bucket<'_>,
    now: Timestamp,
) -> Result<Grant, StoreError> {
    const LEAVE: &str =
        "DELETE FROM turns WHERE certificate = $1 AND authority = $2 AND queue <> $3";
    const QUEUE: &str = "INSERT INTO turns \
        (certificate, queue, authority, zone, turn, expected_at, live_until) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (certificate, queue) DO UPDATE \
        SET expected_at = excluded.expected_at, live_until = excluded.live_until";
    let expected_at = bucket.available_at;
    let look_at = pacing::look_at(expected_at, bucket.ahead, now);
    let (key, authority) = (bucket.key.as_str(), wish.authority.as_str());
    connection.execute(sql(LEAVE).bind(wish.certificate).bind(authority).bind(key)).await?;
    let queue = sql(QUEUE)
        .bind(wish.certificate)
        .bind(key)
        .bind(authority)
        .bind(wish.zone)
        .bind(bucket.turn)
        .bind(expected_at)
        .bind(look_at + GRACE);
    connection.execute(queue).await?;
    Ok(Grant::Queued { budget: bucket.charge.budget.kind(), expected_at, look_at })
}

/// Removes what is over for long, a little each time. A row that another one has locked is left to it.
async fn sweep(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let lock = connection.locking("FOR UPDATE SKIP LOCKED");
    let budgets = format!(
        "DELETE FROM budgets WHERE key IN \
         (SELECT key FROM budgets WHERE full_at < $1 ORDER BY full_at LIMIT $2 {lock})"
    );
    let turns = format!(
        "DELETE FROM turns WHERE (certificate, queue) IN \
         (SELECT certificate, queue FROM turns WHERE live_until < $1 ORDER BY live_until LIMIT $2 {lock})"
    );
    let over = now - KEPT;
    connection.execute(sql(budgets).bind(over).bind(SWEPT_MAX)).await?;
    connection.execute(sql(turns).bind(over).bind(SWEPT_MAX)).await.map(drop)
}

fn key(authority: AuthorityName, charge: &Charge) -> String {
    let key = format!("{}/{}", authority.as_str(), charge.budget);
    match key.len() {
        0..=KEY_BYTES_MAX => key,
        _ => {
            let kind = charge.budget.kind().as_str();
            format!("{}/{kind}/#{:032x}", authority.as_str(), digest(key.as_bytes()))
        }
    }
}

/// FNV-1a with 128 bits: two long lists of names that share a digest would share a budget, and nothing else.
fn digest(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// By how much a charge moves the moment at which its bucket is full again, in microseconds.
fn worth(charge: &Charge) -> i64 {
    let from = Timestamp::UNIX_EPOCH;
    Micros::from(from + charge.limit.interval().saturating_mul(charge.units)).0
}
