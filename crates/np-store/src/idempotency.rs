//! Answers that are kept for requests that come twice: table `idempotency`.

use async_trait::async_trait;

use np_domain::{
    Timestamp,
    ports::{Attempt, Begun, IdempotencyStore, KeptAnswer, KeyedRequest, StoreError},
    text::Explanation,
};

use crate::{
    Store,
    database::Connection,
    records,
    row::Damage,
    statement::{Row, sql},
};

#[async_trait]
impl IdempotencyStore for Store {
    async fn begin(&self, request: &KeyedRequest, attempt: &Attempt) -> Result<Begun, StoreError> {
        let (request, attempt) = (request.clone(), attempt.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move { begin(connection, &request, &attempt).await })
            })
            .await
    }

    async fn keep(
        &self,
        request: &KeyedRequest,
        attempt: &Attempt,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        const KEEP: &str = "UPDATE idempotency SET status = $1, content_type = $2, body = $3 \
            WHERE caller = $4 AND key = $5 AND claim = $6";
        let (kind, body) = answer.body.clone().unzip();
        let keep = sql(KEEP)
            .bind(u32::from(answer.status))
            .bind(kind.map(|kind| kind.to_string()))
            .bind(body)
            .bind(request.caller.as_str())
            .bind(request.key.as_str())
            .bind(attempt.id.as_slice());
        self.database
            .write(move |connection| {
                Box::pin(async move { records::one(connection.execute(keep).await?) })
            })
            .await
    }

    async fn forget(&self, request: &KeyedRequest, attempt: &Attempt) -> Result<(), StoreError> {
        const FORGET: &str = "DELETE FROM idempotency \
            WHERE caller = $1 AND key = $2 AND claim = $3 AND status IS NULL";
        let forget = sql(FORGET)
            .bind(request.caller.as_str())
            .bind(request.key.as_str())
            .bind(attempt.id.as_slice());
        self.database
            .write(move |connection| {
                Box::pin(async move { connection.execute(forget).await.map(drop) })
            })
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        const SWEEP: &str = "DELETE FROM idempotency WHERE (caller, key) IN \
            (SELECT caller, key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        let sweep = sql(SWEEP).bind(now).bind(limit);
        self.database
            .write(move |connection| Box::pin(async move { connection.execute(sweep).await }))
            .await
    }
}

async fn begin(
    connection: &mut Connection,
    request: &KeyedRequest,
    attempt: &Attempt,
) -> Result<Begun, StoreError> {
    const EXPIRE: &str =
        "DELETE FROM idempotency WHERE caller = $1 AND key = $2 AND expires_at <= $3";
    const INSERT: &str = "INSERT INTO idempotency \
        (caller, key, request_sha256, claim, claimed_until, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let (caller, key) = (request.caller.as_str(), request.key.as_str());
    connection.execute(sql(EXPIRE).bind(caller).bind(key).bind(attempt.now)).await?;
    let insert = sql(INSERT)
        .bind(caller)
        .bind(key)
        .bind(request.sha256.as_slice())
        .bind(attempt.id.as_slice())
        .bind(attempt.until)
        .bind(attempt.expires_at);
    match connection.execute(insert).await? {
        1 => {
            forget_oldest(connection, caller, attempt.kept_max).await?;
            Ok(Begun::First)
        }
        _ => repeated(connection, request, attempt).await,
    }
}

/// Forgets a caller's oldest answers beyond `kept_max`, a few at a time: each request adds one.
async fn forget_oldest(
    connection: &mut Connection,
    caller: &str,
    kept_max: u32,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM idempotency WHERE status IS NOT NULL AND (caller, key) IN \
        (SELECT caller, key FROM idempotency WHERE caller = $1 ORDER BY expires_at DESC LIMIT 10 OFFSET $2)";
    connection.execute(sql(FORGET).bind(caller).bind(kept_max)).await.map(drop)
}

/// What becomes of a request whose key is there.
async fn repeated(
    connection: &mut Connection,
    request: &KeyedRequest,
    attempt: &Attempt,
) -> Result<Begun, StoreError> {
    const FIND: &str = "SELECT request_sha256, claim, status, content_type, body FROM idempotency \
        WHERE caller = $1 AND key = $2";
    const TAKE_OVER: &str = "UPDATE idempotency SET claim = $1, claimed_until = $2 \
        WHERE caller = $3 AND key = $4 AND status IS NULL AND claimed_until <= $5";
    let (caller, key) = (request.caller.as_str(), request.key.as_str());
    let Some(row) = connection.fetch_optional(sql(FIND).bind(caller).bind(key)).await? else {
        // It was forgotten this moment: the caller tries again.
        return Ok(Begun::Running);
    };
    let damaged = |why: Damage| why.of("idempotency", key);
    if row.array("request_sha256").map_err(damaged)? != request.sha256 {
        return Ok(Begun::Other);
    }
    if let Some(answer) = answer(&row).map_err(damaged)? {
        return Ok(Begun::Answered(answer));
    }
    let take_over = sql(TAKE_OVER)
        .bind(attempt.id.as_slice())
        .bind(attempt.until)
        .bind(caller)
        .bind(key)
        .bind(attempt.now);
    match connection.execute(take_over).await? {
        1 => Ok(Begun::First),
        _ => Ok(Begun::Running),
    }
}

fn answer(row: &Row) -> Result<Option<KeptAnswer>, Damage> {
    let Some(status) = row.maybe_int("status")? else { return Ok(None) };
    let kind = row.maybe_text("content_type")?.map(Explanation::new);
    let body = kind.zip(row.maybe_bytes("body")?);
    Ok(Some(KeptAnswer { status: status.try_into()?, body }))
}
