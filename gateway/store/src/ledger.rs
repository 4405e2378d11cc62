//! The ledger and the request log, as they are written: many rows at once, each exactly once.

mod insert;
mod rows;
mod sums;

use chrono::{DateTime, Utc};
use gateway_domain::{
    ApiKeyId, Payloads, RequestId,
    ledger::{Attempt, RequestRecord},
    money::{NanoUsd, Tokens},
};

use crate::{Db, Error, Executor, Result, Tx};

use insert::{ATTEMPTS, PAYLOADS, REQUESTS};
use rows::AttemptRow;
pub(crate) use rows::counted;
use sums::Sums;

/// What was said in a request, as far as it is kept.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayloadRow {
    /// In which request.
    pub request_id: RequestId,
    /// When that came.
    pub at: DateTime<Utc>,
    /// How much of it: `redacted` or `full`.
    pub kept: Payloads,
    /// The caller's body.
    pub request: String,
    /// The answer's.
    pub response: String,
    /// Whether one of them was cut short.
    pub truncated: bool,
}

/// Rows to be written together.
#[derive(Clone, Copy, Default)]
pub struct Batch<'a> {
    /// Rows of the ledger.
    pub attempts: &'a [Attempt],
    /// Rows of the request log.
    pub requests: &'a [RequestRecord],
    /// What was said in some of them.
    pub payloads: &'a [PayloadRow],
}

/// Writes those rows of a batch that are not there yet, and adds them, and only them, to the daily sums: all of it or
/// nothing. So a batch may be written again when it is not known whether the first time succeeded.
///
/// Returns how many rows were new.
pub async fn write(db: &Db, batch: Batch<'_>) -> Result<u64> {
    if let Some(written) = write_new(db, batch).await? {
        return Ok(written);
    }
    write_missing(db, batch).await
}

/// Writes a batch of which every row is new; `None`, and nothing written, when one is not. That is the usual case, and
/// asking of each row whether it was inserted costs more than inserting it.
async fn write_new(db: &Db, batch: Batch<'_>) -> Result<Option<u64>> {
    let mut tx = db.begin_batch().await?;
    let written = ATTEMPTS.run(&mut tx, batch.attempts).await?
        + REQUESTS.run(&mut tx, batch.requests).await?
        + PAYLOADS.run(&mut tx, batch.payloads).await?;
    let rows = batch.attempts.len() + batch.requests.len() + batch.payloads.len();
    if written != rows as u64 {
        return Ok(None);
    }
    let mut sums = Sums::default();
    batch.attempts.iter().for_each(|row| sums.attempt(row));
    batch.requests.iter().for_each(|row| sums.request(row));
    sums.add(&mut tx).await?;
    tx.commit().await?;
    Ok(Some(written))
}

/// The same row by row, leaving out those that are there.
async fn write_missing(db: &Db, batch: Batch<'_>) -> Result<u64> {
    let mut tx = db.begin_batch().await?;
    let mut sums = Sums::default();
    let mut written = 0;
    for row in batch.attempts {
        if ATTEMPTS.run_one(&mut tx, row).await? {
            sums.attempt(row);
            written += 1;
        }
    }
    for row in batch.requests {
        if REQUESTS.run_one(&mut tx, row).await? {
            sums.request(row);
            written += 1;
        }
    }
    for row in batch.payloads {
        written += u64::from(PAYLOADS.run_one(&mut tx, row).await?);
    }
    sums.add(&mut tx).await?;
    tx.commit().await?;
    Ok(written)
}

/// A request's attempts, in order.
pub async fn attempts_of(db: impl Executor<'_>, request: RequestId) -> Result<Vec<Attempt>> {
    let rows: Vec<AttemptRow> = db
        .query(
            "SELECT id, request_id, ordinal, key_id, owner_kind, owner_id, team_id, model, provider, upstream_model, \
                    outcome, upstream_status, error_code, usage, pricing, input, output, cache_read, cache_write, \
                    cache_write_1h, reasoning, audio_input, audio_output, image_input, cost_nano_usd, started_at, \
                    first_byte_ms, total_ms \
               FROM attempts WHERE request_id = $1 ORDER BY ordinal, id",
        )
        .bind(request)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(Attempt::from).collect())
}

/// What a request used and cost so far: how many attempts, their tokens, their cost.
pub async fn spent(db: impl Executor<'_>, request: RequestId) -> Result<(usize, Tokens, NanoUsd)> {
    let attempts = attempts_of(db, request).await?;
    Ok((
        attempts.len(),
        attempts.iter().map(|attempt| attempt.tokens).sum(),
        attempts.iter().map(|attempt| attempt.cost).sum(),
    ))
}

/// Notes when keys were last used; never sets one back. The keys in order of their ids, so that two processes that do
/// it do not wait for each other.
pub async fn touch_keys(db: &Db, used: &[(ApiKeyId, DateTime<Utc>)]) -> Result<()> {
    let mut tx: Tx = db.begin_batch().await?;
    for (key, at) in used {
        crate::api_keys::touch(&mut tx, *key, *at).await?;
    }
    tx.commit().await
}

/// Whether a write failed for what is in one of its rows, and would fail again; otherwise it is the database that
/// failed, and the same write may succeed later.
pub fn is_fault_of_a_row(error: &Error) -> bool {
    use sqlx::error::ErrorKind::{CheckViolation, NotNullViolation};
    /// PostgreSQL: an index cannot hold so long a value. SQLite: too big, or of another type than the column.
    const CODES: [&str; 3] = ["54000", "18", "3091"];
    match error {
        Error::InvalidValue(_) => true,
        Error::Database(error) => error.as_database_error().is_some_and(|error| {
            matches!(error.kind(), CheckViolation | NotNullViolation)
                || error.code().is_some_and(|code| CODES.contains(&&*code))
        }),
        _ => false,
    }
}
