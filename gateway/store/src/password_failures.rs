//! Failed passwords, counted per account and address.

use chrono::{DateTime, Utc};
use gateway_domain::TokenHash;

use crate::{Executor, Result};

/// How often it failed and when the next attempt may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Failures {
    /// How often, since the last success.
    pub failures: i64,
    /// Not before.
    pub next_allowed: DateTime<Utc>,
}

/// What is counted under a key.
pub async fn find(
    db: impl Executor<'_>,
    key: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<Failures>> {
    db.query("SELECT failures, next_allowed FROM password_failures WHERE key_hash = $1 AND expires_at > $2")
        .bind(key.as_bytes().to_vec())
        .bind(now)
        .fetch_optional()
        .await
}

/// Counts one more and returns the count.
pub async fn record(
    db: impl Executor<'_>,
    key: &TokenHash,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<i64> {
    db.query(
        "INSERT INTO password_failures (key_hash, failures, next_allowed, expires_at) VALUES ($1, 1, $2, $3) \
         ON CONFLICT (key_hash) DO UPDATE \
            SET failures = CASE WHEN password_failures.expires_at > $2 THEN password_failures.failures + 1 ELSE 1 END, \
                expires_at = excluded.expires_at \
         RETURNING failures",
    )
    .bind(key.as_bytes().to_vec())
    .bind(now)
    .bind(expires_at)
    .fetch_scalar()
    .await
}

/// Sets when the next attempt may be.
pub async fn delay(db: impl Executor<'_>, key: &TokenHash, until: DateTime<Utc>) -> Result<()> {
    db.query("UPDATE password_failures SET next_allowed = $2 WHERE key_hash = $1")
        .bind(key.as_bytes().to_vec())
        .bind(until)
        .execute()
        .await?;
    Ok(())
}

/// Forgets a key, after a success.
pub async fn clear(db: impl Executor<'_>, key: &TokenHash) -> Result<()> {
    db.query("DELETE FROM password_failures WHERE key_hash = $1")
        .bind(key.as_bytes().to_vec())
        .execute()
        .await?;
    Ok(())
}
