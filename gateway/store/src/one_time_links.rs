//! Links that work once: invitations, resets, the first set-up, break-glass.

use chrono::{DateTime, Utc};
use gateway_domain::{LinkId, OneTimePurpose, TokenHash, UserId};

use crate::{Executor, Result};

/// A link as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OneTimeLink {
    /// Which.
    pub id: LinkId,
    /// For what.
    pub purpose: OneTimePurpose,
    /// For whom; `None` only for the first set-up.
    pub user_id: Option<UserId>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Keeps a link under the hash of its token. `issued_by` is `None` for one that the gateway itself makes.
pub async fn insert(
    db: impl Executor<'_>,
    token: &TokenHash,
    purpose: OneTimePurpose,
    user_id: Option<UserId>,
    issued_by: Option<UserId>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<LinkId> {
    let id = LinkId::new();
    db.query(
        "INSERT INTO one_time_links (id, token_hash, purpose, user_id, issued_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(token.as_bytes().to_vec())
    .bind(purpose)
    .bind(user_id)
    .bind(issued_by)
    .bind(now)
    .bind(expires_at)
    .execute()
    .await?;
    Ok(id)
}

/// The link of a token, if it may still be used.
pub async fn find(
    db: impl Executor<'_>,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<OneTimeLink>> {
    db.query(
        "SELECT id, purpose, user_id, expires_at FROM one_time_links \
          WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
    )
    .bind(token.as_bytes().to_vec())
    .bind(now)
    .fetch_optional()
    .await
}

/// Takes a link that may still be used. One caller ever gets it.
pub async fn consume(
    db: impl Executor<'_>,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<OneTimeLink>> {
    db.query(
        "UPDATE one_time_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 \
         RETURNING id, purpose, user_id, expires_at",
    )
    .bind(token.as_bytes().to_vec())
    .bind(now)
    .fetch_optional()
    .await
}

/// Makes all unused links of a person useless; with `None`, all unused links of the first set-up.
pub async fn revoke(
    db: impl Executor<'_>,
    user_id: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<u64> {
    db.query(
        "UPDATE one_time_links SET used_at = $2 WHERE user_id IS NOT DISTINCT FROM $1 AND used_at IS NULL",
    )
    .bind(user_id)
    .bind(now)
    .execute()
    .await
}

/// Makes all unused links that a person issued to others useless. Returns how many.
pub async fn revoke_issued_by(
    db: impl Executor<'_>,
    issuer: UserId,
    now: DateTime<Utc>,
) -> Result<u64> {
    db.query(
        "UPDATE one_time_links SET used_at = $2 \
          WHERE issued_by = $1 AND used_at IS NULL AND expires_at > $2",
    )
    .bind(issuer)
    .bind(now)
    .execute()
    .await
}
