//! The one question that a call of the data plane asks of the database.

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeyId, KeyOwner, Payloads, ServiceAccountId, TeamId, TokenHash, UserId};

use super::{models_of, owner_of, team_of_key};
use crate::{Executor, Result};

/// Who presents a secret, and what they may do. Nothing is judged here: neither the key nor the owner need be working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Until when the secret is valid, once a rotation replaced it.
    pub secret_until: Option<DateTime<Utc>>,
    /// The key.
    pub key_id: ApiKeyId,
    /// What its owner calls it.
    pub key_name: String,
    /// The models it may call; `None`: all.
    pub models: Option<Vec<String>>,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whose it is.
    pub owner: KeyOwner,
    /// What people know the owner by.
    pub owner_label: String,
    /// Whether the owner is such that keys of theirs work.
    pub owner_works: bool,
    /// Whether the person's requests are logged; `None` for a service account.
    pub request_logging_enabled: Option<bool>,
    /// The team that calls go to.
    pub team_id: Option<TeamId>,
    /// What that team's request log keeps of bodies at most.
    pub team_payloads: Option<Payloads>,
}

#[derive(sqlx::FromRow)]
struct Found {
    valid_until: Option<DateTime<Utc>>,
    id: ApiKeyId,
    name: String,
    models: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    user_id: Option<UserId>,
    service_account_id: Option<ServiceAccountId>,
    owner_label: String,
    owner_works: bool,
    request_logging_enabled: Option<bool>,
    team_id: Option<TeamId>,
    payloads: Option<Payloads>,
}

/// Who presents this secret; `None` for one that was never given out, or is long over.
pub async fn look_up(db: impl Executor<'_>, secret: &TokenHash) -> Result<Option<Holder>> {
    let found: Option<Found> = db
        .query(concat!(
            "SELECT s.valid_until, k.id, k.name, k.models, k.expires_at, k.revoked_at, k.user_id, k.service_account_id, \
                    COALESCE(u.email, a.name) AS owner_label, \
                    CASE WHEN k.user_id IS NULL THEN a.status = 'active' AND t.archived_at IS NULL \
                         ELSE u.status = 'active' END AS owner_works, \
                    u.request_logging_enabled, t.id AS team_id, t.payloads \
               FROM api_key_secrets s \
               JOIN api_keys k ON k.id = s.key_id \
               LEFT JOIN users u ON u.id = k.user_id \
               LEFT JOIN service_accounts a ON a.id = k.service_account_id \
               LEFT JOIN teams t ON t.id = ",
            team_of_key!(),
            " WHERE s.token_hash = $1"
        ))
        .bind(secret.as_bytes().to_vec())
        .fetch_optional()
        .await?;
    found.map(Holder::try_from).transpose()
}

impl TryFrom<Found> for Holder {
    type Error = crate::Error;

    fn try_from(found: Found) -> Result<Self> {
        Ok(Self {
            owner: owner_of(found.user_id, found.service_account_id)?,
            models: models_of(found.models.as_deref())?,
            secret_until: found.valid_until,
            key_id: found.id,
            key_name: found.name,
            expires_at: found.expires_at,
            revoked_at: found.revoked_at,
            owner_label: found.owner_label,
            owner_works: found.owner_works,
            request_logging_enabled: found.request_logging_enabled,
            team_id: found.team_id,
            team_payloads: found.payloads,
        })
    }
}
