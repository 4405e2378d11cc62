//! A key's secrets: one, or two for a while after a rotation.

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeyId, TokenHash};

use crate::{Executor, Result};

/// Gives a key a secret, valid until it is ended.
pub async fn add_secret(
    db: impl Executor<'_>,
    key: ApiKeyId,
    secret: &TokenHash,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query("INSERT INTO api_key_secrets (token_hash, key_id, created_at) VALUES ($1, $2, $3)")
        .bind(secret.as_bytes().to_vec())
        .bind(key)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Ends a key's secrets: the newest at `newest_until`, every other now. One that ends before stays as it is. Rows are
/// kept a while, so that whoever still uses an ended secret is told so.
pub async fn end_secrets(
    db: impl Executor<'_>,
    key: ApiKeyId,
    newest_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    // What has no end yet is the newest.
    db.query(
        "UPDATE api_key_secrets SET valid_until = CASE WHEN valid_until IS NULL THEN $2 ELSE $3 END \
          WHERE key_id = $1 AND (valid_until IS NULL OR valid_until > $3)",
    )
    .bind(key)
    .bind(newest_until)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
