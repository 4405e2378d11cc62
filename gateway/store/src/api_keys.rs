//! Keys of the data plane. Of a secret only its SHA-256 is here.

mod list;
mod lookup;
mod secrets;

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKey, ApiKeyId, KeyOwner, OwnerKind, ServiceAccountId, TeamId, UserId};

use crate::{Error, Executor, Result};

pub use list::{Filter, State, Visible, list};
pub use lookup::{Holder, look_up};
pub use secrets::{add_secret, end_secrets};

/// The team that a key's calls go to: the service account's, or the one that the person has been in the longest.
macro_rules! team_of_key {
    () => {
        "COALESCE(a.team_id, (SELECT m.team_id FROM memberships m \
                                JOIN teams mt ON mt.id = m.team_id AND mt.archived_at IS NULL \
                               WHERE m.user_id = k.user_id ORDER BY m.created_at, m.team_id LIMIT 1))"
    };
}

/// The columns of a key with its owner and team.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT k.id, k.prefix, k.name, k.user_id, k.service_account_id, k.models, k.created_at, k.expires_at, \
                    k.last_used_at, k.revoked_at, COALESCE(u.email, a.name) AS owner_label, \
                    CASE WHEN k.user_id IS NULL THEN a.status = 'active' AND t.archived_at IS NULL \
                         ELSE u.status = 'active' END AS owner_works, \
                    a.team_id AS service_team_id, t.key AS team_key, t.name AS team_name \
               FROM api_keys k \
               LEFT JOIN users u ON u.id = k.user_id \
               LEFT JOIN service_accounts a ON a.id = k.service_account_id \
               LEFT JOIN teams t ON t.id = ",
            $crate::api_keys::team_of_key!(),
            $rest
        )
    };
}

pub(crate) use {select, team_of_key};

/// A key with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key.
    pub key: ApiKey,
    /// What people know its owner by: an address, or a service account's name.
    pub owner_label: String,
    /// Whether the owner is such that keys of theirs work.
    pub owner_works: bool,
    /// The service account's team, when the owner is one.
    pub service_team: Option<TeamId>,
    /// Key and name of the team that its calls go to.
    pub team: Option<(String, String)>,
}

/// A key to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Which.
    pub id: ApiKeyId,
    /// The beginning of its secret.
    pub prefix: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
    /// Whose.
    pub owner: KeyOwner,
    /// The models it may call; `None`: all.
    pub models: Option<&'a [String]>,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: ApiKeyId,
    prefix: String,
    name: String,
    user_id: Option<UserId>,
    service_account_id: Option<ServiceAccountId>,
    models: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    owner_label: String,
    owner_works: bool,
    service_team_id: Option<TeamId>,
    team_key: Option<String>,
    team_name: Option<String>,
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        Ok(Self {
            owner_label: row.owner_label,
            owner_works: row.owner_works,
            service_team: row.service_team_id,
            team: row.team_key.zip(row.team_name),
            key: ApiKey {
                owner: owner_of(row.user_id, row.service_account_id)?,
                models: models_of(row.models.as_deref())?,
                id: row.id,
                prefix: row.prefix,
                name: row.name,
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
                revoked_at: row.revoked_at,
            },
        })
    }
}

fn owner_of(user: Option<UserId>, account: Option<ServiceAccountId>) -> Result<KeyOwner> {
    match (user, account) {
        (Some(user), None) => Ok(KeyOwner::User(user)),
        (None, Some(account)) => Ok(KeyOwner::ServiceAccount(account)),
        _ => Err(Error::Corrupt("a key of nobody, or of two".to_owned())),
    }
}

fn models_of(text: Option<&str>) -> Result<Option<Vec<String>>> {
    let models = text.map(serde_json::from_str).transpose();
    models.map_err(|error| Error::Corrupt(format!("the models of a key: {error}")))
}

fn models_text(models: Option<&[String]>) -> Option<String> {
    models.map(|models| serde_json::json!(models).to_string())
}

/// Makes a key, without any secret.
pub async fn insert(db: impl Executor<'_>, new: NewKey<'_>, now: DateTime<Utc>) -> Result<()> {
    let (user, account) = match new.owner {
        KeyOwner::User(id) => (Some(id), None),
        KeyOwner::ServiceAccount(id) => (None, Some(id)),
    };
    db.query(
        "INSERT INTO api_keys (id, prefix, name, user_id, service_account_id, models, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.id)
    .bind(new.prefix)
    .bind(new.name)
    .bind(user)
    .bind(account)
    .bind(models_text(new.models))
    .bind(now)
    .bind(new.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// The key with this id.
pub async fn find(db: impl Executor<'_>, id: ApiKeyId) -> Result<Option<StoredKey>> {
    let row: Option<KeyRow> = db
        .query(select!(" WHERE k.id = $1"))
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(StoredKey::try_from).transpose()
}

/// How many keys of an owner are neither revoked nor expired.
pub async fn count_live(db: impl Executor<'_>, owner: KeyOwner, now: DateTime<Utc>) -> Result<i64> {
    let sql = match owner.kind() {
        OwnerKind::User => {
            "SELECT COUNT(*) FROM api_keys \
              WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"
        }
        OwnerKind::ServiceAccount => {
            "SELECT COUNT(*) FROM api_keys \
              WHERE service_account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"
        }
    };
    db.query(sql)
        .bind(owner.uuid())
        .bind(now)
        .fetch_scalar()
        .await
}

/// Sets a key's name, models and expiry.
pub async fn set_details(
    db: impl Executor<'_>,
    id: ApiKeyId,
    name: &str,
    models: Option<&[String]>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<()> {
    db.query("UPDATE api_keys SET name = $2, models = $3, expires_at = $4 WHERE id = $1")
        .bind(id)
        .bind(name)
        .bind(models_text(models))
        .bind(expires_at)
        .execute()
        .await?;
    Ok(())
}

/// Sets the beginning of the present secret.
pub async fn set_prefix(db: impl Executor<'_>, id: ApiKeyId, prefix: &str) -> Result<()> {
    db.query("UPDATE api_keys SET prefix = $2 WHERE id = $1")
        .bind(id)
        .bind(prefix)
        .execute()
        .await?;
    Ok(())
}

/// Revokes a key for good. Returns whether it was not revoked before.
pub async fn revoke(db: impl Executor<'_>, id: ApiKeyId, now: DateTime<Utc>) -> Result<bool> {
    let revoked = db
        .query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(revoked == 1)
}

/// Notes that a key was used; an earlier moment than the one noted changes nothing.
pub async fn touch(db: impl Executor<'_>, id: ApiKeyId, at: DateTime<Utc>) -> Result<()> {
    db.query(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
    )
    .bind(id)
    .bind(at)
    .execute()
    .await?;
    Ok(())
}
