//! Sign-ins that have begun at a provider.

use chrono::{DateTime, Utc};
use gateway_domain::TokenHash;

use crate::{Executor, Result};

/// Which callback may finish a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FlowKind {
    /// OpenID Connect.
    Oidc,
    /// OAuth 2.0 with GitHub's API.
    Oauth,
}

/// A flow as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LoginFlow {
    /// Which callback may finish it.
    pub kind: FlowKind,
    /// With which provider it began.
    pub provider_key: String,
    /// The digest of the provider's settings at that time.
    pub settings_digest: Vec<u8>,
    /// The hash of the secret in the browser's cookie.
    pub browser_hash: Vec<u8>,
    /// With the browser's secret it gives the nonce and the PKCE verifier.
    pub salt: Vec<u8>,
    /// The redirect URI as sent.
    pub redirect_uri: String,
    /// Where to go afterwards; checked again when used.
    pub return_to: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// Until when it may be finished.
    pub expires_at: DateTime<Utc>,
    /// When a callback took it.
    pub consumed_at: Option<DateTime<Utc>>,
}

/// Keeps a flow under the hash of its state.
pub async fn insert(db: impl Executor<'_>, state: &TokenHash, flow: &LoginFlow) -> Result<()> {
    db.query(
        "INSERT INTO login_flows (state_hash, kind, provider_key, settings_digest, browser_hash, salt, redirect_uri, \
                                  return_to, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(state.as_bytes().to_vec())
    .bind(flow.kind)
    .bind(flow.provider_key.as_str())
    .bind(flow.settings_digest.as_slice())
    .bind(flow.browser_hash.as_slice())
    .bind(flow.salt.as_slice())
    .bind(flow.redirect_uri.as_str())
    .bind(flow.return_to.as_str())
    .bind(flow.created_at)
    .bind(flow.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// The flow of a state, used up or not.
pub async fn find(db: impl Executor<'_>, state: &TokenHash) -> Result<Option<LoginFlow>> {
    db.query(
        "SELECT kind, provider_key, settings_digest, browser_hash, salt, redirect_uri, return_to, created_at, \
                expires_at, consumed_at \
           FROM login_flows WHERE state_hash = $1",
    )
    .bind(state.as_bytes().to_vec())
    .fetch_optional()
    .await
}

/// Takes a flow that nobody took and that has not expired. One caller ever gets `true`.
pub async fn consume(db: impl Executor<'_>, state: &TokenHash, now: DateTime<Utc>) -> Result<bool> {
    let taken = db
        .query(
            "UPDATE login_flows SET consumed_at = $2 \
              WHERE state_hash = $1 AND consumed_at IS NULL AND expires_at > $2",
        )
        .bind(state.as_bytes().to_vec())
        .bind(now)
        .execute()
        .await?;
    Ok(taken == 1)
}
